"""How the story is told on the terminal: what several commands show in the same way."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from accelinstall.cli import text
from accelinstall.cli.progress import drawing
from accelinstall.events import Progress
from accelinstall.model.hardware import HardwareReport
from accelinstall.pipeline.outcomes import Locked, Synced

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.installation.layout import LaidOut
    from accelinstall.model.finding import Finding
    from accelinstall.model.installation import Proof


@contextmanager
def watching(arguments: Namespace, console: Console) -> Iterator[Progress]:
    """Progress drawn as the options want it, with the values of the story told on the way unless JSON is asked."""
    show = None if arguments.json else _showing(console)
    with drawing(console, events_file=arguments.events, plain=arguments.json, show=show) as progress:
        yield progress


def _showing(console: Console) -> Callable[[str, object], None]:
    """What is told while the story goes on: found and chosen first, then what will happen."""

    def show(stage: str, value: object) -> None:
        if stage == "laid-out":
            console.laid_out = cast("LaidOut", value)
        elif isinstance(value, HardwareReport):
            print_lines(console, text.report_lines(value))
        elif isinstance(value, Locked):
            print_lines(console, text.selected_lines(value.selected))
            print_lines(console, (text.labelled("Lock", line) for line in text.locked_lines(value)))
        elif isinstance(value, Synced):
            if value.transaction.steps and console.recorder is not None:
                # It hears every file that is opened, and only a run that had nothing to do is remembered by them.
                console.recorder.stop()
            console.line(text.labelled("Into", value.environment))
            console.line(text.labelled("Plan", text.transaction_summary(value)))
            if value.dry_run:
                print_lines(console, (f"  {line}" for line in text.transaction_lines(value)))

    return show


def conclude(console: Console, synced: Synced, findings: Iterable[Finding]) -> None:
    """What was done, what it computes, what to read."""
    if synced.receipt is not None:
        console.line(text.labelled("Plan" if synced.dry_run else "Done", text.receipt_line(synced.receipt)))
        if synced.dry_run:
            print_lines(console, (f"  {line}" for line in text.change_lines(synced.receipt)))
    for proof in synced.proof:
        console.line(text.labelled("Proof", text.proof_line(proof)))
    tell(console, findings)


def tell(console: Console, findings: Iterable[Finding]) -> None:
    """Findings as talk: notes, warnings, errors, each with its hint."""
    for finding in findings:
        where = f"{finding.where}: " if finding.where else ""
        if finding.level == "info":
            console.say(f"note: {where}{finding.message}")
            if finding.hint:
                console.say(f"  hint: {finding.hint}")
        elif finding.level == "warning":
            console.warn(where + finding.message, finding.hint)
        else:
            console.error(where + finding.message, finding.hint)


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Lines of a report, to stdout."""
    for line in lines:
        console.line(line)


def exit_code(proofs: Iterable[Proof]) -> int:
    """A framework that does not compute is a failure; one that cannot be tried here is not."""
    return 1 if any(proof.status == "failed" for proof in proofs) else 0
