"""``accelinstall rollback``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, options
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import conclude, watching

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

EXAMPLES = (
    "accelinstall rollback",
    "accelinstall rollback --venv .venv",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("--project", metavar="DIR", default=".", help="whose environment is meant (default: here)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--offline", action="store_true", help="no network: only what is stored can come back")
    options.add_link_mode(parser)
    options.add_environment(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall rollback``."""
    request = request_from(arguments, environ)
    with watching(arguments, console) as progress:
        synced = pipeline.rollback(request, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.synced_document(synced)))
    else:
        conclude(console, synced, synced.findings)
    return 0
