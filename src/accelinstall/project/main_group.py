"""The main group and the project's extras."""

from __future__ import annotations

from collections.abc import Mapping

from accelinstall.model.project import MAIN, Wanted
from accelinstall.project.document import Document
from accelinstall.project.enrichment import enriched, note_ignored
from accelinstall.project.errors import did_you_mean
from accelinstall.project.markers import settle_extras
from accelinstall.project.poetry import read_poetry_dependencies
from accelinstall.project.positions import Path
from accelinstall.project.requirement import Entry, bound_to_extras, canonical, with_marker
from accelinstall.project.standard import read_requirements
from accelinstall.values import replace

Extras = Mapping[str, tuple[str, ...]]
_POETRY: Path = ("tool", "poetry")
_MISSPELT = {"sources": "source", "groups": "group", "extra": "extras", "dependency": "dependencies"}


def read_main(document: Document) -> tuple[tuple[Wanted, ...], Extras]:
    """(what main wants, extra -> names it pulls in).

    What an extra pulls in carries an ``extra`` marker, as in a distribution's METADATA.
    """
    _note_unread(document)
    always = read_requirements(document, ("project", "dependencies"), group=MAIN)
    table: Path = ("project", "optional-dependencies")
    by_extra = {
        canonical(extra): read_requirements(document, (*table, extra), group=MAIN, optional=True)
        for extra in document.table(*table)
    }
    poetry = read_poetry_dependencies(document, (*_POETRY, "dependencies"), group=MAIN)
    if not always and not any(by_extra.values()):
        return _poetry_main(document, poetry)
    by_extra = _expand_self_references(document, by_extra)
    wanted = [entry.wanted for entry in enriched(always, poetry)]
    for extra, entries in by_extra.items():
        wanted.extend(bound_to_extras(entry, [extra]) for entry in enriched(entries, poetry))
    if "dependencies" in document.strings("project", "dynamic") and not always:
        wanted.extend(entry.wanted for entry in poetry if not entry.optional)
    else:
        note_ignored(document, poetry, [*always, *(entry for entries in by_extra.values() for entry in entries)])
    return tuple(wanted), {extra: _names(entries) for extra, entries in by_extra.items()}


def _poetry_main(document: Document, entries: list[Entry]) -> tuple[tuple[Wanted, ...], Extras]:
    """Main as ``[tool.poetry]`` alone describes it, with ``[tool.poetry.extras]``."""
    names = set(_names(entries))
    extras: dict[str, tuple[str, ...]] = {}
    for extra in document.table(*_POETRY, "extras"):
        pulled = []
        for number, name in document.numbered_strings(*_POETRY, "extras", extra):
            if canonical(name) in names:
                pulled.append(canonical(name))
            else:
                _note_unknown_in_extra(document, extra, number, name, names)
        extras[canonical(extra)] = tuple(pulled)
    wanted = []
    for entry in entries:
        pulling = [extra for extra, pulled in extras.items() if entry.name in pulled]
        if entry.optional and pulling:
            wanted.append(bound_to_extras(entry, pulling))
        elif not entry.optional or "extra" in str(entry.wanted.requirement.marker):
            wanted.append(entry.wanted)
        else:
            _note_unreachable(document, entry)
    return tuple(wanted), extras


def _names(entries: list[Entry]) -> tuple[str, ...]:
    return tuple(sorted({entry.name for entry in entries}))


def _expand_self_references(document: Document, by_extra: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
    """``all = ["thisproject[cpu,docs]"]`` means what ``cpu`` and ``docs`` mean."""
    project = canonical(document.string("project", "name"))

    def expand(extra: str, seen: tuple[str, ...]) -> list[Entry]:
        found: list[Entry] = []
        for entry in by_extra.get(extra, ()):
            if not project or entry.name != project:
                found.append(entry)
                continue
            for inner in sorted(map(canonical, entry.wanted.requirement.extras)):
                if inner not in seen:
                    found.extend(expand(inner, (*seen, inner)))
        return found

    return {extra: expand(extra, (extra,)) for extra in by_extra}


def own_extras(document: Document, wanted: Wanted, main: tuple[Wanted, ...]) -> list[Wanted]:
    """``thisproject[web]`` in a group means what the extra ``web`` pulls in; anything else stays as it is."""
    project = document.string("project", "name") or document.string("tool", "poetry", "name")
    requirement = wanted.requirement
    if not project or wanted.path or requirement.url or canonical(requirement.name) != canonical(project):
        return [wanted]
    extras = set(map(canonical, requirement.extras))
    found = []
    for item in main:
        marker = str(item.requirement.marker or "")
        settled = settle_extras(marker, extras) if "extra" in marker else None
        if settled is not None:
            found.append(replace(item, requirement=with_marker(item.requirement, settled)))
    return found


def _note_unreachable(document: Document, entry: Entry) -> None:
    document.finding(
        entry.wanted.where,
        "optional-without-extra",
        f"`{entry.name}` is optional and no extra names it, so it is never installed",
        hint=f'[tool.poetry.extras]\n{entry.name} = ["{entry.name}"]',
        level="info",
    )


def _note_unknown_in_extra(document: Document, extra: str, number: int, name: str, names: set[str]) -> None:
    document.finding(
        document.where(*_POETRY, "extras", extra, number),
        "extra-names-no-dependency",
        f"the extra `{extra}` names `{name}`, which is not a dependency{did_you_mean(name, sorted(names))}",
        hint=f'{name} = {{ version = "*", optional = true }}',
    )


def _note_unread(document: Document) -> None:
    """Tables that look like one that is read, and dependencies that only the build backend knows."""
    for key, right in _MISSPELT.items():
        if key in document.table(*_POETRY):
            document.finding(
                document.where(*_POETRY, key),
                "table-not-read",
                f"[tool.poetry.{key}] is not a table of Poetry; did you mean [tool.poetry.{right}]?",
                hint=f"rename it to [tool.poetry.{right}]",
            )
    poetry = document.table(*_POETRY, "dependencies")
    if "dependencies" in document.strings("project", "dynamic") and not poetry:
        document.finding(
            document.where("project", "dynamic"),
            "dynamic-dependencies",
            "the dependencies are dynamic: only the build backend knows them, so none is read",
            hint="list them under [project] dependencies",
        )
