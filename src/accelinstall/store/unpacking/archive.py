"""The directory of a ZIP archive, read so strictly that no second reading of the file exists.

A :data:`Read` gives bytes at an offset, so a file, a buffer and a ranged download are read alike.  Layout and
signatures are those of PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from accelinstall.store.unpacking.refusals import (
    CompressionUnknown,
    HeadersDisagree,
    HiddenData,
    MemberEncrypted,
    NotAnArchive,
    OverlappingMembers,
    PathEncoding,
    SeveralEndRecords,
    TrailingData,
)

Read = Callable[[int, int], bytes]
"""``read(offset, length)``: that many bytes, fewer at the end of the file."""

STORED, DEFLATED = 0, 8
_END, _END64, _LOCATOR, _CENTRAL, _LOCAL = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2", b"PK\3\4"
_END_RECORD = struct.Struct("<4s4H2LH")
_END64_RECORD = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_RECORD = struct.Struct("<4sLQL")
_CENTRAL_HEADER = struct.Struct("<4s6H3L5H2L")
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
# 17,468 files of a CUDA set take 2 MB; no wheel comes near this, and a hostile one must not fill the memory.
_LARGEST_DIRECTORY = 128 << 20
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1 | 0x40 | 0x2000, 0x8, 0x800
# Flag bits that say how data was compressed, not what it is.
_CASUAL_FLAGS = 0x6


LOCAL_SIZE = _LOCAL_HEADER.size
"""Bytes of a local header without its name and extra fields, whose lengths are its last two numbers."""


class Member(NamedTuple):
    """One member of the archive.

    :ivar path: as stored; folders end with ``/``.
    :ivar mode: POSIX mode with type bits, 0 when the archive has none.
    :ivar start: offset of the data; ``end`` the offset behind it.
    """

    path: str
    method: int
    crc: int
    packed_size: int
    size: int
    mode: int
    start: int

    @property
    def end(self) -> int:
        """Offset behind the data."""
        return self.start + self.packed_size

    @property
    def is_executable(self) -> bool:
        """Whether any executable bit is set, as installers of wheels read it."""
        return bool(self.mode & 0o111)


class Central(NamedTuple):
    """One entry of the directory, before its local header has been seen."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    attributes: int
    offset: int


def read_members(read: Read, size: int) -> tuple[Member, ...]:
    """The members of the archive of *size* bytes in directory order, central and local headers compared.

    Costs two reads at the end of the file and one of about 100 bytes per member.

    :raises WheelRefused: when the file is no archive or could be read in two ways.
    """
    entries, start = read_directory(read, size)
    members: list[Member | None] = [None] * len(entries)
    position = 0
    # In file order the members must tile the file up to the directory: no overlap, nothing in between.
    for index in sorted(range(len(entries)), key=lambda i: entries[i].offset):
        entry = entries[index]
        judge_gap(entry, entries, position, entry.offset)
        member = read_local(read, entry)
        members[index] = member
        position = member.end + (descriptor_length(read, entry, member.end) if entry.flags & _DESCRIPTOR else 0)
    if entries and position != start:
        judge_gap(None, entries, position, start)
    return tuple(member for member in members if member is not None)


def read_directory(read: Read, size: int) -> tuple[list[Central], int]:
    """The entries of the directory, and where it starts; costs two reads at the end of the file.

    :raises WheelRefused: when the file is no archive, or has several ends.
    """
    start, stop, count = _read_end(read, size)
    return list(_parse_directory(read(start, stop - start), count)), start


def promised(entry: Central) -> Member:
    """The member as the directory has it; its data starts behind a local header that has not been seen."""
    return Member(_decode(entry), entry.method, entry.crc, entry.packed_size, entry.size, _mode(entry), entry.offset)


def judge_gap(entry: Central | None, entries: list[Central], position: int, offset: int) -> None:
    """:raises WheelRefused: when a member does not start where the one before it ends."""
    if offset < position:
        raise OverlappingMembers(member=_lenient_name(entry) if entry else "")
    if offset > position:
        raise HiddenData(expected=f"the next member at byte {position}", found=f"it at byte {offset}")


def _lenient_name(entry: Central) -> str:
    return entry.raw_name.decode("utf-8", "replace")


