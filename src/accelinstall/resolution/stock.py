"""What the sources offer of each name, read through the port, tier by tier and no earlier than needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from accelinstall.errors import SourceError
from accelinstall.model.index import IndexFile, ProjectStatus
from accelinstall.model.project import Source
from accelinstall.resolution.places import Place, Tier
from accelinstall.resolution.ports import REFUSES, UNREACHABLE, Foreseeing, PackageFinder
from accelinstall.resolution.routing import Routing
from accelinstall.resolution.shelf import FileJudge, Shelf


class Stock:
    """Shelves of every name the search has met; a source that could not be reached once is not asked again.

    :ivar missing: name -> places that could not be reached although they count for it, with the error.
    :ivar quarantined: name -> places that call it unsafe, with their reason; nothing is taken from those.
    """

    def __init__(
        self, finder: PackageFinder, routing: Routing, judge: FileJudge, *, named: Mapping[str, str] | None = None
    ) -> None:
        self._finder, self._routing, self._judge = finder, routing, judge
        self._named = dict(named or {})
        self._tiers: dict[str, tuple[Tier, ...]] = {}
        self._shelves: dict[str, dict[int, Shelf]] = {}
        self._asked: set[str] = set()
        self._down: dict[Source, SourceError] = {}
        self.missing: dict[str, list[tuple[Place, SourceError]]] = {}
        self.quarantined: dict[str, list[tuple[Place, str]]] = {}

    def tiers(self, name: str) -> tuple[Tier, ...]:
        """Where *name* is looked up; no I/O."""
        tiers = self._tiers.get(name)
        if tiers is None:
            tiers = self._tiers[name] = self._routing.places(name, self._named.get(name))
        return tiers

    def prefetch(self, names: Iterable[str]) -> None:
        """Starts reading the first tier of every name not met before, and those behind it that are sure to open."""
        fresh = [name for name in dict.fromkeys(names) if name not in self._asked]
        self._asked.update(fresh)
        requests = []
        for name in fresh:
            for tier in self.tiers(name):
                up = [place for place in tier.places if place.source not in self._down]
                requests += [(place.source, name) for place in up]
                if len(up) == len(tier.places):
                    break
        if requests:
            self._finder.prefetch(requests)

    def is_at_hand(self, name: str, finder: Foreseeing) -> bool:
        """Whether the first tier of *name* can be looked at without waiting."""
        tiers = self.tiers(name)
        return not tiers or all(finder.has_releases(place.source, name) for place in tiers[0].places)

    def look_anew(self) -> None:
        """Forget which versions were looked at; what was found out about them is kept."""
        for shelf in (shelf for known in self._shelves.values() for shelf in known.values()):
            shelf.looked_at.clear()

    def shelves(self, name: str) -> Iterator[tuple[Tier, Shelf]]:
        """The open tiers of *name* with what they offer; a tier is read when the iteration reaches it.

        :raises SourceError: when a source cannot be reached and nothing may stand in for it.
        """
        tiers = self.tiers(name)
        for index, tier in enumerate(tiers):
            if tier.fallback_for and tier.fallback_for not in self._missing_sources(name):
                continue
            known = self._shelves.setdefault(name, {})
            if index not in known:
                known[index] = self._read(name, tier, tiers[index + 1 :])
            yield tier, known[index]

    def read_shelves(self, name: str) -> list[Shelf]:
        """The shelves of *name* that were read so far."""
        return list(self._shelves.get(name, {}).values())

    def _missing_sources(self, name: str) -> set[str]:
        return {place.source.name for place, _ in self.missing.get(name, ())}

    def _read(self, name: str, tier: Tier, later: tuple[Tier, ...]) -> Shelf:
        rows: list[tuple[Place, Mapping[str, tuple[IndexFile, ...]]]] = []
        missing: list[tuple[Place, SourceError]] = []
        follows = tier.optional or tier.closes == "known"
        for place in tier.places:
            try:
                rows.append((place, self._safe_releases(place, name)))
            except SourceError as error:
                if error.code == UNREACHABLE:
                    missing.append((place, error))
                elif not (follows and error.code == REFUSES):
                    raise
        if not missing or tier.optional:
            return Shelf(rows, self._judge)
        self.missing.setdefault(name, []).extend(missing)
        # What the unreachable source would have answered is unknown: only the machine's own files may stand in.
        shelf = Shelf([row for row in rows if row[0].is_find_links], self._judge)
        if any(shelf.offer(version).file for version in shelf.versions):
            return shelf
        if any(follower.fallback_for in self._missing_sources(name) for follower in later):
            return shelf
        raise missing[0][1]

    def status(self, place: Place, name: str) -> ProjectStatus | None:
        """What a place that was asked says of the whole project."""
        return self._finder.status(place.source, name)

    def _safe_releases(self, place: Place, name: str) -> Mapping[str, tuple[IndexFile, ...]]:
        releases = self._releases(place.source, name)
        status = self.status(place, name)
        if status is None or status.marker != "quarantined":
            return releases
        self.quarantined.setdefault(name, []).append((place, status.reason))
        return {}

    def _releases(self, source: Source, name: str) -> Mapping[str, tuple[IndexFile, ...]]:
        if source in self._down:
            raise self._down[source]
        try:
            return self._finder.releases(source, name)
        except SourceError as error:
            if error.code == UNREACHABLE:
                self._down[source] = error
            raise
