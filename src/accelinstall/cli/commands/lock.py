"""``accelinstall lock``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, options, text
from accelinstall.cli.progress import drawing
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import print_lines, tell

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser
    from accelinstall.pipeline.request import Request

EXAMPLES = (
    "accelinstall lock",
    "accelinstall lock --target cu130 --target cpu",
    "accelinstall lock --workspace --all-targets",
    "accelinstall lock -r requirements.txt --python-version 3.12 -o -",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    options.add_preference(parser)
    options.add_project(parser)
    parser.add_argument("--target", metavar="SLUG", action="append", default=[], help="such as cu130 (repeatable)")
    parser.add_argument("--all-targets", action="store_true", help="every target of [tool.accelinstall]")
    parser.add_argument("--workspace", action="store_true", help="every project of the workspace, in agreement")
    parser.add_argument("-o", "--output", metavar="FILE", default="", help="another file; - for stdout")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="only say whether the locks are up to date; exit 1 if not")
    options.add_upgrade(way)
    options.add_poetry_lock(parser)
    options.add_host(parser)
    options.add_indexes(parser)
    options.add_building(parser)
    options.add_groups(parser)
    options.add_environment(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
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
            tell(console, one.findings)
    for target, error in failed:
        console.error(f"{target}: {error.message}", error.hint)
    return 1 if failed else 0


def _check(arguments: Namespace, console: Console, request: Request) -> int:
    """``accelinstall lock --check``."""
    states, failed = pipeline.check(request)
    if arguments.json:
        console.data(documents.render(documents.checked_document(states, failed)))
    for state in () if arguments.json else states:
        print_lines(console, text.state_lines(state))
    for target, error in failed:
        console.error(f"{target}: {error.message}", error.hint)
    return 1 if failed or any(state.state != "fresh" for state in states) else 0
