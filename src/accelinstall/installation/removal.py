"""What has to leave the environment: files of distributions that go, and nothing that belongs to those that stay."""

from __future__ import annotations

import os
from collections.abc import Iterable

from accelinstall import events
from accelinstall.installation.errors import EnvironmentChanged, NoRecord
from accelinstall.installation.layout import Content, Places, is_inside
from accelinstall.installation.records import absolute_path, read_record, slashed
from accelinstall.model.installation import InstalledDistribution
from accelinstall.model.receipts import STATE_FOLDER


class Staying:
    """The files of the distributions that stay, read from their RECORDs when first asked."""

    def __init__(self, distributions: Iterable[InstalledDistribution]) -> None:
        self.distributions = tuple(distributions)
        self._owners: dict[str, tuple[InstalledDistribution, Content]] | None = None

    @property
    def owners(self) -> dict[str, tuple[InstalledDistribution, Content]]:
        """Absolute path -> the distribution that names it, and the content it names."""
        if self._owners is None:
            self._owners = {
                absolute_path(slashed(item.location), path): (item, (digest, size))
                for item in self.distributions
                for path, digest, size in read_record(item) or ()
            }
        return self._owners


def files_to_remove(
    going: Iterable[InstalledDistribution], staying: Staying, places: Places, *, progress: events.Progress
) -> set[str]:
    """The files of the distributions *going*, less those a staying one names too and those outside the environment.

    :raises NoRecord: when one of them has no RECORD.
    :raises EnvironmentChanged: when one of them is not there any more.
    """
    found: set[str] = set()
    outside = []
    anchors = places.anchors
    memory = f"{places.schemes['purelib']}/{STATE_FOLDER}"
    for item in going:
        folder = f"{slashed(item.location)}/{item.dist_info}"
        if not os.path.lexists(folder):
            raise EnvironmentChanged(f"{item.name} {item.version} is not installed any more")
        rows = read_record(item)
        if rows is None:
            raise NoRecord(item.name, item.version, path=folder)
        for path, _, _ in rows:
            target = absolute_path(slashed(item.location), path)
            if any(is_inside(target, anchor) for anchor in anchors) and not is_inside(target, memory):
                found.add(target)
            else:
                outside.append(target)
        # Its own folder goes whole: other tools leave notes there that RECORD does not name.
        found.update(f"{slashed(root)}/{name}" for root, _, names in os.walk(folder) for name in names)
    if found:
        found.difference_update(staying.owners)
    found -= places.reserved
    if outside:
        message = f"{len(outside)} files outside the environment are left where they are, the first `{outside[0]}`"
        progress(events.Note(level="warning", code="outside-environment", message=message))
    return found


def displacements(removal: set[str], places: Places) -> list[str]:
    """What to move away so that the files *removal* and their bytecode are gone: whole folders where nothing else is
    in them, else single files; folders that would be empty go too."""
    return _Displacement(removal, places).run() if removal else []


def bytecode_of(folder: str, modules: set[str]) -> list[str]:
    """The files in *folder*'s ``__pycache__`` that were compiled from the files *modules* (names in *folder*).

    CPython takes bytecode for current when the source's time and size are those it has noted, and wheels carry equal
    times: a replaced module of equal size would run its predecessor's code.
    """
    cache = f"{folder}/__pycache__"
    try:
        names = os.listdir(cache)
    except OSError:
        return []
    return [f"{cache}/{name}" for name in names if is_bytecode_of(name, modules)]


def is_bytecode_of(name: str, modules: set[str]) -> bool:
    """Whether the ``__pycache__`` file *name* belongs to one of *modules*.

    ``x.cpython-311.pyc``, ``x.cpython-311.opt-1.pyc`` and the module ``a.b.py``'s ``a.b.cpython-311.pyc``.
    """
    if not name.endswith(".pyc"):
        return False
    stem = name[:-4]
    while "." in stem:
        stem = stem.rpartition(".")[0]
        if f"{stem}.py" in modules:
            return True
    return False


class _Displacement:
    def __init__(self, removal: set[str], places: Places) -> None:
        self._fixed = places.fixed
        self._names: dict[str, set[str]] = {}
        # Folders with something to remove in them, at any depth.
        self._inner: set[str] = set()
        for path in removal:
            folder, _, name = path.rpartition("/")
            self._names.setdefault(folder, set()).add(name)
        for folder in self._names:
            while folder not in self._inner and folder:
                self._inner.add(folder)
                folder = folder.rpartition("/")[0]
        self._anchors = places.anchors

    def run(self) -> list[str]:
        found: list[str] = []
        for anchor in self._anchors:
            if anchor in self._inner:
                found += self._visit(anchor)[1]
        return found

    def _visit(self, folder: str) -> tuple[bool, list[str]]:
        """Whether nothing of *folder* stays, and what has to be moved."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            return False, []
        names = self._names.get(folder, set())
        fixed = folder in self._fixed
        whole, moves = not fixed, []
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                if entry.name in names:
                    moves.append(path)
                else:
                    whole = False
                continue
            goes, inner = self._visit_inner(path, names, may_skip=not whole)
            moves += inner
            whole = whole and goes
        return (True, [folder]) if whole and moves else (whole, moves)

    def _visit_inner(self, path: str, names: set[str], *, may_skip: bool) -> tuple[bool, list[str]]:
        folder, _, name = path.rpartition("/")
        if name == "__pycache__":
            return self._visit_bytecode(path, folder, names)
        if path in self._inner:
            return self._visit(path)
        return (not may_skip and is_empty_tree(path)), []

    def _visit_bytecode(self, cache: str, folder: str, names: set[str]) -> tuple[bool, list[str]]:
        listed = self._names.get(cache, set())
        stale = set(bytecode_of(folder, names)) if names else set()
        everything = os.listdir(cache)
        going = [f"{cache}/{name}" for name in sorted(everything) if name in listed or f"{cache}/{name}" in stale]
        return (True, [cache] if going else []) if len(going) == len(everything) else (False, going)


def is_empty_tree(folder: str) -> bool:
    """Whether there is no file below *folder*."""
    with os.scandir(folder) as entries:
        return all(entry.is_dir(follow_symlinks=False) and is_empty_tree(entry.path) for entry in entries)
