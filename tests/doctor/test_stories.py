"""Two projects as teams have them: broken at first, mended by one command, and then fine."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.cli import run
from accelinstall.cli.console import Console
from accelinstall.environment import create_venv
from accelinstall.testing import IndexServer, make_wheel
from tests.cli.test_confirmation import Terminal
from tests.doctor.looking import PYPROJECT, poetry_lock
from tests.pipeline.running import Workplace

MINOR = "{}.{}".format(*sys.version_info)
WORKFLOW = f"""\
name: ci
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{MINOR}"
      - uses: snok/install-poetry@v1
        with:
          version: latest   # whatever comes
      - run: |
          poetry install --no-dev
          poetry run pytest
"""
DOCKERFILE = f"""\
FROM python:{MINOR}-slim
ENV POETRY_VERSION=5.3.0 \\
    POETRY_VIRTUALENVS_CREATE=false
RUN pip install "poetry==$POETRY_VERSION"
WORKDIR /app
COPY pyproject.toml poetry.lock ./
RUN poetry install --sync
COPY src src
"""


def content(project: Path) -> dict[str, bytes]:
    """path -> bytes of every file of the project, environments left out."""
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file() and ".venv" not in path.parts
    }


def findings(workplace: Workplace, *options: str) -> dict[str, str]:
    """id -> level, for a run whose exit code must fit."""
    done = workplace.run("doctor", "--json", *options)
    found = {one["id"]: one["level"] for one in done.document["findings"]}
    assert done.code == (1 if "error" in found.values() else 0), done.err
    return found


def write(workplace: Workplace, name: str, text: str) -> None:
    (workplace.project / name).parent.mkdir(parents=True, exist_ok=True)
    workplace.write(text, name)


def test_drift_between_a_laptop_without_environment_docker_and_ci_is_mended(workplace: Workplace) -> None:
    write(workplace, ".github/workflows/ci.yml", WORKFLOW)
    write(workplace, "Dockerfile", DOCKERFILE)
    write(workplace, ".python-version", f"{MINOR}\n")
    assert findings(workplace) == {
        "environment-missing": "warning",
        "poetry-unknown-version": "error",
        "poetry-unpinned": "warning",
        "poetry-command-gone": "warning",
    }

    before = content(workplace.project)
    refused = workplace.run("doctor", "--fix")
    assert refused.code == 2 and "--yes" in refused.err and content(workplace.project) == before

    done = workplace.run("doctor", "--fix", "--yes")
    assert (done.code, workplace.installed()) == (0, {"web": "1.0"}), done.out + done.err
    assert findings(workplace) == {}
    assert "nothing is wrong" in workplace.run("doctor").out
    after = content(workplace.project)
    workflow = WORKFLOW.replace("version: latest ", "version: 2.5.1 ").replace("--no-dev", "--only main")
    dockerfile = DOCKERFILE.replace("5.3.0", "2.5.1").replace("poetry install --sync", "poetry sync")
    assert after[".github/workflows/ci.yml"].decode() == workflow
    assert after["Dockerfile"].decode() == dockerfile
    assert {name: after[name] for name in (".python-version", "poetry.lock", "pyproject.toml")} == {
        name: before[name] for name in (".python-version", "poetry.lock", "pyproject.toml")
    }

    again = workplace.run("doctor", "--fix", "--yes")
    assert again.code == 0 and content(workplace.project) == after


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_an_environment_shared_with_a_container_and_owned_by_another_is_kept_apart(workplace: Workplace) -> None:
    compose = "services:\n  app:\n    build: .\n    volumes:\n      - .:/app  # live\n    command: poetry run web\n"
    dockerfile = (
        f"FROM python:{MINOR}-slim\nRUN pip install poetry==2.5.1\nWORKDIR /app\nCOPY . .\nRUN poetry install\n"
    )
    write(workplace, "compose.yaml", compose)
    write(workplace, "Dockerfile", dockerfile)
    create_venv(str(workplace.venv))
    for path in [workplace.venv, *workplace.venv.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    theirs = sorted(str(path) for path in workplace.venv.rglob("*"))
    found = findings(workplace)
    assert found["environment-foreign-owner"] == found["environment-in-container"] == "error"

    done = workplace.run("doctor", "--fix", "--yes")
    assert done.code == 0, done.out + done.err
    assert findings(workplace) == {"environment-leftover": "info"}
    after = content(workplace.project)
    assert after["compose.yaml"].decode() == compose.replace("# live\n", "# live\n      - /app/.venv\n")
    assert after["poetry.toml"] == b"[virtualenvs]\nin-project = false\n"
    assert after[".dockerignore"] == b".venv\n"
    own = "ENV POETRY_VIRTUALENVS_IN_PROJECT=false POETRY_VIRTUALENVS_PATH=/opt/poetry/virtualenvs\n"
    assert after["Dockerfile"].decode() == dockerfile.replace("slim\n", f"slim\n{own}")
    assert theirs == sorted(str(path) for path in workplace.venv.rglob("*"))
    assert workplace.venv.stat().st_uid == 12345

    used = workplace.run("doctor", "--json").document["facts"]
    (place,) = (one["value"] for one in used if one["fact"] == "environment" and one["place"] == "environment")
    poetry = subprocess.run(
        [sys.executable, "-m", "poetry", "env", "info", "--path"],
        cwd=workplace.project,
        env=workplace.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert poetry.stdout.strip() == place, poetry.stderr
    assert list(Path(place).glob("lib/python*/site-packages/web-1.0.dist-info"))
    assert workplace.run("doctor", "--fix", "--yes").code == 0 and content(workplace.project) == after


def test_a_project_that_cannot_be_installed_keeps_its_edits_and_says_why(workplace: Workplace) -> None:
    write(workplace, "poetry.lock", poetry_lock(web="7.0"))
    write(workplace, "scripts/setup.sh", "pip install poetry\n")
    done = workplace.run("doctor", "--fix", "--yes")
    assert done.code == 1 and "the environment was not made: " in done.err
    assert (workplace.project / "scripts/setup.sh").read_text() == "pip install poetry==2.5.1\n"
    assert "environment-missing" in done.out


@pytest.mark.parametrize("option", ["--sarif", "--json"])
def test_mending_leaves_stdout_to_the_document(workplace: Workplace, option: str) -> None:
    write(workplace, "scripts/setup.sh", "pip install poetry\n")
    done = workplace.run("doctor", "--fix", "--yes", option)
    assert done.code == 0 and isinstance(done.document, dict)
    assert "wrote scripts/setup.sh" in done.err and workplace.installed() == {"web": "1.0"}


def test_a_dry_run_shows_the_diff_and_changes_nothing(workplace: Workplace) -> None:
    write(workplace, "scripts/setup.sh", "pip install poetry\n")
    before = content(workplace.project)
    done = workplace.run("doctor", "--fix", "--dry-run")
    assert done.out == (
        "--- a/scripts/setup.sh\n+++ b/scripts/setup.sh\n@@ -1 +1 @@\n-pip install poetry\n+pip install poetry==2.5.1\n"
    )
    assert done.code == 0 and "would make" in done.err and content(workplace.project) == before
    wrong = workplace.run("doctor", "--dry-run")
    assert wrong.code == 2 and "--fix" in wrong.err


@pytest.mark.parametrize(
    ("answers", "edited", "made"), [("y\ny\n", True, True), ("n\nn\n", False, False), ("n\ny\n", False, True)]
)
def test_a_person_is_asked_about_the_files_and_about_the_environment(
    workplace: Workplace, answers: str, edited: bool, made: bool
) -> None:
    write(workplace, "scripts/setup.sh", "pip install poetry\n")
    terminal = Terminal()
    console = Console(out=io.StringIO(), err=terminal, answers=Terminal(answers))
    code = run(["doctor", "--fix", "--project", str(workplace.project)], console=console, environ=workplace.variables)
    assert code == 0 and "Write scripts/setup.sh?" in terminal.getvalue()
    assert ("2.5.1" in (workplace.project / "scripts/setup.sh").read_text()) is edited
    assert workplace.venv.exists() is made


def test_a_link_to_a_file_stays_a_link(workplace: Workplace, tmp_path: Path) -> None:
    shared = tmp_path / "shared.sh"
    shared.write_text("pip install poetry\n")
    (workplace.project / "setup.sh").symlink_to(shared)
    workplace.run("doctor", "--fix", "--yes")
    assert (workplace.project / "setup.sh").is_symlink()
    assert shared.read_text() == "pip install poetry==2.5.1\n"


def test_a_mirror_with_html_pages_becomes_a_source_that_poetry_locks_from(workplace: Workplace, tmp_path: Path) -> None:
    (workplace.project / "poetry.lock").unlink()
    with IndexServer(json=False) as mirror:
        mirror.add(make_wheel(tmp_path / "plain", "web", "1.0"))
        workplace.variables["PIP_INDEX_URL"] = mirror.simple_url
        assert findings(workplace)["mirror-not-a-source"] == "warning"
        done = workplace.run("doctor", "--fix", "--yes")
        assert done.code == 0, done.out + done.err
        after = (workplace.project / "pyproject.toml").read_text()
        assert after.startswith(PYPROJECT) and f'url = "{mirror.simple_url}"' in after
        locked = subprocess.run(
            [sys.executable, "-m", "poetry", "lock"],
            cwd=workplace.project,
            env=workplace.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert locked.returncode == 0, locked.stdout + locked.stderr
        assert 'name = "web"\nversion = "1.0"' in (workplace.project / "poetry.lock").read_text()
        assert findings(workplace).keys() <= {"lock-stale"}
        assert workplace.run("sync").code == 0 and findings(workplace) == {}
