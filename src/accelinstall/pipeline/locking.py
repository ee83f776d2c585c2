"""From a plan to a lock: the fresh one that is there, or a new one from the first candidate that resolves."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall import events
from accelinstall.errors import AccelinstallError, LockError, ProjectError, ResolutionError
from accelinstall.model.finding import Finding
from accelinstall.model.lock import Lock
from accelinstall.model.selection import Candidate, Selected, Verdict
from accelinstall.model.target import Target
from accelinstall.pipeline.outcomes import Locked
from accelinstall.pipeline.planning import Plan, make_plan, requests_for_targets
from accelinstall.pipeline.poetry import PoetryPins, input_of, pins_for, read_agreement, read_poetry_lock
from accelinstall.pipeline.reading import read_text
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.model.installation import Interpreter
    from accelinstall.model.variants import VariantSupport
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session
    from accelinstall.project import PoetryLock
    from accelinstall.resolution import Routing


_WRITE_ELSEWHERE = "make it writable, or lock elsewhere: accelinstall lock -o FILE, then accelinstall sync FILE"


class LockMissing(LockError):
    """A frozen run finds no lock to take."""

    code = "lock-missing"

    def __init__(self, path: str, *, target: str) -> None:
        option = f" --target {target}" if target else ""
        super().__init__(f"there is no {path}", hint=f"accelinstall lock{option}")


class HashNotListed(LockError):
    """The file that would be locked is none of those a requirement lists by their hashes."""

    code = "hash-not-listed"

    def __init__(self, filename: str, *, sha256: str, where: str) -> None:
        super().__init__(
            f"{where}: {filename} has the sha256 {sha256}, which the requirement does not list",
            hint="add that hash if you trust the file, or pin the version the listed hashes are of",
        )


def lock_target(plan: Plan, request: Request, session: Session) -> Locked:
    """The plan's lock: a fresh one costs no network, else the candidates are resolved in order.

    :raises ResolutionError: the best candidate's, when none resolves.
    :raises SourceError: when a source that must serve cannot be reached; the lock is untouched.
    """
    if request.frozen:
        return _frozen_lock(plan, request)
    plan = replace(plan, poetry_lock=read_poetry_lock(request))
    if not (request.upgrade or request.upgrade_packages):
        for candidate in plan.selection.candidates:
            fresh = fresh_lock(plan, candidate, request, session)
            if fresh is not None:
                return fresh
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
        return _write(replace(locked, verdicts=(*locked.verdicts, *rejected)), request)
    assert first is not None, "a selection holds at least one candidate"
    raise first


def lock_to_sync(request: Request, interpreter: Interpreter, session: Session) -> Locked:
    """The lock a ``sync`` installs: the file given, the frozen one of the target, or a fresh one.

    :raises LockMissing: when ``frozen`` and there is none.
    """
    if request.lock_file:
        return _read_lock(request.lock_file, interpreter)
    (request,) = requests_for_targets(request, interpreter, session)
    if request.frozen and request.target is not None:
        path = lock_path(request, request.target)
        if not os.path.exists(path):
            raise LockMissing(path, target=request.target.slug)
        return _read_lock(path)
    return lock_target(make_plan(request, interpreter, session), request, session)


def _frozen_lock(plan: Plan, request: Request) -> Locked:
    """The first candidate's lock that is there, taken as it is."""
    paths = [lock_path(request, candidate.target) for candidate in plan.selection.candidates]
    found = next(filter(os.path.exists, paths), None)
    if found is None:
        raise LockMissing(paths[0], target=plan.selection.candidates[0].target.slug)
    locked = _read_lock(found)
    return replace(locked, findings=(*plan.project.findings, *locked.findings))


def lock_path(request: Request, target: Target) -> str:
    """Where the lock of a target stands: beside the project unless ``--output`` names a file."""
    from accelinstall.lockfile import lock_filename

    if request.output and request.output != "-":
        return request.output
    return str(Path(request.project, lock_filename(target)))


def _read_lock(path: str, interpreter: Interpreter | None = None) -> Locked:
    """A lock of ours, or another tool's read for *interpreter*."""
    from accelinstall.lockfile import parse_lock

    target = None
    if interpreter is not None:
        slug = f"cpu-{interpreter.platform}-{interpreter.python}"
        target = replace(Target.parse(slug), libc=interpreter.libc)
    text = read_text(path)
    lock = parse_lock(text, where=path, target=target)
    return Locked(lock=lock, text=text, path=path, fresh=True, findings=_still_true(lock))


