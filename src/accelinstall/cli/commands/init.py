"""``accelinstall init``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall.cli import documents, options
from accelinstall.cli.confirmation import is_agreed
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import tell
from accelinstall.pipeline.editing import apply_edits
from accelinstall.pipeline.initialising import plan_init, usual_targets
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser
    from accelinstall.pipeline.initialising import Initialisation
    from accelinstall.pipeline.request import Request

EXAMPLES = (
    "accelinstall init",
    "accelinstall init --targets cpu,cu130 --dry-run",
    "accelinstall init --project services/api --targets cpu,cu130,mps --yes",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("--project", metavar="DIR", default=".", help="folder of the pyproject.toml (default: here)")
    parser.add_argument(
        "--targets",
        metavar="SLUG,...",
        action="append",
        default=[],
        help="such as cpu,cu130,mps (default: this machine's and cpu)",
    )
    parser.add_argument("--pip-index", action="store_true", help="declare pip's index-url as a source, for Poetry")
    options.add_agreement(parser)
    options.add_host(parser)


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall init``."""
    request = request_from(arguments, environ)
    targets = tuple(part.strip() for text in arguments.targets for part in text.split(",") if part.strip())
    if not targets and console.can_ask and not (arguments.yes or arguments.dry_run or arguments.json):
        targets = _asked(request, console)
    planned = plan_init(replace(request, targets=targets), pip_index=arguments.pip_index)
    if not arguments.json:
        # What speaks against the edit is read before it is agreed to.
        tell(console, planned.findings)
    agreed = is_agreed([planned.edit], console, yes=arguments.yes, dry_run=arguments.dry_run, as_json=arguments.json)
    if agreed:
        apply_edits([planned.edit], directory=arguments.project)
    if arguments.json:
        console.data(documents.render(documents.init_document(planned, written=agreed)))
        return 0
    if not planned.edit.is_change:
        console.line("pyproject.toml has everything for " + ", ".join(planned.targets))
    elif agreed:
        _conclude(planned, console)
    elif not arguments.dry_run:
        console.say("nothing was written")
        return 1
    return 0


def _asked(request: Request, console: Console) -> tuple[str, ...]:
    usual = usual_targets(request)
    console.say("Which targets is the project to serve? Such as cpu, cu130, cu126, rocm7-2, xpu, mps, edge")
    answer = console.ask_text(f"Targets [{','.join(usual)}]:")
    return tuple(part for part in answer.replace(",", " ").split() if part) or usual


def _conclude(planned: Initialisation, console: Console) -> None:
    groups = ", ".join(f"{name} for {environment}" for environment, name in planned.groups.items())
    console.line(f"wrote {planned.edit.path}: {groups or 'targets alone'}")
    console.say("next: accelinstall lock --all-targets")
