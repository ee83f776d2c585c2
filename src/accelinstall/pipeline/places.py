"""The environment of a run, perhaps not made yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from accelinstall import events
from accelinstall.errors import AccelinstallError
from accelinstall.model.installation import Interpreter
from accelinstall.pipeline.reading import read_project
from accelinstall.pipeline.request import Request
from accelinstall.pipeline.session import cache_directory
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from accelinstall.environment import EnvironmentPlan
    from accelinstall.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The environment of a run, perhaps not made yet.

    :ivar interpreter: of the environment when it exists, else of the Python it will be made with.
    """

    plan: EnvironmentPlan
    interpreter: Interpreter


def plan_place(request: Request, *, meanwhile: Callable[[], object] = lambda: None) -> Place:
    """Which environment the request means; makes nothing.

    :param meanwhile: called while an interpreter that is not known yet describes itself.
    """
    from accelinstall.environment import describe, plan_environment

    plan = plan_environment(
        request.project,
        python=request.python or None,
        venv=request.venv or None,
        environ=request.environ,
        project_name=_project_name(request),
        wanted_python=_wanted_python(request),
    )
    return Place(
        plan=plan, interpreter=describe(plan.python, cache_directory=cache_directory(request), meanwhile=meanwhile)
    )


def open_target(request: Request, progress: events.Progress, *, must_exist: bool = False) -> Place:
    """The place, after an interrupted commit of an earlier run was completed or undone."""
    from accelinstall.environment import InterpreterMissing, ensure_makeable, ensure_usable
    from accelinstall.installation import recover

    place = plan_place(request, meanwhile=lambda: _import_what_installs(request))
    if place.plan.exists:
        if not request.dry_run:
            ensure_usable(place.interpreter)
            recover(place.interpreter, progress=progress)
    elif must_exist:
        raise InterpreterMissing(place.plan.path, reason="does not exist")
    elif not request.dry_run:
        ensure_makeable(place.plan.path)
    return place


def _import_what_installs(request: Request) -> None:
    """What the installation needs sooner or later; a child process leaves the other core to it."""
    from accelinstall.installation import execute  # noqa: F401
    from accelinstall.lockfile import parse_lock  # noqa: F401
    from accelinstall.store import Store

    if is_to_be_downloaded(request.lock_file, Store(cache_directory(request))):
        # Here, and not in each of the processes that will fetch.
        import accelinstall.net.connections
        import accelinstall.store.fetching  # noqa: F401
        from accelinstall.net import HttpClient  # noqa: F401
        from accelinstall.store.unpacking.members import find_inflater

        find_inflater()


def is_to_be_downloaded(lock_file: str, store: Store) -> bool:
    """Whether the text of *lock_file* has an address and a hash that *store* lacks: told before anything is parsed.

    A guess that decides nothing but what to import; no for a file that cannot be read, which is told by its reader.
    """
    import re

    try:
        with open(lock_file, "rb") as file:
            text = file.read()
    except OSError:
        return False
    hashes = re.findall(rb"\b[0-9a-f]{64}\b", text)
    return b"://" in text.replace(b"file://", b"") and not all(store.holds(found.decode()) for found in hashes)


def read_interpreter(request: Request, *, for_this_machine: bool = True) -> Interpreter | None:
    """The interpreter packages are for, without making anything; ``None`` when overrides or a record say it all."""
    if request.host or request.overrides.python_version or not for_this_machine:
        return None
    return plan_place(request).interpreter


def _project_name(request: Request) -> str:
    """The project's name where Poetry keeps environments by it; empty when there is no readable project."""
    if request.lock_file or request.requirements or request.inline or request.venv or request.python:
        return ""
    try:
        return read_project(request).name
    except AccelinstallError:
        return ""  # whoever needs the project tells what is wrong with it


def _wanted_python(request: Request) -> str:
    version = request.overrides.python_version
    return "cp" + "".join(version.split(".")[:2]) if version else ""
