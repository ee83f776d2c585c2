"""Parsers refuse or answer, whatever the bytes; manifests come back as they were."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.model.lock import LockedPackage
from accelinstall.model.store import StoredFile
from accelinstall.store import WheelRefused
from accelinstall.store.manifest import Manifest, ManifestDamaged, parse_manifest, render_manifest
from accelinstall.store.unpacking.archive import Member, Read, read_members
from accelinstall.store.unpacking.examination import are_plain, examine, folded, judge_each
from accelinstall.store.unpacking.members import content_of, find_inflater
from accelinstall.store.unpacking.record import Row, parse_each, parse_record
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


cell = st.text(alphabet="sha256=-_Ab", max_size=8)
digest_cell = st.sampled_from(
    ["", f"sha256={'aB-_' * 10}abc", f"sha256={'a' * 43}=", f"SHA256={'a' * 43}", f"sha512={'a' * 64}"]
)
record_row = st.tuples(
    st.sampled_from(["a.py", "b/c.py", "é.py", '"a,b"', "\x0b", "\u2028", " ", "a\rb"]) | cell,
    digest_cell | cell,
    st.sampled_from(["", "0", "12", "\u0663", "-1", "9" * 19]),
).map(",".join)


@settings(max_examples=500)
@given(st.lists(record_row, max_size=4), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_rows_read_at_once_are_those_read_one_by_one(rows: list[str], end: str, is_ended: bool):
    text = end.join(rows) + (end if is_ended else "")

    def answer(read: Callable[[], dict[str, Row]]) -> object:
        try:
            return list(read().items())
        except RecordMalformed as refusal:
            return refusal.message

    assert answer(lambda: parse_record(text.encode(), where="RECORD")) == answer(
        lambda: parse_each(text, where="RECORD")
    )


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


name = st.sampled_from(["a", "A", "b.py", "B.py", "..", ".", "", ".git", "C:", "x\\y", "é", "\x7f", "\n", "n" * 130])
member = st.builds(
    Member,
    path=st.lists(name, min_size=1, max_size=3).map("/".join),
    method=st.just(8),
    crc=st.just(0),
    packed_size=st.just(0),
    size=st.just(0),
    mode=st.sampled_from([0o100644, 0o100644, 0o100755, 0o120777, 0o040755]),
    start=st.just(0),
)
plain_member = st.lists(st.sampled_from("aAbB"), min_size=1, max_size=4).map("/".join)


@settings(max_examples=500)
@given(st.lists(member, max_size=4) | st.lists(plain_member.map(lambda path: Member(path, 8, 0, 0, 0, 0o100644, 0))))
def test_members_that_are_plain_together_are_found_in_order_one_by_one(members: list[Member]):
    try:
        files = judge_each(members)
    except WheelRefused:
        assert not are_plain(members)
    else:
        assert files == members or not are_plain(members)


PLAIN = ["pkg/__init__.py", "pkg/a b/m.py", "pkg/A.py", "pkg-1.0.dist-info/RECORD", "a/" * 127 + "b"]
ODD = ["", "/a", "a/", "a//b", "./a", "../a", "a/.", "a/./b", "a/../b", "C:/a", "a\\b", "a\x7f", "a\nb", "é", "b" * 256]


def test_a_plain_wheel_is_seen_to_be_plain():
    assert are_plain([Member(path, 8, 0, 0, 0, 0o100644, 0) for path in PLAIN])


@pytest.mark.parametrize("odd", [*ODD, "pkg/a.py", "PKG/__init__.py/x", "pkg"])
def test_a_wheel_with_one_odd_path_is_not_plain(odd: str):
    for paths in ([*PLAIN, odd], [odd, *PLAIN]):
        assert not are_plain([Member(path, 8, 0, 0, 0, 0o100644, 0) for path in paths])


def test_a_line_end_in_a_path_does_not_make_up_for_a_path_that_is_there_twice():
    assert not are_plain([Member(path, 8, 0, 0, 0, 0o100644, 0) for path in ("a\nb", "a")])


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o020644, 0o644])
def test_a_wheel_with_one_odd_kind_is_not_plain(mode: int):
    assert not are_plain([Member("a", 8, 0, 0, 0, 0o100644, 0), Member("b", 8, 0, 0, 0, mode, 0)])
