"""``accelinstall explain``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, options, text
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import print_lines, tell

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

EXAMPLES = (
    "accelinstall explain torch",
    "accelinstall explain 'torch>=2.7' torchvision --host my-machine --json",
    "accelinstall explain torch --environment cuda --gpu-arch sm_61 --driver-version 580.95.05",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("requirement", metavar="REQUIREMENT", nargs="*", help="such as torch or 'torch>=2.7'")
    parser.add_argument("--all", action="store_true", help="one line for every build considered")
    options.add_preference(parser)
    options.add_project(parser)
    options.add_host(parser)
    options.add_groups(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall explain``."""
    explanation = pipeline.explain(request_from(arguments, environ))
    if arguments.json:
        console.data(documents.render(documents.explanation_document(explanation)))
        return 0
    print_lines(console, text.explanation_lines(explanation, every=arguments.all))
    tell(console, explanation.findings)
    return 0