def _read_end(read: Read, size: int) -> tuple[int, int, int]:
    """Start, stop and number of entries of the central directory."""
    tail_start = max(0, size - _END_RECORD.size - _MAX16)
    tail = read(tail_start, size - tail_start)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_RECORD.size:
        raise NotAnArchive(found="no end record" if size else "an empty file")
    _, disk, first_disk, here, count, length, start, comment = _END_RECORD.unpack_from(tail, at)
    excess = len(tail) - at - _END_RECORD.size - comment
    if excess > 0:
        raise TrailingData(found=f"{excess} bytes")
    if excess < 0 or disk or first_disk or here != count:
        raise NotAnArchive(found="an end record that does not fit the file")
    stop = end = tail_start + at
    if tail[max(0, at - _LOCATOR_RECORD.size) : at][:4] == _LOCATOR:
        start, length, count, stop = _read_end64(read, end, classic=(start, length, count))
    if stop - length != start or length > _LARGEST_DIRECTORY:
        found = f"a directory of {length} bytes at byte {start}, and the end record at byte {end}"
        if tail.rfind(_END, max(0, start + length - tail_start), at) >= 0:
            raise SeveralEndRecords
        raise (HiddenData if start + length < stop else NotAnArchive)(found=found)
    if tail.find(_END, max(0, stop - tail_start)) != at:
        raise SeveralEndRecords
    return start, stop, count


def _read_end64(read: Read, end: int, *, classic: tuple[int, int, int]) -> tuple[int, int, int, int]:
    locator = end - _LOCATOR_RECORD.size
    _, disk, at, disks = _LOCATOR_RECORD.unpack(read(locator, _LOCATOR_RECORD.size))
    record = read(at, _END64_RECORD.size) if at + _END64_RECORD.size <= locator else b""
    if disk or disks > 1 or not record.startswith(_END64):
        raise NotAnArchive(found="a ZIP64 locator that points nowhere")
    _, record_size, _, _, disk, first_disk, here, count, length, start = _END64_RECORD.unpack(record)
    if at + 12 + record_size != locator or disk or first_disk or here != count:
        raise NotAnArchive(found="a ZIP64 end record that does not fit the file")
    wide = (start, length, count)
    for small, large, most in zip(classic, wide, (_MAX32, _MAX32, _MAX16), strict=True):
        if small not in (most, large):
            raise SeveralEndRecords(expected=f"{large} in both end records", found=small)
    return start, length, count, at


def _parse_directory(data: bytes, count: int) -> Iterator[Central]:
    position = 0
    for _ in range(count):
        if data[position : position + 4] != _CENTRAL or len(data) - position < _CENTRAL_HEADER.size:
            raise NotAnArchive(found="a directory with fewer entries than announced")
        header = _CENTRAL_HEADER.unpack_from(data, position)
        _, _, _, flags, method, _, _, crc, packed, size, names, extras, comments, disk, _, attributes, offset = header
        name_at = position + _CENTRAL_HEADER.size
        extra_at = name_at + names
        position = extra_at + extras + comments
        if position > len(data) or disk not in (0, _MAX16):
            raise NotAnArchive(found="a directory entry that is cut off")
        name = data[name_at:extra_at]
        if extras:
            size, packed, offset = _widen(data[extra_at : extra_at + extras], name, size, packed, offset)
        yield Central(name, flags, method, crc, packed, size, attributes, offset)
    if position != len(data):
        raise NotAnArchive(found="a directory with more entries than announced")


