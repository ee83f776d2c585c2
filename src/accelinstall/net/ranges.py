"""Byte ranges as values: what is asked, what was answered, and whether they agree (RFC 9110, section 14)."""

from __future__ import annotations

import re

from accelinstall.values import dataclass

_CONTENT_RANGE = re.compile(r"bytes[ \t]+(?:(\d{1,18})-(\d{1,18})|\*)/(?:(\d{1,18})|\*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Bytes *start* up to, not including, *stop* (``None``: the end); or the last *tail* bytes when that is set."""

    start: int = 0
    stop: int | None = None
    tail: int | None = None

    @property
    def header(self) -> str:
        """The ``Range`` value, empty when the whole file is wanted."""
        if self.tail is not None:
            return f"bytes=-{self.tail}"
        if not self.start and self.stop is None:
            return ""
        return f"bytes={self.start}-" + ("" if self.stop is None else str(self.stop - 1))

    def bounds(self, total: int) -> tuple[int, int]:
        """First byte and the one after the last in a file of *total* bytes; ``start >= stop``: nothing is there."""
        if self.tail is not None:
            return max(0, total - self.tail), total
        return self.start, total if self.stop is None else min(self.stop, total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a ``Content-Range`` header says: bytes *start* up to *stop* of *total* (``None``: it does not say)."""

    start: int
    stop: int
    total: int | None


def parse_content_range(text: str) -> Answered | None:
    """The header's meaning; ``None`` when it is malformed, unsatisfied or contradicts itself."""
    match = _CONTENT_RANGE.fullmatch(text.strip())
    if match is None or match[1] is None:
        return None
    start, stop, total = int(match[1]), int(match[2]) + 1, int(match[3]) if match[3] else None
    if start >= stop or (total is not None and stop > total):
        return None
    return Answered(start=start, stop=stop, total=total)


def explain_mismatch(wanted: ByteRange, answered: Answered) -> str:
    """Why *answered* is not what was *wanted*; empty when it is, or when it is a shorter beginning of it."""
    if answered.total is not None:
        start, stop = wanted.bounds(answered.total)
    elif wanted.tail is not None:
        return "" if answered.stop - answered.start <= wanted.tail else f"more than the last {wanted.tail} bytes"
    else:
        start, stop = wanted.start, answered.stop if wanted.stop is None else wanted.stop
    if wanted.tail is not None and (answered.start, answered.stop) != (start, stop):
        return f"asked for the last {wanted.tail} bytes, got {answered.start}-{answered.stop - 1} of {answered.total}"
    if answered.start != start or answered.stop > stop:
        return f"asked for bytes {start}-{stop - 1}, got {answered.start}-{answered.stop - 1}"
    return ""
