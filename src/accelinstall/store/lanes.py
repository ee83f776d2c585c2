"""The connections of one fetch, counted: what they bring, and whether one more may be opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from accelinstall.store.pace import Pace, Sample

INTERVAL = 0.4
"""Seconds between two decisions."""


class Lanes:
    """Shared by all files of one fetch; thread-safe.

    :param clock: seconds, never going back.
    """

    def __init__(self, pace: Pace | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace or Pace()
        self._clock = clock
        self._lock = threading.Lock()
        self._files = self._extra = self._bytes = 0
        self._waited = 0.0
        self._since = clock()

    def begin(self) -> None:
        """One more file is being fetched."""
        with self._lock:
            self._files += 1

    def end(self) -> None:
        """One file fewer."""
        with self._lock:
            self._files -= 1

    def note(self, count: int, waited: float) -> None:
        """A connection brought *count* bytes after waiting *waited* seconds for them."""
        with self._lock:
            self._bytes += count
            self._waited += waited
            elapsed = self._clock() - self._since
            if elapsed < INTERVAL:
                return
            connections = max(1, self._files + self._extra)
            self._pace.decide(
                Sample(
                    rate=self._bytes / elapsed,
                    files=self._files,
                    extra=self._extra,
                    waiting=min(1.0, self._waited / elapsed / connections),
                )
            )
            self._bytes, self._waited, self._since = 0, 0.0, self._clock()

    @property
    def files(self) -> int:
        """How many files are being fetched."""
        return self._files

    @property
    def has_room(self) -> bool:
        """Whether a further connection is wanted."""
        return self._extra < self._pace.target

    def join(self, mine: int) -> bool:
        """Whether a file that has *mine* further connections may open one more; then it counts from now on."""
        with self._lock:
            fair = -(-self._pace.target // max(1, self._files))
            if self._extra >= self._pace.target or mine >= fair:
                return False
            self._extra += 1
            return True

    def is_crowded(self) -> bool:
        """Whether a further connection should end after what it is doing."""
        with self._lock:
            return self._extra > self._pace.target

    def leave(self) -> None:
        """A further connection has ended."""
        with self._lock:
            self._extra -= 1
