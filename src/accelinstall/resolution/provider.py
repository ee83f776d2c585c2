"""How ``resolvelib`` is told about packages: identifiers, candidates in order, dependencies.

Costs: ``identify``, ``is_satisfied_by``, ``get_preference`` and ``narrow_requirement_selection`` never touch the port;
``find_matches`` returns at once and reads a page when its first candidate is asked for; ``get_dependencies`` reads the
metadata of one file, once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from packaging.version import Version
from resolvelib import AbstractProvider

from accelinstall.errors import SourceError
from accelinstall.resolution.dependencies import Dependencies, base_of, blocked, direct_file
from accelinstall.resolution.needs import Need, Pin
from accelinstall.resolution.ports import UNREACHABLE, Foreseeing, PackageFinder, SourceReader
from accelinstall.resolution.shelf import FileJudge, Offer, Shelf
from accelinstall.resolution.stock import Stock

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

    from accelinstall.model.index import CoreMetadata, IndexFile

_LARGEST_BATCH = 16
# After so many conflicts about a package it is decided before the others: two big packages that exclude each
# other's newest versions otherwise take turns.
_PATIENCE = 5

NEEDS_PYTHON = "it requires Python"
"""How the reason against a package begins whose metadata asks for another Python."""


class Provider(AbstractProvider[Need, Pin, str]):
    """One search; keeps everything it has read.

    :param sources: reads what is no wheel; ``None`` = nothing may be built.
    :param lowest: names whose versions are tried oldest first, whatever is preferred.

    :ivar foreseeing: the finder, where it reads in the background.
    :ivar conflicts: identifier -> how often a candidate was refused because of it; the reporter counts.
    :ivar unknown_extras: (pin, extra) rows of extras the metadata does not provide.
    """

    def __init__(
        self,
        *,
        finder: PackageFinder,
        sources: SourceReader | None = None,
        stock: Stock,
        judge: FileJudge,
        dependencies: Dependencies,
        constraints: Mapping[str, tuple[Need, ...]],
        preferences: Mapping[str, Version],
        prereleases: bool = False,
        lowest: Collection[str] = (),
    ) -> None:
        self.foreseeing = finder if isinstance(finder, Foreseeing) else None
        self._finder, self._sources, self._stock, self._judge = finder, sources, stock, judge
        self._dependencies, self._constraints = dependencies, constraints
        self._preferences, self._prereleases, self._lowest = preferences, prereleases, frozenset(lowest)
        self._pins: dict[tuple[str, str], Pin] = {}
        self._extras: dict[tuple[Pin, str], Pin] = {}
        self._bases: dict[Pin, Pin] = {}
        self._needs: dict[Pin, tuple[Need, ...]] = {}
        self._metadata: dict[Pin, CoreMetadata] = {}
        self._unreadable: dict[Pin, SourceError] = {}
        self._visited: set[Pin] = set()
        self._ahead: set[str] = set()
        self._met: dict[tuple[Need, Pin], bool] = {}
        self._depths: dict[str, int] = {}
        self._direct: set[str] = set()
        self.conflicts: dict[str, int] = {}
        self.unknown_extras: dict[tuple[str, str], Pin] = {}

    # -- what resolvelib asks ------------------------------------------------------------------------------------

    def identify(self, requirement_or_candidate: Need | Pin) -> str:
        """``name`` or ``name[extra]``."""
        return requirement_or_candidate.identifier

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Pin],
        candidates: Mapping[str, Iterator[Pin]],
        information: Mapping[str, Iterator[RequirementInformation[Need, Pin]]],
        backtrack_causes: Sequence[RequirementInformation[Need, Pin]],
    ) -> tuple[int | bool | str, ...]:
        """What is nearly decided first, then what keeps failing, then what the project itself asks for."""
        needs = [item.requirement for item in information[identifier]]
        return (
            not any(need.blocked or need.url or need.pin for need in needs),
            not any(need.range.pin for need in needs),
            self.conflicts.get(identifier, 0) < _PATIENCE,
            self._depths.get(identifier, 0),
            not any(need.range.is_bounded for need in needs),
            "[" not in identifier,
            identifier,
        )

    def narrow_requirement_selection(
        self,
        identifiers: Iterable[str],
        resolutions: Mapping[str, Pin],
        candidates: Mapping[str, Iterator[Pin]],
        information: Mapping[str, Iterator[RequirementInformation[Need, Pin]]],
        backtrack_causes: Sequence[RequirementInformation[Need, Pin]],
    ) -> Iterable[str]:
        """After a conflict, the packages that caused it: deciding others first would only repeat it."""
        known = list(identifiers)
        causes = {cause.requirement.identifier for cause in backtrack_causes}
        causes |= {cause.parent.identifier for cause in backtrack_causes if cause.parent is not None}
        return [identifier for identifier in known if identifier in causes] or known

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Pin]],
    ) -> Callable[[], Iterator[Pin]]:
        """Candidates, best first, as a factory: nothing is read before the first is asked for."""
        needs = list(requirements[identifier])
        name, extra = needs[0].name, needs[0].extra
        if extra and name in requirements:
            # What is asked of the base binds its extras too, but for what this extra itself asked of it.
            needs += (need for need in requirements[name] if need.pinned_by != extra)
        needs += self._constraints.get(name, ())
        rejected = set(incompatibilities[identifier])
        return partial(self._candidates, name, extra, needs, rejected)

    def is_satisfied_by(self, requirement: Need, candidate: Pin) -> bool:
        """Whether *candidate* may stay where *requirement* has come to hold."""
        key = (requirement, candidate)
        met = self._met.get(key)
        if met is None:
            met = self._met[key] = _meets(candidate, requirement)
        return met

    def get_dependencies(self, candidate: Pin) -> tuple[Need, ...]:
        """What *candidate* needs; the pages of all those names are asked for at once."""
        needs = self.foresee(candidate)
        if candidate not in self._visited:
            self._visited.add(candidate)
            depth = self._depths.get(candidate.identifier, 0) + 1
            for need in needs:
                self._depths.setdefault(need.identifier, depth)
            if candidate.extra and len(needs) == 1 and needs[0].pin is not None and not self._provides(candidate):
                self.unknown_extras[(candidate.name, candidate.extra)] = candidate
        return needs

    # -- what the search asks ------------------------------------------------------------------------------------

    def foresee(self, candidate: Pin) -> tuple[Need, ...]:
        """As :meth:`get_dependencies`, but nobody has visited the candidate: no answer depends on this call."""
        needs = self._needs.get(candidate)
        if needs is None:
            needs = self._needs[candidate] = self._read_needs(candidate)
            self._prefetch_pages(need for need in needs if not (need.blocked or need.pin))
        return needs

    def is_page_at_hand(self, name: str) -> bool:
        """Whether candidates of *name* can be looked at without waiting."""
        return self.foreseeing is None or self._stock.is_at_hand(name, self.foreseeing)

    def is_metadata_at_hand(self, pin: Pin) -> bool:
        """Whether :meth:`foresee` would answer without waiting."""
        known = self.foreseeing is None or self._bases.get(pin, pin) in self._metadata
        return known or (self.foreseeing is not None and self.foreseeing.has_metadata(pin.file))

    def look_anew(self) -> None:
        """From now on candidates are visited: forget which versions were only foreseen."""
        self._stock.look_anew()

    def start(self, roots: Sequence[Need]) -> None:
        """Begins to read the pages of everything the project asks for."""
        self._depths.update({need.identifier: 0 for need in roots})
        self._prefetch_pages(roots)

    def metadata_of(self, pin: Pin) -> CoreMetadata:
        """The metadata of a candidate that was visited."""
        return self._metadata[self._bases.get(pin, pin)]

    @property
    def metadata_read(self) -> int:
        """How many files' metadata the search had to know."""
        return len({base for pin in self._visited if (base := self._bases.get(pin, pin)) in self._metadata})

    def matching(self, name: str, needs: Sequence[Need], *, extra: str = "") -> Iterator[Pin]:
        """Candidates for *name* that meet all *needs*, best first, whatever was rejected before."""
        return self._candidates(name, extra, [*needs, *self._constraints.get(name, ())], set())

    def constraints_on(self, name: str) -> tuple[Need, ...]:
        """Bounds that hold for *name* beside what is asked of it."""
        return self._constraints.get(name, ())

    def blocked_reason(self, pin: Pin) -> str:
        """Why *pin* turned out to be unusable when it was visited; empty when it did not."""
        needs = self._needs[pin] if pin in self._visited else ()
        return next((need.blocked for need in needs if need.blocked), "")

    def unreadable(self, name: str) -> Mapping[Version, SourceError]:
        """The visited versions of *name* whose metadata is nonsense or another's, and what is wrong with it."""
        return {
            pin.version: error for pin, error in self._unreadable.items() if pin.name == name and pin in self._visited
        }

    def refused(self, name: str) -> Mapping[Version, str]:
        """The visited versions of *name* whose metadata was read and asks for what nobody gives, and why."""
        visited = [pin for pin in self._visited if pin.name == name and pin not in self._unreadable]
        reasons = {pin.version: self.blocked_reason(pin) for pin in visited}
        return {version: why for version, why in reasons.items() if why and not why.startswith(NEEDS_PYTHON)}

    def _prefetch_pages(self, needs: Iterable[Need]) -> None:
        """Begins to read the pages of *needs*; what an address names is nothing that an index is asked for."""
        needs = list(needs)
        self._direct.update(need.name for need in needs if need.url)
        self._stock.prefetch(need.name for need in needs if need.name not in self._direct)

    # -- how -----------------------------------------------------------------------------------------------------

    def _candidates(self, name: str, extra: str, needs: Sequence[Need], rejected: set[Pin]) -> Iterator[Pin]:
        bases = self._fixed(needs) if _is_fixed(needs) else self._from_shelves(name, needs)
        pins = (self._with_extra(base, extra) for base in bases) if extra else bases
        return self._prefetching(pin for pin in pins if pin not in rejected)

    def _prefetching(self, pins: Iterator[Pin]) -> Iterator[Pin]:
        """The same candidates; the longer the search goes through them, the further ahead metadata is asked for."""
        size = 1
        while batch := list(islice(pins, size)):
            fresh = [pin.file for pin in batch if pin.file.is_wheel and pin.file.url not in self._ahead]
            self._ahead.update(file.url for file in fresh)
            if fresh:
                self._finder.prefetch_metadata(fresh)
            yield from batch
            size = min(size * 2, _LARGEST_BATCH)

    def _fixed(self, needs: Sequence[Need]) -> Iterator[Pin]:
        """The one candidate that a URL or an extra names, if all needs agree on it."""
        if any(need.blocked for need in needs):
            return
        pins = {need.pin for need in needs if need.pin is not None}
        pins |= {self._named(need) for need in needs if need.url}
        if len(pins) == 1:
            pin = pins.pop()
            if all(_meets(pin, need) for need in needs):
                yield pin

    def _named(self, need: Need) -> Pin:
        known = self._pins.get((need.name, need.url))
        if known is not None:
            return known
        file: IndexFile
        if self._sources is None or need.url.partition("#")[0].endswith(".whl"):
            file = direct_file(need)
        else:
            file = self._sources.find(need.url, name=need.name, where=need.where)
        return self._pin(need.name, Offer(Version(file.version), file=file))

    def _from_shelves(self, name: str, needs: Sequence[Need]) -> Iterator[Pin]:
        for tier, shelf in self._stock.shelves(name):
            matched = False
            for offer in self._matching_offers(shelf, name, needs):
                matched = True
                yield self._pin(name, offer)
            if matched or (tier.closes == "known" and shelf.is_known):
                return

    def _matching_offers(self, shelf: Shelf, name: str, needs: Sequence[Need]) -> Iterator[Offer]:
        """Usable versions that meet all *needs*: the preferred one, then finals, newest first unless told otherwise.

        Pre-releases come when asked for or when nothing else matches (PEP 440); yanked versions only when nothing else
        matches an exact pin (PEP 592), or when preferred.
        """
        is_lowest = name in self._lowest
        preferred = None if is_lowest else self._preferences.get(name)
        open_to_all = self._prereleases or any(need.prereleases or need.range.asks_prereleases for need in needs)
        found = False
        if preferred is not None and preferred in shelf and all(need.allows(preferred) for need in needs):
            offer = shelf.offer(preferred)
            if offer.file is not None:
                found = True
                yield offer
        yanked: list[Offer] = []
        for prereleases in (False, True):
            for version in reversed(shelf.versions) if is_lowest else shelf.versions:
                is_late = version.is_prerelease and not open_to_all
                if is_late is not prereleases or version == preferred:
                    continue
                if not all(need.allows(version) for need in needs):
                    continue
                offer = shelf.offer(version)
                if offer.yanked is not None:
                    yanked.append(offer)
                elif offer.file is not None:
                    found = True
                    yield offer
            if found:
                return
        if any(need.range.pin for need in needs):
            yield from yanked

    def _pin(self, name: str, offer: Offer) -> Pin:
        file: IndexFile | None = offer.file
        assert file is not None
        key = (name, file.url)
        if key not in self._pins:
            self._pins[key] = Pin(name=name, version=offer.version, file=file, place=offer.place, yanked=offer.yanked)
        return self._pins[key]

    def _with_extra(self, base: Pin, extra: str) -> Pin:
        key = (base, extra)
        if key not in self._extras:
            pin = Pin(name=base.name, version=base.version, file=base.file, place=base.place, extra=extra)
            self._extras[key] = pin
            self._bases[pin] = base
        return self._extras[key]

    def _read_needs(self, candidate: Pin) -> tuple[Need, ...]:
        base = self._bases.get(candidate, candidate)
        metadata = self._metadata.get(base)
        if metadata is None:
            try:
                metadata = self._metadata_of_file(candidate.file)
            except SourceError as error:
                if error.code == UNREACHABLE:
                    raise
                self._unreadable[candidate] = error
                return (blocked(candidate, error.message),)
            self._metadata[base] = metadata
        if not self._judge.accepts_python(metadata.requires_python):
            return (blocked(candidate, f"{NEEDS_PYTHON} {metadata.requires_python}"),)
        needs = self._dependencies.of_pin(candidate, metadata)
        if not candidate.extra:
            return needs
        return (base_of(candidate, base), *needs)

    def _provides(self, pin: Pin) -> bool:
        return pin.extra in self.metadata_of(pin).provides_extra

    def _metadata_of_file(self, file: IndexFile) -> CoreMetadata:
        return self._finder.metadata(file) if self._sources is None or file.is_wheel else self._sources.metadata(file)


def _is_fixed(needs: Sequence[Need]) -> bool:
    return any(need.blocked or need.url or need.pin is not None for need in needs)


def _meets(pin: Pin, need: Need) -> bool:
    if need.blocked or not need.allows(pin.version):
        return False
    if need.pin is not None and need.pin.file.url != pin.file.url:
        return False
    return not need.url or pin.file.url in {need.url, need.url.partition("#")[0]}
