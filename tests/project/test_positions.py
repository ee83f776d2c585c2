"""The line of every key."""

from __future__ import annotations

import itertools
import textwrap

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.project.positions import Positions

TEXT = textwrap.dedent(
    '''\
    # a comment with [brackets] and = signs
    title = "x # y"
    [tool.poetry]
    description = """
    name = "not a key"
    [not.a.table]
    """
    'quoted key' = 1
    "es\\"caped" = 2
    dotted.inner.key = 3

    [tool.poetry.dependencies] # comment
    torch = { version = "1", source = "a" } # { no
    numpy = [
      { version = "2" },
      # between
      { version = "3",
        python = "<3" }
    ]
    literal = 'C:\\'
    multi = \'\'\'it's''\'\'\'
    date = 1979-05-27T07:32:00-08:00

    [[tool.poetry.source]]
    name = "a"
    [tool.poetry.source.inner]
    deep = true

    [[tool.poetry.source]]
    name = "b"
    inline = [1, 2, [
      3]]
    '''
)


def line_of(text: str, needle: str, *, after: int = 0) -> int:
    """The number of the first line behind line *after* that holds *needle*."""
    lines = text.splitlines()
    return next(number for number, line in enumerate(lines, start=1) if number > after and needle in line)


def test_keys_of_every_notation_are_found_on_their_line():
    positions = Positions(TEXT)
    poetry = ("tool", "poetry")
    assert positions.line("title") == 2
    assert positions.line(*poetry, "description") == 4
    assert positions.line(*poetry, "quoted key") == line_of(TEXT, "quoted key")
    assert positions.line(*poetry, 'es"caped') == line_of(TEXT, "caped")
    assert positions.line(*poetry, "dotted", "inner", "key") == line_of(TEXT, "dotted.")
    assert positions.line(*poetry, "dependencies", "torch", "source") == line_of(TEXT, "torch")
    assert positions.line(*poetry, "dependencies", "literal") == line_of(TEXT, "literal")
    assert positions.line(*poetry, "dependencies", "multi") == line_of(TEXT, "multi =")
    assert positions.line(*poetry, "dependencies", "date") == line_of(TEXT, "date =")


def test_elements_of_arrays_and_arrays_of_tables_have_lines_of_their_own():
    positions = Positions(TEXT)
    dependencies = ("tool", "poetry", "dependencies", "numpy")
    assert positions.line(*dependencies, 0) == line_of(TEXT, '"2"')
    assert positions.line(*dependencies, 1) == line_of(TEXT, '"3"')
    assert positions.line(*dependencies, 1, "python") == line_of(TEXT, "python")
    source = ("tool", "poetry", "source")
    assert positions.line(*source, 0, "name") == line_of(TEXT, 'name = "a"')
    assert positions.line(*source, 0, "inner", "deep") == line_of(TEXT, "deep")
    assert positions.line(*source, 1) == line_of(TEXT, "[[tool", after=line_of(TEXT, "deep"))
    assert positions.line(*source, 1, "inline", 2, 0) == line_of(TEXT, "3]]")


def test_an_unknown_key_is_answered_with_its_nearest_parent():
    positions = Positions(TEXT)
    assert positions.line("tool", "poetry", "source", 1, "url") == positions.line("tool", "poetry", "source", 1)
    assert positions.line("nowhere", "at all") == 0


def test_a_text_that_is_no_toml_is_read_as_far_as_it_goes():
    positions = Positions('a = 1\nb = [1, 2\nc = "')
    assert positions.line("a") == 1
    assert positions.line("b") == 2


def test_windows_line_ends_do_not_move_lines():
    text = TEXT.replace("\n", "\r\n")
    path = ("tool", "poetry", "source", 1, "name")
    assert Positions(text).line(*path) == Positions(TEXT).line(*path)


KEYS = st.text(st.sampled_from("ab-_ .\"'\\[]{}=#é"), min_size=1, max_size=5)
TREES = st.recursive(
    st.none(),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3) | st.lists(inner, min_size=1, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(tree=st.dictionaries(KEYS, TREES, min_size=1, max_size=3))
def test_every_leaf_of_any_document_is_found_on_the_line_that_holds_it(tree):
    counter = itertools.count()
    leaves: dict[tuple[str | int, ...], str] = {}

    def number(value, path):
        if isinstance(value, dict):
            return {key: number(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [number(item, (*path, index)) for index, item in enumerate(value)]
        leaves[path] = f"leaf-{next(counter)}."
        return leaves[path]

    text = tomlkit.dumps(number(tree, ()))
    positions = Positions(text)
    lines = text.split("\n")
    for path, leaf in leaves.items():
        assert leaf in lines[positions.line(*path) - 1], (path, text)
