"""Files that are no TOML."""

from __future__ import annotations

import pytest

from accelinstall.project import InvalidToml, ProjectNotFound, parse_project
from accelinstall.project.document import read_document


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('[project]\nname = "x"\nversion 1\n', 3, 9),
        ("[project]\nname = \n", 2, 8),
        ('a = "never closed\n', 1, 18),
        ("a = 1\na = 2\n", 2, 6),
        ("[project\n", 1, 9),
        ("a = 2024-13-45\n", 1, 9),
    ],
)
def test_broken_toml_names_file_line_and_column(text, line, column):
    with pytest.raises(InvalidToml) as caught:
        parse_project(text, directory="somewhere")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.message.startswith(f"pyproject.toml:{line}:{column}: not valid TOML: ")
    assert caught.value.hint


@pytest.mark.parametrize("text", ["a = [1,\n", "a = [1,"])
def test_a_text_that_ends_too_early_names_its_last_line(text):
    with pytest.raises(InvalidToml, match=r"^pyproject\.toml:1: not valid TOML: "):
        parse_project(text, directory="somewhere")


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5000])
def test_absurd_values_are_refused_like_any_other_mistake(text):
    with pytest.raises(InvalidToml):
        parse_project(text, directory="somewhere")


def test_bytes_that_are_not_utf_8_name_line_column_and_byte():
    raw = b'[project]\nname = "x"\ndescription = "caf' + b'\xe9"\n'
    with pytest.raises(InvalidToml) as caught:
        parse_project(raw, directory="somewhere")
    assert caught.value.message == ("pyproject.toml:3:19: byte 39 (0xe9) is not UTF-8, which TOML requires")
    assert raw[39] == 0xE9
    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize("text", ["\ufeff[project]\nname = 'x'\n", b"\xef\xbb\xbf[project]\r\nname = 'x'\r\n"])
def test_a_byte_order_mark_is_tolerated(text):
    assert parse_project(text, directory="somewhere").name == "x"


def test_a_value_of_the_wrong_type_is_a_problem_once_and_reads_as_absent():
    document = read_document("[tool]\npoetry = 3\n", filename="pyproject.toml")
    assert document.table("tool", "poetry") == {}
    assert document.table("tool", "poetry", "group") == {}
    assert [str(problem) for problem in document.problems] == [
        "pyproject.toml:2: `tool.poetry` must be a table, not a number"
    ]


def test_a_missing_file_is_answered_with_how_to_name_another():
    error = ProjectNotFound("somewhere")
    assert "no pyproject.toml in somewhere" in error.message
    assert "--project" in error.hint
    assert "-r" in error.hint
