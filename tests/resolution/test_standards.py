"""Shortcuts give what the long way gives."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from accelinstall.model.target import Target
from accelinstall.resolution.places import backend_label, covers, same_label
from accelinstall.resolution.standards import Markers, Wheels, build_number, extra_of, parse_range

TARGET = Target.parse("cpu-linux-x86_64-cp311;libc=glibc-2.28")

atoms = st.sampled_from(
    ["extra == 'a'", 'extra == "b-c"', "extra != 'a'", "python_version < '3.12'", "os_name == 'nt'", "'a' == extra"]
)
markers = st.recursive(
    atoms,
    lambda inner: st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda p: f"({p[0]}{p[1]}{p[2]})"),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(marker=markers, loose=st.booleans())
def test_a_requirement_behind_one_extra_applies_with_no_other(marker: str, loose: bool) -> None:
    text = f"lib>=1 ; {marker[1:-1] if loose and marker.startswith('(') else marker}"
    alone = extra_of(text)
    if alone:
        others = {"", "a", "b-c", "other"} - {alone}
        decided = Markers(TARGET.markers())
        assert not any(decided.applies(Requirement(text), extra) for extra in others)


def test_the_usual_marker_of_an_extra_is_recognised() -> None:
    for text in (
        "x ; extra == 'dev'",
        "x>=1; python_version >= '3.9' and extra == \"dev\"",
        "x ; (python_version >= '3.9') and extra == 'dev'",
    ):
        assert extra_of(text) == "dev"
    assert extra_of("extra-lib>=1") == ""
    assert extra_of("x ; extra == 'dev' or os_name == 'nt'") == ""


pieces = st.sampled_from
wheels = st.builds(
    "lib-1.0{}-{}-{}-{}.whl".format,
    pieces(["", "-1", "-12x"]),
    pieces(["py3", "py2.py3", "cp311", "cp39", "cp312", "py311", "pp310", "cp310.cp311"]),
    pieces(["none", "cp311", "abi3", "cp312", "cp311t", "abi3.none"]),
    pieces(
        ["any", "manylinux_2_28_x86_64", "manylinux2014_x86_64.manylinux_2_17_x86_64", "manylinux_2_34_x86_64", "win32"]
    ),
)


@settings(max_examples=300, deadline=None)
@given(filename=wheels)
def test_a_wheel_is_ranked_as_packaging_reads_its_tags(filename: str) -> None:
    order = {tag: rank for rank, tag in enumerate(TARGET.tags())}
    _, _, build, tags = parse_wheel_filename(filename)
    ranks = Wheels({str(tag): rank for tag, rank in order.items()})
    assert ranks.rank(filename) == min((order[tag] for tag in tags if tag in order), default=None)
    assert build_number(filename) == (build or (-1, ""))


def test_a_build_number_without_end_is_one_all_the_same() -> None:
    assert build_number(f"demo-1.0-{'9' * 5000}-py3-none-any.whl") > build_number("demo-1.0-1-py3-none-any.whl")


def test_a_range_that_nobody_can_read_is_none() -> None:
    assert parse_range(">=3.6.*") is None
    found = parse_range(">=3.6,<4")
    assert found is not None
    assert found.contains(Version("3.11"))
    assert found.contains(Version("3.7rc1"))


@pytest.mark.parametrize(
    ("local", "label", "same"),
    [
        ("cu121", "cu121", True),
        ("cu121.with.pypi.cudnn", "cu121", True),
        ("cpu.cxx11.abi", "cpu", True),
        ("rocm5.4.2", "rocm5.4", False),
        ("cu1210", "cu121", False),
        ("", "cpu", False),
    ],
)
def test_labels(local: str, label: str, same: bool) -> None:
    assert same_label(local, label) is same


def test_only_backends_are_labels() -> None:
    labels = ["cpu", "cu130", "rocm7.2", "xpu", "cu121.with.pypi.cudnn"]
    assert [backend_label(Version(f"1+{label}")) for label in labels] == labels
    assert [backend_label(Version(text)) for text in ("1", "1+company.1", "1+cudos", "1+git1234")] == [""] * 4


@pytest.mark.parametrize(
    ("release", "version", "covered"),
    [
        ("2.14", "2.14.1+cu130", True),
        ("2.14", "2.15.0", False),
        ("2.14.0", "2.14", True),
        ("2.14.0", "2.14.0.post1", True),
        ("2.14.0", "2.14.1", False),
        ("1.0rc1", "1.0rc1", True),
    ],
)
def test_a_release_covers_what_belongs_to_it(release: str, version: str, covered: bool) -> None:
    assert covers(release, Version(version)) is covered
