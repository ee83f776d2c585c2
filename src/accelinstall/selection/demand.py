"""What the wishes ask of torch, and whether a release satisfies it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from accelinstall.catalog import Backend, Catalog, Release
from accelinstall.model.selection import Wish
from accelinstall.selection.refusals import InvalidWish
from accelinstall.values import dataclass, field, replace

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

HEAD = "torch"
PIN = re.compile(r"={2,3}\s*([0-9][0-9a-zA-Z.!]*[0-9a-zA-Z])(\+[0-9a-zA-Z._-]+)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The wishes that torch's builds answer.

    :ivar wishes: those for torch and its companions, as asked.
    :ivar specifiers: (name, specifier) rows that exclude something.
    """

    wishes: tuple[Wish, ...] = ()
    specifiers: tuple[tuple[str, str], ...] = ()
    _known: dict[tuple[str, str], bool] = field(default_factory=dict, compare=False, repr=False)

    def refusal(self, release: Release, backend: Backend, platform: str) -> str:
        """Why the wishes exclude *release* as *backend* builds it; empty when they do not."""
        for name, text in self.specifiers:
            if name == HEAD:
                if not any(self._contains(text, form) for form in _forms(release.version, release, backend, platform)):
                    return f"`{name}{text}` excludes it"
            elif not self._companion_fits(name, text, release, backend, platform):
                return f"`{name}{text}` excludes every {name} made for it"
        return ""

    def pinned(self, name: str) -> str:
        """The release that an ``==`` wish for *name* fixes, without local version; empty when none does."""
        for wish in self.wishes:
            match = PIN.fullmatch(wish.specifier.strip()) if wish.name == name else None
            if match is not None:
                return match[1]
        return ""

    def _companion_fits(self, name: str, text: str, release: Release, backend: Backend, platform: str) -> bool:
        versions = release.companions.get(name, ())
        # A release without companions of this name says nothing; the resolver will see what the package requires.
        return not versions or any(
            self._contains(text, form) for version in versions for form in _forms(version, release, backend, platform)
        )

    def _contains(self, text: str, version: str) -> bool:
        answer = self._known.get((text, version))
        if answer is None:
            answer = self._known[text, version] = contains(text, version)
        return answer


def contains(text: str, version: str) -> bool:
    """Whether the specifier *text* admits *version*, pre-releases counted.

    :raises InvalidWish: when it is no specifier.
    """
    return _specifier(text).contains(version, prereleases=True)


@lru_cache(maxsize=128)
def _specifier(text: str) -> SpecifierSet:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise InvalidWish(text) from error


def demand_of(wishes: Sequence[Wish], catalog: Catalog) -> Demand:
    """The part of *wishes* that torch's builds answer; other names are nobody's business here.

    A companion's specifier that excludes every release the catalog knows is left to the resolver: the catalog lists
    only the companions that were released together with torch.
    """
    known = catalog.companions | {HEAD}
    family = tuple(wish for wish in wishes if wish.name in known)
    rows = dict.fromkeys((wish.name, wish.specifier.strip()) for wish in family if wish.specifier.strip())
    demand = Demand(wishes=family, specifiers=tuple(rows))
    kept = [row for row in rows if row[0] == HEAD or _says_something(demand, row, catalog)]
    return replace(demand, specifiers=tuple(kept))


def releases_for(demand: Demand, catalog: Catalog) -> tuple[Release, ...]:
    """The releases to consider, newest first: the catalog's, and an exactly pinned one of a series it knows.

    A patch release that came after the catalog is judged by the facts of its series.
    """
    pinned = demand.pinned(HEAD)
    if not pinned or any(release.version == pinned for release in catalog.releases):
        return catalog.releases
    series = ".".join(pinned.split(".")[:2])
    like = next((release for release in catalog.releases if release.series == series), None)
    if like is None:
        return catalog.releases
    found = (*catalog.releases, replace(like, version=pinned))
    return tuple(sorted(found, key=lambda release: release.numbers, reverse=True))


def _says_something(demand: Demand, row: tuple[str, str], catalog: Catalog) -> bool:
    name, text = row
    return any(
        demand._contains(text, version) for release in catalog.releases for version in release.companions.get(name, ())
    )


def _forms(version: str, release: Release, backend: Backend, platform: str) -> tuple[str, ...]:
    """How *version* is spelled where *backend* is served: with the index's label, and bare on the default index."""
    forms = []
    if backend.has_index(platform):
        forms.append(f"{version}+{backend.local}" if backend.local else version)
    if backend.slug in release.default_index.get(platform, ()) or not forms:
        forms.append(version)
    return tuple(forms)
