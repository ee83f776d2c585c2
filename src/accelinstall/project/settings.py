"""``[tool.accelinstall]``: every key checked, every mistake named with its line."""

from __future__ import annotations

from collections.abc import Mapping

from accelinstall.model.hardware import ENVIRONMENTS
from accelinstall.model.project import Settings, WorkspaceSettings
from accelinstall.project.document import Document
from accelinstall.project.errors import did_you_mean
from accelinstall.project.export_tables import read_exports
from accelinstall.project.positions import Path, Step
from accelinstall.project.requirement import RequirementError, canonical, parse_requirement
from accelinstall.project.sources import DEFAULT_INDEX, DeclaredSource, read_sources

_ROOT: Path = ("tool", "accelinstall")
_KEYS = (
    "targets",
    "groups",
    "sources",
    "mirrors",
    "fallback",
    "backends",
    "profiles",
    "overrides",
    "find-links",
    "export",
    "validate",
    "workspace",
)
_WORKSPACE_KEYS = ("members", "exclude", "may-differ", "shared-groups")
_PROFILE_KEYS = ("with", "without", "only")


def read_settings(document: Document) -> tuple[Settings, list[DeclaredSource]]:
    """The settings, and the sources declared there with their places."""
    _check_keys(document, _ROOT, _KEYS)
    declared = read_sources(document, (*_ROOT, "sources"))
    settings = Settings(
        targets=document.strings(*_ROOT, "targets"),
        groups=_hardware_groups(document),
        sources=tuple(item.source for item in declared),
        mirrors=_texts(document, "mirrors"),
        fallback=_fallback(document),
        backends=_tables(document, "backends"),
        profiles=_profiles(document),
        overrides=_requirements(document, "overrides"),
        find_links=document.strings(*_ROOT, "find-links"),
        export=read_exports(document),
        validate=document.table(*_ROOT, "validate"),
        workspace=_workspace(document),
    )
    return settings, declared


def _check_keys(document: Document, path: Path, known: tuple[str, ...]) -> None:
    for key in document.table(*path):
        if key not in known:
            name = ".".join(str(step) for step in path)
            document.problem(
                (*path, key),
                f"[{name}] has no key `{key}`{did_you_mean(key, known)}",
                hint=f"keys of [{name}]: {', '.join(known)}",
            )


def _hardware_groups(document: Document) -> dict[str, str]:
    path = (*_ROOT, "groups")
    _check_keys(document, path, ENVIRONMENTS)
    return _texts(document, "groups")


def _texts(document: Document, key: str) -> dict[str, str]:
    path = (*_ROOT, key)
    found = {name: document.string(*path, name) for name in document.table(*path)}
    return {name: text for name, text in found.items() if text}


def _tables(document: Document, key: str) -> dict[str, Mapping[str, object]]:
    path = (*_ROOT, key)
    return {name: document.table(*path, name) for name in document.table(*path)}


def _fallback(document: Document) -> tuple[str, ...]:
    path = (*_ROOT, "fallback")
    found = []
    for number, name in document.numbered_strings(*path):
        if name.lower() == DEFAULT_INDEX:
            found.append(DEFAULT_INDEX)
        else:
            document.problem(
                (*path, number), f"`{name}` is not a fallback{did_you_mean(name, [DEFAULT_INDEX])}", hint='["pypi"]'
            )
    return tuple(found)


def _profiles(document: Document) -> dict[str, Mapping[str, tuple[str, ...]]]:
    path = (*_ROOT, "profiles")
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for name in document.table(*path):
        _check_keys(document, (*path, name), _PROFILE_KEYS)
        found[name] = {
            key: document.strings(*path, name, key) for key in _PROFILE_KEYS if key in document.table(*path, name)
        }
    return found


def _workspace(document: Document) -> WorkspaceSettings | None:
    path = (*_ROOT, "workspace")
    if document.get(*path) is None:
        return None
    _check_keys(document, path, _WORKSPACE_KEYS)
    for key in ("members", "exclude"):
        for number, text in document.numbered_strings(*path, key):
            if text.startswith(("/", "~")) or ".." in text.split("/") or "\\" in text:
                problem = f"`{text}` is not a folder below the root"
                document.problem((*path, key, number), problem, hint='members = ["services/*"]')
    return WorkspaceSettings(
        members=document.strings(*path, "members"),
        exclude=document.strings(*path, "exclude"),
        may_differ=tuple(map(canonical, document.strings(*path, "may-differ"))),
        shared_groups=document.strings(*path, "shared-groups"),
    )


def _requirements(document: Document, key: str) -> tuple[str, ...]:
    path: tuple[Step, ...] = (*_ROOT, key)
    found = []
    for number, text in document.numbered_strings(*path):
        try:
            parse_requirement(text)
        except RequirementError as error:
            document.problem((*path, number), str(error), hint='write for instance "numpy<2"')
        else:
            found.append(text)
    return tuple(found)
