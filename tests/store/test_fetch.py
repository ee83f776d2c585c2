"""Wheels from a real loopback server into a store, and what happens when the server misbehaves."""

from __future__ import annotations

import os
import stat
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from accelinstall.errors import AccelinstallError
from accelinstall.events import FileAdvanced, FileFinished, FileStarted, PhaseFinished, PhaseStarted
from accelinstall.net import HttpClient
from accelinstall.net.retries import RetryPolicy
from accelinstall.store import (
    CacheNotWritable,
    DiskFull,
    DownloadFailed,
    FarTooLarge,
    HashMismatch,
    HashUnusable,
    LocalWheelUnreadable,
    NotInStore,
    Store,
)
from accelinstall.store.transfer.pace import Sample
from accelinstall.testing import Fault, IndexServer, make_wheel
from tests.store.kit import Ear, leftovers, locked, noise, sha256_of, tree_of


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient(environ={}, keyring=False, timeout=5, retries=RetryPolicy(attempts=2, backoff=0.01)) as client:
        yield client


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"), retry_delay=0.001)


@pytest.fixture
def wheel(tmp_path: Path, server: IndexServer) -> Path:
    """Three MB that do not compress, so that a download has a middle."""
    files = {"big/__init__.py": "x = 1\n", "big/blob.bin": noise(3_000_000), "big/tool": "#!/bin/sh\n"}
    path = make_wheel(tmp_path / "wheels", "big", "1.0", files=files, executable=["big/tool"])
    server.add(path)
    return path


def test_a_fetched_wheel_is_unpacked_with_its_sizes_hashes_and_modes(store, server, http, wheel, tmp_path):
    package = locked(wheel, server)
    entry = store.fetch([package], http=http)[package.sha256]
    assert tree_of(entry.root)["big/blob.bin"] == noise(3_000_000)
    assert (entry.name, entry.version, entry.dist_info, entry.purelib) == ("big", "1.0", "big-1.0.dist-info", True)
    assert {file.path for file in entry.files} == set(tree_of(entry.root))
    assert [file.path for file in entry.files if file.executable] == ["big/tool"]
    assert "big-1.0.dist-info/RECORD" not in {file.path for file in entry.files}
    with zipfile.ZipFile(wheel) as archive:
        record = archive.read("big-1.0.dist-info/RECORD").decode().splitlines()
    assert [f"{file.path},sha256={file.sha256},{file.size}" for file in entry.files] == record[:-1]
    assert leftovers(tmp_path / "cache") == []


def test_a_second_fetch_asks_nobody(store, server, http, wheel):
    package = locked(wheel, server)
    first = store.fetch([package], http=http)
    assert server.count("/files/") == 1
    assert store.fetch([package], http=http) == first
    assert Store(store.root).get(package.sha256) == first[package.sha256]
    assert server.count("/files/") == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_store_files_are_read_only_and_as_young_as_their_unpacking(store, server, http, wheel):
    before = time.time() - 2
    package = locked(wheel, server)
    entry = store.fetch([package], http=http)[package.sha256]
    for file in entry.files:
        status = os.stat(f"{entry.root}/{file.path}")
        assert stat.S_IMODE(status.st_mode) & 0o222 == 0
        assert bool(status.st_mode & 0o100) is file.executable
        assert status.st_mtime >= before


def test_progress_tells_every_byte(store, server, http, wheel):
    ear, package = Ear(), locked(wheel, server)
    store.fetch([package], http=http, progress=ear)
    assert ear.of(FileStarted) == [FileStarted(name=wheel.name, size=package.size)]
    assert sum(event.amount for event in ear.of(FileAdvanced)) == package.size
    assert ear.of(FileFinished) == [FileFinished(name=wheel.name)]
    assert [(event.phase, event.total) for event in ear.of(PhaseStarted)] == [("download", package.size), ("unpack", 1)]
    assert [event.phase for event in ear.of(PhaseFinished)] == ["download", "unpack"]


def test_a_local_wheel_is_unpacked_where_it_lies_without_network(store, server, http, wheel, tmp_path):
    package = locked(wheel)
    assert store.fetch([package], http=http)[package.sha256].name == "big"
    assert server.count() == 0
    assert leftovers(tmp_path / "cache") == []
    assert wheel.exists()


def test_a_file_address_is_unpacked_where_it_lies(store, http, wheel):
    package = locked(wheel)
    entry = store.fetch([package], http=http, address=lambda _: wheel.as_uri())[package.sha256]
    assert entry.name == "big"


