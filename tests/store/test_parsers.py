"""Parsers refuse or answer, whatever the bytes; manifests come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.model.lock import LockedPackage
from accelinstall.model.store import StoredFile
from accelinstall.store import WheelRefused
from accelinstall.store.manifest import Manifest, ManifestDamaged, parse_manifest, render_manifest
from accelinstall.store.unpacking.archive import Read, read_members
from accelinstall.store.unpacking.examination import examine, folded
from accelinstall.store.unpacking.members import content_of, find_inflater
from accelinstall.store.unpacking.record import Row, parse_record
from accelinstall.store.unpacking.refusals import RecordMalformed
from tests.store.hostile import GOOD
from tests.store.rawzip import digest

PACKAGE = LockedPackage(name="evil", version="1.0", filename="evil-1.0-py3-none-any.whl", sha256="0" * 64)
printable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30)
stored = st.builds(
    StoredFile,
    path=printable,
    size=st.integers(0, 1 << 40),
    sha256=st.binary(min_size=32, max_size=32).map(lambda raw: digest(raw).partition("=")[2]),
    executable=st.booleans(),
)
manifests = st.builds(
    Manifest,
    name=printable,
    version=printable,
    dist_info=printable,
    purelib=st.booleans(),
    files=st.lists(stored, max_size=5).map(tuple),
    boot=printable,
    warnings=st.lists(printable, max_size=3).map(tuple),
)


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def swallow(data: bytes) -> str:
    """What is said about the wheel *data*, empty when it is read whole."""
    zlib = find_inflater()
    read = reader(data)
    try:
        members = read_members(read, len(data))
        examine(members, package=PACKAGE, text=lambda member: content_of(member, read, zlib))
        for member in members:
            content_of(member, read, zlib)
    except WheelRefused as refusal:
        return refusal.message
    return ""


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_wheel_with_changed_bytes_is_refused_or_read_but_never_crashes(changes: list[tuple[int, int]]):
    data = bytearray(GOOD)
    for position, value in changes:
        data[position] = value
    assert swallow(bytes(data)).isprintable()


@settings(max_examples=200)
@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=40))
def test_a_wheel_with_a_part_cut_out_or_put_in_is_refused_or_read_but_never_crashes(one: int, other: int, new: bytes):
    start, stop = sorted((one, other))
    assert swallow(GOOD[:start] + new + GOOD[stop:]).isprintable()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_refusal_or_a_wheel(data: bytes):
    assert swallow(data).isprintable()


@given(st.one_of(st.binary(max_size=200), st.text(alphabet='a,"=\r\n0\0é', max_size=40).map(str.encode)))
def test_any_record_is_rows_or_a_refusal(data: bytes):
    try:
        rows, message = parse_record(data, where="x"), ""
    except RecordMalformed as refusal:
        rows, message = {}, refusal.message
    assert message.isprintable()
    assert all(isinstance(row, Row) for row in rows.values())


def test_record_reads_quotes_line_ends_marks_and_hexadecimal():
    text = '\ufeff"a,b.py",sha256=QUI,3\r\n\r\nc.py,SHA256=' + "00" * 32 + ",\r\nd.py,,\r\n"
    rows = parse_record(text.encode(), where="x")
    assert rows == {
        "a,b.py": Row("sha256", "QUI", 3),
        "c.py": Row("sha256", "A" * 43, None),
        "d.py": Row("", "", None),
    }
    assert parse_record(text.replace('"a,b.py"', "a").encode(), where="x")["a"] == Row("sha256", "QUI", 3)


@given(manifests)
def test_a_manifest_comes_back_as_it_was(manifest: Manifest):
    assert parse_manifest(render_manifest(manifest)) == manifest


@given(manifests, st.data())
def test_a_manifest_cut_off_anywhere_is_refused(manifest: Manifest, data: st.DataObject):
    text = render_manifest(manifest)
    with pytest.raises(ManifestDamaged):
        parse_manifest(text[: data.draw(st.integers(0, len(text) - 1))])


@pytest.mark.parametrize(("one", "other"), [("a/B.py", "A/b.PY"), ("é", "E\u0301"), ("ﬁ", "FI"), ("straße", "STRASSE")])
def test_paths_that_some_file_system_takes_for_one_fold_alike(one: str, other: str):
    assert folded(one) == folded(other)
