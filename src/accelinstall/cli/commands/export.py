"""``accelinstall export``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from accelinstall.cli import documents, options
from accelinstall.cli.progress import drawing
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import tell
from accelinstall.cli.text import plural
from accelinstall.errors import AccelinstallError, UsageError
from accelinstall.model.edits import render_diff
from accelinstall.pipeline.editing import apply_edits
from accelinstall.pipeline.exporting import Exported, plan_export

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser
    from accelinstall.pipeline.request import Request

EXAMPLES = (
    "accelinstall export",
    "accelinstall export --check                  # in CI: exit 1 with a diff when out of step",
    "accelinstall export --watch",
)
_DEBOUNCE_MILLISECONDS = 200
_LOOK_MILLISECONDS = 200


class WatchingNeedsWatchfiles(UsageError):
    """The library that watches files is not installed."""

    code = "watchfiles-missing"

    def __init__(self) -> None:
        super().__init__("--watch needs the library watchfiles", hint="pip install 'accelinstall[watch]'")


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("--project", metavar="DIR", default=".", help="folder of the pyproject.toml (default: here)")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="only say whether the files are in step; exit 1 if not")
    way.add_argument("--watch", action="store_true", help="keep the files in step until Ctrl-C")
    way.add_argument("--dry-run", action="store_true", help="print the diff, change nothing but locks")
    parser.add_argument("--frozen", action="store_true", help="take the locks as they are, never lock")
    parser.add_argument("--overwrite", action="store_true", help="also files that were not exported before")
    options.add_preference(parser)
    options.add_poetry_lock(parser)
    options.add_host(parser)
    options.add_indexes(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall export``."""
    request = request_from(arguments, environ)
    if arguments.watch:
        return _watch(arguments, console, request)
    return _once(arguments, console, request)


def _once(arguments: Namespace, console: Console, request: Request) -> int:
    with drawing(console, events_file=arguments.events, plain=arguments.json) as progress:
        done = plan_export(request, check=arguments.check, overwrite=arguments.overwrite, progress=progress)
    edits = [item.edit for item in done]
    is_looked_at = arguments.check or arguments.dry_run
    if not is_looked_at:
        apply_edits(edits, directory=arguments.project)
    if arguments.json:
        console.data(documents.render(documents.export_document(done, written=not is_looked_at)))
    else:
        if is_looked_at:
            console.data(render_diff(edits))
        _show(done, console, written=not is_looked_at)
    return 1 if arguments.check and any(item.edit.is_change for item in done) else 0


def _show(done: Sequence[Exported], console: Console, *, written: bool) -> None:
    for item in done:
        what = {"kept": "is in step", "new": "is new", "changed": "has changed"}[item.state]
        if written and item.edit.is_change:
            what = "written"
        console.say(f"{item.edit.path}: {what}, {plural(item.packages, 'package')} for {item.target}")
        tell(console, item.findings)


def _watch(arguments: Namespace, console: Console, request: Request) -> int:
    """Exports now and after every change of a file that matters, until Ctrl-C."""
    try:
        from watchfiles import watch
    except ImportError:
        raise WatchingNeedsWatchfiles from None

    def again() -> None:
        try:
            _once(arguments, console, request)
        except AccelinstallError as error:
            # A file is saved half-way more often than not: the next save tries again.
            console.error(error.message, error.hint)

    found = watch(
        request.project,
        watch_filter=lambda _, path: _matters(path),
        debounce=_DEBOUNCE_MILLISECONDS,
        rust_timeout=_LOOK_MILLISECONDS,
        yield_on_timeout=True,
        recursive=False,
    )
    try:
        # The first answer says that the watch has begun: nothing that changes from here on is missed.
        for number, changes in enumerate(found):
            if changes or not number:
                again()
            if not number:
                console.say(f"watching {request.project}; Ctrl-C ends it")
    except KeyboardInterrupt:
        console.say("no longer watching")
    return 0


def _matters(path: str) -> bool:
    """Whether an export may read otherwise after a change of *path*."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return name in {"pyproject.toml", "poetry.lock"} or (name.startswith("pylock.") and name.endswith(".toml"))
