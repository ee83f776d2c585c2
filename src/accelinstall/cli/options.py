"""Groups of options that several commands take, under the same names everywhere."""

from __future__ import annotations

import argparse
import re

from accelinstall.cli.usage import Parser
from accelinstall.model.hardware import ENVIRONMENTS
from accelinstall.model.selection import PREFERENCES


def add_host(parser: Parser) -> None:
    """The machine that is judged, and what the user claims about it."""
    group = parser.add_argument_group("what is judged", "each also as a variable, such as ACCELINSTALL_ENVIRONMENT")
    group.add_argument("--host", metavar="DIR", default="", help="a recorded host instead of this machine")
    group.add_argument("--environment", choices=("auto", *ENVIRONMENTS), help="default: auto")
    group.add_argument("--backend", metavar="SLUG", help="such as cu130, rocm7-2, cpu")
    group.add_argument("--gpu-arch", metavar="ARCH[,ARCH]", help="such as sm_90,sm_100 or gfx942")
    group.add_argument("--driver-version", metavar="V", help="such as 580.95.05")
    group.add_argument("--platform", metavar="P", help="such as linux-x86_64, macos-arm64, windows-x86_64")
    group.add_argument("--python-version", metavar="X.Y", help="such as 3.12")


def add_project(parser: Parser) -> None:
    """A project, or requirements files instead."""
    parser.add_argument("--project", metavar="DIR", default=".", help="folder of the pyproject.toml (default: here)")
    parser.add_argument(
        "-r", "--requirements", metavar="FILE", action="append", default=[], help="requirements file instead"
    )
    parser.add_argument(
        "-c",
        "--constraints",
        metavar="FILE",
        action="append",
        default=[],
        help="bounds for whatever is installed, as in pip",
    )


def add_indexes(parser: Parser) -> None:
    """Where packages come from, and which releases count."""
    group = parser.add_argument_group("indexes")
    # argparse reads a default that is text as if it had been given.
    group.add_argument("--index-url", metavar="URL", type=_given, help="replaces every index of project and pip")
    group.add_argument(
        "--extra-index-url", metavar="URL", type=_given, action="append", default=[], help="one more index"
    )
    group.add_argument(
        "--find-links", metavar="DIR", type=_given, action="append", default=[], help="a folder or page of wheels"
    )
    group.add_argument("--no-index", action="store_true", help="no index at all, find-links only")
    group.add_argument("--pre", action="store_true", help="pre-releases too")
    group.add_argument(
        "--resolution",
        choices=("highest", "lowest-direct"),
        default="highest",
        help="lowest-direct: the lowest version that fits of what the project itself names (default: highest)",
    )
    group.add_argument("--exclude-newer", metavar="DATE", type=_given, help="ignore files uploaded later")
    group.add_argument("--experimental-variants", action="store_true", help="wheel variants too (PEP 825, provisional)")
    group.add_argument("--offline", action="store_true", help="no network")


def add_preference(parser: Parser) -> None:
    """What is preferred among builds that fit."""
    parser.add_argument(
        "--prefer",
        choices=PREFERENCES,
        default="newest",
        help="newest releases, one CUDA major shared by all frameworks, or the smallest download (default: newest)",
    )


def add_groups(parser: Parser) -> None:
    """The groups of the project, as Poetry names them."""
    group = parser.add_argument_group("groups")
    group.add_argument("--profile", metavar="NAME", default="", help="production, development, ci, edge or your own")
    for flag in ("--with", "--without", "--only"):
        group.add_argument(
            flag, metavar="GROUP", action="append", default=[], dest=flag.strip("-") + "_", help="as in Poetry"
        )
    group.add_argument("--extra", metavar="NAME", action="append", default=[], help="an extra of the project")


def add_building(parser: Parser) -> None:
    """Whether and how long wheels are built from source."""
    group = parser.add_argument_group("building")
    group.add_argument("--no-build", action="store_true", help="wheels only; refuse what would have to be built")
    group.add_argument(
        "--build-timeout", metavar="SECONDS", type=_seconds, default=0.0, help="for each step of a build (default: any)"
    )


def _given(text: str) -> str:
    # A variable that is not set in CI: as if the option were absent would be another wish.
    if not text.strip():
        raise argparse.ArgumentTypeError("the value is empty")
    return text


def _package(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not the name of a package")
    return text


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds")
    return float(text)


def add_upgrade(parser: argparse._ActionsContainer) -> None:
    """Newer versions than those locked."""
    parser.add_argument(
        "--upgrade",
        metavar="PACKAGE",
        action="extend",
        nargs="*",
        type=_package,
        help="newest versions, whatever was locked; with names only of those",
    )


def add_poetry_lock(parser: Parser) -> None:
    """Whether ``poetry.lock`` counts."""
    parser.add_argument("--ignore-poetry-lock", action="store_true", help="versions as if there were no poetry.lock")


def add_environment(parser: Parser) -> None:
    """Which environment is meant."""
    group = parser.add_argument_group("where to install")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--python", metavar="PATH", default="", help="an interpreter")
    where.add_argument("--venv", metavar="DIR", default="", help="a virtual environment, made when missing")


def add_link_mode(parser: Parser) -> None:
    """How files are shared with the store."""
    parser.add_argument(
        "--link-mode",
        choices=("auto", "reflink", "hardlink", "copy"),
        default="auto",
        help="how files get from the store into the environment (default: the cheapest that works, found by trial)",
    )


def add_installing(parser: Parser) -> None:
    """How an environment is changed."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    add_link_mode(parser)
    parser.add_argument("--no-root", action="store_true", help="leave the project itself out")
    parser.add_argument("--no-proof", action="store_true", help="do not run the kernels afterwards")
    parser.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, default=None, help="bytecode (default: in production)"
    )


def add_agreement(parser: Parser) -> None:
    """Whether files may be changed."""
    parser.add_argument("--dry-run", action="store_true", help="print the diff, change nothing")
    parser.add_argument("--yes", action="store_true", help="write without asking")


def add_downloading(parser: Parser) -> None:
    """How much of the network may be used."""
    group = parser.add_argument_group("network")
    group.add_argument("--limit-rate", metavar="SIZE", type=size_of, default=0, help="a second, such as 5MB")
    group.add_argument("--connections", metavar="N", type=_count, default=0, help="at most (default: as many as pay)")


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 1 to 999")
    return int(text)


def size_of(text: str) -> int:
    """Bytes, as people write them: ``500MB``, ``46.5GiB``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMGT]?)(i?)B?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"`{text}` is not a size such as 500MB, 50GB or 46.5GiB")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** " kMGT".index(match[2] or " "))
