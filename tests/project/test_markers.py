"""Markers, with poetry-core as the judge."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from poetry.core.factory import Factory

from accelinstall.project.constraints import ConstraintError
from accelinstall.project.markers import all_of, marker_of_platform, marker_of_python, settle_extras

PYTHONS = ["2.7.18", "3.8.0", "3.9.0", "3.9.1", "3.10.0", "3.10.14", "3.11.7", "3.12.0", "3.12.1", "3.13.2", "4.0.0"]
PLATFORMS = ["linux", "darwin", "win32"]


@pytest.mark.parametrize(
    "text",
    [
        *("^3.11", "~3.11", "3.11.*", "3.*", "!=3.*", "!=3.10.*", ">=3.9,<3.12", ">3.9", "<=3.10", "!=3.10"),
        *(">=3.9.1", "<3.12.1", "3.10.14", "~=3.10", "~=3.10.2", "*", "^3.9.1", ">=3.8,!=3.9.0,<4"),
        *("^3.9 || ^2.7", "<3.9 || >=3.11", "~2.7 || >=3.11,<3.13", "3.9.* || 3.11.*"),
    ],
)
def test_a_python_key_holds_where_poetry_says(text):
    for python in PYTHONS:
        assert holds(marker_of_python(text), python=python) == judged({"python": text}, python=python), python


@pytest.mark.parametrize("text", ["linux", "!=win32", "linux || darwin", "linux|darwin", "!=linux,!=darwin", "*"])
def test_a_platform_key_holds_where_poetry_says(text):
    for platform in PLATFORMS:
        expected = judged({"platform": text}, platform=platform)
        assert holds(marker_of_platform(text), platform=platform) == expected, platform


@settings(deadline=None)
@given(
    marker=st.sampled_from(["", "sys_platform == 'linux' or python_version < '3.10'", "sys_platform != 'win32'"]),
    python=st.sampled_from(["", "^3.11", "^2.7 || ^3.10", "3.9.*"]),
    platform=st.sampled_from(["", "linux", "linux || darwin"]),
)
def test_the_keys_of_one_dependency_hold_together(marker, python, platform):
    joined = all_of(
        marker,
        marker_of_python(python) if python else "",
        marker_of_platform(platform) if platform else "",
    )
    keys = {"markers": marker, "python": python, "platform": platform}
    keys = {key: value for key, value in keys.items() if value}
    for version, system in itertools.product(PYTHONS, PLATFORMS):
        assert holds(joined, version, system) == judged(keys, version, system), (version, system, joined)


def test_a_platform_that_is_none_is_refused():
    with pytest.raises(ConstraintError):
        marker_of_platform("linux and darwin")


@pytest.mark.parametrize(
    ("marker", "extras", "settled"),
    [
        ('extra == "cpu"', {"cpu"}, ""),
        ('extra == "cpu"', set(), None),
        ('"cpu" == extra', {"cpu"}, ""),
        ('extra in "cpu gpu"', {"gpu"}, ""),
        ('extra not in "cpu gpu"', {"gpu"}, None),
        ('extra not in "cpu gpu"', {"docs"}, ""),
        ("extra == 'C_P.U'", {"c-p-u"}, ""),
        ('extra == "cpu" and extra != "cu128"', {"cpu"}, ""),
        ('extra == "cpu" and extra != "cu128"', {"cpu", "cu128"}, None),
        ('extra == "cpu" and python_version < "3.12"', {"cpu"}, 'python_version < "3.12"'),
        ('extra == "cpu" or python_version < "3.12"', set(), 'python_version < "3.12"'),
        ('extra == "cpu" or python_version < "3.12"', {"cpu"}, ""),
        (
            '(extra == "a" or sys_platform == "x") and (os_name not in "nt java" or extra == "b")',
            set(),
            'sys_platform == "x" and os_name not in "nt java"',
        ),
        (
            '(sys_platform == "x" or os_name == "y") and extra == "a" and python_version < "3"',
            {"a"},
            '(sys_platform == "x" or os_name == "y") and python_version < "3"',
        ),
    ],
)
def test_questions_about_extras_are_answered_and_the_rest_stays(marker, extras, settled):
    assert settle_extras(marker, extras) == settled


ATOMS = st.sampled_from(
    ['extra == "a"', 'extra != "b"', 'extra == "b"', 'sys_platform == "linux"', 'os_name == "nt"', 'os_name != "nt"']
)
MARKERS = st.recursive(
    ATOMS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    marker=MARKERS,
    extras=st.sets(st.sampled_from(["a", "b"]), max_size=1),
    platform=st.sampled_from(PLATFORMS),
    os_name=st.sampled_from(["nt", "posix"]),
)
def test_a_settled_marker_holds_wherever_the_whole_one_did(marker, extras, platform, os_name):
    environment = {"sys_platform": platform, "os_name": os_name, "extra": next(iter(extras), "")}
    settled = settle_extras(str(Marker(marker)), extras)
    assert "extra" not in (settled or "")
    held = settled is not None and (settled == "" or Marker(settled).evaluate(environment))
    assert held == Marker(marker).evaluate(environment)


def holds(marker: str, python: str = "3.11.7", platform: str = "linux") -> bool:
    return not marker or Marker(marker).evaluate(environment_of(python, platform))


def judged(keys: dict[str, str], python: str = "3.11.7", platform: str = "linux") -> bool:
    dependency = Factory.create_dependency("torch", {"version": "*", **keys})
    return dependency.marker.validate(environment_of(python, platform))


def environment_of(python: str, platform: str) -> dict[str, str]:
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "sys_platform": platform,
        "extra": "",
    }
