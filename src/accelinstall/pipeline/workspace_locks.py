"""All projects of a workspace, locked in agreement: resolved once together, then each on its own at those versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from accelinstall.errors import UsageError
from accelinstall.model.lock import Lock
from accelinstall.pipeline.lock_files import earlier_lock, fresh_lock, input_hash_of, lock_path
from accelinstall.pipeline.locking import lock_target, resolve_plan
from accelinstall.pipeline.planning import Plan, expand_target, make_plan
from accelinstall.pipeline.poetry import read_poetry_lock
from accelinstall.pipeline.targets import Failures, for_each_target
from accelinstall.pipeline.workspaces import Workspace, read_workspace
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.pipeline.outcomes import Locked, LockState
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session

    # A project of the workspace, planned for one target.
    Member = tuple[Plan, Request]

T = TypeVar("T")


def lock_workspace(request: Request, session: Session) -> tuple[tuple[Locked, ...], Failures]:
    """One lock per project and target, every package in one version throughout unless the workspace lets it differ.

    With ``all_targets``, a project that names targets is locked for those alone.

    :raises NoWorkspace: when there is none.
    :raises WorkspaceDisagrees: when one word means different things in two projects.
    :raises ResolutionError: when no versions serve all projects.
    """

    def work(union: Plan, one: Request, workspace: Workspace) -> tuple[Locked, ...]:
        members = list(_members(union, one, session, workspace))
        if not (one.upgrade or one.upgrade_packages):
            fresh = [_fresh(plan, request, session) for plan, request in members]
            found = tuple(filter(None, fresh))
            if len(found) == len(members):
                return found
        union = replace(union, kept=_kept(members, session))
        together = resolve_plan(union, replace(one, output="-"), session).lock
        agreed = _agreed(together, workspace)
        kept = {package.name: package.version for package in together.packages if package.name in agreed}
        settled = [
            (replace(plan, agreed=agreed, kept=kept, workspaces=(together.input_hash,)), r) for plan, r in members
        ]
        return tuple(lock_target(plan, request, session) for plan, request in settled)

    return _for_all(request, session, work)


def check_workspace_locks(request: Request, session: Session) -> tuple[tuple[LockState, ...], Failures]:
    """Whether the lock of every project and target is fresh; no network."""
    from accelinstall.pipeline.checking import check_lock

    def work(union: Plan, one: Request, workspace: Workspace) -> tuple[LockState, ...]:
        return tuple(check_lock(plan, request, session) for plan, request in _members(union, one, session, workspace))

    return _for_all(request, session, work)


def _for_all(
    request: Request, session: Session, work: Callable[[Plan, Request, Workspace], tuple[T, ...]]
) -> tuple[tuple[T, ...], Failures]:
    from accelinstall.project.workspace import merge_projects

    if request.output:
        raise UsageError("`--output` names one file, but several projects are locked", hint="leave it out")
    workspace = read_workspace(request)
    union = merge_projects(workspace.members, directory=workspace.directory)
    # Each project's `poetry.lock` counts for that project alone.
    request = replace(request, project=workspace.directory)
    done, failed = for_each_target(request, session, lambda plan, one, _: work(plan, one, workspace), project=union)
    return tuple(item for rows in done for item in rows), failed


def _members(union: Plan, request: Request, session: Session, workspace: Workspace) -> Iterator[Member]:
    """Every project that is locked for the request's target, planned; each knows the hashes of the union."""
    hashes = tuple(input_hash_of(union, candidate, request) for candidate in union.selection.candidates)
    for path, project in workspace.members.items():
        named = project.settings.targets if request.all_targets else ()
        if named and request.target not in {expand_target(t, request, union.interpreter, session) for t in named}:
            continue
        one = replace(request, project=os.path.normpath(os.path.join(workspace.directory, path)))
        yield replace(make_plan(one, union.interpreter, session, project=project), workspaces=hashes), one


def _fresh(plan: Plan, request: Request, session: Session) -> Locked | None:
    plan = replace(plan, poetry_lock=read_poetry_lock(request))
    found = (fresh_lock(plan, candidate, request, session) for candidate in plan.selection.candidates)
    return next(filter(None, found), None)


def _kept(members: Iterable[Member], session: Session) -> dict[str, str]:
    """The versions of the locks that are there, to be kept where they fit all; nothing of what is upgraded."""
    from packaging.utils import canonicalize_name

    kept: dict[str, str] = {}
    for plan, request in members:
        if request.upgrade:
            return {}
        anew = set(map(canonicalize_name, request.upgrade_packages))
        for candidate in plan.selection.candidates:
            lock = earlier_lock(lock_path(request, candidate.target), request, session)
            rows = lock.packages if lock else ()
            kept.update({package.name: package.version for package in rows if package.name not in anew})
    return kept


def _agreed(lock: Lock, workspace: Workspace) -> dict[str, str]:
    """Name -> version all projects take, without the label that tells one build from another."""
    root = workspace.members.get(".")
    free = root.settings.workspace.may_differ if root and root.settings.workspace else ()
    return {
        package.name: package.version.partition("+")[0]
        for package in lock.packages
        if package.name not in free and not package.direct and package.origin is None
    }
