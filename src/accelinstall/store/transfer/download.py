"""One wheel file fetched into a partial file: hashed while it arrives, resumed where it stopped."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from accelinstall.errors import SourceError
from accelinstall.events import FileAdvanced, FileFinished, FileStarted, Progress
from accelinstall.fs import write_all
from accelinstall.model.lock import LockedPackage
from accelinstall.store.crew import Cancelled
from accelinstall.store.errors import DownloadFailed, FarTooLarge, HashMismatch
from accelinstall.store.transfer.journal import journal_path, read_journal, remove_journal
from accelinstall.store.transfer.lanes import Lanes
from accelinstall.store.transfer.segments import Segments, Span
from accelinstall.store.transfer.spread import CHUNK as _CHUNK
from accelinstall.store.transfer.spread import LENGTH, WINDOW, Hands, RangesUnusable, Spread
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from accelinstall.net import HttpClient, Stream

ATTEMPTS = 5
"""How often a stream may break in a row; one that brought 8 MiB or more counts as a new beginning."""
_WORTHWHILE = 8 << 20
# Bytes.  Some indexes are wrong about sizes, and the hash decides; but nobody's disk is filled for that.
_SLACK = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What to fetch, from where, and who is told.

    :ivar address: where to ask, after mirrors have rewritten the locked address.
    :ivar partial: path of the file to write; what an earlier run left there is used.
    :ivar make_room: hears how many bytes of file are still to come, before the first one; may raise.
    :ivar delay: seconds before the second attempt, doubled each time; *pause* is called with them.
    :ivar lanes: whether a file may have further connections; ``part``: bytes that one of them asks for at a time.
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
    lanes: Lanes
    part: int = LENGTH


def download(task: Download) -> None:
    """Complete ``task.partial`` so that it has the locked sha256.

    :raises HashMismatch: nothing is kept.
    :raises FarTooLarge: before the first byte.
    :raises DownloadFailed: when streams broke too often; what arrived is kept.
    :raises SourceError: when the server cannot be asked at all, as the client says it.
    :raises Cancelled: what arrived is kept.
    """
    descriptor = os.open(task.partial, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    task.lanes.begin()
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
            remove_journal(task.partial)
            task.progress(FileFinished(name=task.package.filename))
            return
    finally:
        task.lanes.end()
        os.close(descriptor)
    os.unlink(task.partial)
    remove_journal(task.partial)
    raise HashMismatch(
        filename=task.package.filename,
        address=task.address,
        source=task.package.source,
        expected=task.package.sha256,
        found=found,
    )


class _Arrival:
    """The bytes of a file that are here, and the hash of those that are here in order.

    :ivar size: up to where the file is here and hashed; ``parts``: everything that is here, when more is.
    :ivar validator: what the server calls this file, for ``If-Range``; empty when it says nothing usable.
    """

    def __init__(self, task: Download, descriptor: int) -> None:
        self._task, self._descriptor = task, descriptor
        self._lock = threading.Lock()
        self._told = 0
        self.size = 0
        self.parts: tuple[Span, ...] = ()
        self.validator = ""
        self.has_ranges = True
        self.was_resumed = False
        self._hash = hashlib.sha256()

    def resume(self) -> None:
        """Take over what an earlier run left, unless it is more than the file is."""
        package = self._task.package
        self._task.progress(FileStarted(name=package.filename, size=package.size))
        there = os.fstat(self._descriptor).st_size
        journal = read_journal(self._task.partial, there)
        if os.path.exists(journal_path(self._task.partial)):
            # Without a journal that can be believed, nobody knows where the holes are.
            self.validator, self.parts = journal if journal and package.size else ("", ())
            there = self.parts[0][1] if self.parts and self.parts[0][0] == 0 else 0
        if package.size is not None and there > package.size:
            os.ftruncate(self._descriptor, 0)
            there = 0
        self.follow(there)
        self.tell(sum(stop - start for start, stop in self.parts))
        if journal and not self.has_parts:
            self.drop_parts()

    @property
    def has_parts(self) -> bool:
        """Whether there is something behind the first gap."""
        return bool(self.parts) and self.parts[-1][1] > self.size

    def add(self, chunk: bytes) -> None:
        """Write and hash the next piece."""
        write_all(self._descriptor, chunk)
        self._count(chunk)
        self.tell(len(chunk))

    def follow(self, front: int) -> None:
        """Hash what others have written up to *front*; a first run of this tells it as arrived."""
        fresh = not self.parts
        while self.size < front and (chunk := os.read(self._descriptor, min(_CHUNK, front - self.size))):
            self._count(chunk)
            if fresh:
                self.tell(len(chunk))

    def tell(self, amount: int) -> None:
        """Report *amount* more bytes; from any thread."""
        with self._lock:
            self._told += amount
        if amount:
            self._task.progress(FileAdvanced(name=self._task.package.filename, amount=amount))

    def _count(self, chunk: bytes) -> None:
        if self._task.cancelled():
            raise Cancelled
        self._hash.update(chunk)
        self.size += len(chunk)

    def drop_parts(self) -> None:
        """Keep only what is here in order."""
        self.parts = ()
        os.ftruncate(self._descriptor, self.size)
        remove_journal(self._task.partial)
        self.tell(self.size - self._told)

    def start_over(self) -> None:
        """Forget everything."""
        self.size, self._hash, self.was_resumed, self.validator = 0, hashlib.sha256(), False, ""
        self.drop_parts()
        os.lseek(self._descriptor, 0, os.SEEK_SET)

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
    if arrival.has_parts and size is not None:
        return _spread(task, arrival, size)
    headers = {"If-Range": arrival.validator} if arrival.size and arrival.validator else None
    try:
        stream = task.http.open(task.address, start=arrival.size, headers=headers)
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
        arrival.validator = validator_of(stream)
        total = stream.total if stream.total is not None else size
        if size is not None and total is not None and total > 2 * size + _SLACK:
            raise FarTooLarge(filename=task.package.filename, address=task.address, expected=size, found=total)
        if total is not None:
            task.make_room(total - arrival.size)
        try:
            return _read(task, arrival, stream, total)
        except SourceError as error:
            raise _StreamBroke(error) from error


def _read(task: Download, arrival: _Arrival, stream: Stream, total: int | None) -> bool:
    """Whether *stream* brought the file to its end, alone or with further connections."""
    pieces = stream.chunks(_CHUNK)
    began = time.monotonic()
    for chunk in pieces:
        task.lanes.note(len(chunk), time.monotonic() - began)
        arrival.add(chunk)
        if total is not None and arrival.size > total:
            # More than the file has: whatever it is, it is not the locked one.
            return True
        if task.lanes.has_room and _is_worth_spreading(task, arrival, stream):
            return _spread(task, arrival, task.package.size or 0, pieces)
        began = time.monotonic()
    return total is None or arrival.size >= total


def _is_worth_spreading(task: Download, arrival: _Arrival, stream: Stream) -> bool:
    size = task.package.size
    if size is None or stream.total != size or size - arrival.size < 2 * task.part or not arrival.has_ranges:
        return False
    return stream.status == 206 or stream.headers.get("accept-ranges", "").lower() == "bytes"


def _spread(task: Download, arrival: _Arrival, size: int, pieces: Iterator[bytes] | None = None) -> bool:
    """Whether the file is complete, after fetching it over several connections."""
    segments = Segments(size, length=task.part, window=WINDOW, arrived=[(0, arrival.size), *arrival.parts])
    # From here on bytes are told as they come, not as they are hashed.
    arrival.parts = segments.arrived or ((0, 0),)
    hands = Hands(
        partial=task.partial,
        validator=arrival.validator,
        lanes=task.lanes,
        open=lambda start, stop: _open_part(task, arrival.validator, start, stop),
        told=arrival.tell,
        follow=arrival.follow,
        cancelled=task.cancelled,
    )
    arrival.was_resumed |= arrival.size > 0
    try:
        Spread(segments, hands).run(pieces)
    except RangesUnusable:
        arrival.has_ranges = False
        arrival.drop_parts()
        return arrival.size >= size
    except SourceError as error:
        raise _StreamBroke(error) from error
    finally:
        if arrival.has_ranges:
            arrival.parts = segments.arrived
    return arrival.size >= size


def _open_part(task: Download, validator: str, start: int, stop: int) -> Iterator[bytes]:
    """The bytes from *start* up to *stop*.

    :raises RangesUnusable: when the server gives others, or the file is no longer the one that was begun.
    """
    from accelinstall.net import RangeRefused, WrongRange

    headers = {"If-Range": validator} if validator else None
    try:
        stream = task.http.open(task.address, start=start, stop=stop, headers=headers)
    except (RangeRefused, WrongRange) as refused:
        raise RangesUnusable from refused
    with stream:
        if stream.start != start or stream.total not in (None, task.package.size):
            raise RangesUnusable
        yield from stream.chunks(_CHUNK)


def validator_of(stream: Stream) -> str:
    """What tells this file from a changed one; a weak tag does not (RFC 9110, section 13.1.5)."""
    tag = stream.headers.get("etag", "")
    text = tag if tag and not tag.startswith("W/") else stream.headers.get("last-modified", "")
    return text if text.isascii() and text.isprintable() else ""
