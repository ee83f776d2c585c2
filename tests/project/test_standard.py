"""PEP 621 and PEP 735."""

from __future__ import annotations

import pytest

from accelinstall.project import InvalidProject
from tests.project.reading import fixture, project, requirements


def test_a_local_version_pin_tells_its_label_too():
    torch = fixture("pep735").group("main").wanted[1]
    assert str(torch.requirement) == 'torch==2.7.1+cu128; sys_platform == "linux"'
    assert torch.local == "cu128"


def test_included_groups_are_written_out_whatever_their_spelling():
    assert requirements(fixture("pep735"), "dev")[-3:] == ["pytest>=8", "hypothesis", "mypy"]
    assert {item.group for item in fixture("pep735").group("dev").wanted} == {"dev"}


def test_the_projects_own_extra_in_a_group_means_what_it_pulls_in():
    assert requirements(fixture("pep735"), "dev")[:3] == [
        "pre-commit>=4",
        "fastapi>=0.115",
        'uvicorn; sys_platform != "win32"',
    ]


def test_an_extra_of_extras_pulls_in_what_they_pull_in():
    read = fixture("poetry-2")
    assert read.extras["all"] == ("soundfile", "torchaudio", "uvicorn")
    assert [text for text in requirements(read) if 'extra == "all"' in text] == [
        'soundfile>=0.12; extra == "all"',
        'torchaudio>=2.7; extra == "all"',
        'uvicorn[standard]>=0.34; extra == "all"',
    ]


def test_extras_that_name_each_other_end():
    read = project(
        """\
        [project]
        name = "ring"
        [project.optional-dependencies]
        a = ["ring[b]", "numpy"]
        b = ["ring[a]", "scipy"]
        """
    )
    assert read.extras == {"a": ("numpy", "scipy"), "b": ("numpy", "scipy")}


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        (
            'a = [{ include-group = "b" }]\nb = [{ include-group = "a" }]',
            2,
            "the group `a` includes itself: a -> b -> a",
        ),
        ('a = [{ include-group = "A" }]', 2, "the group `a` includes itself: a -> a"),
        ('test = []\na = [{ include-group = "tset" }]', 3, "`tset`, which does not exist; did you mean `test`?"),
        ('a = [{ include = "b" }]', 2, "must be a requirement or an include"),
        ("a = [1]", 2, "must be a requirement or an include"),
        ("a = 1", 2, "`dependency-groups.a` must be an array, not a number"),
        ('a = ["numpy^2"]', 2, "is not a requirement"),
        ("a-b = []\nA_B = []", 3, "the groups `a-b` and `A_B` are one and the same name"),
    ],
)
def test_a_wrong_group_is_named_with_its_line(text, where, message):
    with pytest.raises(InvalidProject) as caught:
        project(f"[dependency-groups]\n{text}\n")
    assert [problem.where for problem in caught.value.problems] in (
        [f"pyproject.toml:{where}"],
        [f"pyproject.toml:{where}", f"pyproject.toml:{where + 1}"],
    )
    assert message in caught.value.message


def test_a_caret_in_a_standard_table_is_told_apart_from_poetrys_notation():
    with pytest.raises(InvalidProject) as caught:
        project('[project]\nname = "x"\ndependencies = [\n  "numpy",\n  "torch^2.1",\n]\n')
    assert [problem.where for problem in caught.value.problems] == ["pyproject.toml:5"]
    assert "Poetry's notation" in caught.value.hint


def test_a_file_that_asks_for_nothing_is_a_project_with_an_empty_main_group():
    read = project("")
    assert [(group.name, group.wanted) for group in read.groups] == [("main", ())]
    assert read.uses_default_index
