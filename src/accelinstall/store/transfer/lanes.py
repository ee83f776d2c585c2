"""The connections of one fetch, counted: what they bring, and whether one more may be opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from accelinstall.store.transfer.pace import Pace, Sample
from accelinstall.store.transfer.room import Room

INTERVAL, LONGEST_INTERVAL = 0.1, 2.0
"""Seconds between two decisions: at least, and at most where little comes."""
ANSWERS = 4
"""How many times as long as an answer takes, at least."""
TELLING = 1 << 20
"""Bytes that each connection should have brought before a decision: a few pieces, so that one more says nothing."""
ROOM = 2 << 20
"""Bytes that may wait in memory for each connection that may be opened: 128 MiB for 64."""


class Lanes:
    """Shared by all files of one fetch; thread-safe.

    :param clock: seconds, never going back.
    :ivar rate: bytes per second of a connection that reads; 0 while unknown.
    :ivar room: the memory for what has been asked for and is not used yet.
    """

    def __init__(self, pace: Pace | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace or Pace()
        self._clock = clock
        self._lock = threading.Lock()
        self._files = self._offers = self._extra = 0
        self._bytes = self._broken = 0
        self._waited = self._idle = 0.0
        self._since: float | None = None
        self._missed = False
        self._answer: float | None = None
        self.rate = 0.0
        self.room = Room(ROOM * self._pace.most)

    def begin(self) -> None:
        """One more file is being fetched."""
        with self._lock:
            self._files += 1

    def end(self) -> None:
        """One file fewer."""
        with self._lock:
            self._files -= 1

    def offer(self) -> None:
        """One more file has parts for further connections."""
        with self._lock:
            self._offers += 1

    def withdraw(self) -> None:
        """One file fewer has them: every part is asked for."""
        with self._lock:
            self._offers -= 1

    def note(self, count: int, waited: float = 0.0, *, idle: float = 0.0) -> None:
        """*count* bytes came.

        :param waited: seconds that the user of a file waited for the network.
        :param idle: seconds that a connection did not read, because nobody wanted more yet.
        """
        with self._lock:
            now = self._clock()
            if self._since is None:
                # What came before the first bytes was spent on asking for them.
                self._since = now
            self._bytes += count
            self._waited += waited
            self._idle += idle
            elapsed = now - self._since
            telling = self._bytes >= TELLING * (self._files + self._extra)
            if elapsed >= (max(INTERVAL, ANSWERS * (self._answer or 0.0)) if telling else LONGEST_INTERVAL):
                sample = self._sample(elapsed)
                self.rate = sample.rate / max(1.0, sample.connections * (1 - sample.idle))
                self._pace.decide(sample)
                self._bytes = self._broken = 0
                self._waited = self._idle = 0.0
                self._since = now

    def _sample(self, elapsed: float) -> Sample:
        return Sample(
            rate=self._bytes / elapsed,
            files=self._files,
            extra=self._extra,
            waiting=min(1.0, self._waited / elapsed / max(1, self._files)),
            idle=min(1.0, self._idle / elapsed / max(1, self._files + self._extra)),
            broken=self._broken,
        )

    def answered(self, seconds: float) -> None:
        """An answer began so long after it was asked for; the quickest counts."""
        with self._lock:
            self._answer = min(seconds, self._answer or seconds)

    def broke(self) -> None:
        """A further connection broke, or the server refused it."""
        with self._lock:
            self._broken += 1

    @property
    def files(self) -> int:
        """How many files are being fetched."""
        return self._files

    @property
    def offers(self) -> int:
        """How many files have parts for further connections."""
        return self._offers

    @property
    def share(self) -> int:
        """How many further connections each of these files may have, when all of them want some."""
        return -(-self._pace.target // max(1, self._offers))

    @property
    def is_wide(self) -> bool:
        """Whether further connections have been found to pay, or are being tried."""
        return self._pace.target > 0

    @property
    def has_room(self) -> bool:
        """Whether a further connection is wanted."""
        return self._extra < self._pace.target

    def join(self, mine: int) -> bool:
        """Whether a file that has *mine* further connections may open one more; then it counts from now on."""
        with self._lock:
            if mine >= self.share:
                return False
            if self._extra >= self._pace.target:
                self._missed = True
                return False
            self._extra += 1
            return True

    def is_crowded(self, mine: int = 0) -> bool:
        """Whether a further connection should end after what it is doing.

        That is so when there are too many, and when its file has *mine* and another one misses its share.
        """
        with self._lock:
            if self._missed and mine > self.share:
                self._missed = False
                return True
            return self._extra > self._pace.target

    def leave(self) -> None:
        """A further connection has ended."""
        with self._lock:
            self._extra -= 1
