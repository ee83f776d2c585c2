"""From a plan to an interpreter that may be written to."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from accelinstall import events
from accelinstall.environment.errors import (
    EnvironmentNotMade,
    ExternallyManaged,
    ForeignEnvironment,
    PythonMismatch,
    ReadOnlyEnvironment,
)
from accelinstall.environment.interpreter import describe
from accelinstall.environment.planning import EnvironmentPlan, plan_environment
from accelinstall.environment.venv import create_venv
from accelinstall.model.installation import Interpreter


def find_interpreter(
    project_directory: str,
    *,
    python: str | None = None,
    venv: str | None = None,
    environ: Mapping[str, str],
    project_name: str = "",
    wanted_python: str = "",
    own_prefix: str = sys.prefix,
    cache_directory: str | None = None,
    with_pip: bool = False,
    progress: events.Progress = events.ignore,
) -> Interpreter:
    """The interpreter to install for, its environment made when it is not there.

    The parameters are those of :func:`plan_environment` and :func:`open_environment`, which it joins.
    """
    plan = plan_environment(
        project_directory,
        python=python,
        venv=venv,
        environ=environ,
        project_name=project_name,
        wanted_python=wanted_python,
        own_prefix=own_prefix,
    )
    return open_environment(plan, cache_directory=cache_directory, with_pip=with_pip, progress=progress)


def open_environment(
    plan: EnvironmentPlan,
    *,
    cache_directory: str | None = None,
    with_pip: bool = False,
    progress: events.Progress = events.ignore,
) -> Interpreter:
    """The planned environment's interpreter, made when the plan says so, and fit to be written to.

    :param cache_directory: where descriptions of interpreters are remembered; ``None`` = asked every time.
    :param with_pip: a new environment gets pip too.
    :raises InterpreterError: when it is broken, foreign, managed by the system or read-only.
    """
    if plan.exists:
        interpreter = describe(plan.python, cache_directory=cache_directory)
        ensure_usable(interpreter)
        return interpreter
    return create_venv(
        plan.path, base=plan.python, with_pip=with_pip, cache_directory=cache_directory, progress=progress
    )


def ensure_usable(interpreter: Interpreter) -> None:
    """Refuse an environment that packages must not be written to.

    :raises ExternallyManaged: outside an environment, where the operating system manages the packages.
    :raises ForeignEnvironment: when the tree belongs to another user.
    :raises ReadOnlyEnvironment: when it cannot be written.
    """
    if interpreter.externally_managed and not interpreter.virtual:
        raise ExternallyManaged(interpreter.executable)
    purelib = _nearest(interpreter.schemes["purelib"])
    tree = interpreter.prefix if interpreter.virtual else purelib
    if hasattr(os, "geteuid"):
        owner, user = os.stat(tree).st_uid, os.geteuid()
        if owner != user:
            raise ForeignEnvironment(tree, owner=owner, user=user)
    if not os.access(purelib, os.W_OK | os.X_OK):
        raise ReadOnlyEnvironment(purelib)


def ensure_makeable(path: str) -> None:
    """Refuse to begin what would end with an environment that cannot be made.

    :raises EnvironmentNotMade: when its nearest folder cannot be written to.
    """
    folder = _nearest(path)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EnvironmentNotMade(path, reason=f"`{folder}` cannot be written to")


def ensure_fits(interpreter: Interpreter, *, python: str = "", requires_python: str = "") -> None:
    """Refuse another Python than the packages are for.

    :param python: ``cp311``: the tag of the lock's target.
    :param requires_python: PEP 440 specifiers.
    :raises PythonMismatch: when the interpreter is another.
    """
    found = f"Python {interpreter.version} ({interpreter.python})"
    if python and python != interpreter.python:
        raise PythonMismatch(interpreter.executable, found=found, wanted=python)
    if not requires_python:
        return
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(requires_python).contains(interpreter.version, prereleases=True):
        raise PythonMismatch(interpreter.executable, found=found, wanted=f"Python {requires_python}")


def _nearest(path: str) -> str:
    """*path*, or its nearest folder that exists."""
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path
