"""One file over several connections, its pieces given in order out of a window in memory.

Parts are handed out in file order and never further ahead than the window of what has been used, so that memory stays
bounded however slow the user of the bytes is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from accelinstall.errors import SourceError
from accelinstall.store.lanes import Lanes
from accelinstall.store.members import Cancelled

CHUNK = 256 << 10
BUDGET = 160 << 20
"""Bytes that may wait in memory for all files of a fetch together, shared out equally."""
_MOST_BROKEN = 6


class Unstreamable(Exception):
    """The file cannot be had in one pass; it has to be fetched to the disk first."""


class Wide:
    """The connections of one file, from *position* to *size*.

    :param open: the pieces of the file from a start up to a stop; raises :class:`Unstreamable` or ``SourceError``.
    """

    def __init__(
        self,
        position: int,
        size: int,
        *,
        part: int,
        lanes: Lanes,
        open: Callable[[int, int], Iterator[bytes]],
        cancelled: Callable[[], bool],
    ) -> None:
        self._used, self._next, self._size, self._part = position, position, size, part
        self._lanes, self._open, self._cancelled = lanes, open, cancelled
        self._changed = threading.Condition()
        self._ready: dict[int, bytes] = {}
        self._again: list[tuple[int, int]] = []
        self._threads = self._extra = self._broken = 0
        self._failure: BaseException | None = None
        self._closed = False

    def pieces(self) -> Iterator[bytes]:
        """The rest of the file in order.

        :raises Unstreamable: when the server stops giving parts.
        :raises Cancelled: when somebody asked for it.
        """
        while self._used < self._size:
            self._widen()
            with self._changed:
                while self._used not in self._ready:
                    if self._failure is not None:
                        raise self._failure
                    if self._cancelled():
                        raise Cancelled
                    if not self._threads:
                        break
                    self._changed.wait(0.1)
                piece = self._ready.pop(self._used, b"")
                self._used += len(piece)
                self._changed.notify_all()
            if piece:
                yield piece

    def close(self) -> None:
        """Let every connection end after the piece it is at."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()

    def _widen(self) -> None:
        """One connection always, further ones while they are allowed."""
        with self._changed:
            base = not self._threads and self._has_work()
            self._threads += base
        if base:
            self._start(extra=False)
        elif (
            self._broken < _MOST_BROKEN and self._lanes.has_room and self._has_work() and self._lanes.join(self._extra)
        ):
            with self._changed:
                self._threads += 1
                self._extra += 1
            self._start(extra=True)

    def _start(self, *, extra: bool) -> None:
        threading.Thread(target=self._work, args=(extra,), name="accelinstall-range", daemon=True).start()

    def _has_work(self) -> bool:
        return bool(self._again) or (self._next < self._size and self._next < self._used + self._window)

    @property
    def _window(self) -> int:
        return max(2 * self._part, BUDGET // max(1, self._lanes.files))

    def _claim(self, *, extra: bool) -> tuple[int, int] | None:
        """The next part; waits for room in the window, unless it is for a connection that is one too many."""
        with self._changed:
            while not self._closed and self._failure is None:
                if extra and self._lanes.is_crowded():
                    return None
                if self._again:
                    return self._again.pop(0)
                if self._next >= self._size:
                    return None
                if self._has_work():
                    start = self._next
                    self._next = min(self._size, start + self._part)
                    return start, self._next
                self._changed.wait(0.1)
            return None

    def _work(self, extra: bool) -> None:
        try:
            while (claim := self._claim(extra=extra)) is not None and self._fetch(*claim):
                continue
        except BaseException as error:
            with self._changed:
                self._failure = self._failure or error
        finally:
            if extra:
                self._lanes.leave()
            with self._changed:
                self._threads -= 1
                self._extra -= extra
                self._changed.notify_all()

    def _fetch(self, start: int, stop: int) -> bool:
        """Whether this connection may go on; what it did not bring is given to another."""
        position = start
        try:
            pieces = self._open(start, stop)
            began = time.monotonic()
            for piece in pieces:
                self._lanes.note(len(piece), time.monotonic() - began)
                with self._changed:
                    if self._closed:
                        return False
                    self._ready[position] = piece[: stop - position]
                    position += len(piece)
                    self._changed.notify_all()
                began = time.monotonic()
            if position < stop:
                raise Unstreamable("a part ended early")
        except SourceError as error:
            with self._changed:
                self._broken += 1
                if position < stop:
                    self._again.append((position, stop))
                if self._broken >= 2 * _MOST_BROKEN:
                    raise Unstreamable(str(error)) from error
                return False
        return True
