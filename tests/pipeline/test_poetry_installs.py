"""What the real Poetry can lock and install of what ``init`` writes, and what it cannot, as ``init`` says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Outcome, Workplace

HEAD = """\
[tool.poetry]
name = "demo"
version = "1"
description = ""
authors = []
package-mode = false

[tool.poetry.dependencies]
python = ">=3.11"
torch = "^2.7"
web = "*"
"""
SOURCE = """
[[tool.poetry.source]]
name = "{name}"
url = "{url}"
priority = "{priority}"
"""


@pytest.fixture
def place(workplace: Workplace, tmp_path: Path) -> Iterator[Workplace]:
    """A project whose three sources are on loopback: torch is another build on each."""
    builds = {"pytorch-cpu": "2.15.0+cpu", "pytorch-cu130": "2.15.0+cu130", "everything-else": "2.15.0"}
    text = HEAD
    with ExitStack() as stack:
        for name, version in builds.items():
            server = stack.enter_context(IndexServer())
            server.add(make_wheel(tmp_path / name, "torch", version))
            if name == "everything-else":
                server.add(make_wheel(tmp_path / name, "web", "2.0"))
            priority = "primary" if name == "everything-else" else "explicit"
            text += SOURCE.format(name=name, url=server.simple_url, priority=priority)
        workplace.write(text)
        yield workplace


def initialised(place: Workplace, targets: str) -> Outcome:
    done = place.run("init", "--targets", targets, "--platform", "linux-x86_64", "--python-version", "3.11", "--yes")
    assert done.code == 0, done.err
    return done


def poetry(place: Workplace, *argv: str) -> subprocess.CompletedProcess[str]:
    """``poetry *argv*`` in the project, with configuration, cache and environment of its own."""
    environ = {
        **place.variables,
        "POETRY_CACHE_DIR": str(place.root / "poetry"),
        "POETRY_CONFIG_DIR": str(place.root / "config"),
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    command = [str(Path(sys.executable).with_name("poetry")), *argv, "--no-interaction"]
    return subprocess.run(command, cwd=place.project, env=environ, capture_output=True, text=True, check=False)


def test_of_one_target_poetry_locks_and_installs_the_group(place: Workplace) -> None:
    told = initialised(place, "cu130")
    assert "Poetry cannot lock" not in told.err
    done = poetry(place, "install", "--with", "ml-gpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: version for name, version in place.installed().items() if name in ("torch", "web")} == {
        "torch": "2.15.0+cu130",
        "web": "2.0",
    }


def test_where_no_platform_takes_both_poetry_locks_two_sources(place: Workplace) -> None:
    told = initialised(place, "cu130,mps")
    assert "Poetry cannot lock" not in told.err
    done = poetry(place, "lock")
    assert done.returncode == 0, done.stdout + done.stderr
    locked = (place.project / "poetry.lock").read_text()
    assert 'version = "2.15.0+cu130"' in locked and 'version = "2.15.0"\n' in locked


def test_a_group_that_names_no_source_gets_the_others_build_from_poetry(place: Workplace) -> None:
    told = initialised(place, "cpu,cu126,cu130")
    assert "Poetry takes torch from `pytorch-cpu` for `ml-gpu` too" in told.err
    assert poetry(place, "lock").returncode == 0
    locked = (place.project / "poetry.lock").read_text()
    assert 'version = "2.15.0+cpu"' in locked and 'version = "2.15.0"\n' not in locked


def test_two_sources_for_one_platform_are_what_poetry_cannot_lock_and_accelinstall_does(place: Workplace) -> None:
    told = initialised(place, "cpu,cu130")
    assert "Poetry cannot lock this layout" in told.err
    assert poetry(place, "check").returncode == 0
    refused = poetry(place, "lock")
    assert refused.returncode != 0 and "Incompatible constraints" in refused.stdout + refused.stderr
    done = place.run("lock", "--all-targets", "--platform", "linux-x86_64", "--python-version", "3.11")
    assert done.code == 0, done.err
    texts = {path.name: path.read_text() for path in place.project.glob("pylock.*")}
    assert '"2.15.0+cpu"' in texts["pylock.cpu-linux-x86_64-cp311.toml"]
    assert '"2.15.0+cu130"' in texts["pylock.cu130-linux-x86_64-cp311.toml"]


def test_a_project_without_poetry_is_locked_from_its_own_sources(place: Workplace) -> None:
    text = (place.project / "pyproject.toml").read_text()
    plain = '[project]\nname = "demo"\nversion = "1"\ndependencies = ["torch>=2.7", "web"]\n'
    place.write(plain + text.removeprefix(HEAD).replace("tool.poetry.source", "tool.accelinstall.sources"))
    initialised(place, "cpu,cu130")
    done = place.run("lock", "--all-targets", "--platform", "linux-x86_64", "--python-version", "3.11")
    assert done.code == 0, done.err
    texts = {path.name.partition("-")[0]: path.read_text() for path in place.project.glob("pylock.*")}
    assert '"2.15.0+cpu"' in texts["pylock.cpu"] and '"2.15.0+cu130"' in texts["pylock.cu130"]
