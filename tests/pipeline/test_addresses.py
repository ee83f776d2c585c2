"""What a project says of fetching files, read without reading the whole project where it says nothing."""

from __future__ import annotations

import pytest

from accelinstall.pipeline.reading import read_addresses_if_any, read_project_if_any
from accelinstall.pipeline.request import Request

PROJECT = '[project]\nname = "demo"\nversion = "1"\ndependencies = ["plain>=1"]\n'
SPEAKING = {
    "source": '[[tool.poetry.source]]\nname = "a"\nurl = "https://a.example/simple"\n',
    "own source": '[[tool.accelinstall.sources]]\nname = "a"\nurl = "https://a.example/simple"\n',
    "mirror": '[tool.accelinstall.mirrors]\npypi = "https://m.example/simple"\n',
    "login": '[dependency-groups]\nx = ["y @ https://me:secret@a.example/y-1-py3-none-any.whl"]\n',
    "disguise": '[[tool.poetry."s\\u006furce"]]\nname = "a"\nurl = "https://a.example/simple"\n',
}


def told(project):
    return project.sources, project.settings.mirrors, project.logins


@pytest.mark.parametrize("case", SPEAKING)
def test_sources_mirrors_and_logins_are_found_however_they_are_written(tmp_path, case):
    (tmp_path / "pyproject.toml").write_text(PROJECT + SPEAKING[case])
    request = Request(project=str(tmp_path))
    assert told(read_addresses_if_any(request)) == told(read_project_if_any(request)) != ((), {}, ())


def test_of_a_project_that_says_nothing_of_fetching_nothing_is_parsed(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    request = Request(project=str(tmp_path))
    assert read_project_if_any(request).groups
    assert not read_addresses_if_any(request).groups
    assert told(read_addresses_if_any(request)) == told(read_project_if_any(request))


def test_the_root_of_a_workspace_is_asked_too(tmp_path):
    member = tmp_path / "packages/one"
    member.mkdir(parents=True)
    (member / "pyproject.toml").write_text(PROJECT)
    groups = '[tool.accelinstall.workspace]\nmembers = ["packages/*"]\nshared-groups = ["x"]\n' + SPEAKING["login"]
    (tmp_path / "pyproject.toml").write_text(PROJECT + groups)
    request = Request(project=str(member))
    assert told(read_addresses_if_any(request)) == told(read_project_if_any(request))


@pytest.mark.parametrize("content", [None, b"\xff", b"[", b"[[tool.poetry.source]]\n"])
def test_a_project_that_cannot_be_read_says_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "pyproject.toml").write_bytes(content)
    assert told(read_addresses_if_any(Request(project=str(tmp_path)))) == ((), {}, ())
