"""One wheel over several connections, from a loopback server that counts and misbehaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelinstall.errors import AccelinstallError
from accelinstall.events import FileAdvanced
from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.store import DownloadFailed, Store
from accelinstall.store.transfer.journal import write_journal
from accelinstall.testing import Fault, IndexServer, make_wheel
from tests.store.kit import Ear, Three, leftovers, locked, noise

PART = 256 << 10


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"), retry_delay=0.001, pace=Three, part=PART, streaming=False)


@pytest.fixture
def package(tmp_path: Path, server: IndexServer) -> LockedPackage:
    path = make_wheel(tmp_path / "wheels", "big", "1.0", files={"big/blob.bin": noise(6_000_000)})
    server.add(path)
    return locked(path, server)


def slow(server: IndexServer, package: LockedPackage, **more: object) -> None:
    """Connections slow enough that several work at once."""
    server.add_fault(server.file_path(package.filename), Fault(rate=12e6, **more))  # type: ignore[arg-type]


def test_further_connections_fetch_parts_and_every_byte_is_told_once(store, server, http, package, tmp_path):
    slow(server, package)
    ear = Ear()
    entry = store.fetch([package], http=http, progress=ear)[package.sha256]
    assert entry.name == "big"
    ranges = [request.range for request in server.requests]
    assert ranges[0] == ""
    assert len(ranges) > 3 and all(ranges[1:])
    assert len({request.connection for request in server.requests}) >= 3
    assert sum(event.amount for event in ear.of(FileAdvanced)) == package.size
    # What the first connection had under way when its end was cut off may come twice.
    assert server.bytes_sent("/files/") < package.size + 4_000_000
    assert leftovers(tmp_path / "cache") == []


def test_every_part_is_asked_for_under_the_tag_of_the_first_answer(store, server, http, package):
    slow(server, package)
    store.fetch([package], http=http)
    tags = {request.headers.get("if-range", "") for request in server.requests[1:]}
    assert len(tags) == 1 and "" not in tags


def test_a_server_that_says_nothing_of_ranges_is_asked_once(store, server, http, package):
    slow(server, package, headers={"Accept-Ranges": ""})
    store.fetch([package], http=http)
    assert server.count("/files/") == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(only_ranged=True, content_range="bytes 5-9/10"),
        Fault(only_ranged=True, content_range="nonsense"),
        Fault(only_ranged=True, ignore_ranges=True),
        Fault(only_ranged=True, status=416),
        Fault(only_ranged=True, times=1, shift_range=-7),
        Fault(only_ranged=True, times=1, content=noise(6_000_000, seed=1)),
        Fault(only_ranged=True, times=3, close_after=10_000),
        Fault(only_ranged=True, times=3, hang_up=True),
        Fault(only_ranged=True, times=2, status=503),
        Fault(only_ranged=True, times=2, stall_after=10_000, stall=5),
    ],
    ids=[
        "another-range",
        "no-range-header",
        "ranges-ignored",
        "range-refused",
        "bytes-from-elsewhere",
        "bytes-of-another-file",
        "closed-early",
        "hung-up",
        "busy",
        "stalled",
    ],
)
def test_trouble_with_parts_never_ends_in_wrong_bytes(store, server, http, package, fault, tmp_path):
    path = server.file_path(package.filename)
    server.add_fault(path, fault)
    server.add_fault(path, Fault(rate=12e6))
    entry = store.fetch([package], http=http)[package.sha256]
    assert Path(entry.root, "big/blob.bin").read_bytes() == noise(6_000_000)
    assert leftovers(tmp_path / "cache") == []


def test_a_file_that_changes_under_way_is_not_mixed(store, server, http, package):
    path = server.file_path(package.filename)
    # The first answer is of the locked file and breaks; parts of another file follow under another tag.
    server.add_fault(path, Fault(times=1, rate=12e6))
    server.add_fault(path, Fault(only_ranged=True, headers={"ETag": '"other"'}, content=noise(6_000_000, seed=1)))
    try:
        entry = store.fetch([package], http=http)[package.sha256]
    except AccelinstallError:
        assert store.get(package.sha256) is None
    else:
        assert Path(entry.root, "big/blob.bin").read_bytes() == noise(6_000_000)


def test_what_came_in_parts_is_kept_and_only_the_rest_is_asked_for(store, server, http, package, tmp_path):
    path = server.file_path(package.filename)
    server.add_fault(path, Fault(times=6, rate=12e6, close_after=500_000))
    server.add_fault(path, Fault(hang_up=True))
    with pytest.raises((DownloadFailed, AccelinstallError)):
        store.fetch([package], http=http)
    assert leftovers(tmp_path / "cache") == [f"{package.sha256}.whl", f"{package.sha256}.whl.parts"]
    server.clear_faults()
    server.clear_requests()
    ear = Ear()
    Store(store.root, part=PART, streaming=False).fetch(
        [package], http=HttpClient(environ={}, keyring=False), progress=ear
    )
    assert server.bytes_sent("/files/") < package.size
    assert all(request.range for request in server.requests)
    assert sum(event.amount for event in ear.of(FileAdvanced)) == package.size
    assert leftovers(tmp_path / "cache") == []


def test_a_journal_that_lies_is_found_out_by_the_hash(store, server, http, package):
    partial = store.partial(package.sha256, "whl")
    os.makedirs(os.path.dirname(partial))
    Path(partial).write_bytes(bytes(package.size))
    write_journal(partial, "", [(0, 1_000_000), (2_000_000, 3_000_000)])
    entry = store.fetch([package], http=http)[package.sha256]
    assert Path(entry.root, "big/blob.bin").read_bytes() == noise(6_000_000)
    assert server.requests[0].range == f"bytes=1000000-{2_000_000 - 1}"


def test_a_damaged_journal_means_the_first_byte(store, server, http, package):
    partial = store.partial(package.sha256, "whl")
    os.makedirs(os.path.dirname(partial))
    Path(partial).write_bytes(bytes(package.size))
    Path(partial + ".parts").write_text("accelinstall parts 1\n")
    store.fetch([package], http=http)
    assert server.requests[0].range == ""


def test_discarding_partial_downloads_takes_their_journals(store, server, http, package, tmp_path):
    partial = store.partial(package.sha256, "whl")
    os.makedirs(os.path.dirname(partial))
    Path(partial).write_bytes(b"x")
    write_journal(partial, "", [(0, 1)])
    os.makedirs(os.path.dirname(store.lock_path(package.sha256)))
    store.discard_partial()
    assert leftovers(tmp_path / "cache") == []
