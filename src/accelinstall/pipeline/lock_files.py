"""Lock files of a project: where they stand, whether they are still true, how they are read and written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall import events
from accelinstall.errors import LockError, ProjectError, UsageError
from accelinstall.model.finding import Finding
from accelinstall.model.lock import Lock
from accelinstall.model.selection import Candidate, Selected
from accelinstall.model.target import Target
from accelinstall.pipeline.outcomes import Locked
from accelinstall.pipeline.planning import Plan
from accelinstall.pipeline.poetry import input_of
from accelinstall.pipeline.reading import is_there, read_text
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.model.installation import Interpreter
    from accelinstall.model.variants import VariantSupport
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session

_WRITE_ELSEWHERE = "make it writable, or lock elsewhere: accelinstall lock -o FILE, then accelinstall sync FILE"


class LockMissing(LockError):
    """A frozen run finds no lock to take."""

    code = "lock-missing"

    def __init__(self, path: str, *, target: str) -> None:
        option = f" --target {target}" if target else ""
        super().__init__(f"there is no {path}", hint=f"accelinstall lock{option}")


def frozen_lock(plan: Plan, request: Request) -> Locked:
    """The first candidate's lock that is there, taken as it is."""
    paths = [lock_path(request, candidate.target) for candidate in plan.selection.candidates]
    found = next(filter(is_there, paths), None)
    if found is None:
        raise LockMissing(paths[0], target=plan.selection.candidates[0].target.slug)
    locked = read_lock(found)
    return replace(locked, findings=(*plan.project.findings, *locked.findings))


def lock_path(request: Request, target: Target) -> str:
    """Where the lock of a target stands: beside the project unless ``--output`` names a file."""
    from accelinstall.lockfile import lock_filename

    if request.output and request.output != "-":
        if os.path.exists(request.output) and not os.path.isfile(request.output):
            # It would be replaced, be it the system's /dev/null.
            raise UsageError(f"`{request.output}` is no file that a lock can replace", hint="`-o -` prints the lock")
        return request.output
    return str(Path(request.project, lock_filename(target)))


def folder_of(path: str, request: Request) -> str:
    """The absolute folder of the lock at *path*, which what it names by path is relative to."""
    folder = request.project if request.output == "-" else os.path.dirname(path)
    return os.path.abspath(folder)


def read_lock(path: str, interpreter: Interpreter | None = None) -> Locked:
    """A lock of ours, or another tool's read for *interpreter*."""
    from accelinstall.lockfile import parse_lock

    target = None
    if interpreter is not None:
        slug = f"cpu-{interpreter.platform}-{interpreter.python}"
        target = replace(Target.parse(slug), libc=interpreter.libc)
    text = read_text(path)
    lock = parse_lock(text, where=path, target=target, directory=os.path.dirname(os.path.abspath(path)))
    return Locked(lock=lock, text=text, path=path, fresh=True, findings=_still_true(lock))


def fresh_lock(plan: Plan, candidate: Candidate, request: Request, session: Session) -> Locked | None:
    """The lock that is there, when it was made from the same inputs."""
    from accelinstall.lockfile import MalformedLock, parse_lock, read_header

    path = lock_path(request, candidate.target)
    if request.output == "-" or not is_there(path):
        return None
    try:
        text = read_text(path)
        header = read_header(text, where=path)
        if header is None or header.input_hash != input_hash_of(plan, candidate, request):
            return None
        if plan.workspaces and header.workspace not in plan.workspaces:
            return None
        lock = parse_lock(text, where=path, directory=folder_of(path, request))
    except (MalformedLock, ProjectError):
        if request.frozen:
            raise
        return None  # it is said and locked anew
    if any(package.origin for package in lock.packages) and not _is_true_of_folders(lock):
        return None
    return Locked(
        lock=lock,
        text=text,
        path=path,
        fresh=True,
        selected=selected_in(plan, candidate, lock, session),
        verdicts=plan.selection.verdicts,
        findings=(*plan.project.findings, *plan.selection.warnings, *_still_true(lock)),
    )


def _is_true_of_folders(lock: Lock) -> bool:
    from accelinstall.pipeline.building import changed_folders

    return not changed_folders(lock)


def _still_true(lock: Lock) -> tuple[Finding, ...]:
    """What a lock warns of until it is made anew: sources it had to do without, requirements it does not keep."""
    hint = "accelinstall lock --upgrade"
    degraded = tuple(Finding(id="degraded", level="info", message=text, hint=hint) for text in lock.degraded)
    return (*degraded, *(Finding(id="override", level="warning", message=text) for text in lock.overridden))


def earlier_lock(path: str, request: Request, session: Session) -> Lock | None:
    """The lock that is there, whose versions are kept where they fit; a broken one is told and not used.

    :raises UnsupportedLock: for one of a later version, unless everything is to be new.
    """
    from accelinstall.lockfile import LockNeedsTarget, MalformedLock, UnsupportedLock, parse_lock

    if request.output == "-" or not is_there(path):
        return None
    try:
        return parse_lock(read_text(path), where=path, directory=folder_of(path, request))
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


def input_hash_of(plan: Plan, candidate: Candidate, request: Request) -> str:
    """What the lock depends on; neither pip's configuration nor the catalog, nor what profile is installed."""
    from accelinstall.project import input_hash

    settings = plan.project.settings
    target = candidate.target
    variants = variants_for(plan, candidate, request)
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
            **({"require-hashes": True} if plan.project.requires_hashes else {}),
            **({"no-build": True} if request.no_build else {}),
            # The default is left out, so that locks from before there was a choice stay fresh.
            **({"prefer": request.prefer} if request.prefer != "newest" else {}),
            **({"resolution": request.resolution} if request.resolution != "highest" else {}),
            "exclude-newer": request.exclude_newer,
            **input_of(plan.poetry_lock),
            # The target does not tell what decides among variants: the driver's CUDA, the processor's level.
            **({} if variants is None else {"variants": variants.namespaces}),
        },
    )


def variants_for(plan: Plan, candidate: Candidate, request: Request) -> VariantSupport | None:
    """What the machine supports of wheel variants; ``None`` when they are not asked for."""
    if not request.experimental_variants:
        return None
    from accelinstall.selection import supported_variants

    return supported_variants(plan.report, environment=candidate.target.environment)


def selected_in(plan: Plan, candidate: Candidate, lock: Lock, session: Session) -> tuple[Selected, ...]:
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


def write_lock(locked: Locked, request: Request) -> Locked:
    """*locked* as it is after writing; nothing is written for a dry run or to standard output."""
    if request.output == "-":
        return replace(locked, path="")
    if request.dry_run:
        return locked
    from accelinstall.fs import write_atomic

    try:
        # Through a link: what it leads to is the lock.
        write_atomic(os.path.realpath(locked.path), locked.text.encode())
    except OSError as error:
        raise LockError(f"{locked.path} cannot be written: {error.strerror}", hint=_WRITE_ELSEWHERE) from error
    return replace(locked, written=True)
