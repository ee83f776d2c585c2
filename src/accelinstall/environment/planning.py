"""Which environment a run will use, and why: decided before anything is made, so that a dry run makes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from accelinstall.environment.errors import InterpreterMissing, NotAnEnvironment
from accelinstall.environment.interpreter import read_pyvenv
from accelinstall.environment.poetry import chosen_minor, poetry_environment_name, read_poetry_settings
from accelinstall.values import dataclass

LOCK, MAKING = ".accelinstall.lock", ".accelinstall.making"
"""Files in an environment that is being made: held by who makes it, and there until it is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPlan:
    """The environment a run will use.

    :ivar path: its folder, absolute.
    :ivar exists: whether it is there; else opening the plan makes it.
    :ivar python: its interpreter when it exists, else the interpreter it will be made with; absolute.
    :ivar reason: why this one, as a part of a sentence.
    """

    path: str
    exists: bool
    python: str
    reason: str


def plan_environment(
    project_directory: str,
    *,
    python: str | None = None,
    venv: str | None = None,
    environ: Mapping[str, str],
    project_name: str = "",
    wanted_python: str = "",
    own_prefix: str = sys.prefix,
) -> EnvironmentPlan:
    """The environment for the project in *project_directory*; reads a few files and makes nothing.

    In this order: *python* or *venv*; the active environment, unless accelinstall itself runs from it; the project's
    ``.venv``; where Poetry is told to keep environments elsewhere, Poetry's own; where Poetry is told not to create
    any, ``python`` on PATH; a new ``.venv`` in the project.  Told to keep them elsewhere, a ``.venv`` that is another
    user's or without its Python is passed over, as Poetry does.

    :param python: path of an interpreter or of an environment, a command on PATH, or a version such as ``3.12``.
    :param venv: folder of an environment, made when it is not there.
    :param project_name: as in the project's file; Poetry names its environments after it.
    :param wanted_python: ``cp312``: what a new environment must be made with; empty = the Python that runs this.
    :param own_prefix: the environment that accelinstall itself runs from.
    :raises InterpreterError: when what was named is not there or is something else.
    """
    project_directory = os.path.abspath(project_directory)
    if python:
        return _explicit_python(python, environ, base=project_directory)
    if venv:
        path = os.path.abspath(_expanded(venv, environ))
        return _existing(path, "named by --venv") or _new(path, "named by --venv", wanted_python, environ)
    active, stale = _active(environ, own_prefix)
    if active:
        return active
    in_project = os.path.join(project_directory, ".venv")
    found = _existing(in_project, "the project's own environment")
    if found and not _is_foreign(found):
        return found
    settings = read_poetry_settings(project_directory, environ)
    if found and settings.in_project is not False:
        return found
    if not settings.create:
        return _on_path(environ)
    if settings.in_project is False:
        return _poetrys(settings.folder, project_name, project_directory, wanted_python, environ)
    return _new(in_project, "the project has no environment yet" + stale, wanted_python, environ)


def python_of(path: str) -> str:
    """Where the interpreter of the environment *path* stands, whether it is there or not."""
    if os.name == "nt":
        inner = os.path.join(path, "Scripts", "python.exe")
        return inner if os.path.exists(inner) else os.path.join(path, "python.exe")
    return os.path.join(path, "bin", "python")


def _explicit_python(python: str, environ: Mapping[str, str], *, base: str) -> EnvironmentPlan:
    text = _expanded(python, environ)
    if os.sep in text or "/" in text or os.path.exists(text):
        path = os.path.abspath(text)
        if os.path.isdir(path):
            path = python_of(path)
        return _of_interpreter(path, "named by --python")
    name = f"python{text}" if text[:1].isdigit() else text
    found = _which(name, environ)
    if not found:
        raise InterpreterMissing(python, reason="is not on PATH")
    return _of_interpreter(found, "named by --python")


def _of_interpreter(path: str, reason: str) -> EnvironmentPlan:
    return EnvironmentPlan(path=os.path.dirname(os.path.dirname(path)), exists=True, python=path, reason=reason)


