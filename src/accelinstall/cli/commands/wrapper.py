"""``accelinstall wrapper``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall.cli import documents
from accelinstall.cli.confirmation import is_agreed

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

EXAMPLES = (
    "accelinstall wrapper",
    "accelinstall wrapper --dry-run",
    "accelinstall wrapper --yes --project services/api",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("--project", metavar="DIR", default=".", help="the project's folder (default: here)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="only show the diff")


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall wrapper``."""
    from accelinstall.doctor import WRAPPER, wrapper_edit
    from accelinstall.doctor.story import NotAFolder
    from accelinstall.pipeline.editing import apply_edits

    directory = Path(arguments.project)
    if not directory.is_dir():
        raise NotAFolder(arguments.project)
    place = directory / WRAPPER
    edit = wrapper_edit(place.read_bytes() if place.exists() else None)
    written: tuple[str, ...] = ()
    if is_agreed([edit], console, yes=arguments.yes, dry_run=arguments.dry_run, as_json=arguments.json):
        written = apply_edits([edit], directory=str(directory))
    if arguments.json:
        console.data(documents.render({"schema": documents.SCHEMA, "path": WRAPPER, "written": bool(written)}))
    elif written:
        console.line(f"{place}: call it in place of `poetry`")
    elif not edit.is_change:
        console.line(f"{place} is up to date")
    return 0
