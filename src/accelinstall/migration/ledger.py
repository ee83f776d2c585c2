"""What became of every line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from accelinstall.values import dataclass

Outcome = Literal["migrated", "source", "constraint", "needs-human"]
OUTCOMES: tuple[Outcome, ...] = ("migrated", "source", "constraint", "needs-human")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One logical line of one file: comments off, continuations joined.

    :ivar line: number of its first physical line.
    :ivar outcome: ``migrated`` = a dependency of a group, or already said otherwise; ``source`` = where packages come
        from; ``constraint`` = a version that the lock keeps; ``needs-human`` = left to the reader of ``detail``.
    """

    file: str
    line: int
    text: str
    outcome: Outcome
    detail: str

    @property
    def where(self) -> str:
        """``requirements.txt:3``."""
        return f"{self.file}:{self.line}"


def counts_of(rows: tuple[Row, ...]) -> Mapping[str, int]:
    """How many lines ended as what; the sum is the number of lines."""
    counted = Counter(row.outcome for row in rows)
    return {"lines": len(rows), **{outcome: counted[outcome] for outcome in OUTCOMES}}
