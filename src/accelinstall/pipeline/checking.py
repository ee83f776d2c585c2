"""Whether a lock is still true, and what has changed since; nothing is asked of the network and nothing written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from accelinstall.errors import AccelinstallError, LockError, ProjectError, UsageError
from accelinstall.pipeline.building import changed_folders
from accelinstall.pipeline.lock_files import folder_of, fresh_lock, lock_path
from accelinstall.pipeline.outcomes import LockState
from accelinstall.pipeline.poetry import read_agreement, read_poetry_lock
from accelinstall.pipeline.reading import read_text
from accelinstall.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accelinstall.model.lock import Lock
    from accelinstall.model.target import Target
    from accelinstall.pipeline.planning import Plan
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session

_UNSEEN = "sources, options, the backend or poetry.lock are not what they were"


def check_lock(plan: Plan, request: Request, session: Session) -> LockState:
    """The state of the plan's lock.

    :raises UsageError: when the lock would go to standard output.
    """
    if request.output == "-":
        raise UsageError("`--check` needs a file", hint="leave `-o -` out")
    plan = replace(plan, poetry_lock=read_poetry_lock(request))
    for candidate in plan.selection.candidates:
        if fresh := fresh_lock(plan, candidate, request, session):
            return LockState(target=fresh.lock.target, path=fresh.path, state="fresh")
    targets = [candidate.target for candidate in plan.selection.candidates]
    target = next((one for one in targets if os.path.exists(lock_path(request, one))), None)
    if target is None:
        return LockState(target=targets[0], path=lock_path(request, targets[0]), state="missing")
    return _judged(plan, request, target)


def _judged(plan: Plan, request: Request, target: Target) -> LockState:
    """A lock that is there and not fresh."""
    from accelinstall.lockfile import parse_lock

    path = lock_path(request, target)
    try:
        lock = parse_lock(read_text(path), where=path, directory=folder_of(path, request))
    except (LockError, ProjectError) as error:
        return LockState(target=target, path=path, state="broken", changes=(error.message,))
    folders = (f"the folder {folder} has changed" for folder in changed_folders(lock))
    changes = (*_changes(plan, lock), *folders, *_poetrys(plan, request))
    if not changes and plan.workspaces and lock.workspace not in plan.workspaces:
        changes = ("it was not locked together with the workspace as it is now",)
    return LockState(target=target, path=path, state="stale", changes=changes or (_UNSEEN,))


def _changes(plan: Plan, lock: Lock) -> Iterator[str]:
    """What the project asks for now and the lock does not hold, and the other way round."""
    from packaging.utils import canonicalize_name

    environment = lock.target.markers(python_full_version=plan.python_full_version)
    wanted: set[str] = set()
    for item in plan.wanted:
        requirement, where = item.requirement, f" ({item.where})" if item.where else ""
        if requirement.marker is not None and not requirement.marker.evaluate({**environment, "extra": ""}):
            continue
        name: str = canonicalize_name(requirement.name)
        wanted.add(name)
        package = lock.package(name)
        if package is None:
            yield f"`{name}` is wanted and not locked{where}"
        elif not requirement.specifier.contains(package.version, prereleases=True):
            yield f"`{name}` is locked as {package.version}, wanted is {requirement.specifier}{where}"
    yield from (f"`{gone}` is locked and no longer wanted" for gone in sorted(set(lock.roots) - wanted))
    python = plan.project.requires_python or f">={lock.target.python_version}"
    if lock.requires_python != python:
        yield f"requires-python is `{python}`, was `{lock.requires_python}`"
    before, now = set(lock.groups), set(plan.locked_groups)
    yield from (f"the group `{name}` is new" for name in sorted(now - before))
    yield from (f"the group `{name}` is gone" for name in sorted(before - now))


def _poetrys(plan: Plan, request: Request) -> Iterator[str]:
    try:
        read_agreement(plan, request)
    except AccelinstallError as error:
        yield error.message
