"""A ``.venv`` that cannot be ours is passed over where Poetry is told to keep environments elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelinstall.environment import create_venv, plan_environment


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user with an empty home."""
    return {"HOME": str(tmp_path / "home"), "PATH": ""}


def broken(project: Path) -> Path:
    """The project's environment without its Python."""
    create_venv(str(project / ".venv"))
    for path in (project / ".venv/bin").glob("python*"):
        path.unlink()
    (project / ".venv/bin/python").symlink_to("/gone/python")
    return project / ".venv"


def test_a_broken_one_stays_the_projects_unless_poetry_is_told_otherwise(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    venv = broken(tmp_path)
    assert plan_environment(str(tmp_path), environ=environ).path == str(venv)
    (tmp_path / "poetry.toml").write_text("[virtualenvs]\nin-project = false\n")
    found = plan_environment(str(tmp_path), environ=environ, project_name="demo")
    assert found.path.startswith(f"{environ['HOME']}/.cache/pypoetry/virtualenvs/demo-") and not found.exists


def test_a_sound_one_stays_the_projects(tmp_path: Path, environ: dict[str, str]) -> None:
    create_venv(str(tmp_path / ".venv"))
    (tmp_path / "poetry.toml").write_text("[virtualenvs]\nin-project = false\n")
    assert plan_environment(str(tmp_path), environ=environ).path == str(tmp_path / ".venv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_another_users_is_passed_over_too(tmp_path: Path, environ: dict[str, str]) -> None:
    create_venv(str(tmp_path / ".venv"))
    os.chown(tmp_path / ".venv", 12345, 12345)
    assert plan_environment(str(tmp_path), environ=environ).path == str(tmp_path / ".venv")
    (tmp_path / "poetry.toml").write_text("[virtualenvs]\nin-project = false\n")
    assert "pypoetry" in plan_environment(str(tmp_path), environ=environ, project_name="demo").path
