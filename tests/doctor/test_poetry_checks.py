"""One Poetry everywhere, used as it is today."""

from __future__ import annotations

import pytest

from tests.doctor.looking import PYPROJECT, found, ids, machine, mended, poetry_lock, snapshot

WORKFLOW = """\
jobs:
  test:
    steps:
      - uses: snok/install-poetry@v1
        with:
          version: {version}
"""


def docker(*lines: str) -> dict[str, str | bytes]:
    return {
        "pyproject.toml": PYPROJECT,
        "poetry.lock": poetry_lock(),
        "Dockerfile": "\n".join(["FROM a:1", *lines, ""]),
    }


def dockerfile(*lines: str) -> str:
    """The Dockerfile of *lines* after mending, without its first line."""
    return mended(snapshot(docker(*lines))).get("Dockerfile", "").removeprefix("FROM a:1\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("RUN pip install poetry", "RUN pip install poetry==2.5.1"),
        ('RUN pip install "poetry>=1.8,<2"', 'RUN pip install "poetry==2.5.1"'),
        ("RUN pip install 'poetry[x]==1.8.3' wheel", "RUN pip install 'poetry[x]==2.5.1' wheel"),
        ("RUN pip install poetry-plugin-export poetry", "RUN pip install poetry-plugin-export poetry==2.5.1"),
        ("RUN poetry --version || pip install poetry", "RUN poetry --version || pip install poetry==2.5.1"),
        ("RUN pip install poetry && poetry install", "RUN pip install poetry==2.5.1 && poetry install"),
        ("RUN pip install \\\n    poetry", "RUN pip install \\\n    poetry==2.5.1"),
        ("RUN conda install poetry=1.8", "RUN conda install poetry=2.5.1"),
        ("RUN uv tool install poetry@latest", "RUN uv tool install poetry@2.5.1"),
        ("ENV POETRY_VERSION=5.3.0", "ENV POETRY_VERSION=2.5.1"),
        ("ENV A=5.3.0 \\\n  POETRY_VERSION=1.8.5", "ENV A=5.3.0 \\\n  POETRY_VERSION=2.5.1"),
        ("ARG POETRY_VERSION='1.8.5'", "ARG POETRY_VERSION='2.5.1'"),
        (
            "RUN curl -sSL https://install.python-poetry.org | python3 -",
            "RUN curl -sSL https://install.python-poetry.org | POETRY_VERSION=2.5.1 python3 -",
        ),
    ],
)
def test_a_pin_becomes_the_version_that_wrote_the_lock(line: str, becomes: str) -> None:
    assert dockerfile(line) == becomes


@pytest.mark.parametrize("version", ["latest", '"latest"', "1.8.3", "'5.3.0'"])
def test_an_actions_version_is_pinned(version: str) -> None:
    files = docker() | {".github/workflows/ci.yml": WORKFLOW.format(version=version)}
    quote = version[0] if version[0] in "\"'" else ""
    assert mended(snapshot(files)) == {".github/workflows/ci.yml": WORKFLOW.format(version=f"{quote}2.5.1{quote}")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "- uses: snok/install-poetry@v1\n",
            '- uses: snok/install-poetry@v1\n        with:\n          version: "2.5.1"\n',
        ),
        (
            "- name: x\n        uses: abatilo/actions-poetry@v3\n        with:\n          cache: pip\n",
            "- name: x\n        uses: abatilo/actions-poetry@v3\n        with:\n"
            '          poetry-version: "2.5.1"\n          cache: pip\n',
        ),
    ],
)
def test_an_action_without_a_version_gets_one(before: str, after: str) -> None:
    head = "jobs:\n  test:\n    steps:\n      "
    files = docker() | {".github/workflows/ci.yml": head + before}
    assert mended(snapshot(files)) == {".github/workflows/ci.yml": head + after}


def test_a_version_that_does_not_exist_is_an_error_and_a_later_one_of_the_known_major_is_not() -> None:
    (finding,) = found("poetry-unknown-version", snapshot(docker("ENV POETRY_VERSION=5.3.0")))
    assert (finding.level, finding.where, finding.fixable) == ("error", "Dockerfile:2", True)
    assert "5.3.0" in finding.message and "2.5.1" in finding.hint
    assert "poetry-unknown-version" not in ids(snapshot(docker("ENV POETRY_VERSION=2.99.0")))


def test_another_minor_is_an_error_and_another_patch_a_warning() -> None:
    assert [one.level for one in found("poetry-differs", snapshot(docker("ENV POETRY_VERSION=2.4.0")))] == ["error"]
    assert [one.level for one in found("poetry-differs", snapshot(docker("ENV POETRY_VERSION=2.5.0")))] == ["warning"]


def test_where_every_place_agrees_the_lock_is_the_odd_one() -> None:
    files = docker("RUN pip install poetry==2.5.1") | {"poetry.lock": poetry_lock(poetry="1.4.2")}
    (finding,) = found("poetry-differs", snapshot(files, local=machine(poetry="2.5.1")))
    assert (finding.where, finding.level, finding.hint) == ("poetry.lock:1", "warning", "poetry lock")
    (finding,) = found("poetry-differs", snapshot(files))
    assert finding.where == "Dockerfile:2" and mended(snapshot(files))["Dockerfile"].endswith("poetry==1.4.2\n")


