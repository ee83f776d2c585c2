"""One change of an environment, from values to a receipt: plan, stage, commit."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain

from accelinstall import events, fs
from accelinstall.installation.bytecode import bytecode_path, compile_modules
from accelinstall.installation.errors import CommitFailed, EnvironmentChanged, from_os_error
from accelinstall.installation.journal import Journal, commit, order_moves
from accelinstall.installation.layout import LaidOut, Layout, Places, add_metadata, lay_out, places_of, python_files
from accelinstall.installation.linking import choose_modes, link_files, summary_mode
from accelinstall.installation.planning import Plan, plan_changes
from accelinstall.installation.records import render_rows
from accelinstall.installation.recovery import clean
from accelinstall.installation.staging import Stage, discard
from accelinstall.installation.state import Hold
from accelinstall.model.installation import InstalledDistribution, Interpreter, LinkMode, Receipt
from accelinstall.model.lock import LockedPackage
from accelinstall.model.receipts import render_receipt
from accelinstall.model.store import StoreEntry
from accelinstall.values import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What goes, what comes and what stays.

    :ivar coming: packages and their unpacked wheels, sorted by name.
    :ivar restored: (file in the trash, target) of distributions that come back from there.
    """

    coming: tuple[tuple[LockedPackage, StoreEntry], ...] = ()
    going: tuple[InstalledDistribution, ...] = ()
    kept: tuple[InstalledDistribution, ...] = ()
    restored: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How files are brought in.

    :ivar requested: names that get the mark REQUESTED.
    :ivar exclusive: sets of names of which only one may be installed.
    """

    link_mode: LinkMode | None = None
    compile_bytecode: bool = False
    requested: Collection[str] = ()
    exclusive: Iterable[Collection[str]] = ()


@dataclass(slots=True)
class _Clock:
    """Seconds per phase, told as events too."""

    progress: events.Progress
    timings: dict[str, float] = field(default_factory=dict)
    began: float = 0.0

    def start(self, phase: str, total: int | None = None) -> None:
        self.began = time.perf_counter()
        self.progress(events.PhaseStarted(phase=phase, total=total))

    def stop(self, phase: str) -> None:
        seconds = time.perf_counter() - self.began
        self.timings[phase] = round(seconds, 4)
        self.progress(events.PhaseFinished(phase=phase, seconds=seconds))


def carry_out(
    change: Change,
    receipt: Receipt,
    *,
    hold: Hold,
    interpreter: Interpreter,
    manner: Manner,
    progress: events.Progress = events.ignore,
) -> Receipt:
    """*receipt* completed with what was measured, once *change* is committed.

    :raises InstallationError: when it cannot be; the environment is then as before.
    """
    places = places_of(interpreter)
    _ensure_unchanged(change, places)
    layouts = [lay_out(package, entry, interpreter, places) for package, entry in change.coming]
    bytecode: dict[str, str] = {}
    for layout in layouts:
        add_metadata(layout, requested=layout.name in manner.requested)
        if manner.compile_bytecode:
            bytecode.update({module: bytecode_path(module, interpreter) for module in python_files(layout, places)})
    plan = plan_changes(
        layouts,
        change.going,
        change.kept,
        places,
        extra=[*bytecode.values(), *(target for _, target in change.restored)],
        exclusive=manner.exclusive,
        progress=progress,
    )
    stage = Stage(f"{hold.state.staging}/{receipt.id}", places.anchors)
    clock = _Clock(progress)
    try:
        modes = choose_modes(layouts, stage, manner.link_mode, progress=progress)
        _stage(change, plan, stage, bytecode, interpreter, modes, clock)
        receipt = replace(
            receipt,
            link_mode=summary_mode(modes),
            bytes_installed=sum(layout.entry.size for layout in layouts),
            files=sum(len(layout.rows) + 1 for layout in layouts),
            timings={**receipt.timings, **clock.timings},
        )
        clock.start("commit", len(plan.displaced) + len(plan.placed) + 1)
        _commit(plan, receipt, hold, stage, progress)
        clock.stop("commit")
    finally:
        discard(stage)
    _tidy(change, plan, receipt, hold)
    progress(events.Reached(stage="laid-out", value=LaidOut(layouts, places, interpreter)))
    return receipt


def _ensure_unchanged(change: Change, places: Places) -> None:
    """Whoever planned this looked at the environment earlier: what comes must not have come meanwhile.

    :raises EnvironmentChanged: when it has.
    """
    coming = {package.name for package, _ in change.coming}
    going = {(item.location, item.dist_info) for item in change.going}
    for folder in {places.schemes["purelib"], places.schemes["platlib"]}:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if not name.endswith(".dist-info") or (folder, name) in going:
                continue
            stem = name.partition("-")[0].lower().replace("_", "-").replace(".", "-")
            known = any(os.path.exists(f"{folder}/{name}/{file}") for file in ("METADATA", "RECORD"))
            if stem in coming and known:
                raise EnvironmentChanged(f"`{name}` is there already")


def _stage(
    change: Change,
    plan: Plan,
    stage: Stage,
    bytecode: Mapping[str, str],
    interpreter: Interpreter,
    modes: Mapping[str, LinkMode],
    clock: _Clock,
) -> None:
    layouts = plan.layouts
    clock.start("link", sum(len(layout.links) for layout in layouts))
    targets = [(*layout.links, *layout.fresh, layout.record) for layout in layouts]
    restored = [target for _, target in change.restored]
    stage.make_folders(chain(*targets, bytecode.values(), plan.rewritten, restored))
    write = _write_fresh if bytecode else _write_all
    link_files(layouts, stage, modes, progress=clock.progress, meanwhile=lambda: write(layouts, stage))
    for source, target in change.restored:
        _restore(source, stage.path(target))
    clock.stop("link")
    if bytecode:
        clock.start("compile", len(bytecode))
        _add_bytecode(layouts, stage, bytecode, interpreter)
        clock.stop("compile")
        _write_records(layouts, stage)
    for target, content in plan.rewritten.items():
        stage.write(target, content)


def _write_all(layouts: Sequence[Layout], stage: Stage) -> None:
    _write_fresh(layouts, stage)
    _write_records(layouts, stage)


def _write_fresh(layouts: Sequence[Layout], stage: Stage) -> None:
    for layout in layouts:
        for target, (content, executable) in layout.fresh.items():
            stage.write(target, content, executable=executable)


def _write_records(layouts: Sequence[Layout], stage: Stage) -> None:
    for layout in layouts:
        layout.text = render_rows(layout.base, {**layout.rows, layout.record: ("", "")})
        stage.write(layout.record, layout.text.encode("utf-8", "surrogateescape"))


def _add_bytecode(
    layouts: Sequence[Layout], stage: Stage, bytecode: Mapping[str, str], interpreter: Interpreter
) -> None:
    staged = [module for module in bytecode if os.path.lexists(stage.path(module))]
    failed = compile_modules(staged, stage, interpreter)
    made = set(staged) - failed
    for layout in layouts:
        # Of files that two packages share, each records the bytecode too.
        modules = [module for module in layout.rows if module in made]
        layout.rows.update({bytecode[module]: ("", "") for module in modules})


def _restore(source: str, path: str) -> None:
    try:
        os.link(source, path, follow_symlinks=False)
    except OSError:
        import shutil

        try:
            shutil.copy2(source, path, follow_symlinks=False)
        except OSError as error:
            raise from_os_error(error, path=os.path.dirname(path)) from error


def _commit(plan: Plan, receipt: Receipt, hold: Hold, stage: Stage, progress: events.Progress) -> None:
    state = hold.state
    trash = f"{state.trash}/{receipt.id}"
    staged_receipt = f"{stage.root}/receipt.json"
    # Bytecode that could not be made was planned for and is not there.
    placed = [(path, target) for target in plan.placed if os.path.lexists(path := stage.path(target))]
    placed.append((staged_receipt, f"{state.receipts}/{receipt.id}.json"))
    moves = order_moves([(path, f"{trash}/{number}") for number, path in enumerate(plan.displaced)], placed)
    try:
        for folder in (trash, state.receipts, stage.root):
            os.makedirs(folder, exist_ok=True)
        with open(staged_receipt, "w", encoding="utf-8") as file:
            file.write(render_receipt(receipt))
        commit(Journal(id=receipt.id, moves=moves, unowned=tuple(plan.unowned)), state, progress=progress)
    except OSError as error:
        undone = not os.path.lexists(state.journal)
        path = str(error.filename2 or error.filename or state.root)
        raise CommitFailed(path, reason=error.strerror or str(error), undone=undone) from error


def _tidy(change: Change, plan: Plan, receipt: Receipt, hold: Hold) -> None:
    """Empty the trash, but for what a rollback could not get back from the store."""
    if plan.displaced or plan.placed:
        clean(hold.state, keep_trash=receipt.id)
    if not plan.unowned and all(item.sha256 for item in change.going):
        with suppress(OSError):
            fs.remove_tree(os.path.join(hold.state.trash, receipt.id))
