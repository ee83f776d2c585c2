"""Who may go on, of the threads of one process that have wheels in memory."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MEMORY = 96 << 20
"""Bytes of wheels that are held as a whole, in all processes together."""
# Seconds over which it is looked how busy this process is, and the share of one core's time that is busy enough: more
# than one core an interpreter hardly uses, and half of it because others may use it too.
_STEP, _BUSY = 0.004, 0.5


class Budget:
    """Bytes that threads may hold at a time; one thread gets what it needs however much that is."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._changed = threading.Condition()
        # Who needs much waits in front of all who come after.
        self._door = threading.Lock()

    @contextmanager
    def of(self, count: int) -> Iterator[None]:
        """Wait for *count* bytes and hold them."""
        with self._door, self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + count <= self._most)
            self._held += count
        try:
            yield
        finally:
            with self._changed:
                self._held -= count
                self._changed.notify_all()


class Turn:
    """Unpacking one wheel at a time, of those that wait the one with the lowest rank; and how many to take in hand.

    What one process has in hand cannot be done by another, and threads at work beside each other only wait for the
    interpreter's lock.  So one wheel is in hand, and more, wheel after wheel, while the network or a disk lets the
    process idle.

    :param clock: seconds that pass; *work*: seconds of CPU that this process has used.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock, self._work = clock, work
        self._changed = threading.Condition()
        # One thread looks whether there is room; the others sleep behind it.
        self._door = threading.Lock()
        self._waiting: list[tuple[int, int]] = []
        self._in_hand = 0
        self._taken = False
        self._since, self._worked = clock(), work()

    @contextmanager
    def in_hand(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Wait until another wheel is worth having, and have it."""
        with self._door, self._changed:
            while self._in_hand and not self._is_idle() and not cancelled():
                self._changed.wait(_STEP)
            self._in_hand += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_hand -= 1
                self._changed.notify_all()

    def _is_idle(self) -> bool:
        """Whether this process could have done more since this was asked last."""
        passed, worked = self._clock() - self._since, self._work() - self._worked
        if passed < _STEP:
            return False
        self._since += passed
        self._worked += worked
        return worked < _BUSY * passed

    @contextmanager
    def of(self, rank: int) -> Iterator[None]:
        """Wait for the turn and have it."""
        mine = (rank, threading.get_ident())
        with self._changed:
            heapq.heappush(self._waiting, mine)
            self._changed.wait_for(lambda: not self._taken and self._waiting[0] == mine)
            heapq.heappop(self._waiting)
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()
