"""What the chosen groups ask for, and a hash that tells whether it changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from accelinstall.model.project import GroupChoice, Project, Source, Wanted
from accelinstall.project.errors import UnknownExtra
from accelinstall.project.markers import settle_extras
from accelinstall.project.requirement import canonical, with_marker
from accelinstall.values import replace


def wanted_of(project: Project, choice: GroupChoice, *, extras: Sequence[str] = ()) -> tuple[Wanted, ...]:
    """Every requirement of the chosen groups, in the order of groups and lines; what a group asks twice stands once.

    No requirement carries an ``extra`` marker any more: *extras* of the project itself are settled here.  Folders and
    repositories are among them as written; whether they can be installed is not judged here.

    :raises UnknownExtra: when the project has no such extra.
    """
    asked = {canonical(extra) for extra in extras}
    for extra in extras:
        if canonical(extra) not in map(canonical, project.extras):
            raise UnknownExtra(extra, known=project.extras)
    found: dict[tuple[object, ...], Wanted] = {}
    for group in project.groups:
        if group.name not in choice.groups:
            continue
        for item in group.wanted:
            settled = _settled(item, asked)
            if settled is not None:
                found.setdefault(_identity(settled), settled)
    return tuple(found.values())


def input_hash(
    wanted: Iterable[Wanted],
    *,
    sources: Iterable[Source],
    groups: Iterable[str],
    target: str,
    options: Mapping[str, object],
) -> str:
    """The sha256 (hex) of everything a lock depends on; equality means the lock is fresh.

    The order of requirements and groups does not matter, that of sources does, as it breaks ties.
    """
    import hashlib
    import json

    content = {
        "requirements": sorted({json.dumps(_identity(item)) for item in wanted}),
        "sources": [[source.name, source.url, source.priority, source.kind] for source in sources],
        "groups": sorted(set(groups)),
        "target": target,
        "options": options,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _settled(wanted: Wanted, extras: set[str]) -> Wanted | None:
    marker = wanted.requirement.marker
    text = str(marker) if marker is not None else ""
    if "extra" not in text:
        return wanted
    settled = settle_extras(text, extras)
    if settled is None:
        return None
    return wanted if settled == text else replace(wanted, requirement=with_marker(wanted.requirement, settled))


def _identity(wanted: Wanted) -> tuple[object, ...]:
    """What makes two wishes the same, whatever line they stand in."""
    requirement = wanted.requirement
    return (
        wanted.group,
        canonical(requirement.name),
        ",".join(sorted(map(canonical, requirement.extras))),
        str(requirement.specifier),
        requirement.url or "",
        str(requirement.marker or ""),
        wanted.local,
        wanted.source or "",
        wanted.path or "",
        wanted.editable,
        wanted.prereleases,
        wanted.hashes,
    )


def _plain(value: object) -> object:
    """Sets, tuples and the like as sorted or plain lists; anything else as text."""
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, (list, tuple)):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else str(value)
