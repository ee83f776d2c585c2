"""``accelinstall download``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, options, text
from accelinstall.cli.progress import drawing
from accelinstall.cli.requests import request_from

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

EXAMPLES = (
    "accelinstall download --dest wheelhouse",
    "accelinstall download pylock.cpu-linux-x86_64-cp311.toml --dest /media/usb/wheels",
    "accelinstall download --target cu130 --target cpu",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("lock_file", metavar="PYLOCK", nargs="?", default="", help="a lock, instead of the project's")
    parser.add_argument(
        "-d", "--dest", metavar="DIR", default="wheelhouse", help="folder of the wheels (default: wheelhouse)"
    )
    options.add_downloading(parser)
    options.add_project(parser)
    parser.add_argument("--target", metavar="SLUG", action="append", default=[], help="such as cu130 (repeatable)")
    parser.add_argument("--all-targets", action="store_true", help="every target of [tool.accelinstall]")
    parser.add_argument("--frozen", action="store_true", help="take the locks as they are, never lock")
    options.add_preference(parser)
    options.add_poetry_lock(parser)
    options.add_host(parser)
    options.add_indexes(parser)
    options.add_groups(parser)
    options.add_environment(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall download``."""
    request = request_from(arguments, environ)
    with drawing(console, events_file=arguments.events, plain=arguments.json) as progress:
        done = pipeline.download(request, arguments.dest, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.downloaded_document(done)))
        return 0
    fresh = f"{len(done.brought)} of them new" if done.brought else "all of them there already"
    amount = f", {text.size(done.bytes_downloaded)} downloaded" if done.bytes_downloaded else ""
    console.line(f"{done.folder}: {text.plural(len(done.packages), 'wheel')}, {fresh}{amount}")
    return 0