def test_a_mirror_is_asked_instead_of_the_locked_address(store, server, http, wheel):
    package = locked(wheel, server)
    seen = []

    def mirror(asked):
        seen.append(asked)
        return server.url_for("localhost") + server.file_path(wheel.name)

    store.fetch([package], http=http, address=mirror)
    assert seen == [package]
    assert server.requests[0].headers["host"].startswith("localhost")


def test_a_broken_stream_is_taken_up_where_it_broke(store, server, http, wheel):
    server.add_fault(server.file_path(wheel.name), Fault(times=2, close_after=1_000_000))
    package = locked(wheel, server)
    store.fetch([package], http=http)
    assert [request.range for request in server.requests][:1] == [""]
    assert all(request.range for request in server.requests[1:])
    assert server.count("/files/") == 3
    assert server.bytes_sent("/files/") == package.size


def test_a_stream_that_always_breaks_is_given_up_and_what_came_is_kept(store, server, http, wheel, tmp_path):
    server.add_fault(server.file_path(wheel.name), Fault(close_after=100_000))
    package = locked(wheel, server)
    with pytest.raises(DownloadFailed, match="broke off 5 times") as caught:
        store.fetch([package], http=http)
    assert (caught.value.code, caught.value.filename) == ("download-failed", wheel.name)
    assert leftovers(tmp_path / "cache") == [f"{package.sha256}.whl"]
    assert store.get(package.sha256) is None


def test_what_came_is_kept_however_often_the_callback_fails(store, server, http, wheel):
    package = locked(wheel, server)

    def fail(event: object) -> None:
        if isinstance(event, FileAdvanced):
            raise RuntimeError("the callback's own")

    with pytest.raises(RuntimeError, match="own"):
        store.fetch([package], http=http, progress=fail)
    assert os.path.getsize(store.partial(package.sha256, "whl")) > 0


def test_the_next_run_goes_on_from_there(store, server, http, wheel, tmp_path):
    test_a_stream_that_always_breaks_is_given_up_and_what_came_is_kept(store, server, http, wheel, tmp_path)
    server.clear_faults()
    arrived = server.bytes_sent("/files/")
    package = locked(wheel, server)
    Store(store.root).fetch([package], http=http)
    assert server.bytes_sent("/files/") == package.size
    assert server.requests[-1].range == f"bytes={arrived}-"
    assert leftovers(tmp_path / "cache") == []


def test_a_server_without_ranges_starts_over(store, server, http, wheel):
    path = server.file_path(wheel.name)
    server.add_fault(path, Fault(times=1, close_after=1_000_000))
    server.add_fault(path, Fault(ignore_ranges=True))
    package, ear = locked(wheel, server), Ear()
    store.fetch([package], http=http, progress=ear)
    assert server.bytes_sent("/files/") == 1_000_000 + package.size
    assert sum(event.amount for event in ear.of(FileAdvanced)) == package.size


def test_a_server_that_sends_another_range_starts_over(store, server, http, wheel):
    path = server.file_path(wheel.name)
    server.add_fault(path, Fault(times=1, close_after=1_000_000))
    server.add_fault(path, Fault(only_ranged=True, content_range="bytes 5-9/10"))
    package = locked(wheel, server)
    assert store.fetch([package], http=http)[package.sha256].name == "big"


def test_bytes_from_elsewhere_in_the_file_are_noticed_by_the_hash_and_fetched_again(store, server, http, wheel):
    path = server.file_path(wheel.name)
    server.add_fault(path, Fault(times=1, close_after=1_000_000))
    server.add_fault(path, Fault(times=1, only_ranged=True, shift_range=-7))
    package = locked(wheel, server)
    assert store.fetch([package], http=http)[package.sha256].name == "big"
    assert server.requests[-1].range == ""


def test_a_file_that_changed_between_two_runs_is_fetched_whole(store, server, http, wheel):
    package = locked(wheel, server)
    os.makedirs(os.path.join(store.directory, ".partial"))
    Path(store.partial(package.sha256, "whl")).write_bytes(b"another file" * 1000)
    assert store.fetch([package], http=http)[package.sha256].name == "big"
    assert [bool(request.range) for request in server.requests] == [True, False]


def test_a_partial_file_longer_than_the_wheel_is_not_believed(store, server, http, wheel):
    package = locked(wheel, server)
    os.makedirs(os.path.join(store.directory, ".partial"))
    Path(store.partial(package.sha256, "whl")).write_bytes(b"x" * (package.size + 1))
    assert store.fetch([package], http=http)[package.sha256].name == "big"
    assert [request.range for request in server.requests] == [""]


