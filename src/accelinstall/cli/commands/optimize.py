"""``accelinstall optimize``."""

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
    from accelinstall.cli.parser import Parser

EXAMPLES = (
    "accelinstall optimize --environment auto",
    "accelinstall optimize --project examples/chatbot --dry-run",
    "accelinstall optimize --with ml-gpu --driver-version 580.95.05",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    options.add_preference(parser)
    options.add_project(parser)
    options.add_installing(parser)
    options.add_upgrade(parser)
    options.add_poetry_lock(parser)
    options.add_environment(parser)
    options.add_groups(parser)
    options.add_host(parser)
    options.add_indexes(parser)
    options.add_building(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall optimize``."""
    request = request_from(arguments, environ)
    with watching(arguments, console) as progress:
        optimized = pipeline.optimize(request, progress=progress)
    if arguments.json:
        console.data(documents.render(documents.optimized_document(optimized)))
    else:
        conclude(console, optimized.synced, optimized.findings)
    remember(console, optimized.synced)
    return exit_code(optimized.synced.proof)
