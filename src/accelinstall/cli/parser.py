"""argv -> a namespace; what all commands have in common."""

from __future__ import annotations

import argparse

from accelinstall.cli import commands
from accelinstall.cli.usage import Parser


def build_parser(only: str | None = None) -> Parser:
    """The whole command line; with *only*, the options of that one command, whose module alone is imported."""
    parser = Parser(
        prog="accelinstall",
        description="The right ML packages for the hardware that is really there, locked, installed fast and proved "
        "to work.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, summary in commands.SUMMARIES.items():
        command = subparsers.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if only in (None, name):
            module = commands.load(name)
            command.epilog = "examples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES)
            add_common(command)
            module.fill(command)
    return parser


def add_common(parser: Parser) -> None:
    """What every command takes."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON document on stdout")
    group.add_argument("-q", "--quiet", action="store_true", help="no talk on stderr, only errors")
    group.add_argument("--events", metavar="FILE", default="", help="progress for programs, as JSON lines")
    parser.add_argument("--cache-dir", metavar="DIR", default="", help="where unpacked wheels are kept")
