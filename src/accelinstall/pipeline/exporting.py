"""``export``: requirements files, constraints and locks for other tools, made from the locks of the project."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from accelinstall import events
from accelinstall.errors import LockError, ProjectError
from accelinstall.model.edits import FileEdit
from accelinstall.model.finding import Finding
from accelinstall.model.project import Export, GroupChoice, Project
from accelinstall.pipeline.outcomes import Locked
from accelinstall.pipeline.reading import read_file, read_project
from accelinstall.pipeline.session import Session
from accelinstall.values import dataclass, replace

if TYPE_CHECKING:
    from accelinstall.model.lock import Lock, LockedPackage
    from accelinstall.pipeline.planning import Plan
    from accelinstall.pipeline.request import Request

COMMAND = "accelinstall export"


class LockNotFresh(LockError):
    """What would be exported is not what the project asks for now."""

    code = "lock-not-fresh"

    def __init__(self, path: str, *, state: str, target: str) -> None:
        super().__init__(f"the lock {path} is {state}", hint=f"accelinstall lock --target {target}")


class GroupNotLocked(ProjectError):
    """A group is to be exported from the lock of a target that does not take it."""

    code = "group-not-locked"

    def __init__(self, group: str, *, export: Export, target: str) -> None:
        super().__init__(
            f"{export.where}: the lock for {target} does not hold the group `{group}`, which is for other hardware",
            hint=f'name a target that takes it, such as `target = "cu130"`, or leave `{group}` out',
        )
        self.group, self.target = group, target


class NotOurFile(ProjectError):
    """A file that would be written over is not one that was exported."""

    code = "not-our-file"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} was not written by accelinstall export, so it is not written over",
            hint="move it away, name another `output` under [[tool.accelinstall.export]], or give --overwrite",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One file as it is to be.

    :ivar edit: its path is relative to the project.
    """

    export: Export
    edit: FileEdit
    target: str
    groups: tuple[str, ...]
    packages: int
    findings: tuple[Finding, ...] = ()

    @property
    def state(self) -> Literal["kept", "new", "changed"]:
        """What the edit does."""
        if not self.edit.is_change:
            return "kept"
        return "new" if self.edit.before is None else "changed"


def plan_export(
    request: Request,
    *,
    check: bool = False,
    overwrite: bool = False,
    progress: events.Progress = events.ignore,
) -> tuple[Exported, ...]:
    """Every file the project exports, from locks that are fresh or made so.

    Nothing but locks is written.

    :param check: write no lock either, and ask no network.
    :param overwrite: files that were not exported may be written over.
    :raises LockNotFresh: when *check* and a lock is not what the project asks for.
    :raises NotOurFile: for a file that somebody wrote by hand.
    """
    from accelinstall.project.export_tables import DEFAULT_EXPORTS

    project = read_project(replace(request, requirements=(), inline=()))
    exports = project.settings.export or DEFAULT_EXPORTS
    wanted = [(export, target) for export in exports for target in _targets(export, project)]
    with Session(request, progress) as session:
        locks = _locks([target for _, target in wanted], request, session, check=check)
        done = [_exported(export, locks[target], project, request, session) for export, target in wanted]
    if not overwrite:
        for item in done:
            _ensure_ours(item.edit)
    return tuple(done)


def _targets(export: Export, project: Project) -> tuple[str, ...]:
    """The targets one table is about; an empty text is this machine's."""
    targets = project.settings.targets
    if "{target}" in export.output:
        if not targets:
            raise ProjectError(
                f"{export.where}: `{{target}}` means every target, and the project names none",
                hint='targets = ["cpu", "cu130"]   # under [tool.accelinstall]',
            )
        return targets
    if export.target:
        return (export.target,)
    return ("cpu",) if "cpu" in targets else targets[:1] or ("",)


def _locks(targets: list[str], request: Request, session: Session, *, check: bool) -> dict[str, Locked]:
    """The lock of each target; several are made side by side."""
    from accelinstall.pipeline.locking import lock_target
    from accelinstall.pipeline.targets import for_each_target

    found: dict[str, Locked] = {}
    named = tuple(dict.fromkeys(filter(None, targets)))
    here: tuple[tuple[str, ...], ...] = ((),) if "" in targets else ()
    for texts in (*here, *((named,) if named else ())):
        one = replace(request, targets=texts, requirements=(), inline=())
        done, failed = for_each_target(one, session, _fresh if check else lock_target)
        for _, error in failed:
            raise error
        found.update(zip(texts or ("",), done, strict=True))
    return found


