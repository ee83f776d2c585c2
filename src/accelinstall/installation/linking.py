"""Bringing stored files into the staging folder: links where the file system can, copies where it cannot."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

from accelinstall import events, fs
from accelinstall.forked import Tickets, fork
from accelinstall.installation.errors import NoSpace, StoreEntryGone, from_os_error
from accelinstall.installation.layout import Layout
from accelinstall.installation.staging import Stage
from accelinstall.model.installation import LinkMode
from accelinstall.values import dataclass, field

_THREADS = 2
# How many files between two looks at the stop sign and two words to the progress callback.
_STRIDE = 256
# Bytes of a number.
_DONE = 4
# Files.  To link fewer, a second process costs as much as it saves.
_MANY = 1_000

_Row = tuple[str, str, LinkMode, bool, Layout]
"""Stored file, staged file, how, executable, whose."""


@dataclass(slots=True)
class _Work:
    """What the linking threads share."""

    rows: Sequence[_Row]
    progress: events.Progress
    failure: BaseException | None = None
    stop: threading.Event = field(default_factory=threading.Event)


def link_files(
    layouts: Sequence[Layout],
    stage: Stage,
    modes: Mapping[str, LinkMode],
    *,
    progress: events.Progress,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Link or copy every stored file into *stage*; the folders are there.

    Copies keep two threads busy.  Links are over too soon for that: two threads take longer than one, so a second
    process helps with many, where it may.

    :param modes: wheel hash -> how its files get there.
    :param meanwhile: called once; a second process goes on linking.
    :raises InstallationError: when a stored file is gone or the file system refuses.
    """
    _ensure_space(layouts, stage, modes)
    rows: list[_Row] = []
    for layout in layouts:
        mode = modes[layout.entry.sha256]
        staged = zip(layout.links.values(), stage.paths(layout.links), strict=True)
        rows += [(source, path, mode, runs, layout) for (source, runs), path in staged]
    if all(mode == "hardlink" for mode in modes.values()):
        _link_rows(rows, progress, meanwhile)
        return
    meanwhile()
    work = _Work(rows, progress)
    # Not `Thread.join`: interrupted by Ctrl-C, Python 3.11 takes the thread that was waited for as ended.
    ended: list[threading.Event] = []
    try:
        for start in range(_THREADS):
            sign = threading.Event()
            threading.Thread(target=_link_every, args=(work, start, sign), daemon=True).start()
            ended.append(sign)
        _wait_for(ended)
    finally:
        work.stop.set()
        _wait_for(ended)
    if work.failure:
        raise work.failure


def _wait_for(ended: Sequence[threading.Event]) -> None:
    for sign in ended:
        # In slices: Windows does not interrupt an endless wait for Ctrl-C.
        while not sign.wait(0.2):
            continue


def _link_rows(rows: Sequence[_Row], progress: events.Progress, meanwhile: Callable[[], object]) -> None:
    stride = max(_STRIDE, -(-len(rows) // Tickets.MOST))
    blocks = {first // stride: rows[first : first + stride] for first in range(0, len(rows), stride)}
    reader, writer = os.pipe()
    with closing(Tickets(len(blocks))) as tickets:
        helper = None
        try:
            if len(rows) >= _MANY:
                helper = fork(lambda is_wanted: _link_unheard(blocks, tickets, writer, is_wanted))
        finally:
            os.close(writer)
        try:
            meanwhile()
            while (number := tickets.take()) is not None:
                _link_block(blocks.pop(number), progress)
            while done := os.read(reader, _DONE):
                _tell(blocks.pop(int.from_bytes(done, "little")), progress)
            # Begun by somebody who could not say what was wrong.
            for block in blocks.values():
                _link_block(block, progress, is_begun=True)
        finally:
            os.close(reader)
            if helper is not None:
                helper.stop()


def _link_unheard(
    blocks: Mapping[int, Sequence[_Row]], tickets: Tickets, writer: int, is_wanted: Callable[[], bool]
) -> None:
    """Blocks, and the number of each into *writer* after it: the second process, which ends when it is not wanted."""
    while is_wanted() and (number := tickets.take()) is not None:
        for source, path, *_ in blocks[number]:
            os.link(source, path)
        os.write(writer, number.to_bytes(_DONE, "little"))


def _link_block(block: Sequence[_Row], progress: events.Progress, *, is_begun: bool = False) -> None:
    link = os.link
    for row in block:
        try:
            link(row[0], row[1])
        except OSError:
            # A link is there or it is not: never a part of one.
            if not (is_begun and os.path.lexists(row[1])):
                _bring(row)
    _tell(block, progress)


def _tell(block: Sequence[_Row], progress: events.Progress) -> None:
    progress(events.PhaseAdvanced(phase="link", amount=len(block), detail=block[-1][4].name))


def _ensure_space(layouts: Sequence[Layout], stage: Stage, modes: Mapping[str, LinkMode]) -> None:
    """Links cost next to nothing; copies are counted before the first one."""
    needed = sum(layout.entry.size for layout in layouts if modes[layout.entry.sha256] == "copy")
    if needed and needed > (free := fs.free_bytes(stage.root)):
        raise NoSpace(stage.anchors[0], needed=needed, free=free)


def _link_every(work: _Work, start: int, ended: threading.Event) -> None:
    """Every second block of rows: neighbours share folders, so one thread takes whole blocks."""
    try:
        for first in range(start * _STRIDE, len(work.rows), _STRIDE * _THREADS):
            block = work.rows[first : first + _STRIDE]
            if work.stop.is_set():
                return
            for row in block:
                _bring(row)
            _tell(block, work.progress)
    except BaseException as error:
        work.failure = error
        work.stop.set()
    finally:
        ended.set()


def _bring(row: _Row) -> None:
    """One file by its mode; a copy where its mode does not work for it."""
    source, path, mode, executable, layout = row
    try:
        fs.link_or_copy(source, path, mode, executable=executable)
    except OSError as error:
        if not os.path.lexists(source):
            raise StoreEntryGone(layout.name, layout.package.version, path=source) from error
        if mode == "copy":
            raise from_os_error(error, path=layout.base) from error
        # It has as many links as the file system allows, or another owner.
        _bring((source, path, "copy", executable, layout))


def choose_modes(
    layouts: Sequence[Layout], stage: Stage, wish: LinkMode | None, *, progress: events.Progress = events.ignore
) -> dict[str, LinkMode]:
    """Wheel hash -> how its files get into the environment; one trial per store.

    :param wish: the only one that is tried; where it does not work, files are copied, which a note tells.  Files of
        another owner are never hard-linked.
    """
    tried: dict[str, LinkMode] = {}
    modes: dict[str, LinkMode] = {}
    for layout in layouts:
        store = os.path.dirname(os.path.dirname(layout.entry.root))
        mode = tried.get(store)
        if mode is None:
            try:
                os.makedirs(stage.root, exist_ok=True)
                mode = tried[store] = fs.choose_link_mode(os.path.dirname(layout.entry.root), stage.root, wish=wish)
            except OSError as error:
                raise from_os_error(error, path=stage.anchors[0]) from error
            if wish not in (None, mode):
                message = f"a {wish} from `{store}` to `{stage.anchors[0]}` is not possible; files are copied"
                progress(events.Note(level="warning", code="link-mode-impossible", message=message))
        modes[layout.entry.sha256] = "copy" if mode == "hardlink" and not layout.entry.shareable else mode
    return modes


def summary_mode(modes: Mapping[str, LinkMode]) -> LinkMode:
    """The mode to tell in a receipt: the most usual one."""
    found = list(modes.values())
    return max(set(found), key=found.count) if found else "copy"
