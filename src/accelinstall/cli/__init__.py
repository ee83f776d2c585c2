"""The command line: argv -> verb, value -> text or JSON.

What enters: argv and the environment's variables.  What leaves: text on stdout and stderr, and an exit code.  Nobody
else prints, colours, draws bars or decides exit codes; and here nothing is decided about hardware or packages.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from accelinstall.cli.console import Console
from accelinstall.errors import AccelinstallError

INTERRUPTED = 130


def run(argv: Sequence[str], *, console: Console | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Runs one command and returns its exit code; errors are told, never raised."""
    variables = os.environ if environ is None else environ
    output = console or Console(quiet="-q" in argv or "--quiet" in argv)
    try:
        return _dispatch(list(argv), output, variables)
    except AccelinstallError as error:
        if "--json" in argv:
            from accelinstall.cli.documents import error_document, render

            output.data(render(error_document(error)))
        else:
            output.error(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        output.error("interrupted, nothing is left half done", "the same command goes on where this one stopped")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has enough; keep the interpreter from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _dispatch(argv: list[str], console: Console, environ: Mapping[str, str]) -> int:
    from accelinstall.cli.parser import build_parser

    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as leave:  # --help has printed
        return int(leave.code or 0)
    if arguments.version:
        from accelinstall._version import __version__

        console.line(f"accelinstall {__version__}")
        return 0
    if arguments.command is None:
        console.data(parser.format_help())
        return 0
    from accelinstall.cli.commands import COMMANDS

    return COMMANDS[arguments.command](arguments, console, environ)
