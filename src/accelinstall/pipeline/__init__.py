"""The story: detect, select, resolve, lock, diff, execute, prove.

The one floor where hands meet thought.  What enters is a :class:`~accelinstall.pipeline.request.Request`; what leaves
are the values of :mod:`accelinstall.pipeline.outcomes`.  It refuses to know how anything is shown, and every decision
it needs is taken by a thought it calls.
"""

from __future__ import annotations

import time

from accelinstall import events
from accelinstall.errors import AccelinstallError
from accelinstall.pipeline.outcomes import (
    CacheState,
    Detection,
    Downloaded,
    Explanation,
    Locked,
    LockState,
    Optimized,
    Synced,
)
from accelinstall.pipeline.request import GroupOptions, IndexOptions, Request
from accelinstall.pipeline.session import Session, cache_directory

__all__ = [
    "CacheState",
    "Detection",
    "Downloaded",
    "Explanation",
    "GroupOptions",
    "IndexOptions",
    "LockState",
    "Locked",
    "Optimized",
    "Request",
    "Synced",
    "cache",
    "check",
    "detect",
    "download",
    "explain",
    "lock",
    "optimize",
    "rollback",
    "sync",
]


def detect(request: Request, *, record: str = "") -> Detection:
    """The hardware, with the request's overrides applied, and the environment it is best used as.

    With *record*, what was asked of the machine is written to that folder, redacted.
    """
    from accelinstall import fs
    from accelinstall.pipeline.planning import read_hardware, record_hardware
    from accelinstall.selection import choose_environment

    places = {} if request.host else {"store": cache_directory(request), "target": request.project}
    disk = {role: fs.free_bytes(path) for role, path in places.items()}
    if record:
        report, left_out = record_hardware(request, record)
    else:
        report, left_out = read_hardware(request, Session(request)), ()
    environment = choose_environment(report, overrides=request.overrides)
    return Detection(report=report, environment=environment, left_out=left_out, disk=disk)


def explain(request: Request) -> Explanation:
    """What fits the machine, for the requirements given or those of the project; no network."""
    from accelinstall.pipeline.places import read_interpreter
    from accelinstall.pipeline.planning import make_plan, without_builds

    with Session(request) as session:
        plan = make_plan(request, read_interpreter(request), session)
    findings = (*plan.selection.warnings, *plan.project.findings, *(without_builds(plan) if request.inline else ()))
    return Explanation(report=plan.report, selection=plan.selection, findings=tuple(dict.fromkeys(findings)))


def lock(
    request: Request, *, progress: events.Progress = events.ignore
) -> tuple[tuple[Locked, ...], tuple[tuple[str, AccelinstallError], ...]]:
    """One lock per target, and the targets that could not be locked with their errors.

    A single target that fails raises its error; of several, which are locked side by side, the others are still
    written.  Of a workspace: one lock per project and target.
    """
    from accelinstall.pipeline.locking import lock_target
    from accelinstall.pipeline.targets import for_each_target

    with Session(request, progress) as session:
        if request.workspace:
            from accelinstall.pipeline.workspace_locks import lock_workspace

            return lock_workspace(request, session)
        return for_each_target(request, session, lock_target)


def check(request: Request) -> tuple[tuple[LockState, ...], tuple[tuple[str, AccelinstallError], ...]]:
    """Whether the lock of each target is fresh, and the targets that cannot be judged; no network, writes nothing."""
    from accelinstall.pipeline.checking import check_lock
    from accelinstall.pipeline.targets import for_each_target

    with Session(request) as session:
        if request.workspace:
            from accelinstall.pipeline.workspace_locks import check_workspace_locks

            return check_workspace_locks(request, session)
        return for_each_target(request, session, check_lock)


def sync(request: Request, *, progress: events.Progress = events.ignore) -> Synced:
    """An environment that is exactly what the lock says (``exact`` unset: that contains it)."""
    from accelinstall.pipeline.installing import install_lock
    from accelinstall.pipeline.locking import lock_to_sync
    from accelinstall.pipeline.places import open_target

    request = request.for_installing()
    with Session(request, progress) as session:
        place = open_target(request, session.progress)
        locked = lock_to_sync(request, place.interpreter, session)
        session.progress(events.Reached(stage="locked", value=locked))
        return install_lock(locked, request, place, session)


def optimize(request: Request, *, progress: events.Progress = events.ignore) -> Optimized:
    """The whole story: detect, choose, lock, install, prove."""
    from accelinstall.pipeline.installing import install_lock
    from accelinstall.pipeline.locking import lock_target
    from accelinstall.pipeline.places import open_target
    from accelinstall.pipeline.planning import make_plan

    request = request.for_installing()
    with Session(request, progress) as session:
        place = open_target(request, session.progress)
        started = time.monotonic()
        plan = make_plan(request, place.interpreter, session)
        session.progress(events.Reached(stage="detected", value=plan.report))
        session.progress(events.PhaseFinished(phase="detect", seconds=time.monotonic() - started))
        locked = lock_target(plan, request, session)
        session.progress(events.Reached(stage="locked", value=locked))
        synced = install_lock(locked, request, place, session, owned_only=True, groups=plan.choice.groups)
        return Optimized(report=plan.report, locked=locked, synced=synced)


def rollback(request: Request, *, progress: events.Progress = events.ignore) -> Synced:
    """The environment as it was before the last change of ours."""
    from accelinstall.pipeline.places import open_target
    from accelinstall.pipeline.undoing import undo

    with Session(request, progress) as session:
        return undo(open_target(request, session.progress, must_exist=True), request, session)


def download(request: Request, folder: str, *, progress: events.Progress = events.ignore) -> Downloaded:
    """Every wheel of the lock in *folder*, hashes checked, for a machine without network."""
    from accelinstall.pipeline.downloading import fill

    with Session(request, progress) as session:
        return fill(request, folder, session)


def cache(
    request: Request,
    *,
    action: str = "size",
    older_than_days: float | None = None,
    max_size: int | None = None,
    progress: events.Progress = events.ignore,
) -> CacheState:
    """The store's state after ``size`` (nothing), ``verify``, ``prune`` or ``clear``."""
    from accelinstall.pipeline.caching import keep_cache

    return keep_cache(request, action=action, older_than_days=older_than_days, max_size=max_size, progress=progress)
