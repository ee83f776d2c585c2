"""Who may go on, of the threads of one process that have wheels in memory."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MEMORY = 96 << 20
"""Bytes of wheels that are held as a whole, in all processes together."""
# Wheels in hand while one is being unpacked; seconds between two that are taken while none is.
_AHEAD, _STEP = 2, 0.004


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

    What one process has in hand cannot be done by another.  So little is taken while there is something to unpack, and
    more, wheel after wheel, while the network keeps the process waiting.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # One thread looks whether there is room; the others sleep behind it.
        self._door = threading.Lock()
        self._waiting: list[tuple[int, int]] = []
        self._in_hand = 0
        self._taken = False
        self._latest = 0.0

    @contextmanager
    def in_hand(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Wait until another wheel is worth having, and have it."""
        with self._door, self._changed:
            while self._in_hand >= _AHEAD and not cancelled():
                idle = not self._taken
                if idle and time.monotonic() - self._latest >= _STEP:
                    break
                self._changed.wait(_STEP if idle else 0.1)
            self._in_hand += 1
            self._latest = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                self._in_hand -= 1
                self._changed.notify_all()

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
