"""A verified wheel file laid out as a folder, each file compared with RECORD while it is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType

from accelinstall.model.lock import LockedPackage
from accelinstall.store.behind import AT_ONCE, AtOnce
from accelinstall.store.crew import Crew
from accelinstall.store.manifest import Manifest, stored_files
from accelinstall.store.unpacking.archive import Member, Read, read_members
from accelinstall.store.unpacking.examination import Examination, examine
from accelinstall.store.unpacking.members import content_of, find_inflater, write_member

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
    descriptor = os.open(wheel, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        read = reader_of(descriptor)
        return unpack_read(read, size, tree, package=package, run=crew.run, make_room=make_room, cancelled=cancelled)
    finally:
        os.close(descriptor)


def unpack_read(
    read: Read,
    size: int,
    tree: str,
    *,
    package: LockedPackage,
    run: Callable[[Iterable[Callable[[], object]]], object],
    make_room: Callable[[int], object],
    cancelled: Callable[[], bool],
) -> Manifest:
    """:func:`unpack` for a wheel of *size* bytes that is read by *read*; *run* does the jobs of writing its files."""
    zlib = find_inflater()
    members = read_members(read, size)
    examination = examine(members, package=package, text=lambda member: content_of(member, read, zlib))
    make_room(examination.size)
    return _lay_out(examination, tree, read=read, zlib=zlib, run=run, cancelled=cancelled)


def run_here(jobs: Iterable[Callable[[], object]]) -> None:
    """The jobs one after the other, in this thread."""
    for job in jobs:
        job()


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
    run: Callable[[Iterable[Callable[[], object]]], object],
    cancelled: Callable[[], bool],
) -> Manifest:
    writing = Writing(examination, tree, zlib=zlib, cancelled=cancelled)

    def write(members: list[Member]) -> None:
        source = _buffered(read, members)
        for member in members:
            writing.write(member, source)

    run([lambda members=members: write(members) for members in batches(examination.files)])  # type: ignore[misc]
    return writing.manifest


class Writing:
    """The files of an examined wheel, written one by one below the new folder *tree*; several threads may write."""

    def __init__(
        self,
        examination: Examination,
        tree: str,
        *,
        zlib: ModuleType,
        cancelled: Callable[[], bool],
        behind: AtOnce = AT_ONCE,
    ) -> None:
        self._behind = behind
        self._examination, self._tree, self._zlib, self._cancelled = examination, tree, zlib, cancelled
        self._inside = f"{examination.dist_info}/"
        self._digests: dict[str, str] = {}
        self._warnings = list(examination.warnings)
        make_folders(tree, (member.path for member in examination.files))

    def write(self, member: Member, read: Read) -> None:
        """Write *member*, compared with its checksum, its size and its row in RECORD.

        :raises WheelRefused: when one of them is wrong; inside the dist-info folder RECORD's word is a warning.
        """
        digest, wrong = write_member(
            member,
            self._examination.record.get(member.path),
            read=read,
            target=f"{self._tree}/{member.path}",
            zlib=self._zlib,
            cancelled=self._cancelled,
            behind=self._behind,
        )
        if wrong and not member.path.startswith(self._inside):
            raise wrong
        if wrong:
            self._warnings.append(wrong.detail)
        self._digests[member.path] = digest

    @property
    def manifest(self) -> Manifest:
        """What the store remembers, once every file is written."""
        files = self._examination.files
        return Manifest(
            name=self._examination.name,
            version=self._examination.version,
            dist_info=self._examination.dist_info,
            purelib=self._examination.purelib,
            warnings=tuple(sorted(self._warnings)),
            files=stored_files(
                [member.path for member in files],
                [member.size for member in files],
                [self._digests[member.path] for member in files],
                [member.is_executable for member in files],
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
