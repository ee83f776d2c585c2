"""From a plan to a lock: the fresh one that is there, or a new one from the first candidate that resolves."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from accelinstall import events
from accelinstall.errors import AccelinstallError, LockError, ResolutionError
from accelinstall.model.finding import Finding
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.selection import Candidate, Verdict
from accelinstall.pipeline.lock_files import (
    LockMissing,
    earlier_lock,
    folder_of,
    fresh_lock,
    frozen_lock,
    input_hash_of,
    lock_path,
    read_lock,
    selected_in,
    variants_for,
    write_lock,
)
from accelinstall.pipeline.outcomes import Locked
from accelinstall.pipeline.planning import Plan, make_plan, requests_for_targets
from accelinstall.pipeline.poetry import PoetryPins, pins_for, read_agreement, read_poetry_lock
from accelinstall.values import replace

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from accelinstall.model.installation import Interpreter
    from accelinstall.pipeline.building import LateBuilder
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session
    from accelinstall.project import PoetryLock
    from accelinstall.resolution import Routing


class HashNotListed(LockError):
    """The file that would be locked is none of those a requirement lists by their hashes."""

    code = "hash-not-listed"

    def __init__(self, filename: str, *, sha256: str, where: str) -> None:
        super().__init__(
            f"{where}: {filename} has the sha256 {sha256}, which the requirement does not list",
            hint="add that hash if you trust the file, or pin the version the listed hashes are of",
        )


class HashMissing(LockError):
    """Every file has to be listed by its hash, and one that something else needs is not."""

    code = "hash-missing"

    def __init__(self, package: LockedPackage, *, where: str) -> None:
        line = f"{package.name}=={package.version} --hash=sha256:{package.sha256}"
        super().__init__(
            f"{where}: `--require-hashes` wants a hash of every file, and no line lists one of "
            f"{package.filename or package.name}",
            # Neither a folder nor a commit has one.
            hint=f"if you trust the file, add {line}" if package.sha256 else "",
        )


def lock_target(plan: Plan, request: Request, session: Session) -> Locked:
    """The plan's lock: a fresh one costs no network, else the candidates are resolved in order.

    :raises ResolutionError: the best candidate's, when none resolves.
    :raises SourceError: when a source that must serve cannot be reached; the lock is untouched.
    """
    if request.frozen:
        return frozen_lock(plan, request)
    plan = replace(plan, poetry_lock=read_poetry_lock(request))
    if not (request.upgrade or request.upgrade_packages):
        for candidate in plan.selection.candidates:
            fresh = fresh_lock(plan, candidate, request, session)
            if fresh is not None:
                return fresh
    return write_lock(resolve_plan(plan, request, session), request)


def resolve_plan(plan: Plan, request: Request, session: Session) -> Locked:
    """A new lock, not written: that of the first candidate that resolves.

    :raises ResolutionError: the best candidate's, when none resolves.
    """
    agreement = read_agreement(plan, request)
    session.progress(events.PhaseStarted(phase="resolve"))
    started = time.monotonic()
    rejected: list[Verdict] = []
    first: ResolutionError | None = None
    for candidate in plan.selection.candidates:
        try:
            locked = _lock_candidate(plan, candidate, request, session, agreement)
        except ResolutionError as error:
            first = first or error
            rejected.append(_conflict(candidate, error))
            continue
        number = len(locked.lock.packages)
        count = "1 package" if number == 1 else f"{number} packages"
        session.progress(events.PhaseFinished(phase="resolve", seconds=time.monotonic() - started, detail=count))
        return replace(locked, verdicts=(*locked.verdicts, *rejected))
    assert first is not None, "a selection holds at least one candidate"
    raise first


def lock_to_sync(request: Request, interpreter: Interpreter, session: Session) -> Locked:
    """The lock a ``sync`` installs: the file given, the frozen one of the target, or a fresh one.

    :raises LockMissing: when ``frozen`` and there is none.
    """
    if request.lock_file:
        return read_lock(request.lock_file, interpreter)
    (request,) = requests_for_targets(request, interpreter, session)
    if request.frozen and request.target is not None:
        path = lock_path(request, request.target)
        if not os.path.exists(path):
            raise LockMissing(path, target=request.target.slug)
        return read_lock(path)
    return lock_target(make_plan(request, interpreter, session), request, session)


def _lock_candidate(
    plan: Plan, candidate: Candidate, request: Request, session: Session, agreement: PoetryLock | None
) -> Locked:
    from accelinstall.lockfile import render_lock
    from accelinstall.pipeline.building import built_elsewhere
    from accelinstall.resolution import lock_of, resolve

    path = lock_path(request, candidate.target)
    previous = earlier_lock(path, request, session)
    pins = pins_for(plan, candidate, request, agreement) if agreement else PoetryPins()
    preferences = {**request.preferences, **plan.kept, **_preferences(pins, previous, request)}
    session.know_project(plan.project)
    sources = _sources(plan, previous, request, session)
    resolution = resolve(
        plan.wanted,
        target=candidate.target,
        routing=_routing(plan, candidate, request, session),
        finder=session.index,
        sources=sources,
        only_wheels=request.no_build,
        constraints=[*(item.requirement for item in plan.project.constraints), *pins.law, *_agreed(plan)],
        hashed=plan.project.constraints,
        preferences=preferences,
        overrides=plan.project.settings.overrides,
        prereleases=request.pre,
        lowest_direct=request.resolution == "lowest-direct",
        exclude_newer=request.exclude_newer,
        variants=variants_for(plan, candidate, request),
        python_full_version=plan.python_full_version,
        directory=plan.project.directory,
        progress=session.progress,
    )
    lock = lock_of(
        resolution,
        target=candidate.target,
        groups=plan.locked_groups,
        requires_python=plan.project.requires_python,
        input_hash=input_hash_of(plan, candidate, request),
        finder=session.index,
    )
    lock = replace(lock, group_roots=_group_roots(plan, lock), workspace=plan.workspaces[0] if plan.workspaces else "")
    _ensure_listed_hashes(plan, lock)
    pins.ensure_files(lock)
    return Locked(
        lock=lock,
        text=render_lock(lock, directory=folder_of(path, request)),
        path=path,
        fresh=False,
        selected=selected_in(plan, candidate, lock, session),
        verdicts=plan.selection.verdicts,
        findings=(
            *plan.project.findings,
            *plan.selection.warnings,
            *_unknown_upgrades(request, lock),
            *resolution.notes,
            *pins.findings(lock),
            *built_elsewhere(sources.made, lock),
        ),
        previous=previous,
    )


def _sources(plan: Plan, previous: Lock | None, request: Request, session: Session) -> LateBuilder:
    """What reads archives, folders and commits; branches stay at the commit that *previous* has of them."""
    from accelinstall.pipeline.building import LateBuilder, builder_for

    sources = LateBuilder(lambda: builder_for(session, interpreter=plan.interpreter, project=plan.project))
    if previous is not None and not request.upgrade and any(package.origin for package in previous.packages):
        sources.builder().keep_commits(previous.packages, upgraded=request.upgrade_packages)
    return sources


def _agreed(plan: Plan) -> list[Requirement]:
    """What the workspace agreed on, as bounds that install nothing by themselves; builds may still differ."""
    from packaging.requirements import Requirement

    return [Requirement(f"{name}=={version}") for name, version in plan.agreed.items()]


def _unknown_upgrades(request: Request, lock: Lock) -> list[Finding]:
    """A warning for every name that was to be upgraded and is not in *lock*: most often a slip."""
    from packaging.utils import canonicalize_name

    names = {package.name for package in lock.packages}
    return [
        Finding(id="upgrade-unknown", level="warning", message=f"`{name}` was to be upgraded, but nothing needs it")
        for name in request.upgrade_packages
        if canonicalize_name(name) not in names
    ]


def _preferences(pins: PoetryPins, previous: Lock | None, request: Request) -> dict[str, str]:
    """Versions to be kept where they fit: ours from before, else Poetry's; of what is upgraded, its law alone."""
    if request.upgrade:
        return pins.versions
    from packaging.utils import canonicalize_name

    earlier = {} if previous is None else {package.name: package.version for package in previous.packages}
    anew = set(map(canonicalize_name, request.upgrade_packages))
    kept = {name: version for name, version in {**pins.preferences, **earlier}.items() if name not in anew}
    return {**kept, **pins.versions}


