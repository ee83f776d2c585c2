"""A conflict in words: who wants what, which versions were looked at, why each was refused, what to relax."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.errors import ResolutionError
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One requirement in a conflict.

    :ivar text: the requirement as written.
    :ivar parent: who has it (``pandas``), empty for the project itself.
    :ivar versions: of the parent that have it, newest first.
    :ivar where: the project file and line when the project has it.
    :ivar chain: who wants the parent, nearest first, ending with a requirement of the project.
    :ivar is_constraint: it bounds what others ask for, and asks for nothing itself.
    """

    text: str
    parent: str = ""
    versions: tuple[str, ...] = ()
    where: str = ""
    chain: tuple[str, ...] = ()
    is_constraint: bool = False

    def __str__(self) -> str:
        if self.is_constraint:
            return f"a constraint allows only `{self.text}`"
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
        span = first if first == last else f"{first} to {last} ({len(self.versions)})"
        return f"{span}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Why no version of one package can be taken.

    :ivar claims: who wants it; ``refused`` every version that was looked at, by reason.
    :ivar quarantined: sources that call the package unsafe, each with its reason, so that nothing is taken from them.
    :ivar missing: sources that could not be reached when it was looked up.
    :ivar named: a URL or path names the one file that may be taken, so no index was asked.
    """

    name: str
    claims: tuple[Claim, ...]
    refused: tuple[RefusedVersions, ...] = ()
    missing: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    named: bool = False

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
        elif not self.named and not self.quarantined:
            lines.append(f"  no source offers `{self.name}`")
        lines += (f"  {text}" for text in self.quarantined)
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
        super().__init__("\n".join([head, *lines]), hint=relaxed(relax))
        self.conflicts = tuple(conflicts)


class NothingMatches(ResolutionError):
    """No file at all satisfies one single requirement."""

    code = "nothing-matches"

    def __init__(self, conflict: Conflict, *, hint: str = "") -> None:
        claim = conflict.claims[0]
        head = f"nothing matches `{claim.text}`"
        super().__init__("\n".join([head, *conflict.lines()]), hint=hint)
        self.conflict = conflict


def relaxed(texts: Sequence[str]) -> str:
    """The hint that names what may be relaxed; empty when there is nothing."""
    return f"relax {' or '.join(texts)}" if texts else ""
