"""Why a search failed: the smallest set of requirements that cannot hold together, and what became of each version."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from typing import TYPE_CHECKING

from packaging.version import Version

from accelinstall.errors import ResolutionError
from accelinstall.resolution.explanation import (
    Claim,
    Conflict,
    NothingMatches,
    RefusedVersions,
    ResolutionImpossible,
    relaxed,
)
from accelinstall.resolution.needs import Need, Pin
from accelinstall.resolution.provider import NEEDS_PYTHON, Provider
from accelinstall.resolution.shelf import WORDS, Shelf
from accelinstall.resolution.stock import Stock
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

    Cause = RequirementInformation[Need, Pin]

Row = tuple[Need, Pin | None]
"""A requirement and who has it; ``None`` is the project."""

_NO_VERSION = Version("0")
# Sets of up to three parties are tried; more combinations than this of what their versions require are not.
_LARGEST_SET = 3
_COMBINATIONS = 400
# What wheels there are is told of so many machines.
_MACHINES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What the search saw.

    :ivar wants: identifier -> who asked for it with what, in the order it happened.
    """

    provider: Provider
    stock: Stock
    wants: Mapping[str, Mapping[Row, None]]


def explain_conflict(causes: Collection[Cause], witness: Witness) -> ResolutionError:
    """The error that says why *causes* cannot hold together."""
    by_name: dict[str, list[Cause]] = {}
    for cause in causes:
        blocked = cause.requirement.blocked and cause.parent is not None
        name = cause.parent.name if blocked and cause.parent else cause.requirement.name
        by_name.setdefault(name, []).append(cause)
    inquiries = [_Inquiry(name, rows, witness) for name, rows in sorted(by_name.items())]
    plain = [inquiry for inquiry in inquiries if inquiry.smallest]
    for inquiry in plain:
        if len(inquiry.smallest) == 1:
            return NothingMatches(inquiry.conflict(), hint=inquiry.hint())
    conflicts = [inquiry.conflict() for inquiry in plain or inquiries]
    relax = dict.fromkeys(text for inquiry in plain or inquiries for text in inquiry.roots())
    return ResolutionImpossible(conflicts, relax=list(relax))


