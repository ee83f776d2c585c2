"""``accelinstall migrate``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from accelinstall.cli import documents, options, text
from accelinstall.cli.confirmation import is_agreed
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import print_lines, tell, watching
from accelinstall.errors import UsageError

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser
    from accelinstall.migration.story import Comparison, Migration
    from accelinstall.pipeline.request import Request

EXAMPLES = (
    "accelinstall migrate --dry-run",
    "accelinstall migrate --yes",
    "accelinstall migrate -r requirements/base.txt -r requirements/dev.txt",
    "accelinstall migrate --restore",
)
_SIGNS = {"migrated": "+", "source": "@", "constraint": "=", "needs-human": "!"}


def fill(parser: Parser) -> None:
    """The options of the command."""
    options.add_project(parser)
    parser.add_argument("--restore", action="store_true", help="every file as it was before the first migration")
    parser.add_argument("--no-proof", action="store_true", help="do not lock and compare afterwards")
    options.add_agreement(parser)
    options.add_host(parser)
    options.add_indexes(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall migrate``."""
    from accelinstall.migration.story import carry_out, plan_migration

    request = request_from(arguments, environ)
    if arguments.restore:
        return _restore(arguments, console, request)
    with watching(arguments, console) as progress:
        migration = plan_migration(request, progress=progress)
    if not arguments.json:
        print_lines(console, _ledger_lines(migration))
        tell(console, migration.findings)
    agreed = is_agreed([migration.edit], console, yes=arguments.yes, dry_run=arguments.dry_run, as_json=arguments.json)
    comparison = None
    if agreed:
        with watching(arguments, console) as progress:
            comparison = carry_out(migration, request, prove=not arguments.no_proof, progress=progress)
    if arguments.json:
        console.data(documents.render(_document(migration, comparison)))
        return 0
    if comparison is not None:
        print_lines(console, _comparison_lines(comparison, migration))
        console.say("next: accelinstall migrate --restore takes it back; accelinstall init adds groups for hardware")
    elif migration.edit.is_change and not arguments.dry_run:
        console.say("nothing was written")
        return 1
    return 0


def _restore(arguments: Namespace, console: Console, request: Request) -> int:
    from accelinstall.migration.backup import FOLDER, restore

    if request.requirements:
        raise UsageError("`--restore` puts everything back", hint="leave -r out")
    if not arguments.yes and not arguments.dry_run:
        if not console.can_ask:
            raise UsageError("files would be put back, and there is no terminal to ask on", hint="agree with --yes")
        if not console.ask(f"Put every file back as {FOLDER} has it?"):
            return 1
    changed = restore(request.project, dry_run=arguments.dry_run)
    if arguments.json:
        console.data(documents.render({"schema": documents.SCHEMA, "restored": list(changed)}))
    else:
        done = "would restore" if arguments.dry_run else "restored"
        print_lines(console, [f"{done} {path}" for path in changed] or ["every file is as it was"])
    return 0


def _ledger_lines(migration: Migration) -> Iterator[str]:
    """Line by line what becomes of it, then the sums."""
    from accelinstall.migration.ledger import counts_of

    rows = migration.placed.rows
    width = min(max((len(row.where) for row in rows), default=0), 40)
    for row in rows:
        yield f"{_SIGNS[row.outcome]} {row.where:<{width}}  {_short(row.text)}  ->  {row.detail}"
    counts = dict(counts_of(rows))
    total = counts.pop("lines")
    yield f"{text.plural(total, 'line')}: " + ", ".join(f"{number} {outcome}" for outcome, number in counts.items())


def _short(line: str) -> str:
    return line if len(line) <= 60 else line[:57] + "..."


def _comparison_lines(comparison: Comparison, migration: Migration) -> Iterator[str]:
    pins = len(migration.placed.original)
    if not comparison.lock:
        yield f"Not compared with what was pinned: {comparison.reason.splitlines()[0]}"
        rows = (row for row in migration.placed.rows if row.outcome == "constraint" and not row.text.startswith("-"))
        files = sorted({row.file for row in rows if not row.file.endswith(".lock")})
        if files:
            yield "  nothing keeps those versions yet: accelinstall lock " + " ".join(f"-c {file}" for file in files)
        return
    yield f"Lock         {comparison.lock}"
    if pins:
        yield f"Compared     {comparison.same} of {text.plural(pins, 'pin')} kept"
    for name, (before, now) in comparison.moved.items():
        yield f"  {name} {before} -> {now}"
    if comparison.gone:
        yield f"  not needed here: {', '.join(comparison.gone)}"


def _document(migration: Migration, comparison: Comparison | None) -> documents.Document:
    from accelinstall.migration.ledger import counts_of

    rows = migration.placed.rows
    keys = ("file", "line", "text", "outcome", "detail")
    proof = None
    if comparison is not None:
        moved = [{"name": n, "pinned": old, "locked": new} for n, (old, new) in comparison.moved.items()]
        proof = {
            "lock": comparison.lock,
            "reason": comparison.reason,
            "same": comparison.same,
            "moved": moved,
            "gone": list(comparison.gone),
        }
    return {
        "schema": documents.SCHEMA,
        "ledger": [{key: getattr(row, key) for key in keys} for row in rows],
        "counts": dict(counts_of(rows)),
        "written": comparison is not None,
        "comparison": proof,
        "findings": documents.finding_rows(migration.findings),
    }
