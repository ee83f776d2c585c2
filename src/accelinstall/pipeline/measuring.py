"""What a run took: bytes over the network and seconds."""

from __future__ import annotations

import threading
import time

from accelinstall import events


class Counter:
    """Passes events on and counts what came over the network."""

    def __init__(self, progress: events.Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self.total = 0

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.FileAdvanced):
            with self._lock:
                self.total += event.amount
        self._progress(event)


class Stopwatch:
    """Seconds since the last lap, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """Ends a lap."""
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now
