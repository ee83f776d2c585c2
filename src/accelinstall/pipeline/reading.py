"""The project of a request: a ``pyproject.toml``, requirements files, or requirements given directly."""

from __future__ import annotations

import os
import re
from pathlib import Path

from accelinstall.errors import ProjectError, UsageError
from accelinstall.model.project import MAIN, Group, Project, Wanted
from accelinstall.pipeline.request import Request
from accelinstall.values import replace

_WORKSPACE = b"tool.accelinstall.workspace"
# What a project file says of fetching: a source, a mirror, a login in an address, or any of them in disguise.
_OF_FETCHING = rb"source|mirror|://[^/?#\s]*@|\\[uU]"


def read_project(request: Request) -> Project:
    """The project of the request, within the bounds of its constraints files."""
    directory = str(Path(request.project).absolute())
    project = _read_project(request, directory)
    if request.constraints:
        project = _bounded(project, request.constraints)
    if request.requirements or project.requires_hashes:
        from accelinstall.project import ensure_hashes

        ensure_hashes(project)
    return project


def _bounded(project: Project, constraints: tuple[str, ...]) -> Project:
    """*project* within what the files *constraints* say."""
    from accelinstall.project import parse_requirements

    bounds = parse_requirements((), constraints=constraints, directory=project.directory, read=read_text)
    return replace(
        project,
        constraints=(*project.constraints, *bounds.constraints),
        requires_hashes=project.requires_hashes or bounds.requires_hashes,
        logins=(*project.logins, *bounds.logins),
        findings=(*project.findings, *bounds.findings),
    )


def read_project_if_any(request: Request) -> Project:
    """As :func:`read_project`; an empty one where there is none, or none that can be read."""
    try:
        return read_project(request)
    except (ProjectError, UsageError):
        return Project(directory=request.project)


def read_addresses_if_any(request: Request) -> Project:
    """As :func:`read_project_if_any`, as far as sources, mirrors and logins go: mostly there are none.

    Told by the words in the file, because parsing what a project wants takes 25 ms.
    """
    directory = str(Path(request.project).absolute())
    path = os.path.join(directory, "pyproject.toml")
    if request.constraints or request.inline or request.requirements:
        return read_project_if_any(request)
    if not is_there(path):
        return Project(directory=request.project)
    try:
        is_silent = re.search(_OF_FETCHING, read_file(path)) is None and find_root(directory) in (None, directory)
    except ProjectError:
        is_silent = True
    return Project(directory=directory) if is_silent else read_project_if_any(request)


def _read_project(request: Request, directory: str) -> Project:
    """Requirements given directly, requirements files, or ``pyproject.toml``."""
    from accelinstall.project import ProjectNotFound, parse_project, parse_requirements

    if request.inline:
        return _inline_project(request.inline, directory)
    if request.requirements:
        return _located(parse_requirements(request.requirements, directory=directory, read=read_text))
    path = Path(directory, "pyproject.toml")
    if not path.is_file():
        raise ProjectNotFound(directory)
    project = parse_project(read_file(str(path)), directory=directory)
    root = find_root(directory)
    return project if root in (None, directory) else _with_shared_groups(project, str(root))


def _located(project: Project) -> Project:
    """*project* of requirements files: its paths from its own folder, its folders called as their projects are."""

    def locate(item: Wanted) -> Wanted:
        if item.path is None:
            return item
        full = os.path.abspath(item.path)
        if item.is_guessed and os.path.isdir(full):
            item = _called_as_it_is(item, full)
        return replace(item, path=os.path.relpath(full, project.directory).replace(os.sep, "/"))

    groups = (replace(group, wanted=tuple(map(locate, group.wanted))) for group in project.groups)
    return replace(project, groups=tuple(groups))


def _called_as_it_is(item: Wanted, folder: str) -> Wanted:
    """*item* with the name its project gives itself; as it is where only a build would tell."""
    import copy

    from accelinstall.building import name_of_project

    name = name_of_project(folder)
    if not name:
        return item
    requirement = copy.copy(item.requirement)
    requirement.name = name
    return replace(item, requirement=requirement, is_guessed=False)


def find_root(directory: str) -> str | None:
    """The root of the workspace a folder is, or stands in: the nearest one upwards whose ``pyproject.toml`` says so.

    The top of a repository ends the search.
    """
    current = directory
    while True:
        if _names_a_workspace(os.path.join(current, "pyproject.toml")):
            return current
        parent = os.path.dirname(current)
        if parent == current or os.path.exists(os.path.join(current, ".git")):
            return None
        current = parent


def _names_a_workspace(file: str) -> bool:
    return is_there(file) and _WORKSPACE in read_file(file)


def _with_shared_groups(project: Project, root: str) -> Project:
    """*project* with the groups the root of its workspace shares, if it belongs to that workspace."""
    from accelinstall.project import parse_project
    from accelinstall.project.workspace import is_member, with_shared_groups

    path = os.path.relpath(project.directory, root).replace(os.sep, "/")
    whole = parse_project(read_file(os.path.join(root, "pyproject.toml")), directory=root)
    settings = whole.settings.workspace
    if settings is None or not is_member(path, settings):
        return project
    return with_shared_groups(project, whole, path=path)


def is_there(path: str) -> bool:
    """Whether a file is there to be read.

    It is opened, not asked for its status: what watches the files of a run then knows of one that is missing, too.
    """
    try:
        with open(path, "rb"):
            return True
    except OSError as error:
        return not isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError))


def read_file(path: str) -> bytes:
    """The content of a file of the project.

    :raises ProjectError: when it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error


def read_text(path: str) -> str:
    """A file as text; a BOM is dropped.

    :raises ProjectError: when it cannot be read or is not UTF-8, with the place.
    """
    data = read_file(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProjectError(
            f"{path}:{line} is not UTF-8: byte {data[error.start]:#04x}", hint=f"save {path} as UTF-8"
        ) from error


def _inline_project(texts: tuple[str, ...], directory: str) -> Project:
    from packaging.requirements import InvalidRequirement, Requirement

    wanted = []
    for text in texts:
        try:
            wanted.append(Wanted(requirement=Requirement(text), where="command line"))
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"`{text}` is not a requirement: {reason}", hint="such as 'torch>=2.7'") from error
    return Project(directory=directory, groups=(Group(name=MAIN, wanted=tuple(wanted)),))
