"""METADATA as the fields that resolving needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import parse_email

from accelinstall.index.metadata_text import parse_metadata
from accelinstall.model.index import CoreMetadata


def test_all_fields_are_read_and_the_description_is_not():
    text = (
        "Metadata-Version: 2.1\r\nNAME: Demo_X\r\nVersion: 1.0\r\nRequires-Python: >=3.8\r\n"
        "Requires-Dist: a>=1;\r\n    extra == 'x'\r\nrequires-dist: b\r\nProvides-Extra: Some_Extra\r\n"
        "Provides-Extra: some.extra\r\n\r\nRequires-Dist: not-this\r\n"
    )
    assert parse_metadata(text.encode()) == CoreMetadata(
        name="Demo_X",
        version="1.0",
        requires_dist=("a>=1; extra == 'x'", "b"),
        requires_python=">=3.8",
        provides_extra=("some-extra",),
    )


@pytest.mark.parametrize("text", ["", "Name: x", "Version: 1", "\n\n", "no headers here", "Name:\nVersion: 1\n"])
def test_what_has_no_name_or_version_is_refused(text):
    with pytest.raises(ValueError, match="field"):
        parse_metadata(text.encode())


lines = st.text(alphabet="abc :;>=<.'\"()[]-1é\x0b\x1c\u2028", min_size=1, max_size=20).map(str.strip).filter(bool)


@given(
    requires=st.lists(lines, max_size=5), python=lines, extras=st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True))
)
def test_headers_are_read_as_packaging_reads_them(requires, python, extras):
    text = f"Metadata-Version: 2.1\nName: x\nVersion: 1\nRequires-Python: {python}\n"
    text += "".join(f"Requires-Dist: {value}\n" for value in requires)
    text += "".join(f"Provides-Extra: {value}\n" for value in extras) + "\nBody\n"
    raw, unparsed = parse_email(text.encode())
    found = parse_metadata(text.encode())
    if unparsed == {"description": ["Body\n"]} or not unparsed:
        assert list(found.requires_dist) == raw.get("requires_dist", [])
        assert found.requires_python == raw.get("requires_python", "")
        assert list(found.provides_extra) == list(dict.fromkeys(raw.get("provides_extra", [])))


@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    try:
        found = parse_metadata(content)
    except ValueError:
        return
    assert found.name
    assert found.version


def test_a_line_of_blanks_inside_a_field_does_not_end_the_headers():
    headers = "Metadata-Version: 2.1\nName: x\nVersion: 1\nLicense: BSD\n        \n        more\nRequires-Dist: y\n"
    text = headers + "\nName: z\n"
    assert parse_metadata(text.encode()).requires_dist == ("y",)
