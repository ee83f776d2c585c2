"""A union of version ranges as one PEP 440 specifier, where that can be said.

PEP 440 has no "or".  A union is one range from its lowest to its highest bound with holes in it, and a hole can be
written with ``!=`` when it is a single version or a run of whole prefixes: ``>=1,<2 || >=3,<4`` is ``>=1,<4,!=2.*``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from accelinstall.values import dataclass

if TYPE_CHECKING:
    from packaging.version import Version

Row = tuple[str, str, bool]
_MOST_HOLES = 64


@dataclass(frozen=True, slots=True)
class Interval:
    """Versions between two bounds; ``None`` is no bound."""

    low: Version | None = None
    low_included: bool = False
    high: Version | None = None
    high_included: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies between the bounds."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and not (self.low_included and self.high_included))


def clauses_of_union(pieces: Sequence[Sequence[Row]]) -> list[Row] | None:
    """Rows (operator, version, wildcard) that together mean the union of *pieces*; ``None`` when PEP 440 cannot."""
    intervals = [interval for piece in pieces for interval in _intervals_of(piece)]
    merged = _merge([interval for interval in intervals if not interval.is_empty])
    if not merged:
        return None
    rows: list[Row] = []
    if merged[0].low is not None:
        rows.append((">=" if merged[0].low_included else ">", _text(merged[0].low), False))
    if merged[-1].high is not None:
        rows.append(("<=" if merged[-1].high_included else "<", _text(merged[-1].high), False))
    for before, after in pairwise(merged):
        hole = _hole(before, after)
        if hole is None:
            return None
        rows.extend(hole)
    return rows if len(rows) <= _MOST_HOLES else None


def _intervals_of(piece: Sequence[Row]) -> list[Interval]:
    found = [Interval()]
    for operator, text, wildcard in piece:
        wanted = _intervals_of_clause(operator, text, wildcard)
        found = [_both(left, right) for left in found for right in wanted]
        found = [interval for interval in found if not interval.is_empty]
    return found


def _intervals_of_clause(operator: str, text: str, wildcard: bool) -> list[Interval]:
    from packaging.version import Version

    version = Version(text)
    if operator == "~=":
        low, high = version, _next(version, drop=1)
        return [Interval(low, True, high, False)]
    if wildcard:
        high = _next(version, drop=0)
        if operator == "==":
            return [Interval(version, True, high, False)]
        return [Interval(None, False, version, False), Interval(high, True, None, False)]
    return {
        "==": [Interval(version, True, version, True)],
        "!=": [Interval(None, False, version, False), Interval(version, False, None, False)],
        ">=": [Interval(version, True, None, False)],
        ">": [Interval(version, False, None, False)],
        "<=": [Interval(None, False, version, True)],
        "<": [Interval(None, False, version, False)],
    }[operator]


def _both(left: Interval, right: Interval) -> Interval:
    low, low_included = left.low, left.low_included
    if low is None or (right.low is not None and right.low > low):
        low, low_included = right.low, right.low_included
    elif right.low == low:
        low_included = low_included and right.low_included
    high, high_included = left.high, left.high_included
    if high is None or (right.high is not None and right.high < high):
        high, high_included = right.high, right.high_included
    elif right.high == high:
        high_included = high_included and right.high_included
    return Interval(low, low_included, high, high_included)


def _merge(intervals: list[Interval]) -> list[Interval]:
    """The same versions as intervals that do not touch, in order."""
    unbounded = [interval for interval in intervals if interval.low is None]
    bounded = [interval for interval in intervals if interval.low is not None]
    bounded.sort(key=lambda interval: (interval.low, not interval.low_included))
    merged: list[Interval] = []
    for interval in unbounded + bounded:
        if merged and _touch(merged[-1], interval):
            merged[-1] = _wider(merged[-1], interval)
        else:
            merged.append(interval)
    return merged


def _touch(before: Interval, after: Interval) -> bool:
    if before.high is None or after.low is None:
        return True
    return before.high > after.low or (before.high == after.low and (before.high_included or after.low_included))


def _wider(before: Interval, after: Interval) -> Interval:
    high, included = before.high, before.high_included
    if high is None or after.high is None:
        high, included = None, False
    elif (after.high, after.high_included) > (high, included):
        high, included = after.high, after.high_included
    return Interval(before.low, before.low_included, high, included)


def _hole(before: Interval, after: Interval) -> list[Row] | None:
    """The ``!=`` clauses for what lies between two intervals, ``None`` when there are no such clauses."""
    low, high = before.high, after.low
    assert low is not None, "a hole has a lower end"
    assert high is not None, "a hole has an upper end"
    if low == high:
        return [("!=", _text(low), False)]
    if before.high_included or _is_not_plain(low) or _is_not_plain(high) or low.epoch != high.epoch:
        return None
    prefixes = _prefixes(_trimmed(low), _trimmed(high))
    if prefixes is None:
        return None
    epoch = f"{low.epoch}!" if low.epoch else ""
    rows: list[Row] = [("!=", epoch + ".".join(map(str, prefix)), True) for prefix in prefixes]
    return rows if after.low_included else [*rows, ("!=", _text(high), False)]


def _prefixes(low: tuple[int, ...], high: tuple[int, ...]) -> list[tuple[int, ...]] | None:
    """The prefixes whose versions fill ``[low, high)``; ``None`` when only endlessly many would."""
    if low[:-1] != high[: len(low) - 1] or len(high) < len(low):
        # 1.5 .. 2 holds 1.5, 1.6, 1.7 and so on without end.
        return None
    found: list[tuple[int, ...]] = []
    first = low[-1]
    for depth in range(len(low) - 1, len(high)):
        if high[depth] - first > _MOST_HOLES:
            return None
        found.extend((*high[:depth], number) for number in range(first, high[depth]))
        first = 0
    return found


def _next(version: Version, *, drop: int) -> Version:
    from packaging.version import Version

    release = version.release[: len(version.release) - drop]
    epoch = f"{version.epoch}!" if version.epoch else ""
    return Version(epoch + ".".join(map(str, (*release[:-1], release[-1] + 1))))


def _trimmed(version: Version) -> tuple[int, ...]:
    release = version.release
    while len(release) > 1 and release[-1] == 0:
        release = release[:-1]
    return release


def _is_not_plain(version: Version) -> bool:
    return version.is_prerelease or version.is_postrelease


def _text(version: Version) -> str:
    return str(version)
