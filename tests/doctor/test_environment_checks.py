"""Whether there is an environment, whose it is, who else sees it, and what it holds."""

from __future__ import annotations

import pytest

from tests.doctor.looking import PYPROJECT, cells, environment, found, ids, machine, mended, poetry_lock, snapshot

PROJECT: dict[str, str | bytes] = {"pyproject.toml": PYPROJECT, "poetry.lock": poetry_lock()}
COMPOSE = """\
services:
  app:
    build: .
    volumes:
      - .:/app  # the sources
      - data:/data
volumes:
  data: {}
"""


def test_a_healthy_project_has_no_finding() -> None:
    assert ids(snapshot(PROJECT)) == set()


def test_a_missing_environment_is_a_warning_that_is_mended_by_making_it() -> None:
    (finding,) = found("environment-missing", snapshot(PROJECT, local=machine(environment=environment(exists=False))))
    assert finding.fixable and finding.level == "warning"


def test_another_users_environment_is_an_error_and_the_project_learns_to_keep_them_elsewhere() -> None:
    local = machine(environment=environment(owner=0))
    (finding,) = found("environment-foreign-owner", snapshot(PROJECT, local=local))
    assert finding.fixable and "uid 0" in finding.message and "uid 1000" in finding.message
    assert mended(snapshot(PROJECT, local=local)) == {"poetry.toml": "[virtualenvs]\nin-project = false\n"}


def test_another_users_environment_elsewhere_is_not_ours_to_mend() -> None:
    local = machine(environment=environment(owner=0, path="/opt/shared"))
    (finding,) = found("environment-foreign-owner", snapshot(PROJECT, local=local))
    assert not finding.fixable


def test_a_project_that_is_not_poetrys_gets_no_settings_of_poetry() -> None:
    files: dict[str, str | bytes] = {
        "pyproject.toml": '[project]\nname = "x"\nversion = "1"\n',
        "compose.yaml": COMPOSE,
    }
    looked = snapshot(files, local=machine(environment=environment(owner=0)))
    (finding,) = found("environment-foreign-owner", looked)
    assert not finding.fixable and "--venv" in finding.hint
    assert mended(looked) == {"compose.yaml": COMPOSE.replace("# the sources\n", "# the sources\n      - /app/.venv\n")}


def test_a_variable_that_outweighs_the_settings_is_named() -> None:
    files = PROJECT | {"poetry.toml": "[virtualenvs]\nin-project = false\n"}
    (finding,) = found("environment-foreign-owner", snapshot(files, local=machine(environment=environment(owner=0))))
    assert not finding.fixable and "unset POETRY_VIRTUALENVS_IN_PROJECT" in finding.hint


def test_an_environment_of_a_python_that_is_not_here_is_an_error() -> None:
    local = machine(environment=environment(problem="/p/.venv/bin/python was made from /usr/local, which is gone"))
    (finding,) = found("environment-foreign-python", snapshot(PROJECT, local=local))
    assert finding.fixable and "/usr/local" in finding.message


def test_an_environment_with_anothers_packages_in_it_is_an_error() -> None:
    local = machine(environment=environment(made_with="3.12.1"))
    (finding,) = found("environment-foreign-python", snapshot(PROJECT, local=local))
    assert "3.12.1" in finding.message and "3.11.9" in finding.message
    assert ids(snapshot(PROJECT, local=machine(environment=environment(made_with="3.11.2.final.0")))) == set()


def test_settings_that_are_there_keep_their_place_and_comments() -> None:
    before = "# ours\n[virtualenvs]\nin-project = true # why\n\n[installer]\nparallel = false\n"
    files = PROJECT | {"poetry.toml": before}
    after = mended(snapshot(files, local=machine(environment=environment(owner=0))))
    assert after == {"poetry.toml": before.replace("true # why", "false # why")}


def test_a_mounted_environment_gets_a_volume_over_it_and_nothing_else_moves() -> None:
    after = mended(snapshot(PROJECT | {"compose.yaml": COMPOSE}))
    assert after["compose.yaml"] == COMPOSE.replace("# the sources\n", "# the sources\n      - /app/.venv\n")
    assert after["poetry.toml"] == "[virtualenvs]\nin-project = false\n"


@pytest.mark.parametrize("source", [".", "./", "${PWD}", "$PWD", "/p", "../p"])
def test_the_project_is_seen_however_it_is_written(source: str) -> None:
    text = f'services:\n  app:\n    volumes:\n      - "{source}:/src:cached"\n'
    (finding,) = found("environment-in-container", snapshot(PROJECT | {"docker-compose.yml": text}))
    assert finding.where == "docker-compose.yml:4" and "/src/.venv" in finding.hint


