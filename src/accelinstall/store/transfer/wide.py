"""One file over several connections, its pieces given in order out of a window in memory.

Parts are handed out in file order and never further ahead than there is room, so that memory stays bounded however slow
the user of the bytes is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from accelinstall.errors import SourceError
from accelinstall.store.crew import Cancelled
from accelinstall.store.transfer.lanes import Lanes
from accelinstall.store.transfer.room import part_length
from accelinstall.values import dataclass

CHUNK = 256 << 10
# So many connections may break without a part that comes whole: then no further ones are opened, and with twice as many
# and all that are open, the server is given up.
_MOST_BROKEN = 6
# A request for less than this costs more than it brings.
LEAST = 1 << 20
_LONGEST = 4
_AT_ONCE = 4
# So long a part should take: few requests are made, and none of them holds up the file for long.
_PART_SECONDS = 0.5
# Seconds: how soon somebody who waits sees what nobody tells.
_GLANCE = 0.05


@dataclass(slots=True, eq=False)
class Part:
    """What one connection fetches; *position* moves towards *stop*, which others may move towards it.

    :ivar moved: when the last bytes came; of a clock that never goes back.
    """

    position: int
    stop: int
    moved: float


class Unstreamable(Exception):
    """The file cannot be had in one pass; it has to be fetched to the disk first."""


class Wide:
    """The connections of one file, from *position* to *size*.

    :param part: bytes that are asked for at once: from a few times as many down to 1 MiB where many connections share.
    :param open: the pieces of the file from a start up to a stop; raises :class:`Unstreamable` or ``SourceError``.
    :param begun: a connection that is bringing the file from *position* on; it goes on to the end of the first part.
    :param patience: seconds without a byte after which a part that is waited for is asked for once more.
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
        begun: Iterator[bytes] | None = None,
        patience: float = 3.0,
    ) -> None:
        self._used, self._next, self._size, self._part = position, position, size, part
        self._lanes, self._open, self._cancelled, self._patience = lanes, open, cancelled, patience
        self._begun = begun
        self._lock = threading.Lock()
        # The user of the file waits for the one, connections for the other.
        self._arrived, self._freed = threading.Condition(self._lock), threading.Condition(self._lock)
        self._ready: dict[int, bytes] = {}
        self._again: list[Part] = []
        self._under_way: list[Part] = []
        self._threads = self._extra = self._broken = 0
        self._failure: BaseException | None = None
        self._closed = False
        self._offering = True
        lanes.offer()

    def pieces(self) -> Iterator[bytes]:
        """The rest of the file in order.

        :raises Unstreamable: when the server stops giving parts.
        :raises Cancelled: when somebody asked for it.
        """
        while self._used < self._size:
            self._widen()
            yield from self._take()

    def close(self) -> None:
        """Let every connection end after the piece it is at."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._ready.clear()
            self._withdraw()
            self._lanes.room.free(self._next - self._used)
            self._arrived.notify_all()
            self._freed.notify_all()

    def _take(self) -> list[bytes]:
        """The pieces that are here, after waiting for the first of them."""
        pieces: list[bytes] = []
        with self._lock:
            while self._used not in self._ready:
                if self._failure is not None:
                    raise self._failure
                if self._cancelled():
                    raise Cancelled
                if not self._threads:
                    break
                began = time.monotonic()
                self._arrived.wait(_GLANCE)
                self._lanes.note(0, time.monotonic() - began)
            while len(pieces) < _AT_ONCE and (piece := self._ready.pop(self._used, None)) is not None:
                self._used += len(piece)
                pieces.append(piece)
            self._lanes.room.free(sum(map(len, pieces)))
            if self._has_work():
                self._freed.notify()
        return pieces

    def _widen(self) -> None:
        """One connection always, further ones while they are allowed and there is something to ask for."""
        with self._lock:
            if not self._threads:
                self._start(extra=False)
            while self._broken < _MOST_BROKEN and self._has_work() and self._lanes.join(self._extra):
                if not self._start(extra=True):
                    # Another file has just taken the room.
                    self._lanes.leave()
                    break

    def _start(self, *, extra: bool) -> bool:
        """Whether there was a part for one more connection; the lock is held."""
        part = self._next_part()
        if part is None:
            return False
        # The first part of all begins where the connection is that is open.
        begun, self._begun = self._begun, None
        thread = threading.Thread(target=self._work, args=(part, begun, extra), name="accelinstall-range", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # The system grants no more threads.
            self._under_way.remove(part)
            self._again.append(part)
            if not extra:
                raise Unstreamable(str(error)) from error
            return False
        self._threads += 1
        self._extra += extra
        return True

    def _has_work(self) -> bool:
        """Whether there is a part to ask for; the lock is held."""
        return bool(self._again) or self._length > 0

    @property
    def _length(self) -> int:
        """Bytes of the next part: none while there is no room for it."""
        lanes, ahead, left = self._lanes, self._next - self._used, self._size - self._next
        least = min(self._part, LEAST)
        length = part_length(
            ahead=ahead,
            left=left,
            window=lanes.room.share(lanes.offers),
            connections=max(self._extra, lanes.share) + 1,
            most=min(_LONGEST * self._part, int(lanes.rate * _PART_SECONDS) or self._part),
            least=least,
        )
        if lanes.room.has(length, mine=ahead, files=lanes.offers):
            return length
        # However little room there is, no file stops.
        return min(least, left) if ahead < least else 0

    def _next_part(self) -> Part | None:
        """The next part, which counts as asked for from now on, if there is room for it; the lock is held."""
        if self._again:
            part = self._again.pop(0)
            part.moved = time.monotonic()
        else:
            length = self._length
            if not length:
                return None
            start, self._next = self._next, self._next + length
            self._lanes.room.take(length)
            if self._next >= self._size:
                self._withdraw()
            part = Part(start, self._next, time.monotonic())
        self._under_way.append(part)
        return part

    def _take_over(self) -> Part | None:
        """Half of the part that the user of the file waits for, or all of it when it stands still; the lock is held."""
        first = min(self._under_way, key=lambda part: part.position, default=None)
        if first is None or first.position != self._used:
            return None
        left = first.stop - first.position
        stands = time.monotonic() - first.moved > self._patience
        if not stands and left < 2 * min(self._part, LEAST):
            return None
        middle = first.position if stands else first.stop - left // 2
        part = Part(middle, first.stop, time.monotonic())
        first.stop = middle
        self._under_way.append(part)
        return part

    def _withdraw(self) -> None:
        if self._offering:
            self._offering = False
            self._lanes.withdraw()

    def _claim(self, *, extra: bool) -> Part | None:
        """The next part; waits for room, unless it is for a connection that is one too many."""
        part = None
        with self._lock:
            while not self._closed and self._failure is None:
                if extra and self._lanes.is_crowded(self._extra):
                    break
                part = self._next_part() or self._take_over()
                if part is not None or not self._under_way:
                    break
                began = time.monotonic()
                self._freed.wait(_GLANCE)
                self._lanes.note(0, idle=time.monotonic() - began)
        return part

    def _work(self, first: Part, begun: Iterator[bytes] | None, extra: bool) -> None:
        part: Part | None = first
        try:
            while part is not None and self._fetch(part, begun or self._open(part.position, part.stop)):
                part, begun = self._claim(extra=extra), None
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error
        finally:
            if extra:
                self._lanes.leave()
            with self._lock:
                self._threads -= 1
                self._extra -= extra
                self._arrived.notify_all()
                self._freed.notify_all()

    def _fetch(self, part: Part, pieces: Iterator[bytes]) -> bool:
        """Whether this connection may go on; what it did not bring is given to another."""
        try:
            for piece in pieces:
                self._lanes.note(len(piece))
                if not self._bring(part, piece):
                    return not self._closed
            raise Unstreamable("a part ended early")
        except SourceError as error:
            self._lanes.broke()
            with self._lock:
                self._broken += 1
                if part.position < part.stop:
                    self._again.append(part)
                if self._broken >= 2 * _MOST_BROKEN + self._threads:
                    raise Unstreamable(str(error)) from error
                return False
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                # A connection that goes on beyond its part is not kept.
                close()
            with self._lock:
                self._under_way.remove(part)

    def _bring(self, part: Part, piece: bytes) -> bool:
        """Whether *part* wants more after *piece*."""
        with self._lock:
            if self._closed:
                return False
            position, own = part.position, piece[: part.stop - part.position]
            if own:
                self._ready[position] = own
                part.position, part.moved = position + len(own), time.monotonic()
                if position == self._used:
                    self._arrived.notify()
            if part.position < part.stop:
                return True
            self._broken = 0
            return False
