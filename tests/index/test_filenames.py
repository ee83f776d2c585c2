"""File names read cheaply say what packaging would read slowly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from accelinstall.index.filenames import canonical, is_version, parse_sdist_name, parse_wheel_name

releases = st.from_regex(
    r"v?([0-9]!)?[0-9]{1,3}(\.[0-9]{1,2}){0,2}([-_.]?(a|b|rc|alpha|c|pre)[-_.]?[0-9]?)?"
    r"(-[0-9]|[-_.]?(post|r)[0-9]?)?([-_.]?dev[0-9]?)?(\+[a-z0-9]{1,5}([-_.][a-z0-9]{1,3})?)?",
    fullmatch=True,
)


@given(text=releases | st.text(alphabet="0123456789.abcdevpost+-_!", max_size=12) | st.text(max_size=8))
def test_versions_are_those_of_pep_440(text):
    try:
        Version(text)
        valid = text == text.strip()
    except InvalidVersion:
        valid = False
    assert is_version(text) is valid


@given(name=st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,12}[A-Za-z0-9])?", fullmatch=True))
def test_names_are_those_of_pep_503(name):
    assert canonical(name) == canonicalize_name(name)


parts = st.from_regex(r"[A-Za-z0-9_.]{1,8}", fullmatch=True)


@given(name=parts, version=releases | parts, build=st.just("") | parts, tags=st.tuples(parts, parts, parts))
def test_wheel_names_are_read_as_packaging_reads_them(name, version, build, tags):
    filename = "-".join(filter(None, [name, version, build, *tags])) + ".whl"
    parsed = parse_wheel_name(filename)
    try:
        expected, number, *_ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        assert parsed is None or "__" in filename or "." in filename
        return
    if parsed is not None:
        assert (parsed[0], Version(parsed[1])) == (expected, number)
    else:
        # packaging lets dots and underscores stand at the ends of names, which PEP 503 does not.
        assert not name[0].isalnum() or not name[-1].isalnum()


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("torch-2.7.1+cu128-cp311-cp311-manylinux_2_28_x86_64.whl", ("torch", "2.7.1+cu128")),
        ("Foo.Bar_baz-1.0-1-py2.py3-none-any.whl", ("foo-bar-baz", "1.0")),
        ("torch-2.9.0-cp313-cp313-linux_x86_64-cu129.whl", None),
        ("torch-2.9.0-cp313-cp313.whl", None),
        ("torch-latest-py3-none-any.whl", None),
        ("torch-2.9.0-py3-none-any.exe", None),
        ("..-2.9.0-py3-none-any.whl", None),
        ("", None),
    ],
)
def test_wheels_of_the_real_world(filename, expected):
    assert parse_wheel_name(filename) == expected


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("idna-3.9.tar.gz", "idna", "3.9"),
        ("idna-3.9.zip", "idna", "3.9"),
        ("zope.interface-5.0.tar.gz", "zope-interface", "5.0"),
        ("python-dateutil-2.8.2.tar.gz", "python-dateutil", "2.8.2"),
        ("python-dateutil-2.8.2.tar.gz", "python", None),
        ("foo-1.0-1.tar.gz", "foo", "1.0-1"),
        ("foo-2-1.0.tar.gz", "foo-2", "1.0"),
        ("numpy-1.0.win32.zip", "numpy", None),
        ("numpy-1.0.linux-x86_64.tar.gz", "numpy", None),
        ("numpy-1.0.exe", "numpy", None),
        ("numpy.tar.gz", "numpy", None),
        (".tar.gz", "", None),
    ],
)
def test_source_archives_of_the_real_world(filename, project, version):
    assert parse_sdist_name(filename, project) == version


@given(filename=st.text(max_size=40) | st.from_regex(r"[a-z.-]{1,20}(\.whl|\.tar\.gz|\.zip)", fullmatch=True))
def test_any_text_is_read_or_left(filename):
    parse_wheel_name(filename)
    parse_sdist_name(filename, "demo")
