"""``accelinstall catalog``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall.cli import documents, text
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import print_lines

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

EXAMPLES = (
    "accelinstall catalog show tensorflow",
    "accelinstall catalog check",
    "accelinstall catalog check my-catalog.toml",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("action", choices=("show", "check"), nargs="?", default="show")
    parser.add_argument("subject", metavar="PACKAGE|FILE", nargs="?", default="", help="all of it by default")


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall catalog show|check``."""
    from accelinstall.pipeline.cataloguing import catalog_rows, check_catalog, read_catalog

    if arguments.action == "check":
        found = check_catalog(arguments.subject)
        if arguments.json:
            console.data(documents.render({"schema": documents.SCHEMA, "problems": list(found)}))
            return 1 if found else 0
        print_lines(console, found)
        if not found:
            console.line(f"{arguments.subject or 'the catalog'} is well formed, and every row says where it comes from")
        return 1 if found else 0
    request = request_from(arguments, environ)
    known = read_catalog(request)
    rows = catalog_rows(known, arguments.subject)
    if arguments.json:
        console.data(documents.render(documents.catalog_document(known.serial, rows)))
    else:
        print_lines(console, text.catalog_lines(rows))
    return 0
