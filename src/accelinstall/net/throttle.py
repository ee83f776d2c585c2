"""A limit on what all downloads together may bring in a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """Lets bytes pass at a rate, whoever brings them; thread-safe.

    What is not used is saved up for a tenth of a second, so that short pauses cost nothing.

    :param rate: bytes per second.
    :param clock: seconds, never going back; *wait* sleeps for so many.
    """

    _SAVED_SECONDS = 0.1

    def __init__(
        self, rate: int, *, clock: Callable[[], float] = time.monotonic, wait: Callable[[float], object] = time.sleep
    ) -> None:
        self._rate, self._clock, self._wait = rate, clock, wait
        self._lock = threading.Lock()
        self._free_at = clock()

    @property
    def piece(self) -> int:
        """How many bytes are well read at a time: some tenths of a second's worth, so that a rate is even."""
        return max(16 << 10, self._rate // 5)

    def take(self, count: int) -> None:
        """Returns once *count* more bytes are within the rate."""
        with self._lock:
            now = self._clock()
            begins = max(self._free_at, now - self._SAVED_SECONDS)
            self._free_at = begins + count / self._rate
            pause = self._free_at - now
        if pause > 0:
            self._wait(pause)
