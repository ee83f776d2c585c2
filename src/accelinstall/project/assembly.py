"""Every group of a project put together from the tables that may each hold a part of it."""

from __future__ import annotations

from accelinstall.model.project import MAIN, Group, Wanted
from accelinstall.project.document import Document
from accelinstall.project.enrichment import enriched, note_ignored
from accelinstall.project.errors import did_you_mean
from accelinstall.project.main_group import own_extras
from accelinstall.project.poetry import read_poetry_dependencies
from accelinstall.project.positions import Path
from accelinstall.project.requirement import Entry, canonical
from accelinstall.project.standard import read_dependency_group
from accelinstall.values import replace

_POETRY: Path = ("tool", "poetry")
_GROUP_KEYS = ("optional", "dependencies", "include-groups")


def read_groups(document: Document, main: tuple[Wanted, ...]) -> tuple[Group, ...]:
    """Main and every other group, included groups written out, in file order."""
    written = _written_groups(document)
    own: dict[str, list[Wanted]] = {}
    includes: dict[str, list[tuple[str, Path]]] = {}
    for key, name in written.items():
        wanted, includes[key] = _read_group(document, key, name)
        own[key] = [item for found in wanted for item in own_extras(document, found, main)]
    groups = [Group(name=MAIN, wanted=(*main, *own.pop(MAIN, ())))]
    for key, name in written.items():
        if key == MAIN:
            continue
        wanted = _with_included(document, key, own=own, includes=includes, names=written)
        optional = any(document.flag(*_POETRY, "group", table, "optional") for table in _spellings(document, key))
        groups.append(Group(name=name, wanted=tuple(replace(item, group=name) for item in wanted), optional=optional))
    return tuple(groups)


def _written_groups(document: Document) -> dict[str, str]:
    """Canonical name -> name as first written, of every group of the file."""
    written: dict[str, str] = {}
    for path in (("dependency-groups",), (*_POETRY, "group")):
        seen: dict[str, str] = {}
        for name in document.table(*path):
            key = canonical(name)
            if key in seen:
                document.problem((*path, name), f"the groups `{seen[key]}` and `{name}` are one and the same name")
            seen[key] = name
            written.setdefault(key, name)
    for name in document.table(*_POETRY, "group"):
        for key in document.table(*_POETRY, "group", name):
            if key not in _GROUP_KEYS:
                message = f"the group `{name}` has no key `{key}`{did_you_mean(key, _GROUP_KEYS)}"
                document.problem((*_POETRY, "group", name, key), message)
    if document.get(*_POETRY, "dev-dependencies") is not None:
        written.setdefault("dev", "dev")
    return written


def _spellings(document: Document, key: str) -> list[str]:
    """How ``[tool.poetry.group]`` writes the group *key*."""
    return [name for name in document.table(*_POETRY, "group") if canonical(name) == key]


def _read_group(document: Document, key: str, name: str) -> tuple[list[Wanted], list[tuple[str, Path]]]:
    entries: list[Entry] = []
    includes: list[tuple[str, Path]] = []
    for spelling in document.table("dependency-groups"):
        if canonical(spelling) == key:
            found, more = read_dependency_group(document, spelling)
            entries.extend(found)
            includes.extend(more)
    poetry: list[Entry] = []
    for spelling in _spellings(document, key):
        path = (*_POETRY, "group", spelling)
        poetry.extend(read_poetry_dependencies(document, (*path, "dependencies"), group=name))
        for number, included in document.numbered_strings(*path, "include-groups"):
            includes.append((included, (*path, "include-groups", number)))
    if key == "dev":
        poetry.extend(read_poetry_dependencies(document, (*_POETRY, "dev-dependencies"), group=name))
    if entries:
        note_ignored(document, poetry, entries, table="[dependency-groups]")
    chosen = enriched(entries, poetry) if entries else poetry
    return [entry.wanted for entry in chosen], includes


def _with_included(
    document: Document,
    key: str,
    *,
    own: dict[str, list[Wanted]],
    includes: dict[str, list[tuple[str, Path]]],
    names: dict[str, str],
    seen: tuple[str, ...] = (),
) -> list[Wanted]:
    """What *key* wants with every group it includes, at any depth."""
    found = list(own.get(key, ()))
    for name, path in includes.get(key, ()):
        inner = canonical(name)
        if inner not in names:
            problem = f"the group `{names[key]}` includes `{name}`, which does not exist"
            _once(document, path, problem + did_you_mean(name, names.values()))
        elif inner in (*seen, key):
            ring = (*seen, key)[(*seen, key).index(inner) :]
            chain = " -> ".join(names[step] for step in (*ring, inner))
            _once(document, path, f"the group `{names[inner]}` includes itself: {chain}")
        else:
            found += _with_included(document, inner, own=own, includes=includes, names=names, seen=(*seen, key))
    return found


def _once(document: Document, path: Path, message: str) -> None:
    """Note a problem that several groups may run into at one line."""
    if all(problem.where != document.where(*path) for problem in document.problems):
        document.problem(path, message, hint="an include names another group of this file")
