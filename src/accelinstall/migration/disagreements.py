"""Groups that ask for one package in versions that cannot be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

from accelinstall.migration.naming import is_hardware
from accelinstall.migration.reading import Item
from accelinstall.model.finding import Finding


def disagreements(groups: Mapping[str, Mapping[str, tuple[Item, ...]]]) -> tuple[Finding, ...]:
    """A warning for each package that one group pins to what another one's range refuses: no lock holds both.

    Groups for different hardware are never locked together, and markers may keep two apart.
    """
    by_name: dict[str, list[Item]] = {}
    for wanted in groups.values():
        for name, items in wanted.items():
            by_name.setdefault(name, []).extend(item for item in items if item.wanted.requirement.marker is None)
    found = (next(_conflicts(items), None) for _, items in sorted(by_name.items()))
    return tuple(finding for finding in found if finding is not None)


def _conflicts(items: list[Item]) -> Iterator[Finding]:
    for one, other in permutations(items, 2):
        apart = is_hardware(one.group) and is_hardware(other.group)
        if one.pinned and not apart and not other.wanted.requirement.specifier.contains(one.pinned, prereleases=True):
            yield Finding(
                id="groups-disagree",
                level="warning",
                message=f"no lock can hold both `{one.text}` ({one.line.where}) and `{other.text}` "
                f"({other.line.where})",
                hint=f"ask for one version of {one.name} in both files",
                where=one.line.where,
            )
