"""What the chosen groups ask for, and its hash."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.model.project import GroupChoice, Source
from accelinstall.project import (
    UnknownExtra,
    choose_groups,
    input_hash,
    parse_project,
    wanted_of,
)
from tests.project.reading import PROJECTS, fixture, project

MAIN = GroupChoice(groups=("main",))


def names(wanted) -> list[str]:
    return [str(item.requirement) for item in wanted]


def hashed(text: str, **changes) -> str:
    read = project(text)
    choice = choose_groups(read, environment="cpu")
    keywords = {"sources": read.sources, "groups": choice.groups, "target": "cpu", "options": {}} | changes
    return input_hash(wanted_of(read, choice), **keywords)


def test_extras_of_the_project_are_wanted_only_when_asked_for():
    read = fixture("extras")
    assert names(wanted_of(read, MAIN)) == ["pandas<3,>=2.2"]
    assert names(wanted_of(read, MAIN, extras=["Cache"])) == [
        "pandas<3,>=2.2",
        'redis<6,>=5.0; sys_platform != "win32"',
    ]
    assert len(wanted_of(read, MAIN, extras=["full"])) == 3


@pytest.mark.parametrize(
    ("extras", "sources"),
    [(["cpu"], ["pytorch-cpu"]), (["cu128"], ["pytorch-cu128"]), (["cpu", "cu128"], []), ([], [])],
)
def test_extras_that_exclude_each_other_choose_a_source(extras, sources):
    wanted = wanted_of(fixture("exclusive-extras"), MAIN, extras=extras)
    assert [item.source for item in wanted if item.requirement.name == "torch"] == sources
    assert all("extra" not in str(item.requirement) for item in wanted)


def test_an_extra_that_does_not_exist_is_wrong_usage_with_a_guess():
    with pytest.raises(UnknownExtra, match="did you mean `cache`") as caught:
        wanted_of(fixture("extras"), MAIN, extras=["cashe"])
    assert caught.value.hint == "extras of the project: postgres, cache, full"


def test_what_a_group_includes_twice_is_wanted_once():
    read = fixture("include-groups")
    assert names(wanted_of(read, GroupChoice(groups=("everything",)))) == ["nox", "pytest<9,>=8", "ruff<0.10,>=0.9"]


def test_each_group_keeps_what_it_shares_with_another():
    wanted = wanted_of(fixture("include-groups"), GroupChoice(groups=("test", "check")))
    assert [(item.group, item.requirement.name) for item in wanted] == [
        ("test", "pytest"),
        ("check", "pytest"),
        ("check", "ruff"),
    ]


def test_a_repository_is_wanted_as_written_only_when_its_group_is_chosen():
    read = fixture("path-and-git")
    assert len(wanted_of(read, MAIN)) == 4
    wanted = wanted_of(read, GroupChoice(groups=("main", "research")))
    assert wanted[-1].requirement.url == "git+https://github.com/example/plain.git"
    assert wanted[-1].where == "pyproject.toml:19"


TEXT = """
[tool.poetry.dependencies]
python = "^3.11"
numpy = "^2.1"
torch = { version = "^2.7", source = "a", extras = ["x", "y"] }
[[tool.poetry.source]]
name = "a"
url = "https://a.example/"
priority = "explicit"
[[tool.poetry.source]]
name = "b"
url = "https://b.example/"
priority = "explicit"
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('numpy = "^2.1"\n', 'numpy = { version = "^2.1" }\n\n'),
        ('numpy = "^2.1"\n', 'NumPy = ">=2.1, <3" # comment\n'),
        ('extras = ["x", "y"]', "extras = ['y', \"X\"]"),
        ('numpy = "^2.1"\ntorch', "torch"),
    ],
)
def test_formatting_and_order_of_requirements_do_not_move_the_hash(old, new):
    text = TEXT.replace(old, new)
    if "numpy" not in text.lower():
        text = text.replace("[[tool", 'numpy = "^2.1"\n[[tool', 1)
    assert hashed(text) == hashed(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"^2.1"', '"^2.2"'),
        ('"^2.1"', '{ version = "^2.1", platform = "linux" }'),
        ('"^2.1"', '{ version = "^2.1", allow-prereleases = true }'),
        ('"^2.7"', '"^2.7+cpu"'),
        ('source = "a"', 'source = "b"'),
        ("https://b.example", "https://c.example"),
        ('priority = "explicit"', 'priority = "supplemental"'),
        ('numpy = "^2.1"', 'numpy = { path = "../numpy" }'),
    ],
)
def test_whatever_a_lock_depends_on_moves_the_hash(old, new):
    assert hashed(TEXT.replace(old, new)) != hashed(TEXT)


@pytest.mark.parametrize("changes", [{"target": "cu130"}, {"options": {"pre": True}}, {"groups": ("main", "dev")}])
def test_target_options_and_groups_move_the_hash(changes):
    assert hashed(TEXT, **changes) != hashed(TEXT)


def test_the_order_of_sources_counts_and_that_of_groups_does_not():
    sources = [Source(name="a", url="https://a.example/"), Source(name="b", url="https://b.example/")]
    assert hashed(TEXT, sources=sources) != hashed(TEXT, sources=sources[::-1])
    assert hashed(TEXT, groups=["main", "dev"]) == hashed(TEXT, groups=["dev", "main"])


@settings(deadline=None)
@given(order=st.permutations(range(8)))
def test_wanted_in_any_order_have_one_hash(order):
    wanted = fixture("poetry-1").group("main").wanted
    keywords = {"sources": (), "groups": (), "target": "", "options": {}}
    assert input_hash([wanted[index] for index in order], **keywords) == input_hash(wanted, **keywords)


def test_the_hash_is_the_same_under_every_hash_seed():
    program = (
        "import sys; from accelinstall.project import *; read = parse_project(sys.stdin.buffer.read(), directory='x')\n"
        "wanted = wanted_of(read, choose_groups(read, environment='cuda'))\n"
        "print(input_hash(wanted, sources=read.sources, groups=(), target='', options={'a': {'x', 'y'}}))"
    )
    text = (PROJECTS / "guide-layout" / "pyproject.toml").read_bytes()
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=text,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
    assert len(printed.pop().strip()) == 64


def test_reading_the_same_file_twice_gives_equal_values():
    raw = (PROJECTS / "poetry-2" / "pyproject.toml").read_bytes()
    assert parse_project(raw, directory="x") == parse_project(raw, directory="x")
