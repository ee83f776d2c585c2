"""The commands inside a real Poetry, which finds them by their entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.cli import commands
from accelinstall.cli.poetry_plugin import VERBS, actions_of
from accelinstall.testing import IndexServer
from tests.pipeline.conftest import index, workplace  # noqa: F401
from tests.pipeline.running import Workplace


def poetry(place: Workplace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``poetry *arguments*`` in the project, with nothing of this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    return subprocess.run(
        [sys.executable, "-m", "poetry", *arguments],
        cwd=place.project,
        env={**kept, **place.variables, "POETRY_VIRTUALENVS_IN_PROJECT": "true"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_poetry_lists_every_verb(workplace: Workplace) -> None:  # noqa: F811
    listed = poetry(workplace, "list").stdout
    assert [verb for verb in VERBS if verb in commands.SUMMARIES and f"accel {verb}" not in listed] == []


def test_poetry_locks_and_installs_as_the_command_does(workplace: Workplace, index: IndexServer) -> None:  # noqa: F811
    locked = poetry(workplace, "accel", "lock", "--json", "--index-url", index.simple_url, "-q")
    assert locked.returncode == 0, locked.stderr
    (lock,) = json.loads(locked.stdout)["locks"]
    assert Path(lock["path"]).parent == workplace.project
    synced = poetry(workplace, "accel", "sync", f"--index-url={index.simple_url}", "--no-proof", "--without", "dev")
    assert synced.returncode == 0, synced.stderr
    assert workplace.installed() == {"web": "2.0", "wire": "1.5"}


def test_options_with_optional_values_reach_the_command(workplace: Workplace, index: IndexServer) -> None:  # noqa: F811
    fresh = ("accel", "lock", "--index-url", index.simple_url)
    assert poetry(workplace, *fresh).returncode == 0
    assert "up to date" in poetry(workplace, *fresh, "--check").stdout
    upgraded = poetry(workplace, *fresh, "--json", "--upgrade", "web")
    assert json.loads(upgraded.stdout)["locks"][0]["fresh"] is False


def test_requirements_without_a_name_stay_what_they_are(workplace: Workplace) -> None:  # noqa: F811
    explained = poetry(workplace, "accel", "explain", "--json", "--environment", "cpu", "torch>=2.7", "torchvision")
    assert explained.returncode == 0, explained.stdout
    assert {row["requirement"] for row in json.loads(explained.stdout)["selected"]} == {"torch>=2.7", "torchvision"}


def test_an_error_is_told_once_with_its_exit_code(workplace: Workplace) -> None:  # noqa: F811
    failed = poetry(workplace, "accel", "lock", "--exclude-newer", "yesterday")
    assert failed.returncode == 2
    assert failed.stderr.count("yesterday") == 1
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb in commands.SUMMARIES])
def test_no_option_of_a_command_is_one_of_poetrys(verb: str) -> None:
    poetrys = {"--help", "--quiet", "--version", "--ansi", "--no-ansi", "--no-interaction", "--no-plugins"}
    poetrys |= {"--project", "--directory", "--verbose", "--no-cache"}
    assert {text for action in actions_of(verb) for text in action.option_strings} & poetrys == set()
