"""Which bytes of one file are here, which are on their way, and what a further connection should ask for.

Pure bookkeeping: nothing here reads, writes or waits.  Positions are bytes; ranges are half open.
"""

from __future__ import annotations

from collections.abc import Iterable

from accelinstall.values import dataclass

Span = tuple[int, int]
"""First byte and the one after the last."""


@dataclass(slots=True, eq=False)
class Claim:
    """A part that one connection fetches; *position* moves towards *stop* as bytes arrive."""

    start: int
    position: int
    stop: int


class Segments:
    """The map of a file of *size* bytes; not thread-safe.

    Parts are given out in file order and never further than *window* ahead of the first missing byte, so that what
    reads the file in order stays close behind the network.

    :param arrived: what is here already.
    :param length: bytes of one part, unless a connection has the file to itself.
    """

    def __init__(self, size: int, *, length: int, window: int, arrived: Iterable[Span] = ()) -> None:
        self.size, self._length, self._window = size, length, window
        self._arrived: list[Span] = []
        self._claims: list[Claim] = []
        for start, stop in arrived:
            self._add(max(0, start), min(size, stop))

    @property
    def front(self) -> int:
        """Up to where the file is here without a gap."""
        return self._arrived[0][1] if self._arrived and self._arrived[0][0] == 0 else 0

    @property
    def is_complete(self) -> bool:
        """Whether every byte is here."""
        return self.front >= self.size

    @property
    def arrived(self) -> tuple[Span, ...]:
        """What is here, in order, without neighbours that touch."""
        return tuple(self._arrived)

    def claim(self, *, alone: bool = False) -> Claim | None:
        """The next part to ask for; ``None`` while others have all that may be asked for.

        :param alone: nobody else fetches this file: take everything up to the next byte that is here.
        """
        hole = self._next_hole()
        if hole is None:
            self._cut()
            hole = self._next_hole()
        if hole is None or (hole[0] >= self.front + self._window and not alone):
            return None
        start, stop = hole
        claim = Claim(start, start, stop if alone else min(stop, start + self._length))
        self._claims.append(claim)
        return claim

    def advance(self, claim: Claim, count: int) -> int:
        """How many of *count* bytes that came for *claim* are its own; it is given back when the rest is cut off."""
        own = min(count, claim.stop - claim.position)
        if own > 0:
            self._add(claim.position, claim.position + own)
            claim.position += own
        return max(0, own)

    def extend(self, claim: Claim) -> bool:
        """Whether a finished *claim* now reaches further, because nobody has what follows it."""
        hole = self._next_hole(claim.stop)
        if hole is None or hole[0] != claim.stop or claim.stop >= self.front + self._window:
            return False
        claim.stop = min(hole[1], claim.stop + self._length)
        return True

    def release(self, claim: Claim) -> None:
        """Give back what *claim* did not bring."""
        if claim in self._claims:
            self._claims.remove(claim)

    def _cut(self) -> None:
        """Take the far part of the longest claim away from it, when it is long enough to share."""
        longest = max(self._claims, key=lambda claim: claim.stop - claim.position, default=None)
        if longest is not None and longest.stop - longest.position >= 2 * self._length:
            longest.stop = longest.position + self._length

    def _next_hole(self, after: int = 0) -> Span | None:
        position = after
        taken = sorted([*self._arrived, *((claim.position, claim.stop) for claim in self._claims)])
        for start, stop in taken:
            if start > position:
                return position, start
            position = max(position, stop)
        return (position, self.size) if position < self.size else None

    def _add(self, start: int, stop: int) -> None:
        if start >= stop:
            return
        merged: list[Span] = []
        for first, last in self._arrived:
            if last < start or first > stop:
                merged.append((first, last))
            else:
                start, stop = min(start, first), max(stop, last)
        merged.append((start, stop))
        self._arrived = sorted(merged)
