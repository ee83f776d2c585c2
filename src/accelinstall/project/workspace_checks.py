"""What members of a workspace disagree about: values in, findings out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from accelinstall.model.finding import Finding
from accelinstall.model.project import Project, Wanted
from accelinstall.project.groups import hardware_groups
from accelinstall.project.requirement import canonical
from accelinstall.project.workspace import Members, moved_wish

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

# Tools whose nearest configuration file wins whole: a table in a service hides the root's.
_TOOLS = ("ruff", "mypy", "black", "isort", "pytest", "pyright", "coverage")
_EXTENDING = {"ruff": "extend"}


def judge_workspace(members: Members, documents: Mapping[str, Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Everything the members disagree about, the worst first.

    :param documents: the same members' ``pyproject.toml`` as plain tables, for the settings of other tools.
    """
    found = [
        *_pythons(members),
        *_constraints(members),
        *_sources(members),
        *_siblings(members),
        *_tools(documents),
    ]
    order = ("error", "warning", "info")
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.level)))


def _pythons(members: Members) -> Iterator[Finding]:
    ranges = {path: project.requires_python for path, project in members.items() if project.requires_python}
    for (first, one), (second, other) in combinations(ranges.items(), 2):
        if one == other:
            continue
        apart = _set(one).is_disjoint(_set(other))
        yield Finding(
            id="workspace-python",
            level="error" if apart else "info",
            message=f"{first} is for Python {one}, {second} for {other}" + (": no Python serves both" if apart else ""),
            hint="give both the same requires-python" if apart else "",
            where=posixpath.normpath(posixpath.join(second, "pyproject.toml")),
        )


def _constraints(members: Members) -> Iterator[Finding]:
    root = members.get(".")
    free = root.settings.workspace.may_differ if root and root.settings.workspace else ()
    rows: dict[str, list[tuple[str, str, Wanted]]] = {}
    for path, project in members.items():
        hardware = hardware_groups(project)
        for group in project.groups:
            kind = ",".join(hardware.get(group.name, ()))
            for item in group.wanted:
                name = canonical(item.requirement.name)
                rows.setdefault(name, []).append((path, kind, moved_wish(item, path)))
    for name, wishes in sorted(rows.items()):
        for (first, kind, one), (second, other_kind, other) in combinations(wishes, 2):
            if first == second or (kind and other_kind and kind != other_kind) or _are_exclusive(one, other):
                continue
            if one.requirement.specifier.is_disjoint(other.requirement.specifier):
                yield _disagreement(name, one, other, declared=name in free)


def _are_exclusive(one: Wanted, other: Wanted) -> bool:
    """Whether their markers differ, so that they may never hold at once."""
    return str(one.requirement.marker or "") != str(other.requirement.marker or "")


def _disagreement(name: str, one: Wanted, other: Wanted, *, declared: bool) -> Finding:
    return Finding(
        id="workspace-constraints",
        level="info" if declared else "error",
        message=f"no version of `{name}` is both {one.requirement.specifier} ({one.where}) and "
        f"{other.requirement.specifier} ({other.where})" + (", which the workspace allows" if declared else ""),
        hint=""
        if declared
        else f'let them agree, or allow it: may-differ = ["{name}"] in [tool.accelinstall.workspace]',
        where=other.where,
    )


def _sources(members: Members) -> Iterator[Finding]:
    known: dict[str, tuple[str, str]] = {}
    for path, project in members.items():
        for source in project.sources:
            first, url = known.setdefault(source.name.lower(), (path, source.url))
            if url.rstrip("/") != source.url.rstrip("/"):
                yield Finding(
                    id="workspace-source",
                    level="error",
                    message=f"the source `{source.name}` is {url} in {first} and {source.url} in {path}",
                    hint="write it alike in both, or give one of them another name",
                    where=posixpath.normpath(posixpath.join(path, "pyproject.toml")),
                )


def _siblings(members: Members) -> Iterator[Finding]:
    """Members that ask for each other: by a path that leads nowhere, or a version that is not the sibling's."""
    by_name = {canonical(project.name): (path, project) for path, project in members.items() if project.name}
    for path, project in members.items():
        for group in project.groups:
            for item in group.wanted:
                sibling = by_name.get(canonical(item.requirement.name))
                if sibling is not None and sibling[0] != path:
                    yield from _sibling(moved_wish(item, path), *sibling)


def _sibling(item: Wanted, path: str, project: Project) -> Iterator[Finding]:
    name, wanted = item.requirement.name, item.requirement.specifier
    if project.version and not wanted.contains(project.version, prereleases=True):
        yield Finding(
            id="workspace-version",
            level="error",
            message=f"`{name}` is wanted as {wanted}, but {path} is version {project.version}",
            hint=f"raise the version in {path}/pyproject.toml, or widen the range",
            where=item.where,
        )
    if item.path is not None and posixpath.normpath(item.path) != path:
        yield Finding(
            id="workspace-path",
            level="error",
            message=f"`{name}` is taken from {item.path}, but the project of that name is {path}",
            hint="correct the path, or rename one of the two projects",
            where=item.where,
        )


def _tools(documents: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    shared = documents.get(".", {}).get("tool", {})
    for path, document in documents.items():
        own = document.get("tool", {})
        for tool in _TOOLS:
            if path == "." or tool not in shared or tool not in own or shared[tool] == own[tool]:
                continue
            if tool in _EXTENDING and _EXTENDING[tool] in own[tool]:
                continue
            yield Finding(
                id="workspace-tool-settings",
                level="warning",
                message=f"[tool.{tool}] of {path} hides the root's: {tool} reads the nearest one alone",
                hint='extend = "../pyproject.toml"' if tool in _EXTENDING else f"delete [tool.{tool}] there",
                where=posixpath.join(path, "pyproject.toml"),
            )


def _set(text: str) -> SpecifierSet:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(text)
