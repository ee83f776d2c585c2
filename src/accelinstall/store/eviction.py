"""What leaves the store: by age, by size, never what an environment may need to go back to; values in, hashes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the store holds for one wheel: its files, what has arrived of a download, or both.

    :ivar size: bytes; ``used``: when it was last asked for (epoch seconds).
    """

    sha256: str
    size: int
    used: float


def choose_evictions(
    holdings: Iterable[Holding],
    *,
    spared: Collection[str] = (),
    unused_since: float | None = None,
    max_size: int | None = None,
) -> tuple[str, ...]:
    """The hashes that have to go, least recently used first.

    :param spared: hashes that stay whatever their age and size.
    :param unused_since: what nobody has asked for since that moment goes.
    :param max_size: of what is left, the least recently used goes until no more than so many bytes stay.
    """
    order = sorted(holdings, key=lambda one: (one.used, one.sha256))
    doomed = []
    left = sum(one.size for one in order)
    for one in order:
        is_old = unused_since is not None and one.used < unused_since
        is_too_much = max_size is not None and left > max_size
        if one.sha256 not in spared and (is_old or is_too_much):
            doomed.append(one.sha256)
            left -= one.size
    return tuple(doomed)
