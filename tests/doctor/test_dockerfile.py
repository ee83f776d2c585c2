"""A Dockerfile as instructions, and what they tell."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.doctor.reading.containers import read_dockerfile
from accelinstall.doctor.reading.dockerfile import expanded, parse_dockerfile


def facts(text: str) -> set[tuple[str, str, str, str]]:
    return {(one.fact, one.place, one.value, one.where) for one in read_dockerfile(text, path="Dockerfile").facts}


def test_an_instruction_knows_its_lines_and_its_flags() -> None:
    one, two = parse_dockerfile(
        "FROM --platform=linux/amd64 a AS b\nRUN --mount=type=cache,target=/c \\\n  x \\\n# no\n  y\n"
    )
    assert (one.name, one.flat, one.flags) == ("FROM", "a AS b", {"platform": "linux/amd64"})
    assert (two.line, two.last_line, two.text_line, two.flat) == (2, 5, 2, "x y")


def test_the_body_of_a_heredoc_is_no_instruction() -> None:
    found = parse_dockerfile("FROM a\nRUN <<EOF\npip install x\nEOF\nUSER me\n")
    assert [one.name for one in found] == ["FROM", "RUN", "USER"]
    assert (found[1].body, found[1].body_line, found[2].line) == ("pip install x", 3, 5)


def test_another_escape_character_is_heard() -> None:
    found = parse_dockerfile("# escape=`\nFROM a\nRUN x `\n  y\n")
    assert [one.flat for one in found] == ["a", "x y"]


def test_windows_lines_are_lines() -> None:
    assert [one.flat for one in parse_dockerfile("FROM a\r\nRUN x \\\r\n y\r\n")] == ["a", "x y"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("$A-x", "1-x"), ("${A}", "1"), ("${B:-2}", "2"), ("${B}", ""), ("${A:+y}", "y"), ("$B", ""), ("plain", "plain")],
)
def test_variables_are_filled_in_and_an_unknown_one_makes_all_unknown(text: str, value: str) -> None:
    assert expanded(text, {"A": "1"}) == value


def test_each_stage_has_its_image_with_arguments_filled_in() -> None:
    text = (
        "ARG PY=3.12\nFROM python:${PY}-slim AS build\nFROM build AS test\nFROM nvidia/cuda:12.4.1-base-ubuntu22.04\n"
    )
    assert facts(text) == {
        ("base-image", "Dockerfile:build", "python:3.12-slim", "Dockerfile:2"),
        ("python", "Dockerfile:build", "3.12", "Dockerfile:2"),
        ("base-image", "Dockerfile:2", "nvidia/cuda:12.4.1-base-ubuntu22.04", "Dockerfile:4"),
        ("cuda", "Dockerfile:2", "12.4", "Dockerfile:4"),
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('RUN pip install "poetry==1.8.3"', "1.8.3"),
        ("RUN pip install --no-cache-dir poetry", "latest"),
        ("RUN python3 -m pip install 'poetry>=1.8'", ">=1.8"),
        ("RUN pipx install poetry==2.1.0", "2.1.0"),
        ("RUN uv tool install poetry@2.2.1", "2.2.1"),
        ("RUN curl -sSL https://install.python-poetry.org | python3 -", "latest"),
        ("RUN curl -sSL https://install.python-poetry.org | python3 - --version 1.7.1", "1.7.1"),
        ("RUN curl -sSL https://install.python-poetry.org | POETRY_VERSION=1.6.1 python3 -", "1.6.1"),
        ("ENV POETRY_VERSION=1.5.1", "1.5.1"),
        ("ENV POETRY_VERSION 1.5.0", "1.5.0"),
        ('ARG POETRY_VERSION="1.4.2"', "1.4.2"),
        ('RUN ["pip", "install", "poetry==1.3.2"]', "1.3.2"),
        ("RUN <<EOF\npip install poetry==1.2.2\nEOF", "1.2.2"),
        ("RUN apt-get install -y python3-poetry", "latest"),
    ],
)
def test_poetrys_version_is_found_however_it_is_installed(line: str, value: str) -> None:
    assert [one[2] for one in facts(f"FROM a\n{line}\n") if one[0] == "poetry"] == [value]


def test_a_pin_by_a_variable_is_the_variables_own_fact() -> None:
    found = facts("FROM a\nARG POETRY_VERSION=2.0.1\nRUN pip install poetry==$POETRY_VERSION\n")
    assert [one for one in found if one[0] == "poetry"] == [("poetry", "Dockerfile:0", "2.0.1", "Dockerfile:2")]


def test_an_installer_told_by_the_environment_takes_no_latest() -> None:
    text = "FROM a\nENV POETRY_VERSION=2.0.1\nRUN curl https://install.python-poetry.org | python3 -\n"
    assert [one[2] for one in facts(text) if one[0] == "poetry"] == ["2.0.1"]


def test_packages_and_indexes_of_pip_are_facts() -> None:
    found = facts("FROM a\nRUN pip install torch==2.5.1 --index-url https://x.test/whl/cu124\n")
    assert {(one[0], one[2]) for one in found} >= {("package:torch", "2.5.1"), ("cuda", "12.4")}


@settings(deadline=None)
@given(st.text(alphabet="FROMRUNCOPYas ab\\\n<<EOF$:{}=[]\"'#`-\r", max_size=200))
def test_any_text_is_read(text: str) -> None:
    reading = read_dockerfile(text, path="Dockerfile")
    assert all(0 < command.line <= text.count("\n") + 1 for command in reading.commands)