def test_a_mount_of_the_folder_above_hides_the_environment_where_it_is_seen() -> None:
    text = "services:\n  app:\n    volumes:\n    - ..:/work\n"
    assert "    - /work/p/.venv\n" in mended(snapshot(PROJECT | {"compose.yml": text}))["compose.yml"]


@pytest.mark.parametrize(
    "volumes",
    [
        "    volumes: ['.:/app', '/app/.venv']",
        "    volumes:\n      - .:/app\n      - venv:/app/.venv",
        "    volumes:\n      - .:/app\n    tmpfs:\n      - /app/.venv",
        "    volumes:\n      - ./src:/app/src",
        "    volumes:\n      - data:/app",
        "    volumes:\n      - type: volume\n        source: data\n        target: /app",
    ],
)
def test_a_container_that_does_not_see_it_is_no_finding(volumes: str) -> None:
    assert ids(snapshot(PROJECT | {"compose.yaml": f"services:\n  app:\n{volumes}\n"})) == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "      - type: bind\n        source: .\n        target: /app\n",
            "      - /app/.venv\n      - type: bind\n        source: .\n        target: /app\n",
        ),
        ("      - x:/y\n      - '.:/app'\n", "      - x:/y\n      - '.:/app'\n      - /app/.venv\n"),
    ],
)
def test_a_mount_is_covered_in_whichever_form_it_is_written(before: str, after: str) -> None:
    head = "services:\n  app:\n    volumes:\n"
    assert mended(snapshot(PROJECT | {"compose.yaml": head + before}))["compose.yaml"] == head + after


def test_a_list_on_one_line_grows_on_that_line() -> None:
    text = 'services:\n  app: {volumes: ["x:/y", ".:/app"]}\n'
    after = mended(snapshot(PROJECT | {"compose.yaml": text}))["compose.yaml"]
    assert after == 'services:\n  app: {volumes: ["x:/y", ".:/app", "/app/.venv"]}\n'


def test_told_to_keep_environments_elsewhere_a_mount_shares_none() -> None:
    files = PROJECT | {"compose.yaml": COMPOSE, "poetry.toml": "[virtualenvs]\nin-project = false\n"}
    assert ids(snapshot(files)) == set()


def test_an_image_keeps_its_own_path_when_the_projects_settings_change() -> None:
    dockerfile = "FROM python:3.11\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install\n"
    after = mended(snapshot(PROJECT | {"compose.yaml": COMPOSE, "Dockerfile": dockerfile}))
    line = "ENV POETRY_VIRTUALENVS_IN_PROJECT=false POETRY_VIRTUALENVS_PATH=/opt/poetry/virtualenvs\n"
    assert after["Dockerfile"] == dockerfile.replace("FROM python:3.11\n", f"FROM python:3.11\n{line}")


def test_an_image_that_counts_on_its_own_venv_keeps_it() -> None:
    dockerfile = 'FROM python:3.11\nRUN poetry install\nCMD ["/app/.venv/bin/python"]\n'
    after = mended(snapshot(PROJECT | {"compose.yaml": COMPOSE, "Dockerfile": dockerfile}))
    assert "FROM python:3.11\nENV POETRY_VIRTUALENVS_IN_PROJECT=true\n" in after["Dockerfile"]


def test_every_stage_that_installs_keeps_its_own_venv() -> None:
    dockerfile = "FROM a:1 AS x\nRUN poetry install\nFROM a:1\nCOPY --from=x /app/.venv /app/.venv\nRUN poetry sync\n"
    after = mended(snapshot(PROJECT | {"compose.yaml": COMPOSE, "Dockerfile": dockerfile}))["Dockerfile"]
    assert after.count("ENV POETRY_VIRTUALENVS_IN_PROJECT=true\n") == 2


@pytest.mark.parametrize(
    "lines",
    [
        "ENV POETRY_VIRTUALENVS_CREATE=false\nRUN poetry install\n",
        "RUN poetry config virtualenvs.create false && poetry install\n",
        "USER app\nRUN poetry install\n",
        "RUN pip install -r requirements.txt\n",
        "RUN poetry install\nFROM a:1\nCOPY --from=0 /x /x\n",
    ],
)
def test_an_image_that_says_where_or_has_no_right_to_is_left_alone(lines: str) -> None:
    assert "Dockerfile" not in mended(snapshot(PROJECT | {"compose.yaml": COMPOSE, "Dockerfile": f"FROM a:1\n{lines}"}))


