"""Files as they are found on a disk, and what cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelinstall.doctor.gathering import read_files


def write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_files_are_found_where_projects_keep_them(tmp_path: Path) -> None:
    wanted = [
        ".dockerignore",
        ".github/actions/setup/action.yml",
        ".github/workflows/ci.yaml",
        ".gitlab-ci.yml",
        ".gitlab/ci/test.yml",
        ".pre-commit-config.yaml",
        ".python-version",
        "Dockerfile",
        "Dockerfile.gpu",
        "Makefile",
        "api.Dockerfile",
        "compose.override.yaml",
        "docker-compose.prod.yml",
        "docker/gpu/Dockerfile",
        "poetry.lock",
        "poetry.toml",
        "pylock.cpu-linux-x86_64-cp311.toml",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements/base.txt",
        "scripts/run.sh",
        "uv.lock",
    ]
    for name in [*wanted, "src/deep/Dockerfile", "README.md", "mkdocs.yml", ".venv/bin/activate.sh", ".git/hooks/x.sh"]:
        write(tmp_path / name)
    files, findings = read_files(str(tmp_path))
    assert sorted(files) == sorted(wanted) and findings == ()


def test_what_runs_for_the_whole_repository_counts_for_a_project_in_it(tmp_path: Path) -> None:
    for name in (".git/config", ".github/workflows/ci.yml", ".gitlab-ci.yml", ".pre-commit-config.yaml", "Dockerfile"):
        write(tmp_path / name)
    write(tmp_path / "services/api/pyproject.toml")
    files, _ = read_files(str(tmp_path / "services/api"))
    assert sorted(files) == [
        "../../.github/workflows/ci.yml",
        "../../.gitlab-ci.yml",
        "../../.pre-commit-config.yaml",
        "pyproject.toml",
    ]
    top, _ = read_files(str(tmp_path))
    assert not any(name.startswith("..") for name in top)


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert read_files(str(tmp_path)) == ({}, ())


def test_more_yaml_than_anybody_writes_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path / "compose.yaml", "# x\n" * 200_000)
    files, (finding,) = read_files(str(tmp_path))
    assert files == {} and "0.8 MB" in finding.message and "0.5 MB" in finding.message


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link", "loop", "huge"])
def test_what_cannot_be_read_is_a_finding_and_the_rest_is_read(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "pyproject.toml")
    place = tmp_path / "Dockerfile"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "dangling link":
        place.symlink_to("nowhere")
    elif kind == "loop":
        place.symlink_to("Dockerfile")
    else:
        with place.open("wb") as file:
            file.truncate(5 << 20)
    files, (finding,) = read_files(str(tmp_path))
    assert list(files) == ["pyproject.toml"]
    assert (finding.id, finding.level, finding.where) == ("file-unreadable", "warning", "Dockerfile:1")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_nobody_may_read_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path / "Dockerfile")
    (tmp_path / "Dockerfile").chmod(0)
    assert read_files(str(tmp_path))[1][0].id == "file-unreadable"


def test_a_link_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "x", "FROM a")
    (tmp_path / "Dockerfile").symlink_to("elsewhere/x")
    assert read_files(str(tmp_path))[0] == {"Dockerfile": b"FROM a"}
