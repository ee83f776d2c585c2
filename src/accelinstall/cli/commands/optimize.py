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
from accelinstall.errors import SelectionError

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser
    from accelinstall.pipeline.outcomes import Optimized
    from accelinstall.pipeline.request import Request

EXAMPLES = (
    "accelinstall optimize --environment auto",
    "accelinstall optimize --project examples/chatbot --dry-run",
    "accelinstall optimize --with ml-gpu --driver-version 580.95.05",
    "accelinstall optimize --write               # cu121 on a Blackwell card: the source is exchanged, then installed",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    options.add_downloading(parser)
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
    group = parser.add_argument_group("the project's file")
    group.add_argument("--write", action="store_true", help="exchange a source that cannot work on this hardware")
    group.add_argument("--yes", action="store_true", help="write without asking")


def _optimized(arguments: Namespace, console: Console, request: Request) -> Optimized:
    with watching(arguments, console) as progress:
        return pipeline.optimize(request, progress=progress)


def _is_retargeted(arguments: Namespace, console: Console, request: Request, error: SelectionError) -> bool:
    """Whether the project's file names a source that works now, after its diff was shown and agreed to.

    :raises SelectionError: *error* itself, when no other source would help.
    """
    from accelinstall.cli.confirmation import is_agreed
    from accelinstall.pipeline.editing import apply_edits
    from accelinstall.pipeline.retargeting import plan_retarget
    from accelinstall.selection import NoBuildFits

    if not isinstance(error, NoBuildFits) or error.retarget is None:
        raise error
    console.say(error.message)
    edit = plan_retarget(request, error.retarget)
    if not edit.is_change:
        raise error
    if not is_agreed([edit], console, yes=arguments.yes, dry_run=arguments.dry_run, as_json=arguments.json):
        return False
    apply_edits([edit], directory=request.project)
    return True


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall optimize``."""
    request = request_from(arguments, environ)
    try:
        optimized = _optimized(arguments, console, request)
    except SelectionError as error:
        if not arguments.write or request.requirements:
            raise
        if not _is_retargeted(arguments, console, request, error):
            return 0 if arguments.dry_run else 1
        optimized = _optimized(arguments, console, request)
    if arguments.json:
        console.data(documents.render(documents.optimized_document(optimized)))
    else:
        conclude(console, optimized.synced, optimized.findings)
    remember(console, optimized.synced)
    return exit_code(optimized.synced.proof)
