"""Edits leave every other byte where it was, and done twice they are done once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.doctor.edits import Addition, Insertion, Substitution, TomlTable, TomlValue, changed

LINES = st.lists(st.text(alphabet="ab =#\u00e9\ud7ff", max_size=8), min_size=1, max_size=6)


@settings(deadline=None)
@given(
    lines=LINES, number=st.integers(0, 5), newline=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from(["", "\ufeff"])
)
def test_a_substitution_changes_its_place_alone(lines: list[str], number: int, newline: str, mark: str) -> None:
    number %= len(lines)
    before = mark + newline.join([*lines[:number], lines[number] + "OLD", *lines[number + 1 :]])
    change = Substitution(path="x", line=number + 1, column=len(lines[number]), old="OLD", new="NEW!")
    after = changed(before.encode(), [change])
    assert after == before.replace("OLD", "NEW!").encode()
    assert changed(after, [change]) == after


@settings(deadline=None)
@given(lines=LINES, after=st.integers(1, 6), newline=st.sampled_from(["\n", "\r\n"]))
def test_an_insertion_moves_lines_and_changes_none(lines: list[str], after: int, newline: str) -> None:
    after = min(after, len(lines))
    before = newline.join([*lines, ""]).encode()
    new = changed(before, [Insertion(path="x", after=after, text="NEW")])
    assert new == newline.join([*lines[:after], "NEW", *lines[after:], ""]).encode()


@settings(deadline=None)
@given(lines=LINES, newline=st.sampled_from(["\n", "\r\n"]))
def test_an_addition_made_twice_is_made_once(lines: list[str], newline: str) -> None:
    before = newline.join(lines).encode()
    once = changed(before, [Addition(path="x", text=".venv")])
    assert once.startswith(before) and once.endswith(
        f".venv{newline if newline.encode() in before else chr(10)}".encode()
    )
    assert changed(once, [Addition(path="x", text=".venv")]) == once


def test_several_edits_of_one_line_do_not_disturb_each_other() -> None:
    changes = [Substitution(path="x", line=1, column=column, old="a", new="long") for column in (0, 2, 4)]
    assert changed(b"a a a\n", changes) == b"long long long\n"


def test_an_edit_that_no_longer_finds_its_text_changes_nothing() -> None:
    changes = [
        Substitution(path="x", line=9, column=0, old="a", new="b"),
        Substitution(path="x", line=1, column=1, old="a", new="b"),
    ]
    assert changed(b"a\n", changes) == b"a\n"


def test_a_value_of_toml_is_set_among_comments_and_windows_lines() -> None:
    change = TomlValue(path="x", keys=("virtualenvs", "in-project"), value=False)
    before = b"# a\r\n[virtualenvs]\r\ncreate = true # b\r\n"
    once = changed(before, [change])
    assert once == before + b"in-project = false\r\n"
    assert changed(once, [change]) == once
    assert changed(b"virtualenvs = 1\n", [change]) == b"virtualenvs = 1\n"
    assert changed(None, [change]) == b"[virtualenvs]\nin-project = false\n"


def test_a_table_more_in_an_array_comes_at_the_end_once() -> None:
    change = TomlTable(path="x", name="tool.poetry.source", pairs=(("name", 'a"b'), ("url", "u")))
    once = changed(b"x = 1", [change])
    assert once == b'x = 1\n\n[[tool.poetry.source]]\nname = "a\\"b"\nurl = "u"\n'
    assert changed(once, [change]) == once
