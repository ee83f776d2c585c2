"""METADATA out of the last bytes of a wheel."""

import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.index.wheel_metadata import tail_of
from accelinstall.index.wheel_tail import TailMalformed, extract, find_directory, find_metadata
from accelinstall.testing import Member, make_wheel


def metadata_of(data, *, project="demo"):
    directory = find_directory(data, total=len(data))
    entry = find_metadata(data[directory.start : directory.stop], project=project)
    return extract(data[entry.start :], entry)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return make_wheel(tmp_path_factory.mktemp("w"), "demo", "1.0", files={"demo.py": b"x" * 5000}, requires=["idna"])


def expected(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("demo-1.0.dist-info/METADATA")


def test_metadata_is_what_zipfile_reads(wheel):
    assert metadata_of(wheel.read_bytes()) == expected(wheel)
    assert b"Requires-Dist: idna" in expected(wheel)


def test_stored_members_are_read_too(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", compression=zipfile.ZIP_STORED)
    assert metadata_of(path.read_bytes()) == expected(path)


def test_a_comment_after_the_end_is_allowed(wheel, tmp_path):
    path = tmp_path / "commented.whl"
    path.write_bytes(wheel.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\5\6 looks like an end" * 5
    assert metadata_of(path.read_bytes()) == expected(wheel)


def test_large_archives_keep_their_numbers_elsewhere(wheel):
    data = wheel.read_bytes()
    position = data.rfind(b"PK\5\6")
    entries, size, start = struct.unpack_from("<HLL", data, position + 10)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, position, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert metadata_of(data[:position] + end64 + locator + end) == expected(wheel)
    with pytest.raises(TailMalformed):
        metadata_of(data[:position] + locator + end)


def test_a_vendored_packages_metadata_is_not_taken(tmp_path):
    other = [
        Member(path="demo/_vendor/x-1.0.dist-info/METADATA", content="Name: x"),
        Member(path="x-1.0.dist-info/METADATA", content="Name: x"),
    ]
    path = make_wheel(tmp_path, "demo", "1.0", members=other)
    assert metadata_of(path.read_bytes()) == expected(path)
    with pytest.raises(TailMalformed, match="no METADATA"):
        metadata_of(path.read_bytes(), project="elsewhere")


@pytest.mark.parametrize("data", [b"", b"PK\5\6", b"no zip at all" * 100, b"PK\5\6" + b"\0" * 18])
def test_what_is_no_wheel_says_so(data):
    with pytest.raises(TailMalformed):
        metadata_of(data)


@given(data=st.data())
def test_a_damaged_wheel_gives_right_metadata_or_an_error(wheel, data):
    content = bytearray(wheel.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 40))
    content = bytes(content[: len(content) - cut])
    try:
        found = metadata_of(content)
    except TailMalformed:
        return
    assert found == expected(wheel)


@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    with pytest.raises(TailMalformed):
        metadata_of(content + b"PK\5\6" + content)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", metadata=lambda text: text + "x" * (40 << 20))
    with pytest.raises(TailMalformed, match="too large"):
        metadata_of(path.read_bytes())


@pytest.mark.parametrize(
    ("filename", "size", "tail"),
    [
        ("some-1.0-py3-none-any.whl", None, 64 << 10),
        ("some-1.0-py3-none-any.whl", 5_000, 5_000),
        ("some-1.0-py3-none-any.whl", 160 << 10, 160 << 10),
        ("some-1.0-py3-none-any.whl", 500_000, 64 << 10),
        ("some-1.0-py3-none-any.whl", 6_299_353, 6_299_353 // 24),
        ("some-1.0-py3-none-any.whl", 1 << 30, 512 << 10),
        ("some-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", 2_257_712, 64 << 10),
        ("some-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", 9_315_422, 9_315_422 // 40),
        ("some-1.0-cp39-abi3-manylinux_2_28_x86_64.whl", 539_136_850, 256 << 10),
        ("some-1.0-py3-none-manylinux_2_27_x86_64.whl", 539_136_850, 64 << 10),
        ("some", 539_136_850, 64 << 10),
    ],
)
def test_the_longer_a_directory_may_be_the_more_is_asked_for_at_first(filename, size, tail):
    assert tail_of(filename, size) == tail
