"""argv -> a namespace; every command's options, help and examples."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from accelinstall.errors import UsageError
from accelinstall.model.hardware import ENVIRONMENTS
from accelinstall.model.selection import PREFERENCES

_EXAMPLES = {
    "detect": (
        "accelinstall detect",
        "accelinstall detect --json",
        "accelinstall detect --record my-machine      # a bug report is a test fixture",
    ),
    "explain": (
        "accelinstall explain torch",
        "accelinstall explain 'torch>=2.7' torchvision --host my-machine --json",
        "accelinstall explain torch --environment cuda --gpu-arch sm_61 --driver-version 580.95.05",
    ),
    "lock": (
        "accelinstall lock",
        "accelinstall lock --target cu130 --target cpu",
        "accelinstall lock -r requirements.txt --python-version 3.12 -o -",
    ),
    "sync": (
        "accelinstall sync",
        "accelinstall sync pylock.cpu-linux-x86_64-cp311.toml --venv .venv",
        "accelinstall sync --target cu130 --frozen --profile production",
    ),
    "optimize": (
        "accelinstall optimize --environment auto",
        "accelinstall optimize --project examples/chatbot --dry-run",
        "accelinstall optimize --with ml-gpu --driver-version 580.95.05",
    ),
    "rollback": ("accelinstall rollback", "accelinstall rollback --venv .venv"),
    "catalog": (
        "accelinstall catalog show tensorflow",
        "accelinstall catalog check",
        "accelinstall catalog check my-catalog.toml",
    ),
    "cache": ("accelinstall cache size", "accelinstall cache prune --older-than 30", "accelinstall cache clear"),
}

_SUMMARIES = {
    "detect": "show the hardware that is really there",
    "explain": "say which builds fit it, and why the others do not",
    "lock": "write one pylock.<target>.toml per target",
    "sync": "make an environment exactly what a lock says",
    "optimize": "detect, choose, lock, install and prove",
    "rollback": "undo the last change to an environment",
    "catalog": "show or check what is known of builds",
    "cache": "show or empty the store of unpacked wheels",
}


class Parser(argparse.ArgumentParser):
    """An argparse parser whose mistakes are :class:`UsageError`, with a hint where to look."""

    def error(self, message: str) -> NoReturn:
        """:raises UsageError: always."""
        raise UsageError(message, hint=f"{self.prog} --help")


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="accelinstall",
        description="The right ML packages for the hardware that is really there, locked, installed fast and proved "
        "to work.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, fill in _FILLERS.items():
        command = commands.add_parser(
            name,
            help=_SUMMARIES[name],
            description=_SUMMARIES[name][0].upper() + _SUMMARIES[name][1:] + ".",
            epilog="examples:\n" + "\n".join(f"  {line}" for line in _EXAMPLES[name]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        _add_common(command)
        fill(command)
    return parser


def _add_common(parser: Parser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON document on stdout")
    group.add_argument("-q", "--quiet", action="store_true", help="no talk on stderr, only errors")
    group.add_argument("--events", metavar="FILE", default="", help="progress for programs, as JSON lines")
    parser.add_argument("--cache-dir", metavar="DIR", default="", help="where unpacked wheels are kept")


def _add_host(parser: Parser) -> None:
    group = parser.add_argument_group("what is judged", "each also as a variable, such as ACCELINSTALL_ENVIRONMENT")
    group.add_argument("--host", metavar="DIR", default="", help="a recorded host instead of this machine")
    group.add_argument("--environment", choices=("auto", *ENVIRONMENTS), help="default: auto")
    group.add_argument("--backend", metavar="SLUG", help="such as cu130, rocm7-2, cpu")
    group.add_argument("--gpu-arch", metavar="ARCH[,ARCH]", help="such as sm_90,sm_100 or gfx942")
    group.add_argument("--driver-version", metavar="V", help="such as 580.95.05")
    group.add_argument("--platform", metavar="P", help="such as linux-x86_64, macos-arm64, windows-x86_64")
    group.add_argument("--python-version", metavar="X.Y", help="such as 3.12")


def _add_project(parser: Parser) -> None:
    parser.add_argument("--project", metavar="DIR", default=".", help="folder of the pyproject.toml (default: here)")
    parser.add_argument(
        "-r", "--requirements", metavar="FILE", action="append", default=[], help="requirements file instead"
    )


def _add_indexes(parser: Parser) -> None:
    group = parser.add_argument_group("indexes")
    group.add_argument("--index-url", metavar="URL", default="", help="replaces every index of project and pip")
    group.add_argument("--extra-index-url", metavar="URL", action="append", default=[], help="one more index")
    group.add_argument("--find-links", metavar="DIR", action="append", default=[], help="a folder or page of wheels")
    group.add_argument("--no-index", action="store_true", help="no index at all, find-links only")
    group.add_argument("--pre", action="store_true", help="pre-releases too")
    group.add_argument(
        "--resolution",
        choices=("highest", "lowest-direct"),
        default="highest",
        help="lowest-direct: the lowest version that fits of what the project itself names (default: highest)",
    )
    group.add_argument("--exclude-newer", metavar="DATE", default="", help="ignore files uploaded later")
    group.add_argument("--experimental-variants", action="store_true", help="wheel variants too (PEP 825, provisional)")
    group.add_argument("--offline", action="store_true", help="no network")


def _add_preference(parser: Parser) -> None:
    parser.add_argument(
        "--prefer",
        choices=PREFERENCES,
        default="newest",
        help="newest releases, one CUDA major shared by all frameworks, or the smallest download (default: newest)",
    )


def _add_groups(parser: Parser) -> None:
    group = parser.add_argument_group("groups")
    group.add_argument("--profile", metavar="NAME", default="", help="production, development, ci, edge or your own")
    for flag in ("--with", "--without", "--only"):
        group.add_argument(
            flag, metavar="GROUP", action="append", default=[], dest=flag.strip("-") + "_", help="as in Poetry"
        )
    group.add_argument("--extra", metavar="NAME", action="append", default=[], help="an extra of the project")


def _add_upgrade(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--upgrade",
        metavar="PACKAGE",
        action="extend",
        nargs="*",
        help="newest versions, whatever was locked; with names only of those",
    )


def _add_poetry_lock(parser: Parser) -> None:
    parser.add_argument("--ignore-poetry-lock", action="store_true", help="versions as if there were no poetry.lock")


def _add_environment(parser: Parser) -> None:
    group = parser.add_argument_group("where to install")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--python", metavar="PATH", default="", help="an interpreter")
    where.add_argument("--venv", metavar="DIR", default="", help="a virtual environment, made when missing")


def _add_installing(parser: Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--no-proof", action="store_true", help="do not run the kernels afterwards")
    parser.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, default=None, help="bytecode (default: in production)"
    )


def _fill_detect(parser: Parser) -> None:
    parser.add_argument("--record", metavar="DIR", default="", help="write what was seen, redacted, to replay it")
    _add_host(parser)


def _fill_explain(parser: Parser) -> None:
    parser.add_argument("requirement", metavar="REQUIREMENT", nargs="*", help="such as torch or 'torch>=2.7'")
    parser.add_argument("--all", action="store_true", help="one line for every build considered")
    _add_preference(parser)
    _add_project(parser)
    _add_host(parser)
    _add_groups(parser)


def _fill_lock(parser: Parser) -> None:
    _add_preference(parser)
    _add_project(parser)
    parser.add_argument("--target", metavar="SLUG", action="append", default=[], help="such as cu130 (repeatable)")
    parser.add_argument("--all-targets", action="store_true", help="every target of [tool.accelinstall]")
    parser.add_argument("-o", "--output", metavar="FILE", default="", help="another file; - for stdout")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="only say whether the locks are up to date; exit 1 if not")
    _add_upgrade(way)
    _add_poetry_lock(parser)
    _add_host(parser)
    _add_indexes(parser)
    _add_groups(parser)
    _add_environment(parser)


def _fill_sync(parser: Parser) -> None:
    parser.add_argument("lock_file", metavar="PYLOCK", nargs="?", default="", help="a lock to install as it is")
    _add_project(parser)
    parser.add_argument("--target", metavar="SLUG", default="", help="such as cu130")
    parser.add_argument("--frozen", action="store_true", help="take the lock as it is, never lock")
    parser.add_argument("--inexact", action="store_true", help="remove nothing")
    _add_preference(parser)
    _add_poetry_lock(parser)
    _add_installing(parser)
    _add_environment(parser)
    _add_groups(parser)
    _add_host(parser)
    _add_indexes(parser)


def _fill_optimize(parser: Parser) -> None:
    _add_preference(parser)
    _add_project(parser)
    _add_installing(parser)
    _add_upgrade(parser)
    _add_poetry_lock(parser)
    _add_environment(parser)
    _add_groups(parser)
    _add_host(parser)
    _add_indexes(parser)


def _fill_rollback(parser: Parser) -> None:
    _add_project(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    _add_environment(parser)


def _days(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of days")
    return float(text)


def _fill_cache(parser: Parser) -> None:
    parser.add_argument("action", choices=("size", "prune", "clear"), nargs="?", default="size")
    parser.add_argument("--older-than", metavar="DAYS", type=_days, default=30.0, help="for prune (default: 30)")


def _fill_catalog(parser: Parser) -> None:
    parser.add_argument("action", choices=("show", "check"), nargs="?", default="show")
    parser.add_argument("subject", metavar="PACKAGE|FILE", nargs="?", default="", help="all of it by default")


_FILLERS: Mapping[str, Callable[[Parser], None]] = {
    "detect": _fill_detect,
    "explain": _fill_explain,
    "lock": _fill_lock,
    "sync": _fill_sync,
    "optimize": _fill_optimize,
    "rollback": _fill_rollback,
    "cache": _fill_cache,
    "catalog": _fill_catalog,
}
