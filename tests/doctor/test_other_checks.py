"""Pythons, locks, images, sources, and files that are not what their names say."""

from __future__ import annotations

import pytest

from accelinstall.doctor.reading.images import split_reference
from tests.doctor.looking import PYPROJECT, cells, environment, found, ids, machine, mended, poetry_lock, snapshot

PROJECT: dict[str, str | bytes] = {"pyproject.toml": PYPROJECT, "poetry.lock": poetry_lock()}
SETUP = (
    "jobs:\n  test:\n    steps:\n      - uses: actions/setup-python@v5\n        with:\n          python-version: {}\n"
)


def workflow(python: str) -> dict[str, str | bytes]:
    return PROJECT | {".github/workflows/ci.yml": SETUP.format(python)}


def test_a_number_that_yaml_shortens_is_an_error_and_is_quoted() -> None:
    looked = snapshot(workflow("3.10"))
    (finding,) = found("python-version-number", looked)
    assert finding.where == ".github/workflows/ci.yml:6" and "3.1:" in finding.message
    assert mended(looked) == {".github/workflows/ci.yml": SETUP.format('"3.10"')}
    assert found("python-version-number", snapshot(workflow("3.11"))) == []


def test_a_matrix_is_read_by_the_members_it_names() -> None:
    text = (
        "jobs:\n  test:\n    strategy:\n      matrix:\n        py: [3.10, '3.12']\n"
        "        include:\n          - py: 3.13\n"
        "    steps:\n      - uses: actions/setup-python@v5\n        with:\n          python-version: ${{ matrix.py }}\n"
    )
    looked = snapshot(PROJECT | {".github/workflows/ci.yml": text})
    place = ".github/workflows/ci.yml:test"
    path = ".github/workflows/ci.yml"
    assert cells(looked, "python") >= {
        (place, "3.1", f"{path}:5"),
        (place, "3.12", f"{path}:5"),
        (place, "3.13", f"{path}:7"),
    }
    assert "['3.10'" not in mended(looked)[path] and "[\"3.10\", '3.12']" in mended(looked)[path]


def test_a_job_that_tries_several_pythons_does_not_disagree() -> None:
    assert ids(snapshot(workflow("|\n            3.11\n            3.12"))) == set()


@pytest.mark.parametrize("value", ["3.x", "'>=3.11'", '"3"'])
def test_whatever_is_newest_is_a_warning(value: str) -> None:
    assert ids(snapshot(workflow(value))) == {"python-unpinned"}


def test_a_python_outside_the_projects_range_is_an_error() -> None:
    assert "python-outside-range" in ids(snapshot(PROJECT | {"Dockerfile": "FROM python:3.9-slim\n"}))
    assert "python-outside-range" in ids(snapshot(PROJECT | {".python-version": "3.10.4\n"}))


def test_places_with_different_pythons_are_told_beside_the_one_that_is_written_down() -> None:
    files = PROJECT | {".python-version": "3.11\n", "Dockerfile": "FROM python:3.12-slim\n"}
    (finding,) = found("python-differs", snapshot(files))
    assert finding.where == "Dockerfile:1" and ".python-version:1 has 3.11" in finding.message


def test_an_environment_outside_the_range_is_an_error() -> None:
    assert "environment-wrong-python" in ids(snapshot(PROJECT, local=machine(environment=environment(python="3.10.1"))))


def test_python3_alone_is_told() -> None:
    looked = snapshot(PROJECT, local=machine(commands={"python3": "/usr/bin/python3"}))
    assert ids(looked) == {"python-command-missing"}


