"""A repository of several projects, on the disk and on the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.pipeline.running import Workplace

EXAMPLE = Path(__file__).parents[2] / "examples" / "assistant-monorepo"


@pytest.fixture
def monorepo(workplace: Workplace) -> Path:
    """The example, in a folder of its own."""
    ignored = shutil.ignore_patterns(".venv", "pylock.*", "__pycache__")
    shutil.copytree(EXAMPLE, workplace.project, dirs_exist_ok=True, ignore=ignored)
    return workplace.project


@pytest.mark.parametrize("place", [".", "api", "embedder"])
def test_the_example_agrees_wherever_it_is_asked(workplace: Workplace, monorepo: Path, place: str) -> None:
    done = workplace.run_bare("workspace", "check", "--json", "--project", str(monorepo / place))
    assert done.code == 0
    assert [row["path"] for row in done.document["members"]] == [".", "api", "embedder", "worker"]
    assert done.document["findings"] == []


def test_a_disagreement_is_an_error_with_both_places(workplace: Workplace, monorepo: Path) -> None:
    worker = monorepo / "worker" / "pyproject.toml"
    worker.write_text(worker.read_text().replace("(>=1.26,<3.0)", "(<1.26)"))
    done = workplace.run("workspace", "check")
    assert done.code == 1
    assert "no version of `numpy` is both" in done.err
    assert "embedder/pyproject.toml:8" in done.err and "worker/pyproject.toml:6" in done.err


def test_a_members_mistake_names_its_file(workplace: Workplace, monorepo: Path) -> None:
    (monorepo / "worker" / "pyproject.toml").write_text("[project\n")
    done = workplace.run("workspace", "check")
    assert done.code == 1
    assert "worker/pyproject.toml:1" in done.err


def test_without_a_workspace_the_hint_says_how_to_make_one(workplace: Workplace) -> None:
    done = workplace.run("workspace", "check")
    assert done.code == 1
    assert "[tool.accelinstall.workspace]" in done.err


def test_a_folder_outside_the_root_is_refused_as_member(workplace: Workplace) -> None:
    workplace.write('[tool.accelinstall.workspace]\nmembers = ["../other"]\n')
    done = workplace.run("workspace", "list")
    assert done.code == 1
    assert "pyproject.toml:2" in done.err
