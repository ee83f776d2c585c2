"""The content of one member: inflated, checked against its size, checksum and hash, and written, in bounded memory.

Inflate, hash, checksum and system calls all release the interpreter lock, so several threads really work at once.
"""

from __future__ import annotations

import hashlib
import os
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

from accelinstall.fs import write_all
from accelinstall.store.behind import AT_ONCE, AtOnce
from accelinstall.store.crew import Cancelled
from accelinstall.store.unpacking.archive import STORED, Member, Read
from accelinstall.store.unpacking.record import Row
from accelinstall.store.unpacking.refusals import MemberDamaged, RecordMismatch, SizeBeyondDeclared, WheelRefused

# What comes out of a step stays in the cache of a core while it is hashed and written: with steps of 1 MiB the same
# work takes half as long again.
_PACKED_STEP, _STEP = 128 << 10, 512 << 10
_URLSAFE = bytes.maketrans(b"+/", b"-_")

# Windows keeps read-only files from being removed; elsewhere it keeps an edit in one environment from reaching others.
_MODE, _EXECUTABLE_MODE = (0o666, 0o777) if os.name == "nt" else (0o444, 0o555)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def find_inflater() -> ModuleType:
    """``isal.isal_zlib``, which inflates twice as fast, else ``zlib``: the same functions under the same names."""
    try:
        from isal import isal_zlib
    except ImportError:
        import zlib

        return zlib
    return isal_zlib


def inflated(member: Member, read: Read, zlib: ModuleType) -> Iterator[bytes]:
    """The content of *member* in pieces of at most 512 KiB.

    :raises SizeBeyondDeclared: as soon as one byte more than declared comes out.
    :raises MemberDamaged: when the data is no deflate stream, ends early, or does not have the declared checksum.
    """
    pieces = _stored(member, read) if member.method == STORED else _deflated(member, read, zlib)
    size, crc = 0, 0
    for piece in pieces:
        size += len(piece)
        if size > member.size:
            raise SizeBeyondDeclared(member=member.path, expected=f"{member.size} bytes", found="more")
        crc = zlib.crc32(piece, crc)
        yield piece
    if size != member.size:
        raise MemberDamaged(member=member.path, expected=f"{member.size} bytes", found=f"{size}")
    if crc != member.crc:
        raise MemberDamaged(member=member.path, expected=f"checksum {member.crc:08x}", found=f"{crc:08x}")


def _stored(member: Member, read: Read) -> Iterator[bytes]:
    position = member.start
    while position < member.end and (piece := read(position, min(_STEP, member.end - position))):
        position += len(piece)
        yield piece


def _deflated(member: Member, read: Read, zlib: ModuleType) -> Iterator[bytes]:
    stream = zlib.decompressobj(wbits=-15)
    position = member.start
    waiting = b""
    try:
        while not stream.eof:
            if not waiting:
                waiting = read(position, min(_PACKED_STEP, member.end - position))
                position += len(waiting)
            packed, waiting = waiting, b""
            piece = stream.decompress(packed, _STEP)
            waiting = stream.unconsumed_tail
            if piece:
                yield piece
            elif not packed:
                raise MemberDamaged(member=member.path, found="a stream that ends early")
    except zlib.error as error:
        raise MemberDamaged(member=member.path, found=str(error)) from None
    if stream.unused_data or waiting or position != member.end:
        raise MemberDamaged(member=member.path, found="data after the end of its stream")


def pieces_of(member: Member, read: Read, zlib: ModuleType) -> Iterable[bytes]:
    """:func:`inflated`, in one step for a small member whose data is as it should be."""
    if member.size > _STEP or member.packed_size > _STEP:
        return inflated(member, read, zlib)
    packed = read(member.start, member.packed_size)
    while len(packed) < member.packed_size and (
        more := read(member.start + len(packed), member.packed_size - len(packed))
    ):
        # What is read out of a stream comes as it comes.
        packed = bytes(packed) + more
    if member.method != STORED and len(packed) == member.packed_size:
        stream = zlib.decompressobj(wbits=-15)
        try:
            content = stream.decompress(packed, member.size + 1)
        except zlib.error:
            content = b""
        whole = stream.eof and not stream.unused_data and len(content) == member.size
        if whole and zlib.crc32(content) == member.crc:
            return (content,) if content else ()
    # What is wrong with it is told by the one that looks at every step.
    return inflated(member, lambda offset, length: packed[offset - member.start :][:length], zlib)


def content_of(member: Member, read: Read, zlib: ModuleType) -> bytes:
    """The whole content of a small *member*."""
    return b"".join(inflated(member, read, zlib))


def write_member(
    member: Member,
    row: Row | None,
    *,
    read: Read,
    target: str,
    zlib: ModuleType,
    cancelled: Callable[[], bool],
    behind: AtOnce = AT_ONCE,
) -> tuple[str, WheelRefused | None]:
    """Write *member* to the new file *target*; its sha256 as RECORD writes it, and what RECORD gets wrong about it.

    :param behind: hashes and writes the pieces of a large member.
    :raises Cancelled: when *cancelled* turns true on the way.
    """
    own = hashlib.sha256()
    other: Any = hashlib.new(row.algorithm) if row and row.algorithm in ("sha384", "sha512") else None
    descriptor = os.open(target, _CREATE, _EXECUTABLE_MODE if member.is_executable else _MODE)
    try:
        if member.size <= _STEP:
            behind = AT_ONCE
        for piece in pieces_of(member, read, zlib):
            if cancelled():
                raise Cancelled
            behind.do(partial(_take, descriptor, own, other, piece))
        behind.settle()
    finally:
        # Nothing may be written to a descriptor that is somebody else's by then.
        behind.drain()
        os.close(descriptor)
    digest = urlsafe(own.digest())
    found = urlsafe(other.digest()) if other else digest
    if row is None or not row.digest or row.digest == found:
        return digest, None
    algorithm = row.algorithm
    wrong = RecordMismatch(member=member.path, expected=f"{algorithm}={row.digest}", found=f"{algorithm}={found}")
    return digest, wrong


def _take(descriptor: int, own: Any, other: Any, piece: bytes) -> None:
    own.update(piece)
    if other:
        other.update(piece)
    write_all(descriptor, piece)


def urlsafe(digest: bytes) -> str:
    """*digest* in urlsafe base64 without padding, as RECORD writes it."""
    return b2a_base64(digest, newline=False).translate(_URLSAFE, b"=").decode("ascii")
