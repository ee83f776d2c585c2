"""A source that cannot work on the hardware, exchanged for one that can: text -> text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from accelinstall.model.selection import Retarget
from accelinstall.project.editing import TomlText
from accelinstall.project.parse import parse_project
from accelinstall.project.requirement import canonical, parse_requirement
from accelinstall.project.sources import without_secret

_POETRY = ("tool", "poetry")
_OURS = ("tool", "accelinstall")
_ARRAYS = ((*_POETRY, "source"), (*_OURS, "sources"))
Place = tuple[str | int, ...]


def retargeted(raw: bytes, change: Retarget) -> bytes:
    """*raw* with what names the old build naming the new one: the source's address, and its name where that says the
    build; every dependency bound to it; local labels; versions that have to change; ``targets``.

    Made twice it is made once.

    :raises InvalidProject: when the file is wrong already.
    :raises NotEditable: when it cannot be edited byte by byte.
    """
    parse_project(raw, directory="")
    text = TomlText(raw)
    renamed: dict[str, str] = {}
    for place, source in list(_sources(text, change)):
        name = str(source["name"])
        renamed[name.lower()] = _readdressed(text, place, name, change)
    for place, name, value in list(_dependencies(text)):
        _rebind(text, place, name, value, renamed, change)
    for place, requirement in list(_requirements(text)):
        written = _rewritten(requirement, change)
        if written != requirement:
            text.put_element(tuple(map(str, place[:-1])), int(place[-1]), written)
    _retarget_targets(text, change)
    return text.render()


def _sources(text: TomlText, change: Retarget) -> Iterator[tuple[Place, dict[str, Any]]]:
    for array in _ARRAYS:
        for number, source in enumerate(text.get(*array) or ()):
            address = without_secret(str(source.get("url", "")))[0].rstrip("/")
            if address in {url.rstrip("/") for url in change.urls}:
                yield (*array, number), source


def _readdressed(text: TomlText, place: Place, name: str, change: Retarget) -> str:
    """The name under which dependencies find the new build, empty for the default index; the source is changed."""
    known = [item for path in _ARRAYS for item in text.get(*path) or ()]
    there = next((item for item in known if str(item.get("url", "")).rstrip("/") == change.to_url.rstrip("/")), None)
    if not change.to_url:
        return ""
    if there is not None:
        return str(there["name"])
    text.put((*place, "url"), change.to_url)
    # A name that says another build than the address would mislead.
    if change.backend not in name.lower() or any(item.get("name") == change.to_source for item in known):
        return name
    text.put((*place, "name"), change.to_source)
    return change.to_source


def _dependencies(text: TomlText) -> Iterator[tuple[Place, str, Any]]:
    """(place, name, value) of everything in Poetry's notation."""
    tables: list[Place] = [(*_POETRY, "dependencies"), (*_POETRY, "dev-dependencies")]
    tables += [(*_POETRY, "group", group, "dependencies") for group in text.get(*_POETRY, "group") or ()]
    for table in tables:
        for name, value in (text.get(*map(str, table)) or {}).items():
            if isinstance(value, list):
                yield from (((*table, name, number), name, item) for number, item in enumerate(value))
            else:
                yield (*table, name), name, value


def _rebind(text: TomlText, place: Place, name: str, value: Any, renamed: dict[str, str], change: Retarget) -> None:
    if isinstance(value, str):
        if (written := _relabelled(value, change)) != value:
            text.put(place, written)
        return
    if not isinstance(value, dict) or str(value.get("source", "")).lower() not in renamed:
        return
    source = renamed[str(value["source"]).lower()]
    if not source and value.keys() == {"source"}:
        text.drop(place)
        return
    if not source:
        text.drop((*place, "source"))
    elif source.lower() != value["source"].lower():
        text.put((*place, "source"), source)
    version = dict(change.pins).get(canonical(name)) if "version" in value else None
    written = version or _relabelled(str(value.get("version", "")), change)
    if written != value.get("version", ""):
        text.put((*place, "version"), written)


def _requirements(text: TomlText) -> Iterator[tuple[Place, str]]:
    """(place, text) of everything in the standard's notation."""
    arrays: list[Place] = [("project", "dependencies")]
    extras: Place = ("project", "optional-dependencies")
    arrays += [(*extras, name) for name in text.get(*map(str, extras)) or ()]
    arrays += [("dependency-groups", name) for name in text.get("dependency-groups") or ()]
    for array in arrays:
        for number, item in enumerate(text.get(*map(str, array)) or ()):
            if isinstance(item, str):
                yield (*array, number), item


def _rewritten(requirement: str, change: Retarget) -> str:
    """A PEP 508 text with another label or version, where the change says so."""
    read = parse_requirement(requirement)
    version = dict(change.pins).get(canonical(read.name))
    if version is None or read.url:
        return _relabelled(requirement, change)
    extras = f"[{','.join(sorted(read.extras))}]" if read.extras else ""
    specifier = "" if version == "*" else f"=={version}"
    return f"{read.name}{extras}{specifier}" + (f"; {read.marker}" if read.marker else "")


def _relabelled(constraint: str, change: Retarget) -> str:
    """*constraint* with the new build's local label in place of the old one's."""
    if not change.local:
        return constraint
    label = f"+{change.to_local}" if change.to_local else ""
    return re.sub(rf"\+{re.escape(change.local)}(?![\w.])", label, constraint)


def _retarget_targets(text: TomlText, change: Retarget) -> None:
    """``cu121`` and ``cu121-linux-...`` among the targets become the new backend's."""
    targets = text.get(*_OURS, "targets") or ()
    old = re.compile(rf"{re.escape(change.backend)}(?=-(?:linux|macos|windows)-|$)")
    written = list(dict.fromkeys(old.sub(change.to, str(target)) for target in targets))
    if written != list(targets):
        text.put((*_OURS, "targets"), list(written))
