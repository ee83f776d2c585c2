"""A conflict in words: who wants what, which versions were looked at, why each was refused, what to relax."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from accelinstall.errors import ResolutionError
from accelinstall.resolution.needs import Need, Pin
from accelinstall.resolution.provider import Provider
from accelinstall.resolution.shelf import WORDS, Shelf
from accelinstall.resolution.stock import Stock

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

    Cause = RequirementInformation[Need, Pin]
    Wants = Mapping[str, Mapping[tuple[Need, Pin | None], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One requirement in a conflict.

    :ivar text: the requirement as written.
    :ivar parent: who has it (``pandas``), empty for the project itself.
    :ivar versions: of the parent that have it, newest first.
    :ivar where: the project file and line when the project has it.
    :ivar chain: who wants the parent, nearest first, ending with a requirement of the project.
    """

    text: str
    parent: str = ""
    versions: tuple[str, ...] = ()
    where: str = ""
    chain: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.parent:
            return f"the project asks for `{self.text}`" + (f" ({self.where})" if self.where else "")
        more = len(self.versions) - 1
        others = f" and {more} older version{'s' if more > 1 else ''}" if more else ""
        verb = "require" if more else "requires"
        chain = f", wanted by {', wanted by '.join(self.chain)}" if self.chain else ""
        return f"`{self.parent}` {self.versions[0]}{others} {verb} `{self.text}`{chain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedVersions:
    """Versions refused for one reason, newest first."""

    reason: str
    versions: tuple[str, ...]

    def __str__(self) -> str:
        first, last = self.versions[0], self.versions[-1]
        span = first if first == last else f"{first} to {last}"
        return f"{len(self.versions)} {self.reason} ({span})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Why no version of one package can be taken.

    :ivar claims: who wants it; ``refused`` every version that was looked at, by reason.
    :ivar missing: sources that could not be reached when it was looked up.
    """

    name: str
    claims: tuple[Claim, ...]
    refused: tuple[RefusedVersions, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def looked_at(self) -> int:
        """How many versions there are."""
        return sum(len(item.versions) for item in self.refused)

    def lines(self) -> list[str]:
        """The conflict as text, a line per claim and per reason."""
        lines = [f"  {claim}" for claim in self.claims]
        if self.refused:
            plural = "s" if self.looked_at > 1 else ""
            lines.append(f"  of {self.looked_at} version{plural} of `{self.name}`:")
            lines += (f"    {item}" for item in self.refused)
        else:
            lines.append(f"  no source offers `{self.name}`")
        lines += (f"  source `{name}` could not be reached" for name in self.missing)
        return lines


class ResolutionImpossible(ResolutionError):
    """Requirements contradict each other.

    :ivar conflicts: the packages they quarrel about, the plainest first.
    """

    code = "resolution-impossible"

    def __init__(self, conflicts: Sequence[Conflict], *, relax: Sequence[str] = ()) -> None:
        names = ", ".join(f"`{conflict.name}`" for conflict in conflicts)
        head = f"no set of packages satisfies every requirement; they quarrel about {names}"
        lines = [line for conflict in conflicts for line in conflict.lines()]
        super().__init__("\n".join([head, *lines]), hint=_relaxed(relax))
        self.conflicts = tuple(conflicts)


class NothingMatches(ResolutionError):
    """No file at all satisfies one single requirement."""

    code = "nothing-matches"

    def __init__(self, conflict: Conflict, *, hint: str = "") -> None:
        claim = conflict.claims[0]
        head = f"nothing matches `{claim.text}`"
        super().__init__("\n".join([head, *conflict.lines()]), hint=hint)
        self.conflict = conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What the search saw: its readings, and who asked for what in the order it happened."""

    provider: Provider
    stock: Stock
    wants: Wants


def explain_conflict(causes: Collection[Cause], witness: Witness) -> ResolutionError:
    """The error that says why *causes* cannot hold together."""
    by_name: dict[str, list[Cause]] = {}
    for cause in causes:
        name = cause.requirement.name
        if cause.requirement.blocked and cause.parent is not None:
            name = cause.parent.name
        by_name.setdefault(name, []).append(cause)
    inquiries = [_Inquiry(name, rows, witness) for name, rows in sorted(by_name.items())]
    plain = [inquiry for inquiry in inquiries if not inquiry.fitting]
    for inquiry in plain:
        single = inquiry.single()
        if single is not None:
            return NothingMatches(single, hint=inquiry.single_hint())
    shown = plain or inquiries
    conflicts = [inquiry.conflict() for inquiry in shown]
    relax = dict.fromkeys(text for inquiry in shown for text in inquiry.roots())
    return ResolutionImpossible(conflicts, relax=list(relax))


