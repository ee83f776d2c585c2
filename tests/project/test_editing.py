"""A TOML file is edited by what is meant, and everything else keeps its bytes."""

from __future__ import annotations

import tomllib

import pytest

from accelinstall.project import InvalidToml
from accelinstall.project.editing import NotEditable, TomlText, merged, toml_of

SHEET = """\
[project]  # the standard table
dependencies = [
    "numpy",
    "torch>=2.7",   # the model
]

[tool.poetry]
name   =   'spaced'

# about black
[tool.black]
line-length=100
"""


def edited(text: str) -> TomlText:
    return TomlText(text.encode())


def test_an_element_goes_with_the_comment_on_its_line_and_nothing_else_does() -> None:
    sheet = edited(SHEET)
    sheet.drop(("project", "dependencies", 1))
    assert sheet.render().decode() == SHEET.replace('    "torch>=2.7",   # the model\n', "")


def test_a_new_key_stands_behind_the_last_one_not_behind_the_next_tables_comment() -> None:
    sheet = edited(SHEET)
    sheet.put(("tool", "poetry", "version"), "1")
    assert "name   =   'spaced'\nversion = \"1\"\n\n# about black\n" in sheet.render().decode()


def test_a_new_table_goes_to_the_end_after_one_blank_line() -> None:
    sheet = edited(SHEET)
    sheet.put(("tool", "accelinstall", "targets"), ["cpu"])
    sheet.add(("tool", "accelinstall", "targets"), "cu130")
    assert sheet.render().decode() == SHEET + '\n[tool.accelinstall]\ntargets = ["cpu", "cu130"]\n'


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_endings_and_a_byte_order_mark_stay(end: str, mark: bytes) -> None:
    raw = mark + SHEET.replace("\n", end).encode()
    sheet = TomlText(raw)
    sheet.put(("tool", "poetry", "version"), "1")
    changed = raw.replace(f"'spaced'{end}".encode(), f"'spaced'{end}version = \"1\"{end}".encode())
    assert sheet.render() == changed


def test_a_file_of_mixed_line_endings_keeps_each() -> None:
    raw = SHEET.replace("\n", "\r\n").replace("'spaced'\r\n", "'spaced'\n").encode()
    sheet = TomlText(raw)
    sheet.put(("tool", "accelinstall", "targets"), ["cpu"])
    assert sheet.render() == raw + b'\r\n[tool.accelinstall]\r\ntargets = ["cpu"]\r\n'


def test_one_more_table_of_an_array_stands_behind_the_others() -> None:
    text = '[[tool.poetry.source]]\nname = "a"\n\n# next\n[tool.black]\nx = 1\n'
    sheet = edited(text)
    sheet.add_table(("tool", "poetry", "source"), {"name": "b"})
    more = '[[tool.poetry.source]]\nname = "b"\n\n'
    assert sheet.render().decode() == text.replace("# next", more + "# next")


def test_an_array_written_inline_grows_inline() -> None:
    sheet = edited('[tool.poetry]\nsource = [{ name = "a" }]\n')
    sheet.add_table(("tool", "poetry", "source"), {"name": "b"})
    assert sheet.render() == b'[tool.poetry]\nsource = [{ name = "a" }, { name = "b" }]\n'


@pytest.mark.parametrize(
    "text",
    [
        'tool = { poetry = { name = "x" } }\n',
        '[tool.poetry]\ngroup = { dev = { dependencies = { pytest = "8" } } }\n',
    ],
)
def test_what_cannot_be_added_without_rewriting_is_refused_whole(text: str) -> None:
    sheet = edited(text)
    sheet.put(("tool", "poetry", "group", "ml", "optional"), True)
    with pytest.raises(NotEditable) as refusal:
        sheet.render()
    assert "nothing was written" in str(refusal.value) and refusal.value.hint


def test_tables_scattered_over_the_file_stay_where_they_are() -> None:
    text = """\
[[source]]
name = "a"  # first

[group.one]
x = 1

[other]
b = 1

[[source]]
name = "b"
# about two
[group.two]
y = [ "a" ]
"""
    sheet = edited(text)
    sheet.put(("group", "one", "z"), True)
    sheet.add(("group", "two", "y"), "b")
    sheet.add_table(("source",), {"name": "c"})
    sheet.put(("source", 0, "name"), "d")
    expected = text.replace("x = 1\n", "x = 1\nz = true\n").replace('[ "a" ]', '[ "a" , "b"]')
    expected = expected.replace("# about", '\n[[source]]\nname = "c"\n# about').replace('"a"  # first', '"d"  # first')
    assert sheet.render().decode() == expected.replace('[ "a" , "b"]', '[ "a", "b" ]')


@pytest.mark.parametrize("raw", [b"[half\n", b"a = 1\na = 2\n", b"# caf\xe9\n"])
def test_what_is_no_toml_is_refused_with_its_line(raw: bytes) -> None:
    with pytest.raises(InvalidToml, match=r"pyproject\.toml:\d"):
        TomlText(raw)


@pytest.mark.parametrize(
    "value",
    ["plain", 'with "quotes"', "both \" and '", "back\\slash", "new\nline", "ümlaut", True, ["a", "b"], {"a b": "c"}],
)
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    assert tomllib.loads(f"value = {toml_of(value)}")["value"] == value  # type: ignore[arg-type]


def test_merging_nothing_new_gives_the_original() -> None:
    original = "a\r\nb\nc"
    assert merged(original, "a\nb\nc", "a\nb\nc") == original
