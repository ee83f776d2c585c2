"""PEP 440, 425 and 508 texts read once: versions, ranges, wheel names, requirements, markers.

A resolution meets the same few thousand texts again and again, and ``packaging`` needs 2 µs for a comparison, 12 µs for
a marker and 74 µs for a requirement (measured with 26.3); everything here is remembered by text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

_REMEMBERED = 1 << 16
# The usual marker of an extra's requirement: it stands last and is joined by `and` alone.
_EXTRA = re.compile(r""";(?:[^;]*\sand\s*)?\(?\s*extra\s*==\s*(['"])([^'"]+)\1\s*\)?\s*$""")
# Python makes no number of more than 4,300 digits; `packaging` finds that out when it compares.
_ENDLESS = re.compile(r"\d{1000}")


class Range:
    """A specifier set that remembers which versions it contains; pre-releases count as contained.

    :ivar text: canonical text, empty for any version.
    :ivar pin: the one version that ``==`` or ``===`` allows, else ``None``.
    :ivar is_bounded: has an upper end.
    :ivar asks_prereleases: names a pre-release, which allows them.
    """

    __slots__ = ("_known", "asks_prereleases", "is_bounded", "pin", "specifiers", "text")

    def __init__(self, specifiers: SpecifierSet) -> None:
        self.specifiers = specifiers
        self.text = ",".join(sorted(str(item) for item in specifiers))
        self.asks_prereleases = bool(specifiers.prereleases)
        self.is_bounded = any(item.operator in {"<", "<=", "~=", "==", "==="} for item in specifiers)
        pins = [item for item in specifiers if item.operator in {"==", "==="} and not item.version.endswith(".*")]
        self.pin = parse_version(pins[0].version) if pins else None
        self._known: dict[Version, bool] = {}

    def contains(self, version: Version) -> bool:
        """Whether *version* is inside."""
        known = self._known.get(version)
        if known is None:
            known = self._known[version] = self.specifiers.contains(version, prereleases=True)
        return known

    def __repr__(self) -> str:
        return f"Range({self.text!r})"


@lru_cache(_REMEMBERED)
def parse_version(text: str) -> Version | None:
    """The version *text* spells; ``None`` when PEP 440 does not know it."""
    try:
        return Version(text)
    except ValueError:
        return None


@lru_cache(_REMEMBERED)
def parse_range(text: str) -> Range | None:
    """The range *text* spells; ``None`` when it is no specifier set."""
    try:
        return None if _ENDLESS.search(text) else Range(SpecifierSet(text))
    except InvalidSpecifier:
        return None


@lru_cache(_REMEMBERED)
def parse_requirement(text: str) -> Requirement | None:
    """The requirement *text* spells; ``None`` when PEP 508 does not know it."""
    try:
        return None if _ENDLESS.search(text) else Requirement(text)
    except InvalidRequirement:
        return None


canonical = lru_cache(_REMEMBERED)(canonicalize_name)


@lru_cache(_REMEMBERED)
def extra_of(text: str) -> str:
    """The extra that alone can make the requirement *text* apply; empty when that takes a real evaluation.

    Nine in ten requirements of a typical package are behind an extra nobody asked for; this spares parsing them.
    """
    if "extra" not in text or " or " in text:
        return ""
    match = _EXTRA.search(text)
    return canonicalize_name(match[2]) if match else ""


@lru_cache(_REMEMBERED)
def marker_of(text: str) -> Marker | None:
    """The marker of the requirement *text*; ``None`` for none, and where only parsing the whole can tell.

    Packages write the same few markers behind many requirements, most of which do not apply.
    """
    requirement, _, marker = text.partition(";")
    return None if "@" in requirement or not marker else _parse_marker(marker.strip())


@lru_cache(_REMEMBERED)
def _parse_marker(text: str) -> Marker | None:
    try:
        return None if _ENDLESS.search(text) else Marker(text)
    except InvalidMarker:
        return None


class Markers:
    """Whether requirements apply on one target; each marker is evaluated once per extra."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        # By identity, for a marker's own hash is that of its text, which takes longer to write than to evaluate; the
        # marker is kept beside the answer so that its identity is not given to another.
        self._known: dict[tuple[int, str], tuple[Marker, bool]] = {}

    def applies(self, requirement: Requirement, extra: str = "") -> bool:
        """Whether *requirement* applies when *extra* is asked for (empty: no extra)."""
        return requirement.marker is None or self.holds(requirement.marker, extra)

    def holds(self, marker: Marker, extra: str = "") -> bool:
        """Whether *marker* holds when *extra* is asked for (empty: no extra)."""
        known = self._known.get((id(marker), extra))
        if known is None:
            holds = marker.evaluate({**self._environment, "extra": extra})
            known = self._known[id(marker), extra] = (marker, holds)
        return known[1]


class Wheels:
    """How well wheels fit one target, by file name alone."""

    def __init__(self, ranks: Mapping[str, int]) -> None:
        self._ranks = ranks
        self._known: dict[str, int | None] = {}

    def rank(self, filename: str) -> int | None:
        """The place of the wheel's best tag in the target's order, 0 = best; ``None`` when none fits."""
        parts = filename.removesuffix(".whl").rsplit("-", 3)
        if len(parts) != 4:
            return None
        tags = filename[len(parts[0]) + 1 : -4].lower()
        if tags not in self._known:
            self._known[tags] = self._best(*tags.split("-"))
        return self._known[tags]

    def _best(self, pythons: str, abis: str, platforms: str) -> int | None:
        ranks = self._ranks
        found = [
            ranks[tag]
            for python in pythons.split(".")
            for abi in abis.split(".")
            for platform in platforms.split(".")
            if (tag := f"{python}-{abi}-{platform}") in ranks
        ]
        return min(found, default=None)


def build_number(filename: str) -> tuple[int, str]:
    """The build tag of a wheel's name as a sort key; ``()``-like lowest when there is none."""
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) != 6:
        return (-1, "")
    match = re.match(r"(\d{0,18})(.*)", parts[2])
    return (int(match[1] or 0), match[2]) if match else (0, parts[2])