def test_gitlabs_jobs_are_read() -> None:
    text = (
        "default:\n  image: python:3.12-slim\nvariables:\n  POETRY_VERSION: 1.8.3\n.base:\n  before_script:\n"
        "    - pip install poetry\ntest:\n  extends: .base\n  image: {name: 'python:3.11'}\n  script:\n"
        "    - poetry install --no-dev\n    - [poetry lock --no-update]\n"
    )
    looked = snapshot(PROJECT | {".gitlab-ci.yml": text})
    assert cells(looked, "poetry") >= {
        (".gitlab-ci.yml", "1.8.3", ".gitlab-ci.yml:4"),
        (".gitlab-ci.yml:.base", "latest", ".gitlab-ci.yml:7"),
    }
    assert (".gitlab-ci.yml:test", "3.11", ".gitlab-ci.yml:10") in cells(looked, "python")
    after = mended(looked)[".gitlab-ci.yml"]
    assert "poetry install --only main\n" in after and "[poetry lock]\n" in after and "poetry==2.5.1\n" in after


def test_hooks_and_their_python_are_places() -> None:
    text = (
        "default_language_version:\n  python: python3.10\nrepos:\n  - repo: https://github.com/python-poetry/poetry\n"
        "    rev: 1.8.0\n  - repo: https://github.com/acme/web.git\n    rev: v9\n"
        "  - repo: https://github.com/psf/black\n    rev: 24.1.0\n"
    )
    looked = snapshot(PROJECT | {".pre-commit-config.yaml": text})
    assert (".pre-commit-config.yaml", "1.8.0", ".pre-commit-config.yaml:5") in cells(looked, "poetry")
    assert cells(looked, "package:black") == {(".pre-commit-config.yaml", "24.1.0", ".pre-commit-config.yaml:9")}
    assert mended(looked)[".pre-commit-config.yaml"] == text.replace("1.8.0", "2.5.1")


def test_a_stale_lock_is_an_error_and_a_missing_one_a_warning() -> None:
    stale = PROJECT | {"pyproject.toml": PYPROJECT.replace(">=1)", ">=2)")}
    (finding,) = found("lock-stale", snapshot(stale))
    assert (finding.level, finding.hint, finding.where) == ("error", "poetry lock", "poetry.lock:1")
    (finding,) = found("lock-missing", snapshot({"pyproject.toml": PYPROJECT}))
    assert finding.level == "warning"


def test_what_stands_above_the_project_is_compared_and_not_edited() -> None:
    files = PROJECT | {
        "../../.github/workflows/ci.yml": SETUP.format("3.10"),
        "../../.gitlab-ci.yml": "a:\n  script: [pip install poetry==1.8.3]\n",
    }
    looked = snapshot(files)
    (finding,) = found("poetry-differs", looked)
    assert (finding.where, finding.fixable) == ("../../.gitlab-ci.yml:2", False)
    assert found("python-version-number", looked) and mended(looked) == {}


def test_a_lock_of_uvs_is_a_lock() -> None:
    lock = 'version = 1\n\n[[package]]\nname = "web"\nversion = "1.4"\n'
    files: dict[str, str | bytes] = {"pyproject.toml": PYPROJECT, "uv.lock": lock, "x.sh": "pip install web==1.3\n"}
    looked = snapshot(files)
    assert ("uv.lock", "1.4", "uv.lock:5") in cells(looked, "package:web")
    assert ids(looked) == {"package-pin-differs"}


def test_a_pin_beside_the_lock_is_told_where_it_stands() -> None:
    files = PROJECT | {"Dockerfile": "FROM a:1\nRUN pip install \\\n  web==0.7\n"}
    (finding,) = found("package-pin-differs", snapshot(files))
    assert finding.where == "Dockerfile:3" and "0.7" in finding.message and "1.0" in finding.message