def _fresh(plan: Plan, request: Request, session: Session) -> Locked:
    """The lock that is there, when it is fresh.

    :raises LockNotFresh: when it is not, or when there is none.
    """
    from accelinstall.pipeline.checking import check_lock
    from accelinstall.pipeline.lock_files import read_lock

    state = check_lock(plan, request, session)
    if state.state != "fresh":
        raise LockNotFresh(state.path, state=state.state, target=state.target.slug)
    return read_lock(state.path)


def _exported(export: Export, locked: Locked, project: Project, request: Request, session: Session) -> Exported:
    from accelinstall.project import choose_groups

    target = locked.lock.target
    choice = choose_groups(
        project,
        environment=target.environment,
        profile=export.profile or "production",
        with_=export.with_,
        without=export.without,
        only=export.only,
    )
    for group in choice.groups:
        if group not in locked.lock.groups:
            raise GroupNotLocked(group, export=export, target=target.slug)
    path = export.output.replace("{target}", target.slug)
    place = Path(project.directory, path)
    if locked.path and os.path.abspath(place) == os.path.abspath(locked.path):
        raise ProjectError(f"{export.where}: `{path}` is the lock itself", hint='output = "locks/pylock.{target}.toml"')
    packages = locked.lock.packages_of(choice.groups)
    notes = (
        f"{COMMAND}",
        f"lock: {os.path.basename(locked.path)} sha256:{hashlib.sha256(locked.text.encode()).hexdigest()}",
        f"target: {target.slug}, groups: {', '.join(choice.groups) or 'none'}",
    )
    after = _render(export, packages, locked.lock, choice, notes=notes, project=project, session=session).encode()
    edit = FileEdit(path=path, before=read_file(str(place)) if place.is_file() else None, after=after)
    return Exported(
        export=export,
        edit=edit,
        target=target.slug,
        groups=choice.groups,
        packages=len(packages),
        findings=tuple(_notes(export, path, packages)),
    )


def _render(
    export: Export,
    packages: tuple[LockedPackage, ...],
    lock: Lock,
    choice: GroupChoice,
    *,
    notes: tuple[str, ...],
    project: Project,
    session: Session,
) -> str:
    from accelinstall.project.exporting import Indexes, render_constraints, render_requirements

    if export.format == "constraints":
        return render_constraints(packages, notes=notes)
    if export.format == "pylock":
        return _render_pylock(packages, lock, choice, notes=notes, folder=Path(project.directory, export.output).parent)
    indexes = Indexes(
        default=session.default_index,
        is_switched_off=bool(session.request.index.index_url) or not project.uses_default_index,
        find_links=project.settings.find_links,
    )
    return render_requirements(
        packages,
        notes=notes,
        indexes=indexes if export.index else None,
        hashes=export.hashes,
        directory=project.directory,
    )


def _render_pylock(
    packages: tuple[LockedPackage, ...], lock: Lock, choice: GroupChoice, *, notes: tuple[str, ...], folder: Path
) -> str:
    """The part of the lock those groups reach; without the hash of its inputs, which are the whole project's."""
    from accelinstall.lockfile import render_lock

    names = {package.name for package in packages}
    part = replace(
        lock,
        packages=packages,
        roots=tuple(name for name in lock.roots if name in names),
        groups=choice.groups,
        group_roots=tuple((group, roots) for group, roots in lock.group_roots if group in choice.groups),
        input_hash="",
    )
    first, _, rest = render_lock(part, directory=str(folder)).partition("\n")
    return "\n".join([first, *(f"# {note}" for note in notes), rest])


def _ensure_ours(edit: FileEdit) -> None:
    from accelinstall.project.exporting import MARK

    if edit.is_change and edit.before is not None and not edit.before.lstrip(b"\xef\xbb\xbf").startswith(MARK.encode()):
        raise NotOurFile(edit.path)


def _notes(export: Export, path: str, packages: tuple[LockedPackage, ...]) -> Iterator[Finding]:
    """What the file cannot say."""
    from accelinstall.project.exporting import can_be_hashed

    if export.format == "requirements" and export.hashes and not can_be_hashed(packages):
        yield Finding(
            id="export-without-hashes",
            level="info",
            message=f"{path} holds a folder or a commit, which pip cannot hold to a hash: it has none",
            hint="leave that group out, or write `hashes = false`",
            where=export.where,
        )
    local = [package.name for package in packages if package.path and not package.direct]
    if local and export.format != "constraints":
        yield Finding(
            id="export-needs-find-links",
            level="info",
            message=f"{path}: {', '.join(local)} came from a folder of this machine; whoever installs needs an index "
            "or a folder that has it",
            where=export.where,
        )
