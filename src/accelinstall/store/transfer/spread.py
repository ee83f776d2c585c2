"""One file fetched over several connections, in parts that are written where they belong.

The thread that asked stays: it fetches like the others and hashes in order behind them.  Further threads come while
:class:`~accelinstall.store.transfer.lanes.Lanes` allows it, each for one part after the other.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

from accelinstall.errors import SourceError
from accelinstall.fs import write_all
from accelinstall.store.crew import Cancelled
from accelinstall.store.transfer.journal import write_journal
from accelinstall.store.transfer.lanes import Lanes
from accelinstall.store.transfer.segments import Claim, Segments
from accelinstall.values import dataclass

LENGTH, WINDOW = 16 << 20, 512 << 20
"""Bytes of one part, and how far the furthest may be ahead of the first missing byte."""
CHUNK = 256 << 10
_JOURNAL_STEP = 1.0
_MOST_BROKEN = 4
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0)


class RangesUnusable(Exception):
    """The server does not give the parts that were asked for; one connection has to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What a spread file does to the world.

    :ivar open: the pieces of the file from *start* up to *stop*; raises :class:`RangesUnusable` or ``SourceError``.
    :ivar told: hears how many bytes have arrived; ``follow``: that the file is whole up to a position.
    """

    partial: str
    validator: str
    lanes: Lanes
    open: Callable[[int, int], Iterator[bytes]]
    told: Callable[[int], object]
    follow: Callable[[int], object]
    cancelled: Callable[[], bool]


class Spread:
    """The connections of one file.

    :param segments: what is here already; nobody else uses it meanwhile.
    """

    def __init__(self, segments: Segments, hands: Hands) -> None:
        self._segments, self._hands = segments, hands
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._closed = False
        self._unusable = False
        self._helpers = self._broken = self._writing = 0
        self._saved = 0.0

    def run(self, pieces: Iterator[bytes] | None = None) -> None:
        """Fetch what is missing; *pieces* continue the first gap on a connection that is already open.

        :raises RangesUnusable: when the server stops giving parts; what is here in order stays.
        :raises SourceError: when the first connection breaks; what arrived is kept.
        :raises Cancelled: what arrived is kept, and the journal tells what that is.
        """
        # Before the first byte out of order: the length of the file no longer tells what is in it.
        with self._lock:
            self._save()
            claim = self._segments.claim(alone=True) if pieces else None
        self._hands.lanes.offer()
        try:
            while not self._finished():
                if claim is None:
                    claim = self._next(alone=not self._helpers)
                if claim is None:
                    self._wait()
                    continue
                self._fetch_first(claim, pieces)
                claim = pieces = None
        finally:
            self._hands.lanes.withdraw()
            with self._changed:
                # From here on no other thread writes: the file may be read, cut off or removed.
                self._closed = True
                while self._writing:
                    self._changed.wait()
                self._save()

    def _fetch_first(self, claim: Claim, pieces: Iterator[bytes] | None) -> None:
        try:
            self._follow(claim, pieces or self._hands.open(claim.position, claim.stop), helps=False)
        finally:
            self._give_back(claim)

    def _finished(self) -> bool:
        with self._lock:
            if self._unusable:
                raise RangesUnusable
            front, complete = self._segments.front, self._segments.is_complete
        self._hands.follow(front)
        if self._hands.cancelled():
            raise Cancelled
        return complete

    def _wait(self) -> None:
        with self._changed:
            if not self._segments.is_complete:
                self._changed.wait(0.05)

    def _next(self, *, alone: bool) -> Claim | None:
        with self._lock:
            return None if self._closed or self._unusable else self._segments.claim(alone=alone)

    def _give_back(self, claim: Claim) -> None:
        with self._changed:
            self._segments.release(claim)
            if not self._closed and time.monotonic() - self._saved > _JOURNAL_STEP:
                self._save()
            self._changed.notify_all()

    def _save(self) -> None:
        """Write the journal; the lock is held."""
        self._saved = time.monotonic()
        write_journal(self._hands.partial, self._hands.validator, self._segments.arrived)

    def _follow(self, claim: Claim, pieces: Iterator[bytes], *, helps: bool) -> None:
        """Write the *pieces* of *claim* until it is complete or given to others."""
        hands = self._hands
        descriptor = os.open(hands.partial, _FLAGS)
        try:
            os.lseek(descriptor, claim.position, os.SEEK_SET)
            began = time.monotonic()
            for piece in pieces:
                arrived = time.monotonic()
                hands.lanes.note(len(piece), 0.0 if helps else arrived - began)
                if hands.cancelled():
                    raise Cancelled
                if not self._take(claim, piece, descriptor):
                    return
                hands.lanes.note(0, idle=time.monotonic() - arrived)
                if not helps:
                    hands.follow(self._segments.front)
                    self._widen()
                began = time.monotonic()
        finally:
            os.close(descriptor)
            if (close := getattr(pieces, "close", None)) is not None:
                close()

    def _take(self, claim: Claim, piece: bytes, descriptor: int) -> bool:
        """Write what *claim* still wants of *piece*; whether it wants more."""
        with self._lock:
            if self._closed:
                return False
            wanted = min(len(piece), claim.stop - claim.position)
            while wanted < len(piece) and self._segments.extend(claim):
                wanted = min(len(piece), claim.stop - claim.position)
            self._writing += 1
        written = False
        try:
            write_all(descriptor, memoryview(piece)[:wanted])
            written = True
        finally:
            with self._changed:
                self._writing -= 1
                own = self._segments.advance(claim, wanted) if written else 0
                more = claim.position < claim.stop or self._segments.extend(claim)
                self._changed.notify_all()
        self._hands.told(own)
        return more

    def _widen(self) -> None:
        """Start one further connection when it is allowed and there is something left for it."""
        # A server that keeps breaking further connections does not want them.
        if self._unusable or self._broken >= _MOST_BROKEN or not self._hands.lanes.join(self._helpers):
            return
        claim = self._next(alone=False)
        if claim is None:
            self._hands.lanes.leave()
            return
        with self._lock:
            self._helpers += 1
        threading.Thread(target=self._help, args=(claim,), name="accelinstall-range", daemon=True).start()

    def _help(self, first: Claim) -> None:
        claim: Claim | None = first
        try:
            while claim is not None:
                try:
                    self._follow(claim, self._hands.open(claim.position, claim.stop), helps=True)
                finally:
                    self._give_back(claim)
                claim = None if self._hands.lanes.is_crowded(self._helpers) else self._next(alone=False)
        except Cancelled:
            return
        except (SourceError, OSError):
            # The first connection meets the same trouble, and tells.
            self._hands.lanes.broke()
            with self._lock:
                self._broken += 1
        except RangesUnusable:
            with self._changed:
                self._unusable = True
                self._changed.notify_all()
        finally:
            self._hands.lanes.leave()
            with self._lock:
                self._helpers -= 1
