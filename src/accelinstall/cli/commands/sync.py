"""``accelinstall sync``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, options
from accelinstall.cli.requests import request_from
from accelinstall.cli.shortcuts import remember
from accelinstall.cli.showing import conclude, exit_code, watching

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

EXAMPLES = (
    "accelinstall sync",
    "accelinstall sync pylock.cpu-linux-x86_64-cp311.toml --venv .venv",
    "accelinstall sync --target cu130 --frozen --profile production",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("lock_file", metavar="PYLOCK", nargs="?", default="", help="a lock to install as it is")
    options.add_downloading(parser)
    options.add_project(parser)
    parser.add_argument("--target", metavar="SLUG", default="", help="such as cu130")
    parser.add_argument("--frozen", action="store_true", help="take the lock as it is, never lock")
    parser.add_argument("--inexact", action="store_true", help="remove nothing")
    options.add_preference(parser)
    options.add_poetry_lock(parser)
    options.add_installing(parser)
    options.add_environment(parser)
    options.add_groups(parser)
    options.add_host(parser)
    options.add_indexes(parser)
    options.add_building(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall sync``."""
    request = request_from(arguments, environ)
    with watching(arguments, console) as progress:
        synced = pipeline.sync(request, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.synced_document(synced)))
    else:
        conclude(console, synced, synced.findings)
    remember(console, synced)
    return exit_code(synced.proof)