def fresh_lock(plan: Plan, candidate: Candidate, request: Request, session: Session) -> Locked | None:
    """The lock that is there, when it was made from the same inputs."""
    from accelinstall.lockfile import MalformedLock, parse_lock, read_header

    path = lock_path(request, candidate.target)
    if request.output == "-" or not os.path.exists(path):
        return None
    try:
        text = read_text(path)
        header = read_header(text, where=path)
        if header is None or header.input_hash != _input_hash(plan, candidate, request):
            return None
        lock = parse_lock(text, where=path)
    except (MalformedLock, ProjectError):
        if request.frozen:
            raise
        return None  # it is said and locked anew
    return Locked(
        lock=lock,
        text=text,
        path=path,
        fresh=True,
        selected=_selected(plan, candidate, lock, session),
        verdicts=plan.selection.verdicts,
        findings=(*plan.project.findings, *plan.selection.warnings, *_still_true(lock)),
    )


def _still_true(lock: Lock) -> tuple[Finding, ...]:
    """What a lock warns of until it is made anew: sources it had to do without, requirements it does not keep."""
    hint = "accelinstall lock --upgrade"
    degraded = tuple(Finding(id="degraded", level="info", message=text, hint=hint) for text in lock.degraded)
    return (*degraded, *(Finding(id="override", level="warning", message=text) for text in lock.overridden))


def _lock_candidate(
    plan: Plan, candidate: Candidate, request: Request, session: Session, agreement: PoetryLock | None
) -> Locked:
    from accelinstall.lockfile import render_lock
    from accelinstall.resolution import lock_of, resolve

    path = lock_path(request, candidate.target)
    previous = _earlier_lock(path, request, session)
    pins = pins_for(plan, candidate, request, agreement) if agreement else PoetryPins()
    preferences = _preferences(pins, previous, request)
    session.know_sources(plan.project.sources, plan.project.settings.mirrors)
    resolution = resolve(
        plan.wanted,
        target=candidate.target,
        routing=_routing(plan, candidate, request, session),
        finder=session.index,
        constraints=[*(item.requirement for item in plan.project.constraints), *pins.law],
        hashed=plan.project.constraints,
        preferences=preferences,
        overrides=plan.project.settings.overrides,
        prereleases=request.pre,
        lowest_direct=request.resolution == "lowest-direct",
        exclude_newer=request.exclude_newer,
        variants=_variants(plan, candidate, request),
        python_full_version=plan.python_full_version,
        directory=plan.project.directory,
        progress=session.progress,
    )
    lock = lock_of(
        resolution,
        target=candidate.target,
        groups=plan.locked_groups,
        requires_python=plan.project.requires_python,
        input_hash=_input_hash(plan, candidate, request),
        finder=session.index,
    )
    lock = replace(lock, group_roots=_group_roots(plan, lock))
    _ensure_listed_hashes(plan, lock)
    pins.ensure_files(lock)
    return Locked(
        lock=lock,
        text=render_lock(lock),
        path=path,
        fresh=False,
        selected=_selected(plan, candidate, lock, session),
        verdicts=plan.selection.verdicts,
        findings=(*plan.project.findings, *plan.selection.warnings, *resolution.notes, *pins.findings(lock)),
        previous=previous,
    )


def _preferences(pins: PoetryPins, previous: Lock | None, request: Request) -> dict[str, str]:
    """Versions to be kept where they fit: ours from before, else Poetry's; of what is upgraded, its law alone."""
    if request.upgrade:
        return pins.versions
    from packaging.utils import canonicalize_name

    earlier = {} if previous is None else {package.name: package.version for package in previous.packages}
    anew = set(map(canonicalize_name, request.upgrade_packages))
    kept = {name: version for name, version in {**pins.preferences, **earlier}.items() if name not in anew}
    return {**kept, **pins.versions}


