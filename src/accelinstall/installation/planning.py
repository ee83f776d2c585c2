"""Every rename of a transaction, known before the first file is written; the environment is read and not touched."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence

from accelinstall import events
from accelinstall.installation.errors import PathsCollide
from accelinstall.installation.layout import Content, Layout, Places
from accelinstall.installation.records import Row, absolute_path, read_record, record_path, render_record, slashed
from accelinstall.installation.removal import Staying, bytecode_of, displacements, files_to_remove, is_empty_tree
from accelinstall.model.installation import InstalledDistribution
from accelinstall.values import dataclass, field


@dataclass(slots=True, kw_only=True)
class Plan:
    """What the commit will do.

    :ivar displaced: files and folders to move away, absolute.
    :ivar placed: files and folders to move in, absolute; a folder only where none of that name will be.
    :ivar unowned: displaced files that no distribution on record owned.
    :ivar rewritten: RECORDs of staying distributions whose files are overwritten: target -> new text.
    """

    layouts: Sequence[Layout]
    displaced: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    unowned: list[str] = field(default_factory=list)
    rewritten: dict[str, bytes] = field(default_factory=dict)


def plan_changes(
    layouts: Sequence[Layout],
    going: Sequence[InstalledDistribution],
    kept: Sequence[InstalledDistribution],
    places: Places,
    *,
    extra: Collection[str] = (),
    exclusive: Iterable[Collection[str]] = (),
    progress: events.Progress = events.ignore,
) -> Plan:
    """The plan that takes *going* out and brings *layouts* (sorted by name) in.

    Where two distributions bring different content for one path, the one that sorts last by name has it, whatever was
    installed first, and the other's RECORD tells what really stands there.

    :param extra: further files that will be placed and belong to nobody here: bytecode, files from the trash.
    :param exclusive: sets of names of which only one may be installed.
    :raises InstallationError: when something cannot be removed, or names of one exclusive set collide.
    """
    staying = Staying(kept)
    collisions = _Collisions(exclusive, progress)
    _settle_among_new(layouts, collisions)
    plan = Plan(layouts=layouts)
    plan.displaced = displacements(files_to_remove(going, staying, places, progress=progress), places)
    targets = {target for layout in layouts for target in (*layout.links, *layout.fresh, layout.record)}
    merge = _Merge(targets.union(extra), plan, places)
    merge.run()
    # Bytecode makes way for bytecode, whoever has it in his RECORD: those rows carry no hash.
    loose = set(extra)
    _settle_with_staying(plan, [path for path in merge.clashes if path not in loose], staying, collisions)
    collisions.tell()
    return plan


class _Collisions:
    """Pairs of distributions with different content for one path: the first path of each, told once, in order."""

    def __init__(self, exclusive: Iterable[Collection[str]], progress: events.Progress) -> None:
        self._exclusive = exclusive
        self._progress = progress
        self._found: dict[tuple[str, str], list[str]] = {}

    def add(self, loser: str, winner: str, path: str) -> None:
        pair = (min(loser, winner), max(loser, winner))
        if any(loser in names and winner in names for names in self._exclusive):
            raise PathsCollide(pair, path=path)
        self._found.setdefault(pair, []).append(path)

    def tell(self) -> None:
        for (first, second), paths in sorted(self._found.items()):
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            message = (
                f"{first} and {second} bring different content for `{min(paths)}`{more}; the files of {second} are used"
            )
            self._progress(events.Note(level="warning", code="paths-collide", message=message))


def _settle_among_new(layouts: Sequence[Layout], collisions: _Collisions) -> None:
    # Mostly nobody shares a path with anybody.
    if len(set().union(*(layout.rows for layout in layouts))) == sum(len(layout.rows) for layout in layouts):
        return
    owners: dict[str, Layout] = {}
    for layout in sorted(layouts, key=lambda item: item.name, reverse=True):
        for target, content in list(layout.rows.items()):
            winner = owners.setdefault(target, layout)
            if winner is layout:
                continue
            if winner.rows[target] != content:
                collisions.add(layout.name, winner.name, record_path(layout.base, target))
            layout.drop(target, winner.rows[target])


def _settle_with_staying(plan: Plan, clashes: list[str], staying: Staying, collisions: _Collisions) -> None:
    """Decide for files that are there already: a staying distribution's, or nobody's."""
    if not clashes:
        return
    new = {target: layout for layout in plan.layouts for target in (*layout.links, *layout.fresh)}
    rewritten: dict[InstalledDistribution, dict[str, Content]] = {}
    for target in clashes:
        layout = new.get(target)
        owner, content = staying.owners.get(target, (None, ("", "")))
        _refuse_other_kind(target, layout, new, staying)
        if owner is None or layout is None:
            plan.unowned.append(target)
        elif content != layout.rows[target]:
            collisions.add(layout.name, owner.name, record_path(layout.base, target))
            if owner.name > layout.name:
                layout.drop(target, content)
                _leave(plan, target)
            else:
                rewritten.setdefault(owner, {})[target] = layout.rows[target]
    for owner, changes in rewritten.items():
        _rewrite_record(plan, owner, changes)


def _refuse_other_kind(target: str, layout: Layout | None, new: dict[str, Layout], staying: Staying) -> None:
    """A file where a staying distribution has a folder, or the reverse: no order makes both work."""
    below = target + "/"
    if layout is None:
        if target in staying.owners:
            owner = staying.owners[target][0]
            other = next((item.name for path, item in new.items() if path.startswith(below)), owner.name)
            raise PathsCollide((other, owner.name), path=target)
    elif os.path.isdir(target) and not os.path.islink(target):
        for path, (owner, _) in staying.owners.items():
            if path.startswith(below):
                raise PathsCollide((layout.name, owner.name), path=target)


def _leave(plan: Plan, target: str) -> None:
    """Take *target* and its bytecode out of *plan*."""
    folder, _, name = target.rpartition("/")
    plan.placed.remove(target)
    for path in (target, *bytecode_of(folder, {name})):
        plan.displaced.remove(path)


def _rewrite_record(plan: Plan, owner: InstalledDistribution, changes: dict[str, Content]) -> None:
    rows: list[Row] = []
    for path, digest, size in read_record(owner) or ():
        rows.append((path, *changes.get(absolute_path(slashed(owner.location), path), (digest, size))))
    record = f"{slashed(owner.location)}/{owner.dist_info}/RECORD"
    plan.rewritten[record] = render_record(rows).encode("utf-8", "surrogateescape")
    plan.displaced.append(record)
    plan.placed.append(record)


class _Merge:
    """Which renames bring *targets* in: whole folders where there is none yet, else what is inside, one by one."""

    def __init__(self, targets: set[str], plan: Plan, places: Places) -> None:
        self._plan = plan
        self._anchors = places.anchors
        self._gone = set(plan.displaced)
        self._files: dict[str, list[str]] = {}
        self._folders: dict[str, set[str]] = {}
        self.clashes: list[str] = []
        files = self._files
        for target in targets:
            folder, _, name = target.rpartition("/")
            if folder in files:
                files[folder].append(name)
            else:
                files[folder] = [name]
        for folder in list(self._files):
            while folder not in self._anchors:
                parent, _, name = folder.rpartition("/")
                siblings = self._folders.setdefault(parent, set())
                if name in siblings:
                    break
                siblings.add(name)
                folder = parent
        self._refuse_both_kinds(targets)

    def _refuse_both_kinds(self, targets: set[str]) -> None:
        both = (self._files.keys() | self._folders.keys()) & targets
        if not both:
            return
        path = min(both)
        names = sorted(
            layout.name
            for layout in self._plan.layouts
            if any(target == path or target.startswith(path + "/") for target in layout.rows)
        )
        raise PathsCollide((names[0], names[-1]), path=path)

    def run(self) -> None:
        for anchor in self._anchors:
            if anchor in self._folders or anchor in self._files:
                self._visit(anchor)

    def _visit(self, folder: str) -> None:
        """Merge into *folder*, which is there and stays."""
        there = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if f"{folder}/{entry.name}" not in self._gone:
                    there[entry.name] = entry.is_dir(follow_symlinks=False)
        for name in sorted(self._folders.get(folder, ())):
            path = f"{folder}/{name}"
            if there.get(name):
                self._visit(path)
                continue
            # A link to a folder is not followed: what it leads to is not the environment's.
            if name in there:
                self._displace(path)
            self._plan.placed.append(path)
        files = set(self._files.get(folder, ()))
        for name in sorted(files):
            path = f"{folder}/{name}"
            if name in there:
                self._displace(path, is_folder=there[name])
            self._plan.placed.append(path)
        if "__pycache__" in there:
            for path in bytecode_of(folder, files):
                if path not in self._gone:
                    self._gone.add(path)
                    self._plan.displaced.append(path)

    def _displace(self, path: str, *, is_folder: bool = False) -> None:
        self._gone.add(path)
        self._plan.displaced.append(path)
        if not (is_folder and is_empty_tree(path)):
            self.clashes.append(path)
