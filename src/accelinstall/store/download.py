"""One wheel file fetched into a partial file: hashed while it arrives, resumed where it stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelinstall.errors import SourceError
from accelinstall.events import FileAdvanced, FileFinished, FileStarted, Progress
from accelinstall.fs import write_all
from accelinstall.model.lock import LockedPackage
from accelinstall.store.errors import DownloadFailed, HashMismatch
from accelinstall.store.members import Cancelled

if TYPE_CHECKING:
    from accelinstall.net import HttpClient

# A slow connection should still show that it moves, and a broken one lose little.
_CHUNK = 256 << 10
ATTEMPTS = 5
"""How often a stream may break in a row; one that brought 8 MiB or more counts as a new beginning."""
_WORTHWHILE = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What to fetch, from where, and who is told.

    :ivar address: where to ask, after mirrors have rewritten the locked address.
    :ivar partial: path of the file to write; what an earlier run left there is used.
    :ivar make_room: hears how many bytes of file are still to come, before the first one; may raise.
    :ivar delay: seconds before the second attempt, doubled each time; *pause* is called with them.
    """

    package: LockedPackage
    address: str
    partial: str
    http: HttpClient
    progress: Progress
    cancelled: Callable[[], bool]
    make_room: Callable[[int], object]
    pause: Callable[[float], object]
    delay: float


def download(task: Download) -> None:
    """Complete ``task.partial`` so that it has the locked sha256.

    :raises HashMismatch: nothing is kept.
    :raises DownloadFailed: when streams broke too often; what arrived is kept.
    :raises SourceError: when the server cannot be asked at all, as the client says it.
    :raises Cancelled: what arrived is kept.
    """
    descriptor = os.open(task.partial, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    try:
        arrival = _Arrival(task, descriptor)
        arrival.resume()
        resumed = arrival.size > 0
        found = _complete(task, arrival)
        if found != task.package.sha256 and (resumed or arrival.was_resumed):
            # The beginning may be of another file than the end: once more, from the first byte.
            arrival.start_over()
            found = _complete(task, arrival)
        if found == task.package.sha256:
            task.progress(FileFinished(name=task.package.filename))
            return
    finally:
        os.close(descriptor)
    os.unlink(task.partial)
    raise HashMismatch(
        filename=task.package.filename,
        address=task.address,
        source=task.package.source,
        expected=task.package.sha256,
        found=found,
    )


class _Arrival:
    """The bytes of a file that are here, and their hash."""

    def __init__(self, task: Download, descriptor: int) -> None:
        self._task, self._descriptor = task, descriptor
        self.size = 0
        self.was_resumed = False
        self._hash = hashlib.sha256()

    def resume(self) -> None:
        """Take over what an earlier run left, unless it is more than the file is."""
        package = self._task.package
        self._task.progress(FileStarted(name=package.filename, size=package.size))
        there = os.fstat(self._descriptor).st_size
        if package.size is not None and there > package.size:
            os.ftruncate(self._descriptor, 0)
            there = 0
        while self.size < there and (chunk := os.read(self._descriptor, _CHUNK)):
            self._count(chunk)

    def add(self, chunk: bytes) -> None:
        """Write and hash the next piece."""
        write_all(self._descriptor, chunk)
        self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        if self._task.cancelled():
            raise Cancelled
        self._hash.update(chunk)
        self.size += len(chunk)
        self._task.progress(FileAdvanced(name=self._task.package.filename, amount=len(chunk)))

    def start_over(self) -> None:
        """Forget everything."""
        if self.size:
            self._task.progress(FileAdvanced(name=self._task.package.filename, amount=-self.size))
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.size, self._hash, self.was_resumed = 0, hashlib.sha256(), False

    @property
    def sha256(self) -> str:
        """Hash of what is here."""
        return self._hash.hexdigest()


def _complete(task: Download, arrival: _Arrival) -> str:
    """The hash of the whole file once its last byte is here; streams that break are taken up again."""
    failures = 0
    if arrival.size and arrival.sha256 == task.package.sha256:
        return arrival.sha256
    while True:
        before = arrival.size
        try:
            if _stream(task, arrival):
                return arrival.sha256
            reason: SourceError | None = None
        except _StreamBroke as broke:
            reason = broke.error
        failures = 1 if arrival.size - before >= _WORTHWHILE else failures + 1
        if failures >= ATTEMPTS:
            raise DownloadFailed(
                filename=task.package.filename,
                address=task.address,
                attempts=failures,
                arrived=arrival.size,
                reason=str(getattr(reason, "reason", reason) or "the server ended the file early"),
            ) from reason
        task.pause(task.delay * 2 ** (failures - 1))
        if task.cancelled():
            raise Cancelled


class _StreamBroke(Exception):
    def __init__(self, error: SourceError) -> None:
        super().__init__(str(error))
        self.error = error


def _stream(task: Download, arrival: _Arrival) -> bool:
    """Whether the file is complete after one more answer of the server."""
    from accelinstall.net import RangeRefused, WrongRange

    size = task.package.size
    if size is not None and arrival.size >= size:
        return True
    try:
        stream = task.http.open(task.address, start=arrival.size)
    except (RangeRefused, WrongRange) as refused:
        if not arrival.size:
            raise
        # The file is no longer what it was, or the server cannot continue: from the first byte.
        arrival.start_over()
        raise _StreamBroke(refused) from refused
    with stream:
        if stream.start != arrival.size:
            arrival.start_over()
        arrival.was_resumed |= arrival.size > 0
        total = stream.total if stream.total is not None else size
        if total is not None:
            task.make_room(total - arrival.size)
        try:
            for chunk in stream.chunks(_CHUNK):
                arrival.add(chunk)
                if total is not None and arrival.size > total:
                    # More than the file has: whatever it is, it is not the locked one.
                    return True
        except SourceError as error:
            raise _StreamBroke(error) from error
    return total is None or arrival.size >= total
