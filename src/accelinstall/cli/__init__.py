"""The command line: argv -> verb, value -> text or JSON.

What enters: argv and the environment's variables.  What leaves: text on stdout and stderr, and an exit code.  Nobody
else prints, colours, draws bars or decides exit codes; and here nothing is decided about hardware or packages.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from accelinstall.cli.console import Console
from accelinstall.errors import AccelinstallError

if TYPE_CHECKING:
    from accelinstall.shortcut.nothing import Recorder

_GOES_ON = "the same command goes on where this one stopped"


class Interrupted(AccelinstallError):
    """The user pressed Ctrl-C."""

    code = "interrupted"
    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted, nothing is left half done", hint=_GOES_ON)


class Terminated(AccelinstallError):
    """The system, a container or CI asked the process to end."""

    code = "terminated"
    exit_code = 143

    def __init__(self) -> None:
        super().__init__("terminated, nothing is left half done", hint=_GOES_ON)


class SystemRefused(AccelinstallError):
    """The operating system refused something that no room expected to be refused."""

    code = "system-refused"

    def __init__(self, error: OSError) -> None:
        if isinstance(error, FileNotFoundError) and not error.filename:
            # Of all calls only that for the current folder has no path to name.
            super().__init__("the folder this was started in does not exist any more", hint="cd to one that does")
            return
        place = f"{error.filename}: " if error.filename else ""
        super().__init__(
            f"{place}{error.strerror or error}", hint="check that the place exists, has room and may be written to"
        )


def run(
    argv: Sequence[str],
    *,
    console: Console | None = None,
    environ: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
) -> int:
    """Runs one command and returns its exit code; errors are told, never raised.

    :param recorder: hears what this process reads, so that the same command can be answered from memory next time.
    """
    variables = os.environ if environ is None else environ
    output = console or Console(quiet="-q" in argv or "--quiet" in argv, recorder=recorder)
    as_json = "--json" in argv
    try:
        return _dispatch(list(argv), output, variables)
    except AccelinstallError as error:
        return _fail(error, output, as_json=as_json)
    except KeyboardInterrupt as stop:
        return _fail(_told(stop), output, as_json=as_json)
    except OSError as error:
        return _fail(SystemRefused(error), output, as_json=as_json)


def stopped(stop: KeyboardInterrupt) -> int:
    """The exit code of a run that was stopped before its command line was looked at; says so."""
    return _fail(_told(stop), Console(), as_json=False)


def _told(stop: KeyboardInterrupt) -> AccelinstallError:
    # Only a signal that is no Ctrl-C has a number in it.
    return Terminated() if stop.args else Interrupted()


def _fail(error: AccelinstallError, console: Console, *, as_json: bool) -> int:
    """Tells *error* once: as the document on stdout, or as text on stderr."""
    if as_json:
        from accelinstall.cli.documents import error_document, render

        console.data(render(error_document(error)))
    else:
        console.error(error.message, error.hint)
    return error.exit_code


def _dispatch(argv: list[str], console: Console, environ: Mapping[str, str]) -> int:
    from accelinstall.cli.parser import build_parser

    parser = build_parser(only=next((word for word in argv if not word.startswith("-")), ""))
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as leave:  # --help has printed
        console.data("")  # what of it still waits, be it that its reader has left
        return int(leave.code or 0)
    if arguments.version:
        from accelinstall._version import __version__

        console.line(f"accelinstall {__version__}")
        return 0
    if arguments.command is None:
        console.data(parser.format_help())
        return 0
    from accelinstall.cli import commands

    return commands.load(arguments.command).run(arguments, console, environ)
