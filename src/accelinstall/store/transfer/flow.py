"""The bytes of one large wheel in order, as the network brings them: over one connection, or over several ahead of it.

Nothing is kept of them, but for a slow server: there a file that did not come to its end is worth the writing, and the
next run goes on with it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from accelinstall.errors import SourceError
from accelinstall.events import FileAdvanced
from accelinstall.fs import write_all
from accelinstall.store.behind import AtOnce
from accelinstall.store.crew import Cancelled
from accelinstall.store.transfer.wide import CHUNK, LEAST, Unstreamable, Wide

if TYPE_CHECKING:
    from accelinstall.net import Stream
    from accelinstall.store.transfer.download import Download

_ATTEMPTS = 3
# A file that comes within so many seconds is not kept for a next run: it would come as fast again.
_WORTH_KEEPING = 8.0
_KEPT_STEP = 16 << 20


class Flow:
    """One pass over a wheel of known size, from its first byte to its last; used by one thread.

    :ivar position: of the next byte that :meth:`read` gives.
    """

    def __init__(self, task: Download, size: int, validator: str, *, behind: Callable[[], AtOnce] = AtOnce) -> None:
        self._task, self._size, self._validator = task, size, validator
        self.position = self._arrived = 0
        self._hash = hashlib.sha256()
        self._rest = memoryview(b"")
        self._pieces = self._flow()
        self._keeper: int | None = os.open(task.partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        self._since, self._judged = time.monotonic(), 0
        self._behind = behind()

    def read(self, offset: int, length: int) -> bytes | memoryview:
        """At least one and at most *length* bytes from *offset*, which must be where the last reading ended.

        :raises Unstreamable: when the server does not go on.
        """
        if offset != self.position:
            raise Unstreamable(f"byte {offset} is asked for, byte {self.position} is next")
        if not self._rest:
            self._rest = memoryview(self._next())
        piece, self._rest = self._rest[:length], self._rest[length:]
        self.position += len(piece)
        return piece

    def take(self, count: int) -> bytes:
        """The next *count* bytes."""
        found = bytes(self.read(self.position, count)) if count else b""
        while len(found) < count:
            found += self.read(self.position, count - len(found))
        return found

    def finish(self) -> str:
        """The sha256 of the whole file, after reading what is left of it."""
        while self.position < self._size:
            self.read(self.position, CHUNK)
        self._behind.settle()
        self.close(keep=False)
        return self._hash.hexdigest()

    def close(self, *, keep: bool = True) -> None:
        """End every connection; what was kept stays when *keep*, for the next run."""
        self._pieces.close()
        self._behind.close()
        if self._keeper is not None:
            os.close(self._keeper)
            self._keeper = None
            if not keep or not self._arrived:
                with suppress(OSError):
                    os.unlink(self._task.partial)

    @property
    def told(self) -> int:
        """Bytes that were told as arrived."""
        return self._arrived

    def _next(self) -> bytes:
        if self._task.cancelled():
            raise Cancelled
        piece = next(self._pieces, b"")
        if not piece:
            raise Unstreamable("the file is shorter than it was said to be")
        self._behind.do(partial(self._hash.update, piece))
        self._arrived += len(piece)
        self._task.progress(FileAdvanced(name=self._task.package.filename, amount=len(piece)))
        if self._keeper is not None:
            self._keep(self._keeper, piece)
        return piece

    def _keep(self, keeper: int, piece: bytes) -> None:
        """Write *piece* while the file comes slowly enough for a next run to be glad of it."""
        write_all(keeper, piece)
        if self._arrived - self._judged < _KEPT_STEP:
            return
        now = time.monotonic()
        rate = (self._arrived - self._judged) / max(1e-6, now - self._since)
        self._since, self._judged = now, self._arrived
        if self._size / rate < _WORTH_KEEPING:
            os.close(keeper)
            self._keeper = None
            os.unlink(self._task.partial)

    def _flow(self) -> Generator[bytes, None, None]:
        """Every piece in order; a connection that breaks is followed by another."""
        failures = 0
        position = 0
        while position < self._size:
            try:
                for piece in self._over_one(position):
                    position += len(piece)
                    failures = 0
                    yield piece
            except SourceError as error:
                failures += 1
                if failures >= _ATTEMPTS:
                    raise Unstreamable(str(error)) from error
                self._task.pause(self._task.delay * 2 ** (failures - 1))

    def _over_one(self, position: int) -> Iterator[bytes]:
        lanes, pieces = self._task.lanes, None
        least = 2 * min(LEAST, self._task.part)
        if not lanes.is_wide or self._size - position <= least:
            pieces = self._part(position, None)
            lanes.offer()
            try:
                began = time.monotonic()
                for piece in pieces:
                    lanes.note(len(piece), time.monotonic() - began)
                    yield piece
                    position += len(piece)
                    if lanes.is_wide and self._size - position > least:
                        break
                    began = time.monotonic()
            finally:
                lanes.withdraw()
        if position < self._size:
            yield from self._over_several(position, pieces)

    def _over_several(self, position: int, begun: Iterator[bytes] | None) -> Iterator[bytes]:
        wide = Wide(
            position,
            self._size,
            part=self._task.part,
            lanes=self._task.lanes,
            open=self._part,
            cancelled=self._task.cancelled,
            begun=begun,
        )
        try:
            yield from wide.pieces()
        finally:
            wide.close()

    def _part(self, start: int, stop: int | None) -> Iterator[bytes]:
        began = time.monotonic()
        with self._open(start, stop) as stream:
            self._task.lanes.answered(time.monotonic() - began)
            yield from stream.chunks(CHUNK)

    def _open(self, start: int, stop: int | None) -> Stream:
        """:raises Unstreamable: when what comes is not that part of the file that was begun."""
        from accelinstall.net import RangeRefused, WrongRange

        headers = {"If-Range": self._validator} if self._validator and (start or stop) else None
        try:
            stream = self._task.http.open(self._task.address, start=start, stop=stop, headers=headers)
        except (RangeRefused, WrongRange) as refused:
            raise Unstreamable(str(refused)) from refused
        if stream.start != start or stream.total != self._size:
            with stream:
                raise Unstreamable("another part or another file came")
        return stream
