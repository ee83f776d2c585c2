"""Whatever a file holds, the answer is a value or one of the room's errors."""

from __future__ import annotations

import copy
import tomllib

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.errors import AccelinstallError, ProjectError
from accelinstall.model.hardware import ENVIRONMENTS
from accelinstall.project import choose_groups, parse_project, parse_requirements, wanted_of
from tests.project.reading import PROJECTS

FIXTURES = [tomllib.loads(path.read_text()) for path in sorted(PROJECTS.glob("*/pyproject.toml"))]
WORDS = st.sampled_from(
    [
        "",
        "*",
        "^1.2",
        "numpy",
        "main",
        "torch>=2; extra == 'a'",
        "a/b",
        "[x]",
        "https://[",
        "\ud7ff",
        "1 || 3",
        "cpu",
        "@",
    ]
)
VALUES = st.recursive(
    WORDS | st.booleans() | st.integers(0, 9) | st.floats(0, 9) | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


def refusal_of(action):
    """The error of the family that *action* ends in, ``None`` when it succeeds."""
    try:
        action()
    except AccelinstallError as error:
        return error
    return None


def places(value, path=()):
    """Every path into *value*."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step)
        yield from places(inner, (*path, step))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_project_with_any_value_replaced_is_read_or_refused_with_places(data):
    content = copy.deepcopy(data.draw(st.sampled_from(FIXTURES)))
    for _ in range(data.draw(st.integers(1, 2))):
        *parents, last = data.draw(st.sampled_from(list(places(content))))
        owner = content
        for step in parents:
            owner = owner[step]
        owner[last] = data.draw(VALUES)
    text = tomlkit.dumps(content)
    refusal = refusal_of(lambda: parse_project(text, directory="somewhere"))
    if refusal is not None:
        assert refusal.hint
        assert all(problem.where.partition(":")[0] == "pyproject.toml" for problem in refusal.problems)
        return
    read = parse_project(text, directory="somewhere")
    for environment in ENVIRONMENTS:
        refusal_of(lambda environment=environment: wanted_of(read, choose_groups(read, environment=environment)))


@settings(deadline=None, max_examples=200)
@given(text=st.text(st.sampled_from("-recif=@:/[]{}<>!~^;#\\ \n\"'.,+$ab1é\ufeff\0")) | st.text())
def test_any_text_is_read_as_requirements_or_refused_with_places(text):
    def read(path):
        if path != "main.txt":
            raise ProjectError(f"{path} cannot be read")
        return text

    refusal = refusal_of(lambda: parse_requirements(["main.txt"], directory="somewhere", read=read))
    assert refusal is None or all(problem.where.startswith("main.txt:") for problem in refusal.problems)


@settings(deadline=None, max_examples=200)
@given(raw=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_as_a_project_or_refused(raw):
    refusal = refusal_of(lambda: parse_project(raw, directory="somewhere"))
    assert refusal is None or (refusal.hint and "pyproject.toml" in refusal.message)