def _routing(plan: Plan, candidate: Candidate, request: Request, session: Session) -> Routing:
    from packaging.utils import canonicalize_name

    from accelinstall.catalog import load_catalog
    from accelinstall.resolution import route

    return route(
        default_index=session.default_index,
        sources=[source for source in plan.project.sources if source not in plan.project.settings.sources],
        uses_default_index=plan.project.uses_default_index,
        bindings={canonicalize_name(item.requirement.name): item.source for item in plan.wanted if item.source},
        settings=plan.project.settings,
        families=load_catalog().families,
        choices=candidate.choices,
        command_line=session.command_line_indexes,
        pip=session.pip_indexes,
    )


def _group_roots(plan: Plan, lock: Lock) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Which locked packages each group asks for itself."""
    from packaging.utils import canonicalize_name

    locked = {package.name for package in lock.packages}
    names: dict[str, set[str]] = {group: set() for group in plan.locked_groups}
    for item in plan.wanted:
        name = canonicalize_name(item.requirement.name)
        if name in locked:
            names.setdefault(item.group, set()).add(name)
    return tuple((group, tuple(sorted(roots))) for group, roots in names.items())


def _ensure_listed_hashes(plan: Plan, lock: Lock) -> None:
    """A requirement that lists hashes takes one of those files.

    :raises HashNotListed: with what was found instead.
    :raises HashMissing: for a file that no line knows, where every one has to be listed.
    """
    from packaging.utils import canonicalize_name

    environment = lock.target.markers(python_full_version=plan.python_full_version)
    known: set[str] = set()
    for item in (*plan.wanted, *plan.project.constraints):
        package = lock.package(canonicalize_name(item.requirement.name)) if item.listed else None
        marker = item.requirement.marker
        if package is None or (marker is not None and not marker.evaluate({**environment, "extra": ""})):
            continue
        if f"sha256:{package.sha256}" not in item.listed:
            raise HashNotListed(package.filename, sha256=package.sha256, where=item.where)
        known.add(package.name)
    for package in lock.packages if plan.project.requires_hashes else ():
        if package.name not in known:
            raise HashMissing(package, where=plan.project.requires_hashes)


def _conflict(candidate: Candidate, error: AccelinstallError) -> Verdict:
    choice = candidate.choices[0] if candidate.choices else None
    return Verdict(
        package=choice.package if choice else "",
        version=choice.versions[0] if choice and choice.versions else "",
        backend=candidate.target.backend,
        accepted=False,
        code="resolver-conflict",
        reason=error.message.splitlines()[0],
    )
