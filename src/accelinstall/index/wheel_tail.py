"""METADATA out of the last bytes of a wheel: a pure reader of ZIP's end, directory and one member (APPNOTE 6.3.10)."""

from __future__ import annotations

import struct
import zlib

from accelinstall.index.filenames import canonical
from accelinstall.values import dataclass

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_METADATA = b".dist-info/METADATA"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x1
# METADATA holds the readme at most; what claims more is not one.
_MOST_METADATA = 32 << 20
# A local header's own extra field is not in the directory; tools rarely write more than this.
_EXTRA_SLACK = 256


class TailMalformed(ValueError):
    """The bytes are not the end of a wheel; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Where the central directory lies in the file: bytes *start* up to *stop*."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The directory's entry of one member; *start* is where its local header begins."""

    name: str
    start: int
    method: int
    crc: int
    compressed: int
    size: int

    @property
    def reach(self) -> int:
        """Bytes from *start* that hold the member in all likelihood."""
        return _LOCAL.size + len(self.name.encode()) + _EXTRA_SLACK + self.compressed


def find_directory(tail: bytes, *, total: int) -> Directory:
    """Where the directory of a file of *total* bytes lies, told by its last bytes.

    :raises TailMalformed: when they hold no valid end record.
    """
    position = len(tail)
    while (position := tail.rfind(b"PK\5\6", 0, position)) >= 0:
        if position + _END.size <= len(tail):
            fields = _END.unpack_from(tail, position)
            if position + _END.size + fields[7] == len(tail):
                return _directory(tail, position, fields, total)
    raise TailMalformed("it does not end like a ZIP archive")


def find_metadata(directory: bytes, *, project: str) -> Entry:
    """The entry of METADATA in the ``.dist-info`` folder of *project* (canonical name).

    :raises TailMalformed: when there is none, more than one, or the directory is damaged.
    """
    return _only_one(directory) or _walked(directory, project)


def _only_one(directory: bytes) -> Entry | None:
    """The entry when the directory speaks of one such name, found without walking through ten thousand others."""
    place = directory.find(_METADATA)
    start = directory.rfind(b"PK\1\2", 0, max(place, 0))
    if start < 0 or place - start < _ENTRY.size or directory.find(_METADATA, place + 1) >= 0:
        return None
    fields = _ENTRY.unpack_from(directory, start)
    after = start + _ENTRY.size + fields[10]
    name = directory[start + _ENTRY.size : after]
    if after != place + len(_METADATA) or name.count(b"/") != 1 or after + fields[11] > len(directory):
        return None
    return _entry(fields, name, directory[after : after + fields[11]])


def _walked(directory: bytes, project: str) -> Entry:
    found, position = [], 0
    while position < len(directory):
        if position + _ENTRY.size > len(directory) or directory[position : position + 4] != b"PK\1\2":
            raise TailMalformed("its directory is damaged")
        fields = _ENTRY.unpack_from(directory, position)
        after = position + _ENTRY.size + fields[10]
        name = directory[position + _ENTRY.size : after]
        if name.endswith(_METADATA) and name.count(b"/") == 1:
            found.append(_entry(fields, name, directory[after : after + fields[11]]))
        position = after + fields[11] + fields[12]
    if len(found) > 1:
        found = [entry for entry in found if canonical(entry.name.partition("-")[0]) == project]
    if len(found) != 1:
        raise TailMalformed("it has several METADATA files" if found else "it has no METADATA file")
    return found[0]


def extract(data: bytes, entry: Entry) -> bytes:
    """The member's content; *data* starts at its local header.

    :raises TailMalformed: when the header contradicts *entry*, bytes are missing or the checksum is wrong.
    """
    if len(data) < _LOCAL.size or not data.startswith(b"PK\3\4"):
        raise TailMalformed("a member's header is damaged")
    fields = _LOCAL.unpack_from(data)
    begin = _LOCAL.size + fields[9] + fields[10]
    if data[_LOCAL.size : _LOCAL.size + fields[9]] != entry.name.encode():
        raise TailMalformed("a member's header contradicts the directory")
    packed = data[begin : begin + entry.compressed]
    if len(packed) < entry.compressed:
        raise TailMalformed("a member is cut off")
    content = packed if entry.method == _STORED else _inflate(packed, entry.size)
    if len(content) != entry.size or zlib.crc32(content) != entry.crc:
        raise TailMalformed("METADATA is damaged")
    return content


def _directory(tail: bytes, position: int, fields: tuple[int, ...], total: int) -> Directory:
    size, start = fields[5], fields[6]
    end = total - len(tail) + position
    if size == 0xFFFFFFFF or start == 0xFFFFFFFF or fields[4] == 0xFFFF:
        where = position - _LOCATOR.size
        if where >= 0 and tail[where : where + 4] == b"PK\6\7":
            _, _, offset, _ = _LOCATOR.unpack_from(tail, where)
            inside = offset - (total - len(tail))
            if not 0 <= inside <= where - _END64.size or tail[inside : inside + 4] != b"PK\6\6":
                raise TailMalformed("its ZIP64 end record is not where it should be")
            size, start = _END64.unpack_from(tail, inside)[8:10]
            end = offset
    if start + size != end:
        raise TailMalformed("its directory is not where it should be")
    return Directory(start=start, stop=end)


def _entry(fields: tuple[int, ...], name: bytes, extra: bytes) -> Entry:
    method, crc, compressed, size, start = fields[4], fields[7], fields[8], fields[9], fields[16]
    if 0xFFFFFFFF in (compressed, size, start):
        size, compressed, start = _zip64(extra, size, compressed, start)
    if fields[3] & _ENCRYPTED or method not in (_STORED, _DEFLATED) or size > _MOST_METADATA:
        raise TailMalformed("its METADATA is encrypted, packed in an unknown way or too large")
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise TailMalformed("its METADATA has an unreadable name") from None
    return Entry(name=text, start=start, method=method, crc=crc, compressed=compressed, size=size)


def _zip64(extra: bytes, *values: int) -> tuple[int, ...]:
    """*values* with those that did not fit replaced from the ZIP64 extra field, in its order."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            block = extra[position + 4 : position + 4 + length]
            needed = sum(value == 0xFFFFFFFF for value in values)
            if len(block) < 8 * needed:
                break
            wide = iter(struct.unpack_from(f"<{needed}Q", block))
            return tuple(next(wide) if value == 0xFFFFFFFF else value for value in values)
        position += 4 + length
    raise TailMalformed("a ZIP64 field is missing")


def _inflate(packed: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(packed, size + 1)
    except zlib.error:
        raise TailMalformed("METADATA is damaged") from None
