"""``accelinstall doctor``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from accelinstall.cli import documents, options, text
from accelinstall.cli.confirmation import NeedsConsent, is_agreed
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import conclude, print_lines, watching
from accelinstall.errors import AccelinstallError, UsageError

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser
    from accelinstall.doctor import Diagnosis, Snapshot
    from accelinstall.model.finding import Finding
    from accelinstall.pipeline.request import Request

EXAMPLES = (
    "accelinstall doctor",
    "accelinstall doctor --fix --dry-run",
    "accelinstall doctor --sarif",
    "accelinstall doctor --docker",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("--project", metavar="DIR", default=".", help="the project's folder (default: here)")
    parser.add_argument("--fix", action="store_true", help="mend what can be mended; the diff is shown first")
    parser.add_argument("--yes", action="store_true", help="with --fix: do not ask")
    parser.add_argument("--dry-run", action="store_true", help="with --fix: only show the diff")
    parser.add_argument("--sarif", action="store_true", help="findings as SARIF 2.1.0 on stdout")
    parser.add_argument(
        "--docker",
        metavar="NAME",
        nargs="?",
        const="",
        help="compare running containers too: NAME, or those compose started from here",
    )
    options.add_host(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall doctor``."""
    from accelinstall.doctor import examine, look

    if (arguments.yes or arguments.dry_run) and not arguments.fix:
        raise UsageError("--yes and --dry-run say how to mend", hint="accelinstall doctor --fix")
    request = request_from(arguments, environ)
    snapshot = look(request, docker=arguments.docker)
    is_done = True
    if arguments.fix:
        snapshot = _edited(arguments, console, request, snapshot)
        is_done = _furnished(arguments, console, request, snapshot)
        snapshot = look(request, docker=arguments.docker)
    diagnosis = examine(snapshot)
    if not arguments.dry_run or _is_document(arguments):
        _show(arguments, console, diagnosis)
    return 1 if diagnosis.has_errors or not is_done else 0


def _is_document(arguments: Namespace) -> bool:
    """Whether stdout belongs to a document."""
    return bool(arguments.json or arguments.sarif)


def _edited(arguments: Namespace, console: Console, request: Request, snapshot: Snapshot) -> Snapshot:
    """The project after the edits that were agreed to."""
    from accelinstall.doctor import look, mend
    from accelinstall.pipeline.editing import apply_edits

    edits = mend(snapshot)
    as_document = _is_document(arguments)
    if not is_agreed(edits, console, yes=arguments.yes, dry_run=arguments.dry_run, as_json=as_document):
        return snapshot
    for path in apply_edits(edits, directory=snapshot.directory):
        console.say(f"wrote {path}")
    return look(request, docker=arguments.docker)


def _furnished(arguments: Namespace, console: Console, request: Request, snapshot: Snapshot) -> bool:
    """Makes the environment that is missing; false when that was wanted and could not be done."""
    from accelinstall.doctor import examine, make_environment

    local = snapshot.local.environment
    if local is None or not examine(snapshot).makes_environment:
        return True
    if arguments.dry_run:
        console.say(f"would make {local.path} and install the lock into it")
        return True
    if not arguments.yes:
        if not console.can_ask:
            raise NeedsConsent([local.path])
        if not console.ask(f"Make {local.path} and install the lock into it?"):
            return True
    try:
        # Whatever is a document on stdout, the story is not told there.
        with watching(Namespace(**{**vars(arguments), "json": _is_document(arguments)}), console) as progress:
            synced = make_environment(request, progress)
    except AccelinstallError as error:
        console.error(f"the environment was not made: {error.message}", error.hint)
        return False
    if not _is_document(arguments):
        conclude(console, synced, synced.findings)
    return True


def _show(arguments: Namespace, console: Console, diagnosis: Diagnosis) -> None:
    from accelinstall.doctor import sarif_document

    if arguments.sarif:
        console.data(documents.render(sarif_document(diagnosis.findings)))
    elif arguments.json:
        console.data(documents.render(documents.diagnosis_document(diagnosis)))
    else:
        print_lines(console, _facts(diagnosis))
        for finding in diagnosis.findings:
            print_lines(console, _finding(console, finding))
        console.line(_summary(diagnosis.findings))


def _facts(diagnosis: Diagnosis) -> Iterator[str]:
    """The table: a row per fact, a line per place; what a finding points at is marked."""
    marked = diagnosis.disagreements()
    wide = max((len(fact.place) for fact in diagnosis.facts), default=0)
    values = max((len(fact.value) for fact in diagnosis.facts), default=0)
    for name, facts in groupby(diagnosis.facts, key=lambda fact: fact.fact):
        yield name.removeprefix("package:") if ":" in name else name
        for fact in facts:
            mark = "!" if fact in marked else " "
            yield f" {mark} {fact.place:<{wide}}  {fact.value:<{min(values, 40)}}  {fact.where}".rstrip()
    if diagnosis.facts:
        yield ""


def _finding(console: Console, finding: Finding) -> Iterator[str]:
    colour = {"error": "red", "warning": "yellow"}.get(finding.level, "dim")
    level = console.style("note" if finding.level == "info" else finding.level, colour)
    where = f"{finding.where}: " if finding.where else ""
    fixable = " (--fix)" if finding.fixable else ""
    yield f"{level}[{finding.id}] {where}{finding.message}{fixable}"
    for line in finding.hint.splitlines():
        yield f"  {console.style('hint:', 'cyan')} {line}"


def _summary(findings: Iterable[Finding]) -> str:
    every = tuple(findings)
    errors = sum(finding.level == "error" for finding in every)
    warnings = sum(finding.level == "warning" for finding in every)
    fixable = sum(finding.fixable for finding in every)
    if not errors and not warnings:
        return "nothing is wrong"
    ends = f"; --fix mends {fixable}" if fixable else ""
    return f"{text.plural(errors, 'error')}, {text.plural(warnings, 'warning')}{ends}"
