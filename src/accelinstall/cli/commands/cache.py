"""``accelinstall cache``."""

from __future__ import annotations

import argparse
import re
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
    from accelinstall.pipeline.outcomes import CacheState

EXAMPLES = (
    "accelinstall cache size",
    "accelinstall cache verify",
    "accelinstall cache prune --older-than 30",
    "accelinstall cache prune --max-size 50GB",
    "accelinstall cache clear",
)


def _days(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of days")
    return float(text)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("action", choices=("size", "verify", "prune", "clear"), nargs="?", default="size")
    group = parser.add_argument_group("prune", "what environments hold or could go back to always stays")
    group.add_argument("--older-than", metavar="DAYS", type=_days, help="unused for so long (default: 30)")
    group.add_argument(
        "--max-size", metavar="SIZE", type=options.size_of, help="such as 50GB: least recently used first"
    )


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall cache``."""
    request = request_from(arguments, environ)
    with drawing(console, events_file=arguments.events, plain=arguments.json) as progress:
        state = pipeline.cache(
            request,
            action=arguments.action,
            older_than_days=arguments.older_than,
            max_size=arguments.max_size,
            progress=progress,
        )
    if arguments.json:
        console.data(documents.render(documents.cache_document(state)))
        return 1 if state.damaged else 0
    _show(state, arguments.action, console)
    return 1 if state.damaged else 0


def _show(state: CacheState, action: str, console: Console) -> None:
    for sentence in state.damaged:
        console.line(f"damaged: {sentence}")
    for purelib in state.affected:
        console.warn(
            f"{purelib} was made from a damaged wheel and may share its files",
            "make that environment again: remove it, then run the command that made it",
        )
    if action == "verify" and not state.damaged:
        console.line("every file is what its wheel brought")
    elif action != "size":
        console.line(f"removed {text.plural(state.removed, 'wheel')}, {text.size(state.removed_bytes)}")
    if state.spared:
        console.line(f"spared {text.plural(state.spared, 'wheel')} that environments hold or could go back to")
    console.line(f"{state.directory}: {text.plural(state.wheels, 'wheel')}, {text.size(state.bytes)}")