def test_a_whole_file_left_by_a_killed_run_is_used_without_asking(store, server, http, wheel):
    for size in (True, False):
        package = locked(wheel, server, size=size)
        os.makedirs(os.path.join(store.directory, ".partial"), exist_ok=True)
        Path(store.partial(package.sha256, "whl")).write_bytes(wheel.read_bytes())
        assert store.fetch([package], http=http)[package.sha256].name == "big"
        store.evict(package.sha256)
    assert server.count("/files/") == 0


def test_a_wrong_hash_is_refused_with_both_hashes_and_nothing_is_kept(store, server, http, wheel, tmp_path):
    expected = "0" * 64
    package = locked(wheel, server, sha256=expected)
    with pytest.raises(HashMismatch) as caught:
        store.fetch([package], http=http)
    error = caught.value
    assert (error.expected, error.found, error.address) == (expected, sha256_of(wheel), package.url)
    assert expected in error.message
    assert package.url in error.message
    assert tree_of(tmp_path / "cache" / "store-v1" / ".partial").keys() == {".writable"}
    assert store.keys() == ()


@pytest.mark.parametrize("key", ["", "../../evil", "A" * 64])
def test_what_is_no_hash_names_no_folder(store, server, http, wheel, key, tmp_path):
    package = replace(locked(wheel, server), sha256=key)
    with pytest.raises(HashUnusable, match=wheel.name):
        store.fetch([package], http=http)
    assert not (tmp_path / "cache").exists()


def test_a_longer_file_than_locked_is_refused_before_it_fills_the_disk(store, server, http, wheel):
    server.add_fault(server.file_path(wheel.name), Fault(content=noise(40_000_000, seed=1)))
    with pytest.raises(FarTooLarge, match="it has 40"):
        store.fetch([locked(wheel, server)], http=http)
    assert store.keys() == ()
    assert server.bytes_sent() < 20_000_000


def test_a_size_that_only_the_lock_is_wrong_about_is_no_reason_to_refuse(store, http, server, wheel):
    package = locked(wheel, server)
    assert store.fetch([replace(package, size=package.size - 100)], http=http)


def test_a_local_wheel_that_is_not_the_locked_one_is_refused_and_left_alone(store, http, wheel):
    with pytest.raises(HashMismatch):
        store.fetch([locked(wheel, sha256="0" * 64)], http=http)
    assert wheel.exists()


def test_a_local_wheel_that_is_gone_is_named(store, http, wheel):
    package = locked(wheel)
    wheel.unlink()
    with pytest.raises(LocalWheelUnreadable, match=wheel.name):
        store.fetch([package], http=http)


def test_a_missing_file_is_reported_as_the_server_says_it(store, server, http, tmp_path):
    gone = make_wheel(tmp_path / "wheels", "gone", "1.0")
    with pytest.raises(AccelinstallError) as caught:
        store.fetch([locked(gone, server)], http=http)
    assert caught.value.code == "not-found"


def test_the_room_that_large_wheels_need_is_known_to_the_byte_before_they_are_fetched(server, http, tmp_path):
    files = {"big/blob.bin": noise(900_000), "big/zeros.bin": bytes(40_000_000)}
    path = make_wheel(tmp_path / "wheels", "big", "1.0", files=files)
    server.add(path)
    package = locked(path, server)
    full = Store(str(tmp_path / "full"), free_bytes=lambda folder: 40_000_000, part=1 << 18)
    with pytest.raises(DiskFull, match=r"needs about 41 MB, 40 MB are free"):
        full.fetch([package], http=http)
    assert len(server.requests) == 1

    store = Store(str(tmp_path / "cache"), part=1 << 18)
    assert store.unpacked_size([package]) < 4_000_000
    store.look_ahead([package], http=http, addresses={package.sha256: package.url})
    expected = store.unpacked_size([package])
    server.clear_requests()
    entry = store.fetch([package], http=http)[package.sha256]
    assert 0 < expected - entry.size < 10_000  # RECORD, which is written by whoever installs
    assert all(request.range is None or not request.range.startswith("bytes=-") for request in server.requests)


def test_too_little_room_is_said_with_numbers_before_the_first_byte(server, http, wheel, tmp_path):
    store = Store(str(tmp_path / "cache"), free_bytes=lambda _: 5_000_000)
    with pytest.raises(DiskFull, match=r"needs about 9 MB, 5 MB are free") as caught:
        store.fetch([locked(wheel, server)], http=http)
    assert (caught.value.code, caught.value.free) == ("disk-full", 5_000_000)
    assert server.count() == 0


