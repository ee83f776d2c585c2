"""What a run tells the next one, so that it need not be made in full again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.cli import text
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.model.origin import Origin
    from accelinstall.pipeline.outcomes import Synced


def remember(console: Console, synced: Synced) -> None:
    """Keep what *console* was told, when there was nothing to do; how the lock is laid out, when it was installed.

    Nothing without a recorder, which only a process of its own has.
    """
    recorder = console.recorder
    if recorder is None or synced.dry_run or any(proof.status == "failed" for proof in synced.proof):
        return
    folders = [item.origin for item in synced.lock.packages if item.origin and item.origin.kind == "directory"]
    if any(map(_changes_unseen, folders)):
        return
    if not synced.transaction.steps and synced.receipt is None:
        from accelinstall.shortcut.nothing import remember as remember_nothing

        remember_nothing(recorder, environment=synced.environment, out="".join(console.told), err="".join(console.said))
    elif synced.receipt is not None and console.laid_out is not None and not synced.findings and not folders:
        from accelinstall.pipeline.installing import FRAMEWORKS
        from accelinstall.shortcut.keeping import keep_outline
        from accelinstall.transaction import PROTECTED

        warm = replace(synced, download_bytes=0, unsized=0, disk_bytes=0, missing=frozenset(), supply=())
        keep_outline(
            recorder,
            synced.lock,
            synced.receipt,
            console.laid_out,
            lines=[
                *"".join(console.told).split("\n")[:1],
                text.labelled("Into", synced.environment),
                text.labelled("Plan", text.transaction_summary(warm)),
                text.labelled("Done", text.receipt_line(replace(synced.receipt, timings={}))),
            ],
            spared=PROTECTED,
            is_proved=any(package.name in FRAMEWORKS for package in synced.lock.packages),
        )


def _changes_unseen(folder: Origin) -> bool:
    """Whether what counts of a folder is code, which no recorder watches: all of it, or its ``setup.py``."""
    from pathlib import Path

    return not folder.editable or Path(folder.folder, "setup.py").exists()
