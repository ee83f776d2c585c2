"""The members of a workspace, read from the disk: the folder that names them, and every project it means."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelinstall.errors import ProjectError
from accelinstall.model.finding import Finding
from accelinstall.model.project import Project
from accelinstall.pipeline.reading import find_root, read_file
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from accelinstall.pipeline.request import Request

_DEPTH = 6


class NoWorkspace(ProjectError):
    """Nothing here belongs to a workspace."""

    code = "no-workspace"

    def __init__(self, directory: str) -> None:
        super().__init__(
            f"{directory} is no workspace, nor in one",
            hint='add [tool.accelinstall.workspace] with members = ["services/*"] to the pyproject.toml of the root',
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Projects that are locked together.

    :ivar directory: absolute path of the root.
    :ivar members: path relative to the root -> project, with the groups the root shares; the root itself is ``.`` and
        among them only where it is a project of its own.
    :ivar documents: the same members' files, and the root's, as plain tables.
    """

    directory: str
    members: Mapping[str, Project]
    documents: Mapping[str, Mapping[str, Any]]


def read_workspace(request: Request) -> Workspace:
    """The workspace whose root is the request's project, or that the project belongs to.

    :raises NoWorkspace: when there is none.
    :raises ProjectError: when the file of a member cannot be read.
    """
    from accelinstall.project.workspace import is_member, with_shared_groups

    start = str(Path(request.project).absolute())
    directory = find_root(start)
    if directory is None:
        raise NoWorkspace(start)
    root, document = _read_member(directory, ".")
    settings = root.settings.workspace
    if settings is None:
        raise NoWorkspace(start)
    members: dict[str, Project] = {}
    documents: dict[str, Mapping[str, Any]] = {".": document}
    if "project" in document or "poetry" in document.get("tool", {}):
        members["."] = root
    for path in sorted(_projects_below(directory)):
        if path != "." and is_member(path, settings):
            project, documents[path] = _read_member(directory, path)
            members[path] = with_shared_groups(project, root, path=path)
    return Workspace(directory=directory, members=members, documents=documents)


def _read_member(directory: str, path: str) -> tuple[Project, Mapping[str, Any]]:
    """The project in a folder of the workspace, and its file as plain tables.

    :raises ProjectError: naming the file relative to the root.
    """
    import tomllib

    from accelinstall.project import parse_project

    folder = os.path.normpath(os.path.join(directory, path))
    raw = read_file(os.path.join(folder, "pyproject.toml"))
    try:
        project = parse_project(raw, directory=folder)
    except ProjectError:
        parse_project(raw, directory=folder, filename=os.path.normpath(os.path.join(path, "pyproject.toml")))
        raise
    return project, tomllib.loads(raw.decode("utf-8-sig"))


def _projects_below(directory: str) -> Iterator[str]:
    """Folders with a ``pyproject.toml``, relative to the root; links are not followed."""
    from accelinstall.project.workspace import may_hold_members

    for folder, names, files in os.walk(directory):
        path = os.path.relpath(folder, directory).replace(os.sep, "/")
        depth = 0 if path == "." else path.count("/") + 1
        names[:] = sorted(filter(may_hold_members, names)) if depth < _DEPTH else []
        if "pyproject.toml" in files:
            yield path


def check_workspace(workspace: Workspace) -> tuple[Finding, ...]:
    """What the members disagree about."""
    from accelinstall.project.workspace_checks import judge_workspace

    return judge_workspace(workspace.members, workspace.documents)