class _Inquiry:
    """Everything known about one package of a conflict.

    :ivar smallest: the smallest set of parties that leaves no version; empty when none of up to three does.
    """

    def __init__(self, name: str, causes: Sequence[Cause], witness: Witness) -> None:
        self.name, self._witness = name, witness
        self._wants = witness.wants.get(name, {})
        self._constraints = witness.provider.constraints_on(name)
        self._shelves = witness.stock.read_shelves(name)
        self._fits: dict[tuple[Need, ...], bool] = {}
        self._parties = self._find_parties(causes)
        self.smallest = self._find_smallest()

    def conflict(self) -> Conflict:
        """The package's part of the story."""
        parties = self.smallest or tuple(self._parties)
        rows = [row for party in parties for row in self._parties[party]]
        needs = list(dict.fromkeys(need for need, _ in rows))
        return Conflict(
            name=self.name,
            claims=tuple(self._claims(rows)),
            refused=tuple(self._refused(needs)),
            missing=self._missing(),
            quarantined=self._quarantined(),
            named=any(need.url for need in needs),
        )

    def hint(self) -> str:
        """What to do when one requirement alone matches nothing."""
        if self._quarantined():
            return f"do without `{self.name}`, or without what asks for it"
        if not any(shelf.versions for shelf in self._shelves):
            return f"is `{self.name}` spelled as its index spells it, and is that index among the sources?"
        if self._missing():
            return "run again once the source can be reached, or name a folder of wheels with --find-links"
        needs = [need for need, _ in self._parties[self.smallest[0]]]
        offers = [
            shelf.offer(version)
            for shelf in self._shelves
            for version in shelf.versions
            if any(need.allows(version) for need in needs)
        ]
        codes = {offer.refusal.code for offer in offers if offer.refusal}
        if "backend" in codes:
            return f"`accelinstall explain {self.name}` lists the builds that fit"
        if "needs-build" in codes:
            return f"build a wheel of `{self.name}` and name its folder with --find-links"
        if codes == {"wheel-tags"}:
            return self._machines(max(offer.version for offer in offers))
        blocked = [self._blocked(pin) for pin in self._witness.provider.matching(self.name, needs)]
        if blocked and all(reason.startswith(NEEDS_PYTHON) for reason in blocked):
            return "choose another Python: --python-version X.Y, or --python PATH for one that is there"
        return relaxed(self.roots())

    def _machines(self, version: Version) -> str:
        found = next(shelf.machines(version) for shelf in self._shelves if version in shelf)
        more = f" and {len(found) - _MACHINES} more" if len(found) > _MACHINES else ""
        return f"the wheels of `{self.name}` {version} are for {', '.join(found[:_MACHINES])}{more}"

    def roots(self) -> list[str]:
        """The project's requirements that lead here."""
        parties = self.smallest or tuple(self._parties)
        found = []
        for need, parent in (row for party in parties for row in self._parties[party][:1]):
            top: Row = (need, None) if parent is None else (self._chain(parent) or [(need, parent)])[-1]
            if top[1] is None:
                found.append(f"`{top[0].text}`" + (f" ({top[0].where})" if top[0].where else ""))
        return list(dict.fromkeys(found))

    def _find_parties(self, causes: Sequence[Cause]) -> dict[str, list[Row]]:
        """Who is involved -> all they ask: a package with what any of its versions asks, or one line of the project."""
        involved = {_party(cause.requirement, cause.parent) for cause in causes if not cause.requirement.blocked}
        everybody = any(cause.requirement.blocked for cause in causes)
        parties: dict[str, list[Row]] = {}
        rows = [(cause.requirement, cause.parent) for cause in causes if not cause.requirement.blocked]
        for need, parent in dict.fromkeys([*rows, *self._wants]):
            party = _party(need, parent)
            if not need.blocked and need.pin is None and (everybody or party in involved):
                parties.setdefault(party, []).append((need, parent))
        return dict(sorted(parties.items()))

    def _find_smallest(self) -> tuple[str, ...]:
        # Where a URL names the one file, nobody's wish can be judged without it.
        named = tuple(party for party, rows in self._parties.items() if any(need.url for need, _ in rows))
        others = [party for party in self._parties if party not in named]
        for size in range(0 if named else 1, _LARGEST_SET + 1):
            for chosen in combinations(others, size):
                parties = (*named, *chosen)
                if all(not self._any_fits(needs) for needs in self._asked_together(parties)):
                    return parties
        return ()

    def _asked_together(self, parties: Sequence[str]) -> Iterator[tuple[Need, ...]]:
        """What the parties can ask at once: one requirement of each, in every combination of texts."""
        texts = [list({need.text: need for need, _ in self._parties[party]}.values()) for party in parties]
        return islice(product(*texts), _COMBINATIONS)

    def _any_fits(self, needs: tuple[Need, ...]) -> bool:
        if needs not in self._fits:
            pins = self._witness.provider.matching(self.name, needs)
            self._fits[needs] = any(not self._blocked(pin) for pin in pins)
        return self._fits[needs]

    def _blocked(self, pin: Pin) -> str:
        return self._witness.provider.blocked_reason(pin)

    def _missing(self) -> tuple[str, ...]:
        missing = self._witness.stock.missing.get(self.name, ())
        return tuple(dict.fromkeys(place.source.name for place, _ in missing))

    def _quarantined(self) -> tuple[str, ...]:
        rows = self._witness.stock.quarantined.get(self.name, ())
        return tuple(
            f"source `{place.source.name}` has quarantined `{self.name}` as unsafe" + (f": {reason}" if reason else "")
            for place, reason in rows
        )

    def _claims(self, rows: Sequence[Row]) -> list[Claim]:
        grouped: dict[tuple[str, str], list[Row]] = {}
        for need, parent in rows:
            grouped.setdefault((_party(need, parent), need.text), []).append((need, parent))
        claims = [self._claim(group) for group in grouped.values()]
        # Of a parent's versions the newest is what the user would have.
        claims.sort(key=lambda claim: (claim.text, claim.where))
        claims.sort(key=lambda claim: Version(claim.versions[0]) if claim.versions else _NO_VERSION, reverse=True)
        claims.sort(key=lambda claim: claim.parent)
        return [*claims, *(Claim(text=need.text, is_constraint=True) for need in self._constraints)]

    def _claim(self, group: Sequence[Row]) -> Claim:
        need, parent = group[0]
        if parent is None:
            return Claim(text=need.text, where=need.where)
        versions = sorted({pin.version for _, pin in group if pin is not None}, reverse=True)
        return Claim(
            text=need.text,
            parent=parent.identifier,
            versions=tuple(str(version) for version in versions),
            chain=tuple(_wanted_by(*row) for row in self._chain(parent)),
        )

    def _chain(self, pin: Pin) -> list[Row]:
        """Who wants *pin*, nearest first, up to the project."""
        chain: list[Row] = []
        seen = {pin.identifier}
        current: Pin | None = pin
        while current is not None:
            wants = self._witness.wants.get(current.identifier, {})
            rows = [row for row in wants if row[1] is None or row[1].identifier not in seen]
            if not rows:
                break
            row = next((row for row in rows if row[1] is None), rows[0])
            chain.append(row)
            current = row[1]
            if current is not None:
                seen.add(current.identifier)
        return chain

    def _refused(self, needs: Sequence[Need]) -> list[RefusedVersions]:
        groups: dict[str, list[Version]] = {}
        for shelf in self._shelves:
            for version in shelf.versions:
                groups.setdefault(self._reason(shelf, version, needs), []).append(version)
        return [
            RefusedVersions(reason=reason, versions=tuple(str(item) for item in sorted(versions, reverse=True)))
            for reason, versions in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
        ]

    def _reason(self, shelf: Shelf, version: Version, needs: Sequence[Need]) -> str:
        for need in (*needs, *self._constraints):
            if not need.allows(version):
                return f"outside `{need.text}`"
        offer = shelf.offer(version)
        if offer.refusal is not None:
            detail = offer.refusal.detail
            return WORDS[offer.refusal.code] + (f": {detail}" if detail else "")
        pins = (pin for pin in self._witness.provider.matching(self.name, needs) if pin.version == version)
        reason = next((reason for pin in pins if (reason := self._blocked(pin))), "")
        if reason:
            return f"unusable: {reason}"
        if offer.yanked is not None:
            return WORDS["yanked"]
        return WORDS["prerelease"] if version.is_prerelease else "left out because of what they require"


def _party(need: Need, parent: Pin | None) -> str:
    return parent.identifier if parent is not None else f" {need.text} {need.where}"


def _wanted_by(need: Need, parent: Pin | None) -> str:
    if parent is None:
        return "the project" + (f" ({need.where})" if need.where else "")
    return f"`{parent.identifier}` {parent.version}"
