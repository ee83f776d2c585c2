"""Canonical addresses and the mirrors that stand in for them at fetch time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from accelinstall.model.project import Source
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """Pairs of address roots, both with a final slash: what is written down, and what is fetched.

    :ivar pairs: ``(canonical, mirror)``, longest canonical root first.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, sources: Iterable[Source], mirrors: Mapping[str, str]) -> Self:
        """The mirrors that *mirrors* (source name -> address) gives to *sources*."""
        pairs = {(_root(source.url), _root(mirrors[source.name])) for source in sources if source.name in mirrors}
        return cls(pairs=tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair))))

    def fetched(self, url: str) -> str:
        """The address to fetch for the canonical *url*."""
        return next((there + url.removeprefix(here) for here, there in self.pairs if url.startswith(here)), url)

    def canonical(self, url: str) -> str:
        """The address to write down for what was found at *url*; files a mirror keeps elsewhere stay as they are."""
        return next((here + url.removeprefix(there) for here, there in self.pairs if url.startswith(there)), url)


def _root(url: str) -> str:
    return url.rstrip("/") + "/"
