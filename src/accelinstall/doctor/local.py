"""This machine as far as one project is concerned: its environment, whose it is, and the tools on PATH."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from accelinstall.doctor.facts import Local, LocalEnvironment
from accelinstall.errors import AccelinstallError

_COMMANDS = ("python", "python3", "poetry", "docker")
_DEADLINE = 20.0


def read_local(directory: str, *, environ: Mapping[str, str], project_name: str, cache_directory: str) -> Local:
    """The machine; costs a few file calls, a child process for Poetry's version and one for the interpreter."""
    commands = {name: found for name in _COMMANDS if (found := _which(name, environ))}
    environment, leftover, problem = _environments(directory, environ, project_name, cache_directory)
    return Local(
        environment=environment,
        leftover=leftover,
        user=os.geteuid() if hasattr(os, "geteuid") else None,
        commands=commands,
        poetry=_poetry_version(commands.get("poetry", ""), environ),
        settings=_settings(directory, environ),
        lock_changed=_changed(os.path.join(directory, "poetry.lock")),
        problem=problem,
    )


def _which(name: str, environ: Mapping[str, str]) -> str:
    import shutil

    return shutil.which(name, path=environ.get("PATH", os.defpath)) or ""


def _poetry_version(executable: str, environ: Mapping[str, str]) -> str:
    """What the Poetry on PATH says of itself; empty when there is none or it does not answer."""
    if not executable:
        return ""
    import subprocess

    try:
        done = subprocess.run(
            [executable, "--version", "--no-ansi"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DEADLINE,
            check=False,
            env=dict(environ),
            # Outside the project, whose own files must not decide whether Poetry can tell its version.
            cwd=os.path.dirname(executable),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(rb"version (\d[\w.]*)", done.stdout)
    return match[1].decode() if match else ""


def _settings(directory: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Poetry's settings for environments, as they come out; empty when they cannot be read."""
    from accelinstall.environment.poetry import read_poetry_settings

    try:
        found = read_poetry_settings(directory, environ)
    except AccelinstallError:
        return {}
    told = {} if found.in_project is None else {"in-project": str(found.in_project).lower()}
    return {**told, "create": str(found.create).lower(), "path": found.folder}


def _environments(
    directory: str, environ: Mapping[str, str], project_name: str, cache_directory: str
) -> tuple[LocalEnvironment | None, LocalEnvironment | None, str]:
    """(the environment that would be used, a ``.venv`` beside it, why the first cannot be told)."""
    from accelinstall.environment import plan_environment

    own = os.path.join(directory, ".venv")
    try:
        plan = plan_environment(directory, environ=environ, project_name=project_name)
    except AccelinstallError as error:
        return None, None, error.message
    except OSError as error:
        return None, None, f"{error.filename or own} cannot be read: {error.strerror or error}"
    found = _environment(plan.path, plan.exists, plan.python, plan.reason, cache_directory)
    # One that is activated is a choice, and says nothing about the project's own.
    is_passed_over = os.path.isdir(own) and plan.path != own and "active" not in plan.reason
    leftover = _environment(own, True, "", "", cache_directory) if is_passed_over else None
    return found, leftover, ""


def _environment(path: str, exists: bool, python: str, reason: str, cache_directory: str) -> LocalEnvironment:
    from accelinstall.environment import describe, read_inventory
    from accelinstall.environment.interpreter import read_pyvenv

    if not exists:
        return LocalEnvironment(path=path, exists=False, reason=reason)
    settings = read_pyvenv(path)
    made_with = settings.get("version_info") or settings.get("version", "")
    owner = os.stat(path).st_uid if hasattr(os, "geteuid") and os.path.isdir(path) else None
    if not python:
        return LocalEnvironment(path=path, exists=True, owner=owner, in_use=False)
    try:
        interpreter = describe(python, cache_directory=cache_directory)
    except AccelinstallError as error:
        return LocalEnvironment(path=path, exists=True, reason=reason, problem=error.message, owner=owner)
    inventory = read_inventory(interpreter)
    return LocalEnvironment(
        path=path,
        exists=True,
        reason=reason,
        made_with=made_with,
        owner=owner,
        python=interpreter.version,
        packages={item.name: item.version for item in inventory.distributions},
        markers=interpreter.markers,
        changed=_changed(interpreter.schemes["purelib"]),
    )


def _changed(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
