"""The project of a request: a ``pyproject.toml``, requirements files, or requirements given directly."""

from __future__ import annotations

from pathlib import Path

from accelinstall.errors import ProjectError, UsageError
from accelinstall.model.project import MAIN, Group, Project, Wanted
from accelinstall.pipeline.request import Request
from accelinstall.values import replace


def read_project(request: Request) -> Project:
    """The project of the request, within the bounds of its constraints files."""
    directory = str(Path(request.project).absolute())
    project = _read_project(request, directory)
    if not request.constraints:
        return project
    from accelinstall.project import parse_requirements

    bounds = parse_requirements((), constraints=request.constraints, directory=directory, read=read_text)
    return replace(
        project,
        constraints=(*project.constraints, *bounds.constraints),
        findings=(*project.findings, *bounds.findings),
    )


def _read_project(request: Request, directory: str) -> Project:
    """Requirements given directly, requirements files, or ``pyproject.toml``."""
    from accelinstall.project import ProjectNotFound, parse_project, parse_requirements

    if request.inline:
        return _inline_project(request.inline, directory)
    if request.requirements:
        return parse_requirements(request.requirements, directory=directory, read=read_text)
    path = Path(directory, "pyproject.toml")
    if not path.is_file():
        raise ProjectNotFound(directory)
    return parse_project(read_file(str(path)), directory=directory)


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
