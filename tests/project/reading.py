"""Reading the fixture projects and short texts."""

from __future__ import annotations

import textwrap
from pathlib import Path

from accelinstall.model.project import Project
from accelinstall.project import parse_project

PROJECTS = Path(__file__).parent.parent / "projects"


def fixture(name: str) -> Project:
    """The project under ``tests/projects/<name>``."""
    path = PROJECTS / name / "pyproject.toml"
    return parse_project(path.read_bytes(), directory=str(path.parent))


def project(text: str) -> Project:
    """The project that an indented text describes."""
    return parse_project(textwrap.dedent(text), directory="somewhere")


def requirements(read: Project, group: str = "main") -> list[str]:
    """The requirements of one group as text, in file order."""
    found = read.group(group)
    assert found is not None, f"no group {group}"
    return [str(wanted.requirement) for wanted in found.wanted]


def finding_ids(read: Project) -> set[tuple[str, str]]:
    """(id, where) of every finding."""
    return {(finding.id, finding.where) for finding in read.findings}
