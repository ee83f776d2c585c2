"""Where each requirement goes: its group, its source, or the lock alone; values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from accelinstall.migration.ledger import Row
from accelinstall.migration.naming import is_hardware
from accelinstall.migration.reading import Item, Reading, row_of
from accelinstall.model.project import MAIN, Project, Source
from accelinstall.project.requirement import canonical
from accelinstall.values import dataclass, replace

if TYPE_CHECKING:
    from accelinstall.catalog import Catalog
    from accelinstall.project.requirements import LogicalLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What the project's file is to hold, and what became of every line.

    :ivar groups: group -> canonical name -> its requirements, several where markers tell them apart.
    :ivar pins: canonical name -> the version the lock keeps where it fits.
    :ivar original: the same of everything that was pinned, to be compared with what is locked.
    """

    rows: tuple[Row, ...]
    groups: Mapping[str, Mapping[str, tuple[Item, ...]]]
    sources: tuple[Source, ...] = ()
    find_links: tuple[str, ...] = ()
    pins: Mapping[str, str]
    original: Mapping[str, str]


def place(
    reading: Reading,
    *,
    catalog: Catalog,
    default_index: str,
    transitive: Mapping[str, str] | None = None,
    known: Project | None = None,
) -> Placed:
    """Every requirement in its group with its source.

    :param transitive: canonical name -> who needs it, of pins that nothing else speaks for: they go to the lock alone.
    :param known: the project as it is; what it asks for already stays as it is.
    """
    rows = list(reading.rows)
    sources, bound = _sources(reading, catalog, default_index, rows)
    groups: dict[str, dict[str, tuple[Item, ...]]] = {}
    original = {item.name: item.pinned for item in (*reading.bounds, *reading.items) if item.pinned}
    pins = {item.name: item.pinned for item in reading.bounds if item.pinned}
    for item in reading.items:
        item = _bound(item, bound, catalog, sources)
        needed_by = (transitive or {}).get(item.name)
        if needed_by and item.pinned and item.group == MAIN and not _says_more(item, catalog):
            pins[item.name] = item.pinned
            rows.append(row_of(item.line, "constraint", f"{needed_by} needs it: the lock keeps {item.pinned}"))
            continue
        rows.append(_placed(item, groups, known))
    order = {path: number for number, path in enumerate(sorted({row.file for row in rows}))}
    return Placed(
        rows=tuple(sorted(rows, key=lambda row: (order[row.file], row.line))),
        groups=groups,
        sources=tuple(sources),
        find_links=tuple(dict.fromkeys(reading.find_links)),
        pins={**pins, **{name: version for name, version in original.items() if name not in pins}},
        original=original,
    )


def _says_more(item: Item, catalog: Catalog) -> bool:
    """Whether the lock alone would lose something: its extras, or the source that Poetry hands on to nobody."""
    family = catalog.family_of(item.name)
    follows = family is not None and item.name not in (family.head, *family.members)
    return bool(item.wanted.requirement.extras) or (bool(item.wanted.source) and not follows)


def _placed(item: Item, groups: dict[str, dict[str, tuple[Item, ...]]], known: Project | None) -> Row:
    """The row of *item*, which stands in its group afterwards unless the row says why not."""
    requirement = item.wanted.requirement
    if any(clause.operator == "===" for clause in requirement.specifier):
        return row_of(item.line, "needs-human", "Poetry has no `===`: write `==` if the version is an ordinary one")
    if reason := _not_poetrys(requirement.url or ""):
        return row_of(item.line, "needs-human", reason)
    if item.wanted.path in (".", "./"):
        return row_of(item.line, "migrated", "the project itself, which is installed where it is a package")
    if item.wanted.path == ".." and item.wanted.is_guessed:
        return row_of(item.line, "needs-human", "nothing there says its name: poetry add --editable ..")
    there = _there(item, known)
    if there is not None:
        return there
    group = groups.setdefault(item.group, {})
    others = group.get(item.name, ())
    same = [other for other in others if str(other.wanted.requirement) == str(requirement)]
    if same:
        return row_of(item.line, "migrated", f"the same as {same[0].line.where}")
    unmarked = [other for other in others if str(other.wanted.requirement.marker) == str(requirement.marker)]
    if unmarked:
        return row_of(item.line, "needs-human", f"{unmarked[0].line.where} asks for another version of `{item.name}`")
    group[item.name] = (*others, item)
    place = (
        "main" if item.group == MAIN else f"group `{item.group}`" + (" (optional)" if is_hardware(item.group) else "")
    )
    source = f", from `{item.wanted.source}`" if item.wanted.source else ""
    hashes = ", hashes in the lock" if item.wanted.hashes else ""
    return row_of(item.line, "migrated", f"{place}{source}{hashes}{_left_out(item)}")