class _Inquiry:
    """Everything known about one package of a conflict."""

    def __init__(self, name: str, causes: Sequence[Cause], witness: Witness) -> None:
        self.name, self._witness = name, witness
        rows = [(cause.requirement, cause.parent) for cause in causes if not cause.requirement.blocked]
        if len(rows) < len(causes):
            rows += (row for row in witness.wants.get(name, {}) if not row[0].blocked)
        self.rows = list(dict.fromkeys(rows))
        self.needs = list(dict.fromkeys(need for need, _ in self.rows if need.pin is None))
        self.constraints = list(witness.provider.constraints_on(name))
        self.shelves = witness.stock.read_shelves(name)
        self.fitting = [pin for pin in self._fitting(self.needs) if not self._blocked(pin)]

    def _fitting(self, needs: Sequence[Need]) -> list[Pin]:
        return list(self._witness.provider.matching(self.name, needs))

    def _blocked(self, pin: Pin) -> str:
        return self._witness.provider.blocked_reason(pin)

    def single(self) -> Conflict | None:
        """The conflict, when one requirement alone already matches nothing."""
        for need in self.needs:
            if not [pin for pin in self._fitting([need]) if not self._blocked(pin)]:
                rows = [row for row in self.rows if row[0].text == need.text]
                return self.conflict(rows, [need])
        return None

    def single_hint(self) -> str:
        """What to do when one requirement alone matches nothing."""
        if not any(shelf.versions for shelf in self.shelves):
            return f"is `{self.name}` spelled as its index spells it, and is that index among the sources?"
        if self.missing():
            return "run again once the source can be reached, or name a folder of wheels with --find-links"
        return _relaxed(list(self.roots()))

    def conflict(
        self, rows: Sequence[tuple[Need, Pin | None]] | None = None, needs: Sequence[Need] | None = None
    ) -> Conflict:
        """The package's part of the story."""
        return Conflict(
            name=self.name,
            claims=tuple(self._claims(self.rows if rows is None else rows)),
            refused=tuple(self._refused(self.needs if needs is None else needs)),
            missing=self.missing(),
        )

    def missing(self) -> tuple[str, ...]:
        """Sources that could not be reached for this package."""
        return tuple(dict.fromkeys(place.source.name for place, _ in self._witness.stock.missing.get(self.name, ())))

    def roots(self) -> list[str]:
        """The project's requirements that lead here."""
        found = []
        for need, parent in self.rows:
            row: tuple[Need, Pin | None] | None = (need, parent)
            chain = [*self._chain(parent)] if parent else []
            row = chain[-1] if chain else row
            if row and row[1] is None:
                found.append(f"`{row[0].text}`" + (f" ({row[0].where})" if row[0].where else ""))
        return list(dict.fromkeys(found))

    def _claims(self, rows: Sequence[tuple[Need, Pin | None]]) -> list[Claim]:
        grouped: dict[tuple[str, str], list[tuple[Need, Pin | None]]] = {}
        for need, parent in rows:
            grouped.setdefault((parent.identifier if parent else "", need.text), []).append((need, parent))
        claims = [self._claim(group) for group in grouped.values()]
        claims += (Claim(text=need.text, where="a constraint") for need in self.constraints)
        return sorted(claims, key=lambda claim: (claim.parent, claim.text, claim.where))

    def _claim(self, group: Sequence[tuple[Need, Pin | None]]) -> Claim:
        need, parent = group[0]
        if parent is None:
            return Claim(text=need.text, where=need.where)
        versions = sorted({pin.version for _, pin in group if pin is not None}, reverse=True)
        chain = [_wanted_by(*row) for row in self._chain(parent)]
        return Claim(
            text=need.text,
            parent=parent.identifier,
            versions=tuple(str(version) for version in versions),
            chain=tuple(chain),
        )

    def _chain(self, pin: Pin) -> list[tuple[Need, Pin | None]]:
        """Who wants *pin*, nearest first, up to the project."""
        chain: list[tuple[Need, Pin | None]] = []
        seen = {pin.identifier}
        current: Pin | None = pin
        while current is not None:
            rows = [
                row
                for row in self._witness.wants.get(current.identifier, {})
                if row[1] is None or row[1].identifier not in seen
            ]
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
        for shelf in self.shelves:
            for version in shelf.versions:
                groups.setdefault(self._reason(shelf, version, needs), []).append(version)
        return [
            RefusedVersions(reason=reason, versions=tuple(str(item) for item in versions))
            for reason, versions in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
        ]

    def _reason(self, shelf: Shelf, version: Version, needs: Sequence[Need]) -> str:
        for need in (*needs, *self.constraints):
            if not need.allows(version):
                return f"outside `{need.text}`"
        offer = shelf.offer(version)
        if offer.refusal is not None:
            detail = offer.refusal.detail
            return WORDS[offer.refusal.code] + (f", {detail}" if detail else "")
        for pin in self._fitting(needs):
            if pin.version == version and (reason := self._blocked(pin)):
                return f"unusable: {reason}"
        if offer.yanked is not None:
            return "yanked"
        return "left out because of what they require" if not version.is_prerelease else WORDS["prerelease"]


def _wanted_by(need: Need, parent: Pin | None) -> str:
    if parent is None:
        return "the project" + (f" ({need.where})" if need.where else "")
    return f"`{parent.identifier}` {parent.version}"


def _relaxed(relax: Sequence[str]) -> str:
    if not relax:
        return ""
    return "relax " + " or ".join(relax)
