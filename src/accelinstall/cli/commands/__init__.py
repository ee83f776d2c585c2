"""One file per command: its examples, its options and what it does.

Every module here holds ``EXAMPLES`` (lines of shell), ``fill(parser)`` (its options) and ``run(arguments, console,
environ)`` (call the verb, show its value, return the exit code).  Only the module of the command that is run is
imported.
"""

from __future__ import annotations

import importlib
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser

SUMMARIES: Mapping[str, str] = {
    "detect": "show the hardware that is really there",
    "explain": "say which builds fit it, and why the others do not",
    "init": "write groups, sources and targets into pyproject.toml",
    "migrate": "bring requirements files to Poetry, with a ledger, a backup and a proof",
    "lock": "write one pylock.<target>.toml per target",
    "export": "write requirements files, constraints and locks for other tools",
    "sync": "make an environment exactly what a lock says",
    "optimize": "detect, choose, lock, install and prove",
    "download": "fill a folder with the wheels of a lock, for machines without network",
    "rollback": "undo the last change to an environment",
    "workspace": "say what belongs together, and where its projects disagree",
    "catalog": "show or check what is known of builds",
    "doctor": "compare the project across this machine, Docker and CI, and mend it",
    "wrapper": "write a script that calls Poetry with an environment of its own",
    "cache": "show, verify or empty the store of unpacked wheels",
}
"""Every command in the order ``--help`` lists them, with what it is for; ``check-security`` lives in
``check_security.py``."""


class Command(Protocol):
    """What the module of a command offers."""

    EXAMPLES: tuple[str, ...]

    def fill(self, parser: Parser) -> None:
        """Adds the command's own options."""

    def run(self, arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
        """Does it, and returns the exit code."""


def load(name: str) -> Command:
    """The module of the command *name*."""
    return cast("Command", importlib.import_module(f"{__name__}.{name.replace('-', '_')}"))
