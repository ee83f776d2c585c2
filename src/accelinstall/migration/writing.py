"""The project's file with everything that was placed; bytes in, bytes out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from accelinstall.migration.naming import is_hardware
from accelinstall.migration.placing import Placed
from accelinstall.migration.reading import Item
from accelinstall.model.project import MAIN, Source, Wanted
from accelinstall.project.editing import TomlText, Value
from accelinstall.project.placing import Dependency, Placement, in_poetrys_notation

_POETRY = ("tool", "poetry")
_GIT = re.compile(r"git\+(?P<address>.+?)(?:@(?P<revision>[^@/#]+(?:/[^@#]+)?))?(?:#(?P<fragment>.*))?$")
# A placement that changes nothing: the notation alone is wanted.
_AS_IT_IS = Placement(environment="cpu")


def written(raw: bytes | None, placed: Placed, *, requires_python: str) -> bytes:
    """*raw* with the groups, sources and settings of *placed*; untouched bytes stay untouched.

    :param raw: ``None`` where there is no file: it is then for an application, not for a package.
    :param requires_python: for a file that says nothing of Python.
    :raises NotEditable: when the file cannot be edited byte by byte.
    """
    text = TomlText(raw or b"")
    if not (text.get("project") or text.get(*_POETRY)):
        text.put((*_POETRY, "package-mode"), False)
    if requires_python and not (text.get("project", "requires-python") or text.get(*_POETRY, "dependencies", "python")):
        place = ("project", "requires-python") if text.get("project") else (*_POETRY, "dependencies", "python")
        text.put(place, requires_python)
    for group in sorted(placed.groups, key=lambda name: (name != MAIN, name)):
        _write_group(text, group, placed.groups[group])
    for source in placed.sources:
        _declare(text, source)
    known = text.get("tool", "accelinstall", "find-links") or []
    for link in placed.find_links:
        if link not in known:
            text.add(("tool", "accelinstall", "find-links"), link)
    return text.render()


def _write_group(text: TomlText, group: str, wanted: Mapping[str, Sequence[Item]]) -> None:
    in_standard = bool(text.get("project")) if group == MAIN else group in (text.get("dependency-groups") or {})
    table = (*_POETRY, "dependencies") if group == MAIN else (*_POETRY, "group", group, "dependencies")
    if wanted and is_hardware(group) and not in_standard and text.get(*_POETRY, "group", group) is None:
        text.put((*_POETRY, "group", group, "optional"), True)
    for items in wanted.values():
        name = items[0].wanted.requirement.name
        if not in_standard:
            values = [_entry(item) for item in items]
            text.put((*table, name), values[0] if len(values) == 1 else values)
            continue
        array = ("project", "dependencies") if group == MAIN else ("dependency-groups", group)
        for item in items:
            text.add(array, _standard_text(item))
        more = _beyond_the_standard(items[0].wanted)
        if more:
            text.put((*table, name), more)


def _declare(text: TomlText, source: Source) -> None:
    declared = text.get(*_POETRY, "source") or []
    if not any(isinstance(table, dict) and table.get("name") == source.name for table in declared):
        text.add_table((*_POETRY, "source"), {"name": source.name, "url": source.url, "priority": source.priority})


def _entry(item: Item) -> Value:
    """Poetry's notation: a version, or a table."""
    wanted, place = item.wanted, _place(item.wanted)
    if place:
        table: dict[str, Value] = {**place, **_conditions(wanted)}
    else:
        table = in_poetrys_notation(Dependency(wanted=wanted, text=item.text), _AS_IT_IS)
        if wanted.local and f"+{wanted.local}" not in str(table["version"]):
            table["version"] = f"{table['version']}+{wanted.local}"
    return table["version"] if table.keys() == {"version"} else table


def _standard_text(item: Item) -> str:
    wanted = item.wanted
    if _place(wanted):
        requirement = wanted.requirement
        brackets = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        marker = f"; {requirement.marker}" if requirement.marker else ""
        address = f" @ {requirement.url}" if requirement.url else ""
        return f"{requirement.name}{brackets}{address}{' ' if address and marker else ''}{marker}"
    return item.text


def _beyond_the_standard(wanted: Wanted) -> dict[str, Value]:
    """What the standard has no word for and Poetry adds to it."""
    if wanted.path is not None:
        return _place(wanted)
    return {"source": wanted.source} if wanted.source else {}


def _place(wanted: Wanted) -> dict[str, Value]:
    """The folder, file, repository or address a requirement names; empty for one that names a version."""
    if wanted.path is not None:
        return {"path": wanted.path, **({"develop": True} if wanted.editable else {})}
    url = wanted.requirement.url or ""
    repository = _GIT.fullmatch(url)
    if repository is None:
        return {"url": url} if url else {}
    table: dict[str, Value] = {"git": repository["address"]}
    if repository["revision"]:
        table["rev"] = repository["revision"]
    folder = re.search(r"(?:^|&)subdirectory=([^&]+)", repository["fragment"] or "")
    if folder:
        table["subdirectory"] = folder[1]
    if wanted.editable:
        table["develop"] = True
    return table


def _conditions(wanted: Wanted) -> dict[str, Value]:
    requirement = wanted.requirement
    table: dict[str, Value] = {}
    if requirement.extras:
        table["extras"] = [*sorted(requirement.extras)]
    if requirement.marker:
        table["markers"] = str(requirement.marker)
    return table