@pytest.mark.parametrize(
    ("ignored", "is_found"),
    [("", True), ("src\n", True), (".venv\n", False), ("**/.venv/\n", False), (".*\n", False), ("#.venv\n", True)],
)
def test_an_image_that_copies_everything_needs_an_ignored_environment(ignored: str, is_found: bool) -> None:
    files = PROJECT | {"Dockerfile": "FROM a:1\nCOPY . /app\n", ".dockerignore": ignored}
    assert bool(found("environment-in-build-context", snapshot(files))) is is_found
    assert mended(snapshot(files)) == ({".dockerignore": f"{ignored}.venv\n"} if is_found else {})


def test_a_last_line_without_an_end_gets_one() -> None:
    files = PROJECT | {"Dockerfile": "FROM a:1\nCOPY . /app\n", ".dockerignore": "src"}
    assert mended(snapshot(files)) == {".dockerignore": "src\n.venv\n"}


def test_the_dockerfiles_own_ignore_file_counts_where_there_is_one() -> None:
    files = PROJECT | {
        "Dockerfile": "FROM a:1\nCOPY . /app\n",
        "Dockerfile.dockerignore": "x\n",
        ".dockerignore": ".venv\n",
    }
    assert mended(snapshot(files)) == {"Dockerfile.dockerignore": "x\n.venv\n"}


def test_a_leftover_is_told_with_how_to_remove_it() -> None:
    (finding,) = found("environment-leftover", snapshot(PROJECT, local=machine(leftover=environment(owner=0))))
    assert finding.level == "info" and finding.hint == "sudo rm -r .venv"


@pytest.mark.parametrize(
    ("packages", "part"),
    [({"web": "0.9"}, "1 in another version (web 0.9 instead of 1.0)"), ({}, "1 missing (web)")],
)
def test_an_environment_that_is_not_what_the_lock_says_is_an_error(packages: dict[str, str], part: str) -> None:
    local = machine(environment=environment(packages=packages, changed=1.0), lock_changed=2.0)
    looked = snapshot(PROJECT, local=local)
    (finding,) = found("packages-differ", looked)
    assert part in finding.message
    assert found("environment-older-than-lock", looked)


def test_a_label_that_the_lock_does_not_name_is_no_difference() -> None:
    local = machine(environment=environment(packages={"web": "1.0+cpu"}))
    assert ids(snapshot(PROJECT, local=local)) == set()


def test_a_lock_of_ours_for_this_python_comes_before_poetrys() -> None:
    pylock = 'lock-version = "1.0"\n[[packages]]\nname = "web"\nversion = "2.0"\n'
    files = PROJECT | {"pylock.cpu-linux-x86_64-cp311.toml": pylock, "pylock.cpu-linux-x86_64-cp312.toml": pylock}
    assert found("packages-differ", snapshot(files))[0].where == "pylock.cpu-linux-x86_64-cp311.toml:1"
    assert cells(snapshot(files), "package:web") >= {
        ("pylock.cpu-linux-x86_64-cp311.toml", "2.0", "pylock.cpu-linux-x86_64-cp311.toml:4")
    }


def test_the_table_has_the_environments_place_owner_and_python() -> None:
    looked = snapshot(PROJECT)
    assert cells(looked, "environment") == {("environment", ".venv", "")}
    told = snapshot(PROJECT, local=machine(settings={"in-project": "true", "path": "/c"}))
    assert cells(told, "environment") >= {
        ("poetry config", "in-project = true", ""),
        ("poetry config", "path = /c", ""),
    }
    cuda = snapshot(PROJECT, local=machine(environment=environment(packages={"web": "1.0", "torch": "2.9.1+cu128"})))
    assert cells(cuda, "cuda") == {("environment", "12.8", "")}
    assert cells(looked, "owner") == {("environment", "uid 1000", "")}
    assert ("environment", "3.11.9", "") in cells(looked, "python")


def test_what_cannot_be_told_is_a_finding() -> None:
    local = machine(environment=None, problem="/p/.venv is no environment")
    assert ids(snapshot(PROJECT, local=local)) == {"environment-unknown"}


def test_a_running_container_is_compared_with_the_lock() -> None:
    looked = snapshot(PROJECT, containers={"container app": {"web": "0.5", "pip": "26"}})
    (finding,) = found("container-differs", looked)
    assert "web 0.5 instead of 1.0" in finding.message
    assert ("container app", "0.5", "") in cells(looked, "package:web")
