"""Poetry's constraints, with poetry-core as the judge."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from poetry.core.constraints.version import Version as PoetryVersion
from poetry.core.constraints.version import parse_constraint as poetry_parse

from accelinstall.project.constraints import ConstraintError, parse_constraint

# Releases around every bound the examples set; pre-releases belong to other tests.
VERSIONS = [
    *(f"{major}.{minor}" for major in range(6) for minor in range(6)),
    *(f"{major}.{minor}.{patch}" for major in range(4) for minor in range(4) for patch in range(1, 5)),
    *("0.0.0.1", "10.0", "2024.1", "3.10", "2.15.0"),
]

EXAMPLES = [
    *("^2.1.0", "^2.1", "^2", "^0.3", "^0.3.1", "^0.0.3", "^0.0", "^0", "^1.0a1", "^0.0.0.1", "^v1.2"),
    *("~2.1.3", "~2.1", "~2", "~0.3", "~=2.1", "~=2.1.3", "~=0.0.0.1"),
    *("*", "1.*", "1.2.*", "==1.2.*", "!=1.2.*", "2.*.*", "v2.1", "1.2.3", "==1.2.3", "=1.2.3", "!=1.2.3"),
    *(">1.2", ">=1.2", "<1.2", "<=1.2", ">=1.2,<3,!=2.1", ">=1.2,<3,!=2.*"),
    ">=1.2 <3",
    ">= 1.2 , < 3",
    ">=1.2, <3,",
    "^1.2 || ^2.0",
    "^1.2 | ^3.0",
    "^1 || ^3 || ^5",
    "<2 || >=3.1",
    "<2 || >2",
    "<1.2 || >=1.4",
    "1.2.* || 1.4.*",
    ">=1,<2,!=1.2 || >=3",
    "^1.2.3 || ^2.1",
    "!=1.2.* || ~1.2.0",
    "^1.2,!=1.3 || ^1.3",
    "* || ^2",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_constraint_allows_what_poetry_allows(text):
    assert allowed(text) == judged(text)


@pytest.mark.parametrize("text", ["<1.2 || >=2", "1.2 || 1.4", "<=1.2 || >=2.0", "!=1.2.* || 1.2.3", "^1 || ^90"])
def test_a_union_that_pep_440_cannot_say_is_refused_with_a_way_out(text):
    with pytest.raises(ConstraintError, match="cannot be written as one PEP 440 range") as caught:
        parse_constraint(text)
    assert "!=" in caught.value.hint


NUMBERS = st.integers(min_value=0, max_value=4)
RELEASES = st.lists(NUMBERS, min_size=1, max_size=3).map(lambda numbers: ".".join(map(str, numbers)))
CLAUSES = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["^", "~", ">=", "<=", ">", "<", "!=", "==", ""]), RELEASES),
    st.builds("{}{}.*".format, st.sampled_from(["", "==", "!="]), RELEASES),
)
PIECES = st.lists(CLAUSES, min_size=1, max_size=2).map(",".join)


@settings(deadline=None)
@given(text=st.lists(PIECES, min_size=1, max_size=3).map(" || ".join))
def test_any_constraint_that_is_not_refused_means_what_poetry_means(text):
    ours = allowed_or_none(text)
    if ours is not None:
        assert ours == judged(text)


@settings(deadline=None)
@given(text=PIECES)
def test_a_constraint_without_or_is_never_refused(text):
    assert allowed(text) == judged(text)


@pytest.mark.parametrize(
    ("text", "specifier", "local"),
    [
        ("^2.1.0+cu121", ">=2.1.0,<3", "cu121"),
        ("^2.1.0+CPU", ">=2.1.0,<3", "cpu"),
        ("~2.1+cu118", ">=2.1,<2.2", "cu118"),
        (">=2.1.0+cu121,<2.6", ">=2.1.0,<2.6", "cu121"),
        ("2.1.0+cu121", "==2.1.0+cu121", "cu121"),
        ("==2.1.0+rocm6.3", "==2.1.0+rocm6.3", "rocm6.3"),
        ("!=2.1.0+cu121", "!=2.1.0+cu121", ""),
        ("^2.1.0+cu121 || ^3.0+cu121", ">=2.1.0,<4", "cu121"),
        ("^1!2.3", ">=1!2.3,<1!3", ""),
        ("^2.1.0", ">=2.1.0,<3", ""),
    ],
)
def test_a_local_label_leaves_ranges_and_stands_apart(text, specifier, local):
    found = parse_constraint(text)
    assert (found.specifier, found.local) == (specifier, local)
    SpecifierSet(found.specifier)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", '"*"'),
        ("latest", "^2.1"),
        ("1.x", "`1.*`"),
        (">=1.*", "`1.*`"),
        ("<>1.5", "^2.1"),
        ("^2.1+cpu,<3+cu121", "one local label"),
    ],
)
def test_what_is_no_constraint_is_refused_with_something_to_write(text, hint):
    with pytest.raises(ConstraintError) as caught:
        parse_constraint(text)
    assert hint in caught.value.hint


def allowed(text: str) -> set[str]:
    specifier = SpecifierSet(parse_constraint(text).specifier)
    return {version for version in VERSIONS if specifier.contains(version)}


def allowed_or_none(text: str) -> set[str] | None:
    try:
        return allowed(text)
    except ConstraintError:
        return None


def judged(text: str) -> set[str]:
    constraint = poetry_parse(re.sub(r"\s+", " ", text))
    return {version for version in VERSIONS if constraint.allows(PoetryVersion.parse(version))}