def _earlier_lock(path: str, request: Request, session: Session) -> Lock | None:
    """The lock that is there, whose versions are kept where they fit; a broken one is told and not used.

    :raises UnsupportedLock: for one of a later version, unless everything is to be new.
    """
    from accelinstall.lockfile import LockNeedsTarget, MalformedLock, UnsupportedLock, parse_lock

    if request.output == "-" or not os.path.exists(path):
        return None
    try:
        return parse_lock(read_text(path), where=path)
    except UnsupportedLock:
        if not request.upgrade:
            raise
    except LockNeedsTarget as error:
        raise LockError(
            f"{path} was written by {error.created_by} and is not replaced",
            hint="move it away, or lock elsewhere: accelinstall lock -o FILE",
        ) from error
    except (MalformedLock, ProjectError) as error:
        message = f"{error.message}; locked anew"
        session.progress(events.Note(level="warning", code="broken-lock", message=message))
    return None


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


def _input_hash(plan: Plan, candidate: Candidate, request: Request) -> str:
    """What the lock depends on; neither pip's configuration nor the catalog, nor what profile is installed."""
    from accelinstall.project import input_hash

    settings = plan.project.settings
    target = candidate.target
    variants = _variants(plan, candidate, request)
    index = request.index
    return input_hash(
        plan.wanted,
        sources=plan.project.sources,
        groups=plan.locked_groups,
        target=f"{target.slug};{';'.join(f'{name}:{slug}' for name, slug in target.backends)}",
        options={
            "constraints": sorted(" ".join((str(one.requirement), *one.hashes)) for one in plan.project.constraints),
            "requires-python": plan.project.requires_python,
            "fallback": settings.fallback,
            "overrides": settings.overrides,
            "find-links": (*settings.find_links, *index.find_links),
            "index-url": index.index_url,
            "extra-index-urls": index.extra_index_urls,
            "no-index": index.no_index,
            "pre": request.pre,
            # The default is left out, so that locks from before there was a choice stay fresh.
            **({"prefer": request.prefer} if request.prefer != "newest" else {}),
            **({"resolution": request.resolution} if request.resolution != "highest" else {}),
            "exclude-newer": request.exclude_newer,
            **input_of(plan.poetry_lock),
            # The target does not tell what decides among variants: the driver's CUDA, the processor's level.
            **({} if variants is None else {"variants": variants.namespaces}),
        },
    )


def _variants(plan: Plan, candidate: Candidate, request: Request) -> VariantSupport | None:
    """What the machine supports of wheel variants; ``None`` when they are not asked for."""
    if not request.experimental_variants:
        return None
    from accelinstall.selection import supported_variants

    return supported_variants(plan.report, environment=candidate.target.environment)


def _selected(plan: Plan, candidate: Candidate, lock: Lock, session: Session) -> tuple[Selected, ...]:
    """What selection chose, with the exact versions and places the lock holds; the default index is not spelled."""
    line, pip = session.request.index, session.pip
    named = {source.url for source in plan.project.sources} | {choice.source_url for choice in candidate.choices}
    named |= {line.index_url, *line.extra_index_urls, *pip.extra_index_urls}
    rows = []
    for row in plan.selection.selected:
        package = lock.package(row.name)
        if package is None:
            continue
        choice = candidate.choice(row.name)
        backend = row.backend if choice is None else choice.backend
        place = package.source if package.source in named else ""
        if not package.source:
            place = package.url or f"find-links ({package.filename})"
        rows.append(replace(row, version=package.version, backend=backend, source_url=place))
    return tuple(dict.fromkeys(rows))


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
    """A requirement with ``--hash`` takes one of the files it lists.

    :raises HashNotListed: with what was found instead.
    """
    from packaging.utils import canonicalize_name

    environment = lock.target.markers(python_full_version=plan.python_full_version)
    for item in (*plan.wanted, *plan.project.constraints):
        package = lock.package(canonicalize_name(item.requirement.name)) if item.hashes else None
        marker = item.requirement.marker
        if package is None or (marker is not None and not marker.evaluate({**environment, "extra": ""})):
            continue
        if f"sha256:{package.sha256}" not in item.hashes:
            raise HashNotListed(package.filename, sha256=package.sha256, where=item.where)


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


def _write(locked: Locked, request: Request) -> Locked:
    if request.output == "-":
        return replace(locked, path="")
    if request.dry_run:
        return locked
    from accelinstall.fs import write_atomic

    try:
        write_atomic(locked.path, locked.text.encode())
    except OSError as error:
        raise LockError(f"{locked.path} cannot be written: {error.strerror}", hint=_WRITE_ELSEWHERE) from error
    return replace(locked, written=True)
