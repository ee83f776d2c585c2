"""This machine, asked with a PATH and a home of the test's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from accelinstall.doctor.engine import Answer, docker_command, read_containers
from accelinstall.doctor.facts import Local
from accelinstall.doctor.local import read_local
from accelinstall.environment import create_venv


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


def tool(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(["#!/bin/sh", *lines, ""]))
    (folder / name).chmod(0o755)


def local(project: Path, tools: Path, **variables: str) -> Local:
    environ = {"PATH": f"{tools}", "HOME": str(project / "home"), **variables}
    return read_local(str(project), environ=environ, project_name="demo", cache_directory=str(project / "cache"))


def test_the_poetry_on_path_is_asked_for_its_version(tmp_path: Path, tools: Path) -> None:
    tool(tools, "poetry", "echo 'Poetry (version 2.4.1)'")
    found = local(tmp_path, tools)
    assert (found.poetry, set(found.commands)) == ("2.4.1", {"poetry"})


@pytest.mark.parametrize("line", ["exit 1", "echo nonsense", "kill -9 $$"])
def test_a_poetry_that_does_not_answer_is_none(tmp_path: Path, tools: Path, line: str) -> None:
    tool(tools, "poetry", line)
    assert local(tmp_path, tools).poetry == ""


def test_an_environment_says_whose_it_is_and_what_is_in_it(tmp_path: Path, tools: Path) -> None:
    create_venv(str(tmp_path / ".venv"))
    found = local(tmp_path, tools).environment
    assert found is not None and found.exists and found.in_use
    assert found.made_with.startswith("{}.{}".format(*sys.version_info))
    assert found.python == "{}.{}.{}".format(*sys.version_info)
    assert found.owner == os.geteuid() and found.packages == {} and found.markers["sys_platform"] == sys.platform


def test_an_environment_whose_python_is_gone_says_so(tmp_path: Path, tools: Path) -> None:
    create_venv(str(tmp_path / ".venv"))
    for name in ("python", "python3", "python{}.{}".format(*sys.version_info)):
        (tmp_path / ".venv" / "bin" / name).unlink(missing_ok=True)
    (tmp_path / ".venv/bin/python").symlink_to("/gone/python")
    settings = tmp_path / ".venv/pyvenv.cfg"
    settings.write_text("home = /gone\n")
    found = local(tmp_path, tools).environment
    assert found is not None and found.problem


def test_told_to_keep_environments_elsewhere_a_broken_one_is_left_over(tmp_path: Path, tools: Path) -> None:
    create_venv(str(tmp_path / ".venv"))
    for path in (tmp_path / ".venv/bin").glob("python*"):
        path.unlink()
    (tmp_path / ".venv/bin/python").symlink_to("/gone/python")
    found = local(tmp_path, tools, POETRY_VIRTUALENVS_IN_PROJECT="false")
    assert found.environment is not None and not found.environment.exists
    assert "pypoetry" in found.environment.path and found.leftover is not None


def test_what_poetry_is_told_is_as_it_comes_out(tmp_path: Path, tools: Path) -> None:
    (tmp_path / "poetry.toml").write_text('[virtualenvs]\nin-project = true\npath = "/envs"\n')
    assert local(tmp_path, tools).settings == {"in-project": "true", "create": "true", "path": "/envs"}
    told = local(tmp_path, tools, POETRY_VIRTUALENVS_IN_PROJECT="false").settings
    assert told["in-project"] == "false"
    (tmp_path / "poetry.toml").write_text("[")
    assert local(tmp_path, tools).settings == {}


def test_a_folder_that_is_no_environment_is_told(tmp_path: Path, tools: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "notes.txt").write_text("x")
    assert ".venv" in local(tmp_path, tools).problem


ENGINE = """case "$1" in
  ps) echo app-1; echo old-1 ;;
  exec) case "$2 $3" in
    "app-1 python") exit 127 ;;
    "app-1 python3") echo '{"python": "3.12.1", "prefix": "/opt/venv", "owner": 0, "packages": [["web", "0.9"]]}' ;;
    *) echo "exec: no python" >&2; exit 126 ;;
  esac ;;
esac"""


def test_running_containers_are_asked_through_the_docker_command(tmp_path: Path, tools: Path) -> None:
    tool(tools, "docker", ENGINE)
    run = docker_command(str(tools / "docker"), {"PATH": str(tools)})
    held = read_containers(run, str(tmp_path))
    assert held.packages == {"container app-1": {"web": "0.9"}}
    assert {(one.fact, one.value) for one in held.facts} == {
        ("python", "3.12.1"),
        ("environment", "/opt/venv"),
        ("owner", "uid 0"),
    }
    (finding,) = held.findings
    assert "container old-1 was not compared: exec: no python" in finding.message
    assert read_containers(run, str(tmp_path), name="app-1").findings == ()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(code=1, out="", error="Cannot connect to the Docker daemon"), "Cannot connect to the Docker daemon"),
        (Answer(code=125, out=""), "status 125"),
        (Answer(code=0, out=""), "no container of this project is running"),
    ],
)
def test_an_engine_without_an_answer_is_a_note(answer: Answer, reason: str) -> None:
    (finding,) = read_containers(lambda words: answer, "/p").findings
    assert (finding.id, finding.level) == ("container-unavailable", "info") and reason in finding.message


def test_without_a_docker_command_nothing_is_compared() -> None:
    assert "there is no `docker` command" in read_containers(None, "/p").findings[0].message


def test_a_container_that_answers_nonsense_is_a_note() -> None:
    answers = {"ps": Answer(code=0, out="a"), "exec": Answer(code=0, out="[1]")}
    (finding,) = read_containers(lambda words: answers[words[0]], "/p").findings
    assert "did not describe itself" in finding.message
