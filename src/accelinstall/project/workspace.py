"""Several projects as one: members chosen, shared groups added, everything merged so that it can be locked at once.

Paths are POSIX paths relative to the root of the workspace; ``.`` is the root itself.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

from accelinstall.errors import ProjectError
from accelinstall.model.hardware import ENVIRONMENTS, Environment
from accelinstall.model.project import MAIN, Group, Project, Settings, Source, Wanted, WorkspaceSettings
from accelinstall.project.groups import hardware_groups
from accelinstall.project.requirement import canonical
from accelinstall.values import replace

_SKIPPED = re.compile(r"\..*|node_modules|__pycache__|site-packages|build|dist|venv|env")
Members = Mapping[str, Project]


class WorkspaceDisagrees(ProjectError):
    """Members that mean different things by one word cannot be locked together."""

    code = "workspace-disagrees"


def is_member(path: str, settings: WorkspaceSettings) -> bool:
    """Whether the project in the folder *path* belongs to the workspace; the root always does."""
    if path == ".":
        return True
    if any(_matches(path, pattern) for pattern in settings.exclude):
        return False
    if settings.members:
        return any(_matches(path, pattern) for pattern in settings.members)
    return not any(_SKIPPED.fullmatch(part) for part in path.split("/"))


def may_hold_members(path: str) -> bool:
    """Whether it is worth looking into the folder *path*: environments, caches and build outputs hold none."""
    return not _SKIPPED.fullmatch(path.rsplit("/", 1)[-1])


def _matches(path: str, pattern: str) -> bool:
    parts = posixpath.normpath(pattern).split("/")
    words = ("(?:[^/]+/)*" if part == "**" else re.escape(part).replace(r"\*", "[^/]*") + "/" for part in parts)
    return re.fullmatch("".join(words), f"{path}/") is not None


def with_shared_groups(member: Project, root: Project, *, path: str) -> Project:
    """*member*, which stands at *path*, with the groups the root shares; a group of that name gets both's wishes.

    :raises WorkspaceDisagrees: when the root shares a group it does not have.
    """
    shared = root.settings.workspace.shared_groups if root.settings.workspace else ()
    if path == "." or not shared:
        return member
    up = posixpath.relpath(".", path)
    groups = list(member.groups)
    for name in shared:
        group = root.group(name)
        if group is None:
            names = ", ".join(f"`{one.name}`" for one in root.groups)
            raise WorkspaceDisagrees(f"shared-groups names `{name}`; the root has the groups {names}")
        moved = tuple(moved_wish(item, up) for item in group.wanted)
        own = next((number for number, one in enumerate(groups) if canonical(one.name) == canonical(name)), None)
        if own is None:
            groups.append(Group(name=name, wanted=moved, optional=group.optional))
        else:
            groups[own] = replace(groups[own], wanted=(*groups[own].wanted, *moved))
    sources = (*member.sources, *(one for one in _sources_of(root, shared) if member.source(one.name) is None))
    return replace(member, groups=tuple(groups), sources=sources)


def _sources_of(root: Project, groups: Iterable[str]) -> list[Source]:
    """The sources that requirements of those groups are bound to."""
    named = {item.source for name in groups if (group := root.group(name)) for item in group.wanted}
    return [source for source in root.sources if source.name in named]


def moved_wish(item: Wanted, prefix: str) -> Wanted:
    """*item* as it reads from another folder, to which its own is *prefix*."""
    if prefix == ".":
        return item
    where = posixpath.join(prefix, item.where) if item.where else ""
    path = item.path
    if path is not None and not path.startswith("/"):
        path = posixpath.normpath(posixpath.join(prefix, path))
    return replace(item, where=where, path=path)


def merge_projects(members: Members, *, directory: str) -> Project:
    """One project that asks for all that any member asks for, on the groups of the same name and hardware.

    :param directory: absolute path of the root.
    :raises WorkspaceDisagrees: when a source name, a hardware group or the default index means different things.
    """
    groups: dict[str, list[Wanted]] = {MAIN: []}
    chosen: dict[str, str] = {}
    for path, project in members.items():
        hardware = hardware_groups(project)
        for group in project.groups:
            environments = hardware.get(group.name, ())
            name = _shared_name(environments) if environments else canonical(group.name)
            chosen.update(dict.fromkeys(environments, name))
            groups.setdefault(name, []).extend(moved_wish(item, path) for item in group.wanted)
    return Project(
        directory=directory,
        requires_python=",".join(dict.fromkeys(p.requires_python for p in members.values() if p.requires_python)),
        groups=tuple(Group(name=name, wanted=tuple(wanted)) for name, wanted in groups.items()),
        sources=_merged_sources(members),
        uses_default_index=_one({path: p.uses_default_index for path, p in members.items()}, "the default index"),
        settings=_merged_settings(members, chosen),
        constraints=tuple(moved_wish(c, path) for path, p in members.items() for c in p.constraints),
        findings=tuple(replace(f, where=f"{path}/{f.where}") for path, p in members.items() for f in p.findings),
    )


def _shared_name(environments: Sequence[Environment]) -> str:
    """One name for the groups of the same hardware, whatever each member calls its own."""
    return "ml-" + "-".join(one for one in ENVIRONMENTS if one in environments)


def _merged_sources(members: Members) -> tuple[Source, ...]:
    found: dict[str, tuple[str, Source]] = {}
    for path, project in members.items():
        for source in project.sources:
            first, known = found.setdefault(source.name.lower(), (path, source))
            if known.url.rstrip("/") != source.url.rstrip("/") or known.priority != source.priority:
                raise WorkspaceDisagrees(
                    f"the source `{source.name}` is {known.url} ({known.priority}) in {first} and {source.url} "
                    f"({source.priority}) in {path}",
                    hint="write it alike in both pyproject.toml files, or give one of them another name",
                )
    return tuple(source for _, source in found.values())


def _merged_settings(members: Members, groups: Mapping[str, str]) -> Settings:
    every = [project.settings for project in members.values()]
    root = members.get(".")
    return Settings(
        targets=tuple(dict.fromkeys(target for one in every for target in one.targets)),
        groups=groups,
        sources=tuple(dict.fromkeys(source for one in every for source in one.sources)),
        mirrors={name: url for one in every for name, url in one.mirrors.items()},
        fallback=tuple(dict.fromkeys(name for one in every for name in one.fallback)),
        backends={name: table for one in every for name, table in one.backends.items()},
        overrides=tuple(dict.fromkeys((*_freed(root), *(text for one in every for text in one.overrides)))),
        find_links=tuple(
            dict.fromkeys(_moved_link(link, path) for path, p in members.items() for link in p.settings.find_links)
        ),
        workspace=root.settings.workspace if root else None,
    )


def _freed(root: Project | None) -> tuple[str, ...]:
    """What may differ between members bounds nothing where all are resolved at once."""
    return root.settings.workspace.may_differ if root and root.settings.workspace else ()


def _moved_link(link: str, path: str) -> str:
    return link if "://" in link or link.startswith("/") else posixpath.normpath(posixpath.join(path, link))


def _one(values: Mapping[str, bool], subject: str) -> bool:
    """The value all agree on.

    :raises WorkspaceDisagrees: naming two that do not.
    """
    if len(set(values.values())) > 1:
        yes = next(path for path, value in values.items() if value)
        no = next(path for path, value in values.items() if not value)
        raise WorkspaceDisagrees(
            f"{yes} asks {subject}, {no} does not",
            hint=f'name it in {no} too: [[tool.poetry.source]] name = "pypi"',
        )
    return next(iter(values.values()), True)
