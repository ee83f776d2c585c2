"""``scripts/poetry-wrapper.sh``: judged by shellcheck, run with the real Poetry."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.doctor import WRAPPER
from tests.pipeline.running import Workplace

PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.poetry]\npackage-mode = false\n'
SHOW = "import json, os, sys; print(json.dumps([sys.prefix, os.getcwd(), sys.argv[1:]]))"


@pytest.fixture
def wrapped(tmp_path: Path) -> Workplace:
    """A project without dependencies, with the wrapper in it."""
    place = Workplace(tmp_path / "work place")
    place.write(PROJECT)
    done = place.run("wrapper", "--yes")
    assert done.code == 0, done.err
    return place


def call(
    place: Workplace, *arguments: str, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    poetry = Path(sys.executable).parent / "poetry"
    return subprocess.run(
        [str(place.project / WRAPPER), *arguments],
        cwd=cwd or place.project,
        env={**place.variables, "POETRY_WRAPPER_POETRY": str(poetry), "POETRY_WRAPPER_CONTAINER": "0", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_written_once_and_may_be_run(wrapped: Workplace) -> None:
    script = wrapped.project / WRAPPER
    assert script.stat().st_mode & stat.S_IXUSR
    before = script.stat().st_mtime_ns
    done = wrapped.run("wrapper")
    assert done.code == 0 and "up to date" in done.out and script.stat().st_mtime_ns == before


def test_without_a_yes_nothing_is_written(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    done = place.run("wrapper", "--json")
    assert (done.code, done.document["error"]["code"]) == (2, "needs-consent")
    shown = place.run("wrapper", "--dry-run")
    assert shown.out.startswith("--- /dev/null\n") and list(place.project.iterdir()) == []


def test_shellcheck_has_nothing_to_say(wrapped: Workplace) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run(
        [str(shellcheck), "--enable=all", "--exclude=SC2250,SC2292", str(wrapped.project / WRAPPER)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_environment_is_made_outside_the_project_and_arguments_arrive_whole(
    wrapped: Workplace, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    done = call(wrapped, "run", "python", "-c", SHOW, "a b", "", "--c=*", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    prefix, folder, arguments = json.loads(done.stdout)
    assert arguments == ["a b", "", "--c=*"] and os.path.realpath(folder) == str(elsewhere)
    assert prefix.startswith(f"{wrapped.root}/home/.cache/pypoetry/virtualenvs/demo-")
    assert "no environment yet" in done.stderr and not wrapped.venv.exists()

    inside = call(wrapped, "run", "python", "-c", SHOW, POETRY_WRAPPER_CONTAINER="1")
    assert "/pypoetry/virtualenvs-container/demo-" in json.loads(inside.stdout)[0]

    again = call(wrapped, "run", "python", "-c", "raise SystemExit(7)")
    assert again.returncode == 7 and "no environment yet" not in again.stderr


def test_without_poetry_it_says_how_to_get_one(wrapped: Workplace) -> None:
    done = call(wrapped, "--version", POETRY_WRAPPER_POETRY="no-such-poetry")
    assert done.returncode == 127 and "pipx install poetry" in done.stderr
