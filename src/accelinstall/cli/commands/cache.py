"""``accelinstall cache``."""

from __future__ import annotations

import argparse
import re
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, text
from accelinstall.cli.requests import request_from

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.parser import Parser

EXAMPLES = (
    "accelinstall cache size",
    "accelinstall cache prune --older-than 30",
    "accelinstall cache clear",
)


def _days(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of days")
    return float(text)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("action", choices=("size", "prune", "clear"), nargs="?", default="size")
    parser.add_argument("--older-than", metavar="DAYS", type=_days, default=30.0, help="for prune (default: 30)")


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
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
