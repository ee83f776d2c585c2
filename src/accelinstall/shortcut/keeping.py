"""Remembering how a lock is laid out, once a whole installation has done it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.shortcut.asking import boot, cache_folder, read, write
from accelinstall.shortcut.fresh import outline_path, wish_of
from accelinstall.shortcut.outline import outline_of, render_outline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelinstall.installation.layout import LaidOut
    from accelinstall.model.installation import Receipt
    from accelinstall.model.lock import Lock
    from accelinstall.shortcut.nothing import Recorder


def keep_outline(
    recorder: Recorder,
    lock: Lock,
    receipt: Receipt,
    laid_out: LaidOut,
    *,
    lines: Sequence[str],
    spared: frozenset[str],
    is_proved: bool,
) -> None:
    """Write the outline of *lock*, as *receipt* says it was installed and *laid_out* where, for the next environment.

    Nothing is written for what an outline cannot tell: copies and reflinks, bytecode, distributions that share a path.

    :param lines: what to say when it is installed from its outline.
    :param spared: what an environment may hold already and keeps.
    """
    wish = wish_of(recorder.arguments)
    folder = cache_folder(recorder.arguments, recorder.environ)
    layouts, interpreter = laid_out.layouts, laid_out.interpreter
    if (
        wish is None
        or not folder
        or interpreter.executable != wish.python
        or receipt.link_mode != "hardlink"
        or any(row[0] != "install" for row in receipt.changes)
        or {layout.package for layout in layouts} != set(lock.packages)
        or not all(layout.entry.shareable for layout in layouts)
    ):
        return
    text = read(wish.lock_file)
    try:
        path = outline_path(folder, text, wish.python) if text is not None else ""
    except OSError:
        return
    if not path:
        return
    from accelinstall.store import Store

    outline = outline_of(
        laid_out,
        store=Store(folder).directory,
        boot=boot(),
        receipt=receipt,
        lines=[line.replace(wish.lock_file, "@lock@").replace(wish.prefix, "@into@") for line in lines],
        spared=spared,
        is_proved=is_proved,
    )
    data = render_outline(outline) if outline is not None else None
    if data is not None:
        write(path, data)
