import os
import sys
from pathlib import Path

import pytest

from accelinstall.environment import (
    InterpreterMissing,
    NotAnEnvironment,
    PoetrySettingsUnreadable,
    create_venv,
    plan_environment,
)
from accelinstall.environment.poetry import poetry_environment_name


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "the project"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user with an empty home and nothing activated."""
    return {"HOME": str(tmp_path / "home"), "PATH": os.path.dirname(sys.executable)}


def make(path: Path) -> str:
    create_venv(str(path))
    return str(path)


def plan(project, environ, **wishes):
    return plan_environment(str(project), environ=environ, **wishes)


def test_without_anything_a_new_venv_in_the_project_is_planned_and_not_made(project, environ):
    found = plan(project, environ)
    assert (found.path, found.exists) == (str(project / ".venv"), False)
    assert os.listdir(project) == []


def test_a_new_environment_is_made_with_a_python_outside_any_environment(project, environ):
    assert not os.path.exists(os.path.join(os.path.dirname(plan(project, environ).python), "..", "pyvenv.cfg"))


def test_the_projects_own_venv_is_found(project, environ):
    made = make(project / ".venv")
    found = plan(project, environ)
    assert (found.path, found.exists, found.python) == (made, True, os.path.join(made, "bin", "python"))


def test_the_active_environment_wins_over_the_projects(project, environ, tmp_path):
    make(project / ".venv")
    active = make(tmp_path / "active")
    found = plan(project, environ | {"VIRTUAL_ENV": active})
    assert found.path == active
    assert "VIRTUAL_ENV" in found.reason


def test_the_environment_accelinstall_runs_from_is_not_the_active_one(project, environ, tmp_path):
    own = make(tmp_path / "tool")
    os.symlink(own, tmp_path / "alias")
    found = plan(project, environ | {"VIRTUAL_ENV": str(tmp_path / "alias")}, own_prefix=own)
    assert found.path == str(project / ".venv")


def test_condas_base_environment_is_not_an_active_environment(project, environ, tmp_path):
    (tmp_path / "conda" / "conda-meta").mkdir(parents=True)
    conda = {"CONDA_PREFIX": str(tmp_path / "conda")}
    assert plan(project, environ | conda | {"CONDA_DEFAULT_ENV": "base"}).path == str(project / ".venv")
    assert plan(project, environ | conda | {"CONDA_DEFAULT_ENV": "ml"}).path == str(tmp_path / "conda")


def test_an_active_environment_that_is_gone_is_passed_over_and_named(project, environ):
    found = plan(project, environ | {"VIRTUAL_ENV": "/nowhere/at/all"})
    assert found.path == str(project / ".venv")
    assert "/nowhere/at/all" in found.reason


def test_named_environments_win_over_everything(project, environ, tmp_path):
    make(project / ".venv")
    active = make(tmp_path / "active")
    named = make(tmp_path / "named")
    environ |= {"VIRTUAL_ENV": active}
    assert plan(project, environ, venv=named).path == named
    assert plan(project, environ, python=f"{named}/bin/python").path == named
    assert plan(project, environ, python=named).python == f"{named}/bin/python"


def test_a_named_venv_that_is_not_there_is_planned(project, environ, tmp_path):
    found = plan(project, environ, venv=str(tmp_path / "new"))
    assert (found.path, found.exists) == (str(tmp_path / "new"), False)


def test_a_folder_with_other_things_is_no_environment(project, environ, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(NotAnEnvironment) as caught:
        plan(project, environ, venv=str(tmp_path / "photos"))
    assert caught.value.code == "not-an-environment"


def test_an_environment_whose_making_was_interrupted_is_made_again(project, environ):
    (project / ".venv").mkdir()
    (project / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    found = plan(project, environ)
    assert (found.path, found.exists) == (str(project / ".venv"), False)
    create_venv(found.path, base=found.python)
    assert plan(project, environ).exists


@pytest.mark.parametrize("left", ["include", "lib", "pyvenv.cfg", "bin/python"])
def test_a_killed_making_goes_on_wherever_it_stopped(project, environ, left):
    whole = plan(project, environ)
    create_venv(whole.path, base=whole.python)
    files = {path for path in Path(whole.path).rglob("*") if path.is_file()}
    keep = Path(whole.path, left)
    for path in files:
        if path != keep and keep not in path.parents:
            path.unlink()
    Path(whole.path, ".accelinstall.making").touch()
    found = plan(project, environ)
    assert not found.exists
    create_venv(found.path, base=found.python)
    assert {path for path in Path(whole.path).rglob("*") if path.is_file()} == files


def test_a_python_by_command_or_version_comes_from_path(project, environ):
    version = "{}.{}".format(*sys.version_info)
    assert plan(project, environ, python=version).python.endswith(f"python{version}")
    with pytest.raises(InterpreterMissing, match=r"python9\.9"):
        plan(project, environ, python="python9.9")


def test_a_new_environment_for_a_python_that_is_not_there_says_so(project, environ):
    with pytest.raises(InterpreterMissing) as caught:
        plan(project, environ | {"PATH": ""}, wanted_python="cp39")
    assert "python3.9" in caught.value.message
    assert "--python" in caught.value.hint


@pytest.mark.parametrize("by", ["variable", "project file", "user file"])
def test_poetry_told_to_keep_environments_elsewhere_gets_its_own_path(project, environ, tmp_path, by):
    if by == "variable":
        environ["POETRY_VIRTUALENVS_IN_PROJECT"] = "false"
    elif by == "project file":
        (project / "poetry.toml").write_text("[virtualenvs]\nin-project = false\n")
    else:
        folder = tmp_path / "home/.config/pypoetry"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text("virtualenvs.in-project = false\n")
    found = plan(project, environ, project_name="My App")
    name = poetry_environment_name("My App", str(project)) + "-py{}.{}".format(*sys.version_info)
    assert found.path == str(tmp_path / "home/.cache/pypoetry/virtualenvs" / name)
    assert name.startswith("my_app-")


def test_poetrys_names_are_those_poetry_makes():
    # Printed by Poetry 2.5.1's EnvManager.generate_env_name("Chat Bot", "/srv/chat").
    assert poetry_environment_name("Chat Bot", "/srv/chat") == "chat_bot-ePMPJr8_"


def test_an_existing_venv_in_the_project_wins_over_poetrys_path(project, environ):
    make(project / ".venv")
    environ["POETRY_VIRTUALENVS_IN_PROJECT"] = "false"
    assert plan(project, environ, project_name="app").path == str(project / ".venv")


def test_the_python_chosen_by_poetry_env_use_names_the_path(project, environ, tmp_path):
    name = poetry_environment_name("app", str(project))
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "envs.toml").write_text(f'["{name}"]\nminor = "3.12"\npatch = "3.12.1"\n')
    environ |= {"POETRY_VIRTUALENVS_IN_PROJECT": "false", "POETRY_VIRTUALENVS_PATH": str(tmp_path / "envs")}
    make(tmp_path / "envs" / f"{name}-py3.12")
    assert plan(project, environ, project_name="app").path == str(tmp_path / "envs" / f"{name}-py3.12")


def test_poetry_told_not_to_create_environments_means_python_on_path(project, environ):
    environ |= {"POETRY_VIRTUALENVS_CREATE": "false"}
    found = plan(project, environ)
    assert found.python == os.path.join(os.path.dirname(sys.executable), "python")
    with pytest.raises(InterpreterMissing):
        plan(project, environ | {"PATH": ""})


def test_broken_poetry_settings_name_file_and_line(project, environ):
    (project / "poetry.toml").write_text("[virtualenvs]\nin-project = \n")
    with pytest.raises(PoetrySettingsUnreadable, match=r"poetry\.toml.*line 2"):
        plan(project, environ)
