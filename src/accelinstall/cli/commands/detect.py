"""``accelinstall detect``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall import pipeline
from accelinstall.cli import documents, options, text
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import print_lines

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

EXAMPLES = (
    "accelinstall detect",
    "accelinstall detect --json",
    "accelinstall detect --record my-machine      # a bug report is a test fixture",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("--record", metavar="DIR", default="", help="write what was seen, redacted, to replay it")
    options.add_host(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall detect``."""
    detection = pipeline.detect(request_from(arguments, environ), record=arguments.record)
    if arguments.json:
        console.data(documents.render(documents.detection_document(detection)))
    else:
        print_lines(console, text.report_lines(detection.report, detection.environment))
        if detection.disk:  # a record has none
            free = ", ".join(f"{text.size(count)} for the {role}" for role, count in detection.disk.items())
            console.line(text.labelled("Disk free", free))
    if arguments.record:
        console.say(f"recorded in {arguments.record}; replay it: accelinstall detect --host {arguments.record}")
        for sentence in detection.left_out:
            console.say(f"  {sentence}")
    return 0
