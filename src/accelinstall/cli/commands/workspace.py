"""``accelinstall workspace``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall.cli import documents, text
from accelinstall.cli.requests import request_from
from accelinstall.cli.showing import tell

if TYPE_CHECKING:
    from accelinstall.cli.console import Console
    from accelinstall.cli.usage import Parser
    from accelinstall.model.project import Project

EXAMPLES = (
    "accelinstall workspace list",
    "accelinstall workspace check",
    "accelinstall workspace check --project services/api --json",
)


def fill(parser: Parser) -> None:
    """The options of the command."""
    parser.add_argument("action", choices=("check", "list"), nargs="?", default="check")
    parser.add_argument("--project", metavar="DIR", default=".", help="the root or any member (default: here)")


def run(arguments: Namespace, console: Console, environ: Mapping[str, str]) -> int:
    """``accelinstall workspace check|list``."""
    from accelinstall.pipeline.workspaces import check_workspace, read_workspace

    workspace = read_workspace(request_from(arguments, environ))
    findings = check_workspace(workspace) if arguments.action == "check" else ()
    failed = any(finding.level == "error" for finding in findings)
    if arguments.json:
        rows = [{"path": path, **_about(project)} for path, project in workspace.members.items()]
        document = {"schema": documents.SCHEMA, "root": workspace.directory, "members": rows}
        console.data(documents.render({**document, "findings": documents.finding_rows(findings)}))
        return int(failed)
    for path, project in workspace.members.items():
        about = " ".join(filter(None, (project.name, project.version)))
        console.line(
            f"{path:<24} {about}" + (f" · Python {project.requires_python}" if project.requires_python else "")
        )
    tell(console, findings)
    if arguments.action == "check" and not findings:
        console.line(f"{text.plural(len(workspace.members), 'project')} agree")
    return int(failed)


def _about(project: Project) -> dict[str, str]:
    return {"name": project.name, "version": project.version, "requires_python": project.requires_python}