@pytest.mark.parametrize(
    ("image", "level"),
    [
        ("nvidia/cuda:10.2-cudnn7-devel-ubuntu18.04", "error"),
        ("docker.io/nvidia/cuda:11.6.2-base-ubuntu20.04", "error"),
        ("nvidia/cuda:11.8.0-cudnn8-devel-centos7", "error"),
        ("nvidia/cuda", "error"),
        ("nvidia/cuda:12.2.0-base-ubuntu22.04", "warning"),
        ("nvidia/cuda:12.9.1-base-ubuntu24.04", ""),
        ("nvidia/cuda@sha256:abc", ""),
    ],
)
def test_an_image_that_cannot_be_pulled_is_told(image: str, level: str) -> None:
    assert [one.level for one in found("image-gone", snapshot(PROJECT | {"Dockerfile": f"FROM {image}\n"}))] == (
        [level] if level else []
    )


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("python", ("python", "latest")),
        ("docker.io/library/python:3.12", ("python", "3.12")),
        ("localhost:5000/x/y:1@sha256:f", ("x/y", "1")),
        ("x@sha256:f", ("x", "")),
        ("not an image", ("", "")),
    ],
)
def test_a_reference_has_a_name_and_a_tag(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts


def test_another_cuda_than_the_wheels_bring_is_told() -> None:
    text = PYPROJECT + '\n[[tool.poetry.source]]\nname = "t"\nurl = "https://x.test/whl/cu130"\npriority = "explicit"\n'
    files: dict[str, str | bytes] = {"pyproject.toml": text, "poetry.lock": poetry_lock(text)}
    looked = snapshot(files | {"Dockerfile": "FROM nvidia/cuda:12.9.1-base-ubuntu24.04\n"})
    (finding,) = found("cuda-differs", looked)
    assert finding.where == "Dockerfile:1" and "pyproject.toml:12" in finding.message
    assert ids(snapshot(files | {"Dockerfile": "FROM nvidia/cuda:13.0.1-base-ubuntu24.04\n"})) == set()


@pytest.mark.parametrize(
    ("copies", "is_lost"),
    [
        (["/usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/site-packages"], True),
        (["/usr/local/lib/python3.11/site-packages /a", "/usr/local/bin /usr/local/bin"], False),
        (["/usr/local/lib/python3.11/site-packages /a", "/usr/local/bin/uvicorn /usr/local/bin/"], False),
        (["/usr/local/lib/python3.11/site-packages /a", "/app /app"], True),
        (["/opt/venv /opt/venv"], False),
    ],
)
def test_an_image_that_takes_the_library_without_the_scripts_is_an_error(copies: list[str], is_lost: bool) -> None:
    text = "FROM a:1 AS b\nFROM a:1\n" + "".join(f"COPY --from=b {copy}\n" for copy in copies)
    findings = found("scripts-left-behind", snapshot(PROJECT | {"Dockerfile": text}))
    assert [one.where for one in findings] == (["Dockerfile:3"] if is_lost else [])


def test_tensorflows_extra_is_written_right_in_scripts_and_told_in_the_project() -> None:
    text = PYPROJECT.replace('"web (>=1)"', '"web (>=1)", "tensorflow[cuda]"')
    files: dict[str, str | bytes] = {"pyproject.toml": text, "poetry.lock": poetry_lock(text)}
    looked = snapshot(files | {"scripts/x.sh": "pip install 'tensorflow[cuda]==2.20'\n"})
    assert {one.where for one in found("tensorflow-cuda-extra", looked)} == {"pyproject.toml:5", "scripts/x.sh:1"}
    assert mended(looked) == {"scripts/x.sh": "pip install 'tensorflow[and-cuda]==2.20'\n"}


def test_requirements_files_are_places_of_what_the_project_names() -> None:
    text = "--index-url https://me:s3cret@x.test/simple\nweb==0.8 ; python_version > '3'  # old\nother==1\nweb==1.*\n"
    looked = snapshot(PROJECT | {"requirements/prod.txt": text + "tensorflow[cuda]>=2.20\n"})
    rows = {cell for cell in cells(looked, "package:web") if cell[0] == "requirements/prod.txt"}
    assert rows == {("requirements/prod.txt", "0.8", "requirements/prod.txt:2")}
    assert cells(looked, "package:other") == set()
    assert ids(looked) == {"package-pin-differs", "secret-in-source-url", "tensorflow-cuda-extra"}
    assert mended(looked) == {"requirements/prod.txt": text + "tensorflow[and-cuda]>=2.20\n"}


def test_passwords_in_the_open_are_errors_and_variables_are_none() -> None:
    source = (
        '\n[[tool.poetry.source]]\nname = "ours"\nurl = "https://me:hunter2@x.test/simple"\npriority = "supplemental"\n'
    )
    text = PYPROJECT + source
    docker = "FROM a:1\nRUN pip install --index-url https://u:p4ss@x.test/simple w\n# https://u:p@x.test\nRUN curl https://u:$P@x.test\n"
    looked = snapshot({"pyproject.toml": text, "poetry.lock": poetry_lock(text), "Dockerfile": docker})
    findings = found("secret-in-source-url", looked)
    assert [one.where for one in findings] == ["Dockerfile:2", "pyproject.toml:12"]
    assert all("hunter2" not in str(one) and "p4ss" not in str(one) for one in findings)
    assert {one.level for one in findings} == {"error"}


def test_a_mirror_that_poetry_cannot_read_becomes_a_source_while_nothing_is_locked() -> None:
    looked = snapshot({"pyproject.toml": PYPROJECT}, mirror="https://mirror.test/simple")
    source = '\n[[tool.poetry.source]]\nname = "mirror"\nurl = "https://mirror.test/simple/"\npriority = "primary"\n'
    assert mended(looked) == {"pyproject.toml": PYPROJECT + source}
    locked = snapshot(PROJECT, mirror="https://mirror.test/simple")
    (finding,) = found("mirror-not-a-source", locked)
    assert not finding.fixable and "poetry source add" in finding.hint


@pytest.mark.parametrize(
    ("path", "content", "line"),
    [
        ("pyproject.toml", b"[project\nname = 'x'\n", 1),
        ("pyproject.toml", b"[project]\nname = 'caf\xe9'\n", 2),
        ("pyproject.toml", b"[project]\nname = 1\n", 2),
        ("pyproject.toml", b"[project]\nname = 'x'\nname = 'y'\n", 3),
        ("poetry.lock", b"<<<<<<< HEAD\n", 1),
        ("poetry.toml", b"[virtualenvs\n", 1),
        ("pylock.x.toml", b"a = \n", 1),
        ("compose.yaml", b"services:\n  - a: [\n", 3),
        (".github/workflows/ci.yml", b"jobs:\n\tx: 1\n", 2),
        (".gitlab-ci.yml", b"# caf\xe9\nx: 1\n", 1),
        (".pre-commit-config.yaml", b"repos: {", 1),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_a_finding_with_its_line(path: str, content: bytes, line: int) -> None:
    findings = found("file-unparsable", snapshot(PROJECT | {path: content}))
    assert findings and {one.level for one in findings} == {"error"}
    assert any(one.where == f"{path}:{line}" for one in findings), findings


def test_bytes_that_are_no_text_survive_an_edit_and_so_do_windows_lines_and_a_mark() -> None:
    before = "\ufeff# café".encode() + b"\xff\r\nFROM a:1\r\nRUN pip install poetry\r\nCOPY . .\r\n"
    looked = snapshot(PROJECT | {"Dockerfile": before, ".dockerignore": b"src\r\n"})
    after = mended(looked)
    assert after["Dockerfile"].encode("utf-8", errors="surrogateescape") == before.replace(
        b"poetry\r", b"poetry==2.5.1\r"
    )
    assert after[".dockerignore"] == "src\r\n.venv\r\n"


def test_a_project_without_poetry_has_nothing_of_it_to_answer_for() -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "web\n",
        "Dockerfile": "FROM python:3.12\nRUN pip install -r requirements.txt\n",
    }
    assert ids(snapshot(files)) == {"python-differs"}
