"""Groups put together from the tables that may each hold a part of them.

Poetry 2 rules (``poetry.core.packages.dependency_group``): where ``[project]`` or ``[dependency-groups]`` lists
dependencies, ``[tool.poetry]`` only enriches those with a source, markers or prereleases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from accelinstall.model.finding import Finding
from accelinstall.model.project import MAIN, Group, Wanted
from accelinstall.project.document import Document
from accelinstall.project.errors import did_you_mean
from accelinstall.project.markers import all_of
from accelinstall.project.poetry import read_poetry_dependencies
from accelinstall.project.positions import Path
from accelinstall.project.requirement import Entry, bound_to_extras, canonical, requirement_of
from accelinstall.project.standard import read_dependency_group, read_requirements

Extras = Mapping[str, tuple[str, ...]]
_POETRY: Path = ("tool", "poetry")


def read_main(document: Document) -> tuple[tuple[Wanted, ...], Extras, list[Finding]]:
    """(what main wants, extra -> names it pulls in, what is wise to change).

    What an extra pulls in carries an ``extra`` marker, as in a distribution's METADATA.
    """
    findings: list[Finding] = []
    always = read_requirements(document, ("project", "dependencies"), group=MAIN)
    by_extra = {
        canonical(extra): read_requirements(
            document, ("project", "optional-dependencies", extra), group=MAIN, optional=True
        )
        for extra in document.table("project", "optional-dependencies")
    }
    poetry = read_poetry_dependencies(document, (*_POETRY, "dependencies"), group=MAIN)
    if not always and not any(by_extra.values()):
        return _poetry_main(document, poetry, findings)
    by_extra = _expand_self_references(document, by_extra)
    dynamic = document.strings("project", "dynamic")
    wanted = [entry.wanted for entry in _enriched(always, poetry)]
    extras: dict[str, tuple[str, ...]] = {}
    for extra, entries in by_extra.items():
        wanted.extend(bound_to_extras(entry, [extra]) for entry in _enriched(entries, poetry))
        extras[extra] = tuple(sorted({entry.name for entry in entries}))
    known = {entry.name for entries in (always, *by_extra.values()) for entry in entries}
    if "dependencies" in dynamic and not always:
        wanted.extend(entry.wanted for entry in poetry if not entry.optional)
    else:
        findings.extend(_ignored(entry, "[project]") for entry in poetry if entry.name not in known)
    return tuple(wanted), extras, findings


def read_groups(document: Document, main: tuple[Wanted, ...]) -> tuple[Group, ...]:
    """Main and every other group, included groups written out, in file order."""
    written = _written_groups(document)
    own: dict[str, list[Wanted]] = {}
    includes: dict[str, list[tuple[str, Path]]] = {}
    for key, name in written.items():
        own[key], includes[key] = _read_group(document, key, name)
    groups = [Group(name=MAIN, wanted=(*main, *own.pop(MAIN, ())))]
    for key, name in written.items():
        if key == MAIN:
            continue
        wanted = _with_included(document, key, own=own, includes=includes, names=written)
        optional = any(document.flag(*_POETRY, "group", table, "optional") for table in _spellings(document, key))
        groups.append(Group(name=name, wanted=tuple(replace(item, group=name) for item in wanted), optional=optional))
    return tuple(groups)


def _poetry_main(
    document: Document, entries: list[Entry], findings: list[Finding]
) -> tuple[tuple[Wanted, ...], Extras, list[Finding]]:
    """Main as ``[tool.poetry]`` alone describes it, with ``[tool.poetry.extras]``."""
    table = document.table(*_POETRY, "extras")
    extras = {canonical(extra): tuple(map(canonical, document.strings(*_POETRY, "extras", extra))) for extra in table}
    names = {entry.name for entry in entries}
    for extra in table:
        for number, name in document.numbered_strings(*_POETRY, "extras", extra):
            if canonical(name) not in names:
                findings.append(_unknown_in_extra(document, extra, number, name, names))
    wanted = []
    for entry in entries:
        pulling = [extra for extra, pulled in extras.items() if entry.name in pulled]
        if not entry.optional:
            wanted.append(entry.wanted)
        elif pulling:
            wanted.append(bound_to_extras(entry, pulling))
        elif "extra" in str(entry.wanted.requirement.marker):
            wanted.append(entry.wanted)
        else:
            findings.append(_unreachable(entry))
    return tuple(wanted), extras, findings


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


def _enriched(entries: list[Entry], poetry: list[Entry]) -> list[Entry]:
    """*entries* with what ``[tool.poetry]`` adds to those of the same name."""
    found = []
    for entry in entries:
        additions = [addition for addition in poetry if addition.name == entry.name]
        found.extend([_enrich(entry, addition) for addition in additions] or [entry])
    return found


def _enrich(entry: Entry, addition: Entry) -> Entry:
    base, more = entry.wanted, addition.wanted
    own, other = base.requirement, more.requirement
    url = own.url or other.url or ""
    markers = (str(item.marker) if item.marker else "" for item in (own, other))
    requirement = requirement_of(
        own.name,
        specifier="" if url else str(own.specifier & other.specifier),
        extras=sorted(own.extras | other.extras),
        url=url,
        marker=all_of(*markers),
    )
    wanted = replace(
        base,
        requirement=requirement,
        local=base.local or more.local,
        source=more.source,
        path=base.path or more.path,
        editable=base.editable or more.editable,
        prereleases=base.prereleases or more.prereleases,
    )
    return replace(entry, wanted=wanted)


def _written_groups(document: Document) -> dict[str, str]:
    """Canonical name -> name as first written, of every group of the file."""
    written: dict[str, str] = {}
    standard, poetry = document.table("dependency-groups"), document.table(*_POETRY, "group")
    for table, path in ((standard, ("dependency-groups",)), (poetry, (*_POETRY, "group"))):
        seen: dict[str, str] = {}
        for name in table:
            key = canonical(name)
            if key in seen:
                document.problem((*path, name), f"the groups `{seen[key]}` and `{name}` are one and the same name")
            seen[key] = name
            written.setdefault(key, name)
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
    chosen = _enriched(entries, poetry) if entries else poetry
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


def _ignored(entry: Entry, table: str) -> Finding:
    return Finding(
        id="dependency-ignored",
        level="warning",
        message=f"`{entry.name}` is left out: {table} lists the dependencies, and [tool.poetry.dependencies] only adds "
        "to those listed there",
        hint=f'add "{entry.wanted.requirement}" to dependencies under [project]',
        where=entry.wanted.where,
    )


def _unreachable(entry: Entry) -> Finding:
    return Finding(
        id="optional-without-extra",
        level="info",
        message=f"`{entry.name}` is optional and no extra names it, so it is never installed",
        hint=f'[tool.poetry.extras]\n{entry.name} = ["{entry.name}"]',
        where=entry.wanted.where,
    )


def _unknown_in_extra(document: Document, extra: str, number: int, name: str, names: set[str]) -> Finding:
    return Finding(
        id="extra-names-no-dependency",
        level="warning",
        message=f"the extra `{extra}` names `{name}`, which is not a dependency{did_you_mean(name, sorted(names))}",
        hint=f'{name} = {{ version = "*", optional = true }}',
        where=document.where(*_POETRY, "extras", extra, number),
    )
