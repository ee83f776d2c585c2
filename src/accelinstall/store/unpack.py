"""A verified wheel file laid out as a folder, each file compared with RECORD while it is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType

from accelinstall.model.lock import LockedPackage
from accelinstall.store.archive import Member, Read, read_members
from accelinstall.store.crew import Crew
from accelinstall.store.examination import Examination, examine
from accelinstall.store.manifest import Manifest, stored_files
from accelinstall.store.members import content_of, find_inflater, write_member

# A member this large is a job of its own; smaller ones share jobs and one read of their part of the file.
_LARGE, _BATCH = 2 << 20, 4 << 20


def unpack(
    wheel: str,
    tree: str,
    *,
    package: LockedPackage,
    crew: Crew,
    make_room: Callable[[int], object] = lambda size: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Manifest:
    """Lay the wheel file *wheel*, locked as *package*, out in the new folder *tree*.

    Every rule about wheels is judged first; then *make_room* hears how many bytes will be written and may raise; then
    the files are written by *crew*, the large ones first.  Memory: a few MiB for each thread.

    :raises WheelRefused: for a wheel that breaks a rule; when only its content does, *tree* holds a part.
    """
    zlib = find_inflater()
    descriptor = os.open(wheel, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        read = reader_of(descriptor)
        members = read_members(read, os.fstat(descriptor).st_size)
        examination = examine(members, package=package, text=lambda member: content_of(member, read, zlib))
        make_room(examination.size)
        return _lay_out(examination, tree, read=read, zlib=zlib, crew=crew, cancelled=cancelled)
    finally:
        os.close(descriptor)


def reader_of(descriptor: int) -> Read:
    """Reads of an open file that do not share a position, so threads do not disturb each other."""
    if hasattr(os, "pread"):
        return lambda offset, length: os.pread(descriptor, length, offset)
    import threading

    lock = threading.Lock()

    def read(offset: int, length: int) -> bytes:
        with lock:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, length)

    return read


def _lay_out(
    examination: Examination,
    tree: str,
    *,
    read: Read,
    zlib: ModuleType,
    crew: Crew,
    cancelled: Callable[[], bool],
) -> Manifest:
    make_folders(tree, (member.path for member in examination.files))
    inside = f"{examination.dist_info}/"
    digests: dict[str, str] = {}
    warnings = list(examination.warnings)

    def write(members: list[Member]) -> None:
        source = _buffered(read, members)
        for member in members:
            digest, wrong = write_member(
                member,
                examination.record.get(member.path),
                read=source,
                target=f"{tree}/{member.path}",
                zlib=zlib,
                cancelled=cancelled,
            )
            if wrong and not member.path.startswith(inside):
                raise wrong
            if wrong:
                warnings.append(wrong.detail)
            digests[member.path] = digest

    crew.run([lambda members=members: write(members) for members in batches(examination.files)])  # type: ignore[misc]
    paths = [member.path for member in examination.files]
    return Manifest(
        name=examination.name,
        version=examination.version,
        dist_info=examination.dist_info,
        purelib=examination.purelib,
        warnings=tuple(sorted(warnings)),
        files=stored_files(
            paths,
            [member.size for member in examination.files],
            [digests[path] for path in paths],
            [member.is_executable for member in examination.files],
        ),
    )


def make_folders(tree: str, paths: Iterable[str]) -> None:
    """Make *tree* and every folder that *paths* need below it, each by one call."""
    folders = {""}
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    for folder in sorted(folders):
        os.mkdir(f"{tree}/{folder}" if folder else tree)


def batches(members: Iterable[Member]) -> list[list[Member]]:
    """Jobs of similar weight: large members alone and first, small neighbours in the file together."""
    large: list[Member] = []
    small: list[Member] = []
    for member in members:
        (large if max(member.size, member.packed_size) >= _LARGE else small).append(member)
    large.sort(key=lambda member: member.size, reverse=True)
    return [[member] for member in large] + list(_group(sorted(small, key=lambda member: member.start)))


def _group(members: Iterable[Member]) -> Iterator[list[Member]]:
    batch: list[Member] = []
    size = 0
    for member in members:
        if batch and (size + member.size > _BATCH or member.end - batch[0].start > _BATCH):
            yield batch
            batch, size = [], 0
        batch.append(member)
        size += member.size
    if batch:
        yield batch


def _buffered(read: Read, members: list[Member]) -> Read:
    """*read* with the span of several small members already in memory."""
    start, end = members[0].start, members[-1].end
    if len(members) == 1 or end - start > 2 * _BATCH:
        return read
    data = read(start, end - start)
    return lambda offset, length: data[offset - start : offset - start + length]
