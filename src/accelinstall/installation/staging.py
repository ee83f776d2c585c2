"""The new files, laid out in full beside the environment before anything in it changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from accelinstall import events, fs
from accelinstall.installation.errors import NoSpace, StoreEntryGone, from_os_error
from accelinstall.installation.layout import Layout
from accelinstall.model.installation import LinkMode

_THREADS = 2
# How many files between two looks at the stop sign and two words to the progress callback.
_STRIDE = 256


@dataclass(frozen=True, slots=True)
class Stage:
    """The folder that mirrors the environment's anchors.

    :ivar root: absolute; *anchors* are the folders it mirrors, by position.
    """

    root: str
    anchors: tuple[str, ...]

    def path(self, target: str) -> str:
        """Where the file that will be *target* stands until the commit."""
        for number, anchor in enumerate(self.anchors):
            if target.startswith(anchor) and target[len(anchor) : len(anchor) + 1] == os.sep:
                return f"{self.root}/{number}{target[len(anchor) :]}"
        raise ValueError(f"{target} is outside {self.anchors}")

    def make_folders(self, targets: Iterable[str]) -> None:
        """Make every folder that files for *targets* need, each once.

        :raises InstallationError: when the file system refuses.
        """
        folders = {target.rpartition(os.sep)[0] for target in targets}
        wanted = {os.path.join(self.root, str(number)) for number in range(len(self.anchors))}
        wanted.update(self.path(folder) for folder in folders if folder not in self.anchors)
        needed = set()
        for path in wanted:
            while path not in needed and path != self.root:
                needed.add(path)
                path = path.rpartition(os.sep)[0]
        try:
            os.makedirs(self.root, exist_ok=True)
            # A folder sorts before what is in it.
            for path in sorted(needed):
                if not os.path.isdir(path):
                    os.mkdir(path)
        except OSError as error:
            raise from_os_error(error, path=self.root) from error

    def write(self, target: str, content: bytes, *, executable: bool = False) -> None:
        """Put a new file in place of *target*; never over a staged one, which may be the store's own.

        :raises InstallationError: when the file system refuses.
        """
        path = self.path(target)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags, 0o777 if executable else 0o666)
            try:
                fs.write_all(descriptor, content)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise from_os_error(error, path=os.path.dirname(target)) from error


@dataclass(slots=True)
class _Work:
    """What two linking threads share."""

    rows: Sequence[tuple[Layout, str, str, bool, LinkMode]]
    stage: Stage
    progress: events.Progress
    failure: BaseException | None = None
    stop: threading.Event = field(default_factory=threading.Event)


def link_files(
    layouts: Sequence[Layout], stage: Stage, modes: Mapping[str, LinkMode], *, progress: events.Progress
) -> None:
    """Link or copy every stored file into *stage*; the folders are there.

    :param modes: wheel hash -> how its files get there.
    :raises InstallationError: when a stored file is gone or the file system refuses.
    """
    rows = [
        (layout, source, target, executable, modes[layout.entry.sha256])
        for layout in layouts
        for target, (source, executable) in layout.links.items()
    ]
    _ensure_space(rows, stage)
    work = _Work(rows, stage, progress)
    threads = [threading.Thread(target=_link_every, args=(work, start), daemon=True) for start in range(_THREADS)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        work.stop.set()
        for thread in threads:
            thread.join()
    if work.failure:
        raise work.failure


def _ensure_space(rows: Sequence[tuple[Layout, str, str, bool, LinkMode]], stage: Stage) -> None:
    """Links cost next to nothing; copies are counted before the first one."""
    copied = {layout.entry.sha256: layout for layout, *_, mode in rows if mode == "copy"}
    needed = sum(layout.entry.size for layout in copied.values())
    if needed and needed > (free := fs.free_bytes(stage.root)):
        raise NoSpace(stage.anchors[0], needed=needed, free=free)


def _link_every(work: _Work, start: int) -> None:
    """Every second block of rows: neighbours share folders, so one thread takes whole blocks."""
    try:
        for first in range(start * _STRIDE, len(work.rows), _STRIDE * _THREADS):
            block = work.rows[first : first + _STRIDE]
            if work.stop.is_set():
                return
            for row in block:
                _link(work.stage, *row)
            work.progress(events.PhaseAdvanced(phase="link", amount=len(block), detail=block[-1][0].name))
    except BaseException as error:
        work.failure = error
        work.stop.set()


def _link(stage: Stage, layout: Layout, source: str, target: str, executable: bool, mode: LinkMode) -> None:
    path = stage.path(target)
    try:
        fs.link_or_copy(source, path, mode, executable=executable)
    except OSError as error:
        if not os.path.lexists(source):
            raise StoreEntryGone(layout.name, layout.package.version, path=source) from error
        if mode == "copy":
            raise from_os_error(error, path=os.path.dirname(target)) from error
        # This one file cannot be shared: it has as many links as the file system allows, or another owner.
        _link(stage, layout, source, target, executable, "copy")


def choose_modes(layouts: Sequence[Layout], stage: Stage, wish: LinkMode | None) -> dict[str, LinkMode]:
    """Wheel hash -> how its files get into the environment; one trial per store.

    :param wish: used instead of a trial, except that files of another owner are never hard-linked.
    """
    tried: dict[str, LinkMode] = {}
    modes: dict[str, LinkMode] = {}
    for layout in layouts:
        store = os.path.dirname(os.path.dirname(layout.entry.root))
        mode = wish or tried.get(store)
        if mode is None:
            try:
                os.makedirs(stage.root, exist_ok=True)
                mode = tried[store] = fs.choose_link_mode(os.path.dirname(layout.entry.root), stage.root)
            except OSError as error:
                raise from_os_error(error, path=stage.anchors[0]) from error
        modes[layout.entry.sha256] = "copy" if mode == "hardlink" and not layout.entry.shareable else mode
    return modes


def summary_mode(modes: Mapping[str, LinkMode]) -> LinkMode:
    """The mode to tell in a receipt: the most usual one."""
    found = list(modes.values())
    return max(set(found), key=found.count) if found else "copy"


def discard(stage: Stage) -> None:
    """Remove what was staged; what cannot be removed is left for the next run."""
    try:
        fs.remove_tree(stage.root)
    except OSError:
        return
