"""The project itself: installed editable where it is a package, and only then."""

from __future__ import annotations

import subprocess
import sys

import pytest

from accelinstall.testing import IndexServer
from tests.building.projects import FLIT, POETRY, make_project
from tests.building.running import direct_url, python, run
from tests.pipeline.running import Workplace


@pytest.mark.parametrize("command", ["sync", "optimize"])
@pytest.mark.parametrize("kind", [FLIT, POETRY + 'wire = "*"\n'], ids=["flit", "poetry"])
def test_a_project_that_is_a_package_is_installed_editable(
    workplace: Workplace, index: IndexServer, kind: str, command: str
) -> None:
    make_project(workplace.project, "my-app", kind=kind, requires=["wire"])
    done = run(workplace, index, command)
    assert done.code == 0, done.err
    assert workplace.installed() == {"my_app": "1.0", "wire": "2.0"}
    assert python(workplace, "import my_app; print(my_app.__file__)") == str(workplace.project / "my_app/__init__.py")
    assert direct_url(workplace, "my_app")["dir_info"] == {"editable": True}
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert "my-app" not in lock.read_text()
    index.clear_requests()
    assert run(workplace, index, command, "--json").document["transaction"]["steps"] == []
    assert index.count() == 0


@pytest.mark.parametrize("options", [["--no-root"], ["--profile", "production"], ["--only", "dev"]])
def test_it_is_left_out_on_request_and_stays_where_it_is(
    workplace: Workplace, index: IndexServer, options: list[str]
) -> None:
    more = '\n[dependency-groups]\ndev = ["wire"]\n'
    make_project(workplace.project, "my-app", kind=FLIT + more, requires=["wire"])
    assert run(workplace, index, "sync", *options).code == 0
    assert workplace.installed() == {"wire": "2.0"}
    assert run(workplace, index, "sync").code == 0
    assert workplace.installed() == {"my_app": "1.0", "wire": "2.0"}
    assert run(workplace, index, "sync", *options).code == 0
    assert workplace.installed() == {"my_app": "1.0", "wire": "2.0"}


@pytest.mark.parametrize(
    "change", [("[build-system]", "[tool.other]"), ("[tool.poetry]", "[tool.poetry]\npackage-mode = false")]
)
def test_a_project_that_is_no_package_is_not_built(
    workplace: Workplace, index: IndexServer, change: tuple[str, str]
) -> None:
    make_project(workplace.project, "my-app", kind=POETRY.replace(*change) + 'wire = "*"\n')
    done = run(workplace, index, "sync", "--no-build")
    assert done.code == 0, done.err
    assert workplace.installed() == {"wire": "2.0"}


def test_one_that_cannot_be_built_is_told_with_the_way_out(workplace: Workplace, index: IndexServer) -> None:
    make_project(workplace.project, "my-app", kind=POETRY).joinpath("my_app", "__init__.py").unlink()
    (workplace.project / "my_app").rmdir()
    error = run(workplace, index, "sync", "--json").document["error"]
    assert error["code"] == "root-not-built" and "my_app" in error["message"] and "--no-root" in error["hint"]
    assert not workplace.venv.exists()


def test_a_new_version_of_the_project_is_noticed_by_a_command_of_its_own(
    workplace: Workplace, index: IndexServer
) -> None:
    make_project(workplace.project, "my-app")
    options = ["--project", str(workplace.project), "--environment", "cpu", "--index-url", index.simple_url]
    command = [sys.executable, "-m", "accelinstall", "sync", *options]
    for version in ("1.0", "1.0", "1.0", "2.0", "2.0"):
        make_project(workplace.project, "my-app", version)
        subprocess.run(command, env=workplace.variables, check=True, capture_output=True)
        assert workplace.installed() == {"my_app": version}
