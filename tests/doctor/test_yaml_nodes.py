"""YAML as nodes with lines."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.doctor.reading.yaml_nodes import Node, NotYaml, parse_yaml


def one(text: str) -> Node:
    (document,) = parse_yaml(text)
    return document


def test_scalars_keep_their_text_and_their_line() -> None:
    node = one("a:\n  - 3.10\n  - 'x'\n").get("a")
    assert node is not None
    assert [(item.text, item.line, item.style, item.indent) for item in node.items] == [
        ("3.10", 2, "", "  "),
        ("x", 3, "'", "  "),
    ]


def test_items_of_a_flow_sequence_have_no_line_of_their_own() -> None:
    node = one("a: [x, y]\n").get("a")
    assert node is not None and [item.indent for item in node.items] == [None, None]


def test_merged_keys_count_and_own_keys_win() -> None:
    node = one("base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\n")
    assert (node.text_of("mine", "x"), node.text_of("mine", "y")) == ("1", "3")


def test_anchors_that_multiply_are_told_and_not_followed() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 12)]
    with pytest.raises(NotYaml, match="more than 100,000 values"):
        parse_yaml("\n".join(rows))


def test_a_tag_runs_nothing() -> None:
    assert one("a: !!python/object/apply:os.system [ls]\nb: !reference [x]\n").get("a") is not None


def test_several_documents_are_read() -> None:
    assert len(parse_yaml("spec:\n---\nmain: 1\n")) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a: &x [*x]\n", 1),
        ("a: \x00", 1),
        ("- " * 300 + "x", 1),
        ("a: *no", 1),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(NotYaml) as refusal:
        parse_yaml(text)
    assert refusal.value.line in {line, line - 1, 0} and str(refusal.value)


def test_a_key_that_stands_twice_is_read() -> None:
    assert one("a: 1\na: 2\n").text_of("a") == "2"


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"# \n\t%?,<", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(NotYaml):
        for document in parse_yaml(text):
            assert document.line <= text.count("\n") + 1