def _not_poetrys(url: str) -> str:
    """Why Poetry cannot take *url*; empty when it can."""
    system = re.match(r"(hg|svn|bzr)\+", url)
    if system:
        return f"Poetry knows git alone, not {system[1]}: build a wheel of it, or name a version"
    if url.lower().startswith("file:"):
        return "a file of the machine this was written on: name a version, or a path inside the project"
    return ""


def _left_out(item: Item) -> str:
    """What of the line stands nowhere afterwards, in words."""
    options = dict.fromkeys(re.findall(r"\s(--[a-z][a-z-]*)", item.line.text.removeprefix(item.text)))
    words = [f"; `{option}` is left out" for option in options if option != "--hash"]
    address = re.search(r"://([^/@\s]+)@", item.line.text)
    if address and address[1] != "git":
        words.append("; the login of its address is not written down")
    return "".join(words)


def _there(item: Item, known: Project | None) -> Row | None:
    """The row of what the project asks for already."""
    group = known.group(item.group) if known else None
    for wanted in group.wanted if group else ():
        if canonical(wanted.requirement.name) == item.name:
            if wanted.requirement.specifier == item.wanted.requirement.specifier:
                return row_of(item.line, "migrated", f"{wanted.where} has it")
            return row_of(
                item.line,
                "needs-human",
                f"{wanted.where} asks for `{wanted.requirement}`, which is left as it is",
            )
    return None


def _sources(
    reading: Reading, catalog: Catalog, default_index: str, rows: list[Row]
) -> tuple[list[Source], dict[str, str]]:
    """The sources to be declared, and file -> the explicit one that torch's family of that file comes from."""
    found: dict[str, Source] = {}
    bound: dict[str, str] = {}
    for line, source in reading.indexes:
        if source.url.rstrip("/") == default_index.rstrip("/"):
            rows.append(row_of(line, "source", "the default index, which needs no source"))
            continue
        known = next((one for one in found.values() if one.url.rstrip("/") == source.url.rstrip("/")), None)
        made = known or _named(source, line, catalog, found)
        found[made.name] = made
        if made.priority == "explicit":
            bound[line.path] = made.name
        rows.append(row_of(line, "source", f"source `{made.name}`, {made.priority}" + _secret(line, made.name)))
    return list(found.values()), bound


def _named(source: Source, line: LogicalLine, catalog: Catalog, taken: Iterable[str]) -> Source:
    from accelinstall.selection import backend_of_source

    slug = backend_of_source(source.url, catalog)
    if slug:
        return replace(source, name=f"pytorch-{slug}", priority="explicit")
    host = canonical((urlsplit(source.url).hostname or "files").removeprefix("www.").replace(".", "-")).strip("-")
    names = _numbered(host or "index")
    replaces = line.text.startswith(("-i", "--index-url"))
    name = next(name for name in names if name not in set(taken))
    return replace(source, name=name, priority="primary" if replaces else "supplemental")


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _secret(line: LogicalLine, name: str) -> str:
    has_secret = "@" in line.text and "://" in line.text
    return f"; its login is not written down: poetry config http-basic.{name} USER PASSWORD" if has_secret else ""


def _bound(item: Item, bound: Mapping[str, str], catalog: Catalog, sources: list[Source]) -> Item:
    """*item* with the source torch's family comes from: that of its file, of its label, or the only one there is."""
    family = catalog.family_of(item.name)
    if family is None or family.head != "torch" or item.wanted.path or item.wanted.requirement.url:
        return item
    name = bound.get(item.line.path, "")
    if item.wanted.local:
        name = _of_label(item.wanted.local, catalog, sources) or name
    others = set(bound.values())
    if not name and len(others) == 1 and not is_hardware(item.group):
        name = others.pop()
    return replace(item, wanted=replace(item.wanted, source=name or None))


def _of_label(label: str, catalog: Catalog, sources: list[Source]) -> str:
    backend = next((one for one in catalog.backends if one.local == label and one.url), None)
    if backend is None:
        return ""
    declared = next((one for one in sources if one.url.rstrip("/") == backend.url.rstrip("/")), None)
    if declared is None:
        declared = Source(name=f"pytorch-{backend.slug}", url=backend.url, priority="explicit")
        sources.append(declared)
    return declared.name