def _widen(extra: bytes, name: bytes, *numbers: int) -> tuple[int, ...]:
    """*numbers* with those that are all ones taken from the ZIP64 extra field."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        field = extra[position + 4 : position + 4 + length]
        position += 4 + length
        if len(field) != length:
            raise NotAnArchive(member=name.decode("utf-8", "replace"), found="an extra field that is cut off")
        if kind == 1:
            wide = iter(struct.unpack(f"<{length // 8}Q", field[: length // 8 * 8]))
            try:
                numbers = tuple(next(wide) if number == _MAX32 else number for number in numbers)
            except (StopIteration, RuntimeError):
                raise NotAnArchive(member=name.decode("utf-8", "replace"), found="a short ZIP64 field") from None
        elif kind == 0x7075 and field[5:] != name:
            # Info-ZIP's second name: readers that know it would write another path.
            raise HeadersDisagree(member=name.decode("utf-8", "replace"), found=field[5:].decode("utf-8", "replace"))
    return numbers


def read_local(read: Read, entry: Central) -> Member:
    """The member, once its local header says what the directory says.

    :raises WheelRefused: when they disagree, or it is packed in a way that is not unpacked here.
    """
    path = _decode(entry)
    if entry.flags & _ENCRYPTED or entry.method == 99:
        raise MemberEncrypted(member=path)
    if entry.method not in (STORED, DEFLATED):
        raise CompressionUnknown(member=path, expected="stored or deflated", found=f"method {entry.method}")
    data = read(entry.offset, _LOCAL_HEADER.size + len(entry.raw_name) + 64)
    if len(data) < _LOCAL_HEADER.size or not data.startswith(_LOCAL):
        raise HeadersDisagree(member=path, expected=f"a local header at byte {entry.offset}", found="none")
    _, _, flags, method, _, _, crc, packed, size, names, extras = _LOCAL_HEADER.unpack_from(data)
    start = entry.offset + _LOCAL_HEADER.size + names + extras
    if len(data) < start - entry.offset:
        data = read(entry.offset, start - entry.offset)
    extra_at = _LOCAL_HEADER.size + names
    name = data[_LOCAL_HEADER.size : extra_at]
    if extras:
        size, packed = _widen(data[extra_at : extra_at + extras], name, size, packed)
    sums = (crc, packed, size)
    if sums == entry[3:6] and name == entry.raw_name and (flags, method) == entry[1:3] and method == DEFLATED:
        return Member(path, method, crc, packed, size, _mode(entry), start)
    deferred = flags & _DESCRIPTOR and sums == (0, 0, 0)
    _compare(path, "name", entry.raw_name, name)
    _compare(path, "flags", entry.flags & ~_CASUAL_FLAGS, flags & ~_CASUAL_FLAGS)
    _compare(path, "compression", entry.method, method)
    if not deferred:
        _compare(path, "checksum, packed size and size", (entry.crc, entry.packed_size, entry.size), sums)
    if entry.method == STORED and entry.packed_size != entry.size:
        raise HeadersDisagree(member=path, expected=f"{entry.size} stored bytes", found=entry.packed_size)
    return Member(path, entry.method, entry.crc, entry.packed_size, entry.size, _mode(entry), start)


def _compare(path: str, what: str, central: object, local: object) -> None:
    if central != local:
        raise HeadersDisagree(member=path, expected=f"{what} {central!r}", found=f"{local!r}")


def _mode(entry: Central) -> int:
    mode = entry.attributes >> 16
    # Archives made under DOS conventions carry permissions at most, no type.
    return mode if stat.S_IFMT(mode) else mode | (stat.S_IFDIR if entry.raw_name.endswith(b"/") else stat.S_IFREG)


def _decode(entry: Central) -> str:
    if entry.raw_name.isascii():
        return entry.raw_name.decode("ascii")
    if not entry.flags & _UTF8:
        return entry.raw_name.decode("cp437")
    try:
        return entry.raw_name.decode("utf-8")
    except UnicodeDecodeError:
        raise PathEncoding(member=_lenient_name(entry)) from None


def has_descriptor(entry: Central) -> bool:
    """Whether sums and sizes stand behind the data once more."""
    return bool(entry.flags & _DESCRIPTOR)


def descriptor_length(read: Read, entry: Central, end: int) -> int:
    """Length of the data descriptor at *end*: with or without signature, with sizes of four or eight bytes."""
    data = read(end, 24)
    for signature in (b"PK\7\x08", b""):
        for form in ("<3L", "<L2Q"):
            if entry.packed_size > _MAX32 or entry.size > _MAX32:
                form = "<L2Q"
            wanted = signature + struct.pack(form, entry.crc, entry.packed_size, entry.size)
            if data.startswith(wanted):
                return len(wanted)
    raise HeadersDisagree(member=_decode(entry), expected="a data descriptor equal to the directory", found=data.hex())