def _existing(path: str, reason: str) -> EnvironmentPlan | None:
    """The environment in *path*; ``None`` when there is none yet.

    :raises NotAnEnvironment: when there is something else.
    """
    if not os.path.lexists(path):
        return None
    if not os.path.isdir(path):
        raise NotAnEnvironment(path, found="it is not a folder")
    if os.path.exists(os.path.join(path, MAKING)):
        return None  # its making was interrupted and can go on
    python = python_of(path)
    if os.path.isdir(os.path.join(path, "conda-meta")):
        return EnvironmentPlan(path=path, exists=True, python=python, reason=reason)
    if read_pyvenv(path):
        # Settings without any interpreter, not even a dangling link: somebody's making was interrupted.
        exists = os.path.lexists(python)
        return EnvironmentPlan(path=path, exists=True, python=python, reason=reason) if exists else None
    if any(name != LOCK for name in os.listdir(path)):
        raise NotAnEnvironment(path, found="it has no pyvenv.cfg and is not empty")
    return None


def _is_foreign(plan: EnvironmentPlan) -> bool:
    """Whether an environment cannot be ours to use: another user's, or without the Python it was made from.

    A container that mounts the project leaves such ones behind.
    """
    if hasattr(os, "geteuid") and os.stat(plan.path).st_uid != os.geteuid():
        return True
    return not os.path.exists(plan.python)


def _new(path: str, reason: str, wanted_python: str, environ: Mapping[str, str]) -> EnvironmentPlan:
    return EnvironmentPlan(path=path, exists=False, python=_base_interpreter(wanted_python, environ), reason=reason)


def _active(environ: Mapping[str, str], own_prefix: str) -> tuple[EnvironmentPlan | None, str]:
    """The activated environment, and what to say about a variable that names one that is gone."""
    stale = ""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        path = environ.get(variable, "")
        # Conda's base environment is active in every shell; Poetry does not install into it either.
        if not path or (variable == "CONDA_PREFIX" and environ.get("CONDA_DEFAULT_ENV") == "base"):
            continue
        if os.path.realpath(path) == os.path.realpath(own_prefix):
            continue
        if os.path.isdir(path):
            found = _existing(os.path.abspath(path), f"the active environment ({variable})")
            if found:
                return found, ""
        stale = f" ({variable} names `{path}`, which is not there)"
    return None, stale


def _on_path(environ: Mapping[str, str]) -> EnvironmentPlan:
    for name in ("python", "python3"):
        found = _which(name, environ)
        if found:
            return _of_interpreter(found, f"Poetry's virtualenvs.create is false, so `{name}` on PATH")
    raise InterpreterMissing("python", reason="is not on PATH, and Poetry's virtualenvs.create is false")


def _poetrys(
    folder: str, project_name: str, project_directory: str, wanted_python: str, environ: Mapping[str, str]
) -> EnvironmentPlan:
    name = poetry_environment_name(project_name or "non-package-mode", project_directory)
    reason = "Poetry's virtualenvs.in-project is false, so Poetry's own environment"
    minor = chosen_minor(folder, name) or _dotted(wanted_python) or "{}.{}".format(*sys.version_info)
    path = os.path.join(folder, f"{name}-py{minor}")
    wanted = "cp" + minor.replace(".", "")
    return _existing(path, reason) or _new(path, reason, wanted, environ)


def _base_interpreter(wanted_python: str, environ: Mapping[str, str]) -> str:
    """The interpreter to make an environment with: our own base, else the wanted one on PATH."""
    own = "cp{}{}".format(*sys.version_info)
    if not wanted_python or wanted_python == own:
        return os.path.abspath(getattr(sys, "_base_executable", "") or sys.executable)
    name = f"python{_dotted(wanted_python)}" + ("t" if wanted_python.endswith("t") else "")
    found = _which(name, environ)
    if found:
        return found
    raise InterpreterMissing(
        name,
        reason="is needed for a new environment and is not on PATH",
        hint=f"install Python {_dotted(wanted_python)}, or name one: --python PATH",
    )


def _dotted(tag: str) -> str:
    digits = tag.lstrip("cp").rstrip("t")
    return f"{digits[0]}.{digits[1:]}" if digits else ""


def _which(name: str, environ: Mapping[str, str]) -> str | None:
    import shutil

    found = shutil.which(name, path=environ.get("PATH", os.defpath))
    return os.path.abspath(found) if found else None


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    home = environ.get("HOME", "")
    return home + path[1:] if home and (path == "~" or path.startswith("~/")) else path
