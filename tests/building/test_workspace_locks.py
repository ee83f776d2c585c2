"""``lock --workspace``: one version of every package in all projects, each locked on its own."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.building.projects import FLIT, make_project
from tests.pipeline.running import Outcome, Workplace

ROOT = """
[tool.accelinstall.workspace]
members = ["services/*"]
{more}
"""
SERVICE = """\
[project]
name = "{name}"
version = "1"
requires-python = ">=3.11"
dependencies = {requires}
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
models = {{ path = "../..", develop = true }}
"""


class Monorepo:
    """A root with shared models, and services that take them by their path."""

    def __init__(self, workplace: Workplace, index: IndexServer) -> None:
        self.workplace, self.index, self.root = workplace, index, workplace.project

    def make(self, *, more: str = "", **services: list[str]) -> None:
        """The root and its services with what each asks for."""
        make_project(self.root, "models", "1.4", kind=FLIT + ROOT.replace("{more}", more), requires=["wire"])
        for name, requires in services.items():
            folder = self.root / "services" / name
            folder.mkdir(parents=True, exist_ok=True)
            text = SERVICE.format(name=name, requires=["models", *requires])
            (folder / "pyproject.toml").write_text(text)

    def lock(self, *more: str, project: str = ".") -> Outcome:
        """``accelinstall lock`` on the root or a service."""
        where = ("--project", str(self.root / project), "--environment", "cpu")
        done = self.workplace.run_bare("lock", *where, "--index-url", self.index.simple_url, *more)
        assert "Traceback" not in done.err
        return done

    def versions(self, project: str) -> dict[str, str]:
        """What the lock of a project holds."""
        (path,) = (self.root / project).glob("pylock.*.toml")
        rows = tomllib.loads(path.read_text())["packages"]
        return {row["name"]: row.get("version", "a folder") for row in rows}


@pytest.fixture
def monorepo(workplace: Workplace, index: IndexServer, tmp_path: Path) -> Monorepo:
    """Nothing yet; the index has ``wire`` 1.0 and 2.0, and ``tool`` 1.0."""
    index.add(make_wheel(tmp_path / "wheels", "tool", "1.0", requires=["wire"]))
    return Monorepo(workplace, index)


def test_every_service_takes_the_version_that_serves_all(monorepo: Monorepo) -> None:
    monorepo.make(api=["wire<2"], worker=["tool"], idle=[])
    done = monorepo.lock("--workspace")
    assert done.code == 0, done.err
    assert monorepo.versions("services/api") == {"models": "a folder", "wire": "1.0"}
    assert monorepo.versions("services/worker") == {"models": "a folder", "tool": "1.0", "wire": "1.0"}
    assert monorepo.versions(".") == {"wire": "1.0"}
    assert monorepo.versions("services/idle") == {"models": "a folder", "wire": "1.0"}


def test_a_second_run_and_a_look_at_one_service_ask_nothing(monorepo: Monorepo) -> None:
    monorepo.make(api=["wire<2"], worker=["tool"])
    monorepo.lock("--workspace")
    asked = len(monorepo.index.requests)
    again = monorepo.lock("--workspace", "--json")
    assert [row["fresh"] for row in again.document["locks"]] == [True, True, True]
    assert monorepo.lock(project="services/worker").code == 0
    assert monorepo.lock("--workspace", "--check", project="services/api").code == 0
    assert len(monorepo.index.requests) == asked


def test_a_change_in_one_service_is_noticed_by_the_others(monorepo: Monorepo) -> None:
    monorepo.make(api=["wire<2"], worker=["tool"])
    monorepo.lock("--workspace")
    monorepo.make(api=["wire"], worker=["tool"])
    states = monorepo.lock("--workspace", "--check", "--json").document["locks"]
    assert [row["state"] for row in states] == ["stale", "stale", "stale"]
    assert "together with the workspace" in states[0]["changes"][0]
    monorepo.lock("--workspace")
    assert monorepo.versions("services/worker")["wire"] == "1.0"  # what is locked is kept
    monorepo.lock("--workspace", "--upgrade", "wire")
    assert {monorepo.versions(place)["wire"] for place in (".", "services/api", "services/worker")} == {"2.0"}


def test_services_that_contradict_each_other_are_told_with_both_places(monorepo: Monorepo) -> None:
    monorepo.make(api=["wire<2"], worker=["wire>=2"])
    done = monorepo.lock("--workspace")
    assert done.code == 1
    assert "services/api/pyproject.toml:5" in done.err and "services/worker/pyproject.toml:5" in done.err
    assert list(monorepo.root.rglob("pylock.*")) == []


def test_what_may_differ_does(monorepo: Monorepo) -> None:
    monorepo.make(more='may-differ = ["wire"]', api=["wire<2"], worker=["wire>=2"])
    done = monorepo.lock("--workspace")
    assert done.code == 0, done.err
    assert monorepo.versions("services/api")["wire"] == "1.0"
    assert monorepo.versions("services/worker")["wire"] == "2.0"


def test_a_shared_group_is_locked_and_installed_in_every_service(monorepo: Monorepo) -> None:
    shared = 'shared-groups = ["dev"]\n[tool.poetry.group.dev.dependencies]\ntool = "*"'
    monorepo.make(more=shared, api=["wire<2"])
    assert monorepo.lock("--workspace").code == 0
    assert monorepo.versions("services/api") == {"models": "a folder", "tool": "1.0", "wire": "1.0"}
    done = monorepo.workplace.run_bare(
        "sync", "--project", str(monorepo.root / "services" / "api"), "--index-url", monorepo.index.simple_url,
        "--environment", "cpu", "--venv", str(monorepo.workplace.venv),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert monorepo.workplace.installed() == {"models": "1.4", "tool": "1.0", "wire": "1.0"}


def test_several_locks_do_not_go_into_one_file(monorepo: Monorepo) -> None:
    monorepo.make(api=[])
    done = monorepo.lock("--workspace", "-o", "-")
    assert done.code == 2
    assert "--output" in done.err