def test_a_file_of_unknown_size_is_judged_when_the_server_tells_it(server, http, wheel, tmp_path):
    store = Store(str(tmp_path / "cache"), free_bytes=lambda _: 2_000_000)
    with pytest.raises(DiskFull, match=f"downloading `{wheel.name}`"):
        store.fetch([locked(wheel, server, size=False)], http=http)
    assert store.keys() == ()


def test_the_exact_size_is_checked_before_unpacking(server, http, tmp_path):
    zeros = make_wheel(tmp_path / "wheels", "zeros", "1.0", files={"zeros/blob": b"\0" * 9_000_000})
    server.add(zeros)
    store = Store(str(tmp_path / "cache"), free_bytes=lambda _: 8_000_000)
    with pytest.raises(DiskFull, match=r"unpacking `zeros-1\.0-py3-none-any\.whl` needs about 9 MB"):
        store.fetch([locked(zeros, server)], http=http)
    assert leftovers(tmp_path / "cache") == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_disk_that_fills_up_meanwhile_is_the_same_clear_error(store, server, http, wheel):
    package = locked(wheel, server)
    os.makedirs(os.path.join(store.directory, ".partial"))
    os.symlink("/dev/full", store.partial(package.sha256, "whl"))
    with pytest.raises(DiskFull, match=f"no space left while fetching `{wheel.name}`"):
        store.fetch([package], http=http)
    assert store.keys() == ()


def test_a_cache_that_cannot_be_written_is_named_with_the_variable_that_moves_it(server, http, wheel, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheNotWritable) as caught:
        Store(str(tmp_path / "file" / "cache")).fetch([locked(wheel, server)], http=http)
    assert "ACCELINSTALL_CACHE_DIR" in caught.value.hint
    assert server.count() == 0


def test_without_network_what_is_missing_is_named_and_what_is_there_serves(store, server, http, wheel, tmp_path):
    other = make_wheel(tmp_path / "wheels", "other", "1.0")
    there, missing = locked(wheel), locked(other, server)
    store.fetch([there], http=http)
    with HttpClient(offline=True, environ={}) as offline:
        assert store.fetch([there], http=offline)
        with pytest.raises(NotInStore, match=other.name) as caught:
            store.fetch([there, missing], http=offline)
    assert caught.value.filenames == (other.name,)


def test_many_wheels_are_each_downloaded_once_and_answered_in_the_order_asked(store, server, http, tmp_path):
    wheels = [make_wheel(tmp_path / "wheels", f"pack{n}", "1.0", files={f"pack{n}.py": "#" * n}) for n in range(20)]
    for path in wheels:
        server.add(path)
    packages = [locked(path, server) for path in wheels]
    entries = store.fetch([*packages, *packages], http=http)
    assert [entries[key].name for key in entries] == [package.name for package in packages]
    assert server.count("/files/") == 20
    assert store.keys() == tuple(sorted(entries))


def test_the_largest_wheels_are_asked_for_first(store, server, http, tmp_path):
    wheels = [
        make_wheel(tmp_path / "wheels", f"pack{n}", "1.0", files={f"pack{n}.py": noise(n * 1000)}) for n in range(1, 6)
    ]
    for path in wheels:
        server.add(path)
    store.fetch([locked(path, server) for path in wheels], http=http, workers=1)
    sizes = [request.sent for request in server.requests]
    assert sizes == sorted(sizes, reverse=True)


def test_one_failure_stops_the_others_and_what_was_complete_stays(store, server, http, wheel, tmp_path):
    small = make_wheel(tmp_path / "wheels", "small", "1.0")
    good, bad = locked(wheel, server), locked(small, server)
    with pytest.raises(AccelinstallError):
        store.fetch([good, bad], http=http, workers=1)
    assert store.keys() == (good.sha256,)


def test_no_more_connections_are_used_than_allowed(server, http, tmp_path):
    wheels = [make_wheel(tmp_path / "many", f"one{number}", "1.0") for number in range(9)]
    for path in wheels:
        server.add(path)
    seen: list[int] = []

    def listen(event: object) -> None:
        if isinstance(event, FileStarted | FileAdvanced | FileFinished):
            seen.append(sum(thread.name.startswith("accelinstall-fetch-") for thread in threading.enumerate()))

    store = Store(str(tmp_path / "cache"), connections=2)
    store.fetch([locked(path, server) for path in wheels], http=http, progress=listen)
    assert 1 <= max(seen) <= 2
    assert store.pace().decide(Sample(rate=1.0, files=2, extra=0, waiting=1.0)) == 0
