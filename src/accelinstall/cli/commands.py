"""One function per command: call the verb, show its value, choose the exit code."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, text
from accelinstall.cli.progress import drawing
from accelinstall.cli.requests import request_from
from accelinstall.events import Progress
from accelinstall.model.hardware import HardwareReport
from accelinstall.pipeline.outcomes import Locked, Synced

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.model.finding import Finding
    from accelinstall.model.installation import Proof
    from accelinstall.pipeline.request import Request

Environ = Mapping[str, str]


def detect(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall detect``."""
    detection = pipeline.detect(request_from(arguments, environ), record=arguments.record)
    if arguments.json:
        console.data(documents.render(documents.detection_document(detection)))
    else:
        _print(console, text.report_lines(detection.report, detection.environment))
        if detection.disk:  # a record has none
            free = ", ".join(f"{text.size(count)} for the {role}" for role, count in detection.disk.items())
            console.line(text.labelled("Disk free", free))
    if arguments.record:
        console.say(f"recorded in {arguments.record}; replay it: accelinstall detect --host {arguments.record}")
        for sentence in detection.left_out:
            console.say(f"  {sentence}")
    return 0


def explain(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall explain``."""
    explanation = pipeline.explain(request_from(arguments, environ))
    if arguments.json:
        console.data(documents.render(documents.explanation_document(explanation)))
        return 0
    _print(console, text.explanation_lines(explanation, every=arguments.all))
    _tell(console, explanation.findings)
    return 0


def lock(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall lock``."""
    request = request_from(arguments, environ)
    if arguments.check:
        return _check(arguments, console, request)
    with drawing(console, events_file=arguments.events, plain=arguments.json) as progress:
        done, failed = pipeline.lock(request, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.locked_document(done, failed)))
    elif request.output == "-":
        console.data("".join(one.text for one in done))
    for one in done:
        for line in text.locked_lines(one):
            console.say(line)
        if not arguments.json:
            _tell(console, one.findings)
    for target, error in failed:
        console.error(f"{target}: {error.message}", error.hint)
    return 1 if failed else 0


def _check(arguments: Namespace, console: Console, request: Request) -> int:
    """``accelinstall lock --check``."""
    states, failed = pipeline.check(request)
    if arguments.json:
        console.data(documents.render(documents.checked_document(states, failed)))
    for state in () if arguments.json else states:
        _print(console, text.state_lines(state))
    for target, error in failed:
        console.error(f"{target}: {error.message}", error.hint)
    return 1 if failed or any(state.state != "fresh" for state in states) else 0


def sync(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall sync``."""
    request = request_from(arguments, environ)
    with _watching(arguments, console) as progress:
        synced = pipeline.sync(request, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.synced_document(synced)))
    else:
        _conclude(console, synced, synced.findings)
    return _exit_code(synced.proof)


def optimize(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall optimize``."""
    request = request_from(arguments, environ)
    with _watching(arguments, console) as progress:
        optimized = pipeline.optimize(request, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.optimized_document(optimized)))
    else:
        _conclude(console, optimized.synced, optimized.findings)
    return _exit_code(optimized.synced.proof)


def rollback(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall rollback``."""
    request = request_from(arguments, environ)
    with _watching(arguments, console) as progress:
        synced = pipeline.rollback(request, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.synced_document(synced)))
    else:
        _conclude(console, synced, synced.findings)
    return 0


def cache(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall cache``."""
    request = request_from(arguments, environ)
    state = pipeline.cache(request, action=arguments.action, older_than_days=arguments.older_than)
    if arguments.json:
        console.data(documents.render(documents.cache_document(state)))
        return 0
    if arguments.action != "size":
        console.line(f"removed {text.plural(state.removed, 'wheel')}, {text.size(state.removed_bytes)}")
    console.line(f"{state.directory}: {text.plural(state.wheels, 'wheel')}, {text.size(state.bytes)}")
    return 0


def catalog(arguments: Namespace, console: Console, environ: Environ) -> int:
    """``accelinstall catalog show|check``."""
    from accelinstall.pipeline.cataloguing import catalog_rows, check_catalog, read_catalog

    if arguments.action == "check":
        found = check_catalog(arguments.subject)
        if arguments.json:
            console.data(documents.render({"schema": documents.SCHEMA, "problems": list(found)}))
            return 1 if found else 0
        _print(console, found)
        if not found:
            console.line(f"{arguments.subject or 'the catalog'} is well formed, and every row says where it comes from")
        return 1 if found else 0
    request = request_from(arguments, environ)
    known = read_catalog(request)
    rows = catalog_rows(known, arguments.subject)
    if arguments.json:
        console.data(documents.render(documents.catalog_document(known.serial, rows)))
    else:
        _print(console, text.catalog_lines(rows))
    return 0


@contextmanager
def _watching(arguments: Namespace, console: Console) -> Iterator[Progress]:
    """Progress drawn as the options want it, with the values of the story told on the way unless JSON is asked."""
    show = None if arguments.json else _showing(console)
    with drawing(console, events_file=arguments.events, plain=arguments.json, show=show) as progress:
        yield progress


def _showing(console: Console) -> Callable[[str, object], None]:
    """What is told while the story goes on: found and chosen first, then what will happen."""

    def show(stage: str, value: object) -> None:
        if isinstance(value, HardwareReport):
            _print(console, text.report_lines(value))
        elif isinstance(value, Locked):
            _print(console, text.selected_lines(value.selected))
            _print(console, (text.labelled("Lock", line) for line in text.locked_lines(value)))
        elif isinstance(value, Synced):
            console.line(text.labelled("Into", value.environment))
            console.line(text.labelled("Plan", text.transaction_summary(value)))
            if value.dry_run:
                _print(console, (f"  {line}" for line in text.transaction_lines(value.transaction)))

    return show


def _conclude(console: Console, synced: Synced, findings: Iterable[Finding]) -> None:
    """What was done, what it computes, what to read."""
    if synced.receipt is not None:
        console.line(text.labelled("Plan" if synced.dry_run else "Done", text.receipt_line(synced.receipt)))
    for proof in synced.proof:
        console.line(text.labelled("Proof", text.proof_line(proof)))
    _tell(console, findings)


def _tell(console: Console, findings: Iterable[Finding]) -> None:
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


def _print(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.line(line)


def _exit_code(proofs: Iterable[Proof]) -> int:
    """A framework that does not compute is a failure; one that cannot be tried here is not."""
    return 1 if any(proof.status == "failed" for proof in proofs) else 0


COMMANDS: Mapping[str, Callable[[Namespace, Console, Environ], int]] = {
    "detect": detect,
    "explain": explain,
    "lock": lock,
    "sync": sync,
    "optimize": optimize,
    "rollback": rollback,
    "cache": cache,
    "catalog": catalog,
}