@pytest.mark.parametrize(("local", "version"), [("2.4.1", "2.4.1"), ("", "2.5.1")])
def test_without_a_lock_the_poetry_here_counts_else_the_newest_known(local: str, version: str) -> None:
    files: dict[str, str | bytes] = {"pyproject.toml": PYPROJECT, "x.sh": "pip install poetry\n"}
    assert mended(snapshot(files, local=machine(poetry=local))) == {"x.sh": f"pip install poetry=={version}\n"}


def test_a_job_that_tries_several_versions_among_them_the_locks_is_testing() -> None:
    text = (
        "jobs:\n  test:\n    strategy:\n      matrix:\n        poetry: ['1.8.5', '2.5.1']\n    steps:\n"
        "      - uses: abatilo/actions-poetry@v3\n        with:\n          poetry-version: ${{ matrix.poetry }}\n"
    )
    assert ids(snapshot(docker() | {".github/workflows/ci.yml": text})) == set()
    assert ids(snapshot(docker() | {".github/workflows/ci.yml": text.replace("2.5.1", "2.4.0")})) == {"poetry-differs"}


def test_the_same_version_everywhere_is_no_finding() -> None:
    assert ids(snapshot(docker("RUN pip install poetry==2.5.1"), local=machine(poetry="2.5.1"))) == set()


def test_the_poetry_of_this_machine_is_compared_too() -> None:
    (finding,) = found("poetry-differs", snapshot(docker(), local=machine(poetry="1.8.3")))
    assert "1.8.3" in finding.message and not finding.fixable


def test_requires_poetry_must_allow_the_poetry_in_use() -> None:
    text = PYPROJECT + 'requires-poetry = ">=3"\n'
    files: dict[str, str | bytes] = {"pyproject.toml": text, "poetry.lock": poetry_lock(text)}
    (finding,) = found("poetry-differs", snapshot(files))
    assert finding.where == "pyproject.toml:9"


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("RUN poetry install --no-dev", "RUN poetry install --only main"),
        ("RUN poetry install --no-dev --sync", "RUN poetry sync --only main"),
        ("RUN poetry install --sync --no-root", "RUN poetry sync --no-root"),
        ("RUN poetry lock --no-update && poetry install", "RUN poetry lock && poetry install"),
        ("RUN poetry lock --check", "RUN poetry check --lock"),
        ("RUN poetry -C /app install --no-dev", "RUN poetry -C /app install --only main"),
        ("RUN poetry install \\\n  --no-dev \\\n  --no-root", "RUN poetry install \\\n  --only main \\\n  --no-root"),
        (
            "RUN poetry install --no-dev && poetry update --no-dev",
            "RUN poetry install --only main && poetry update --only main",
        ),
    ],
)
def test_what_poetry_no_longer_takes_is_written_as_it_is_today(line: str, becomes: str) -> None:
    assert dockerfile(line) == becomes


@pytest.mark.parametrize(
    "line", ["RUN poetry install --only main", "RUN echo poetry install --no-dev", "RUN notpoetry install --no-dev"]
)
def test_what_is_no_use_of_poetry_or_a_right_one_stays(line: str) -> None:
    assert ids(snapshot(docker(line))) == set()


def test_what_the_projects_own_older_poetry_takes_is_right() -> None:
    files = docker(
        "RUN pip install poetry==1.8.5 && poetry install --sync --no-dev && poetry lock --no-update && poetry shell"
    )
    files |= {"poetry.lock": poetry_lock(poetry="1.8.5")}
    assert ids(snapshot(files)) == set()


def test_a_command_that_became_a_plugin_is_an_error_unless_the_plugin_is_there() -> None:
    assert ids(snapshot(docker("RUN poetry export -f requirements.txt"))) == {"poetry-command-gone"}
    assert ids(snapshot(docker("RUN poetry self add poetry-plugin-export && poetry export"))) == set()
    text = PYPROJECT + '\n[tool.poetry.requires-plugins]\npoetry-plugin-export = "*"\n'
    files = docker("RUN poetry export") | {"pyproject.toml": text}
    assert ids(snapshot(files)) == set()


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("ENV POETRY_VENV_PATH=/opt/v", "ENV POETRY_VIRTUALENVS_PATH=/opt/v"),
        ("ENV POETRY_VIRTUALENV_IN_PROJECT=1", "ENV POETRY_VIRTUALENVS_IN_PROJECT=1"),
        ("ENV POETRY_VIRTUALENVS_CREAT=false", "ENV POETRY_VIRTUALENVS_CREATE=false"),
    ],
)
def test_a_variable_that_does_nothing_becomes_the_one_that_was_meant(line: str, becomes: str) -> None:
    assert found("setting-without-effect", snapshot(docker(line)))
    assert dockerfile(line) == becomes


@pytest.mark.parametrize(
    "lines",
    [
        ("ENV POETRY_VENV_PATH=/opt/v", "RUN python -m venv $POETRY_VENV_PATH"),
        ("ENV POETRY_HOME=/opt/poetry POETRY_NO_INTERACTION=1",),
        ("ENV POETRY_HTTP_BASIC_OURS_USERNAME=x",),
        ("ENV POETRY_VIRTUALENVS_OPTIONS_NO_PIP=1",),
    ],
)
def test_a_variable_that_somebody_reads_stays(lines: tuple[str, ...]) -> None:
    assert found("setting-without-effect", snapshot(docker(*lines))) == []
