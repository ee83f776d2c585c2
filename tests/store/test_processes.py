"""Processes that share a store, are interrupted, killed, or belong to somebody else."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from accelinstall.events import Event, FileAdvanced, FileStarted, PhaseAdvanced
from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.store import HashMismatch, Store
from accelinstall.testing import Fault, IndexServer, make_wheel
from tests.store.kit import Ear, leftovers, locked, noise, sha256_of, tree_of, unread

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and users")


def start(cache: Path, packages: list[LockedPackage]) -> subprocess.Popen[str]:
    rows = [text for package in packages for text in (package.url, package.sha256, str(package.size))]
    command = [sys.executable, "-m", "tests.store.fetcher", str(cache), *rows]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: str, *, size: int) -> None:
    deadline = time.monotonic() + 20
    while not os.path.exists(path) or os.path.getsize(path) < size:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def offer(server: IndexServer, folder: Path, name: str, size: int) -> LockedPackage:
    path = make_wheel(folder, name, "1.0", files={f"{name}/data.bin": noise(size), f"{name}/zeros": bytes(4 * size)})
    server.add(path)
    return locked(path, server)


def test_processes_over_one_cold_store_download_each_wheel_once(tmp_path: Path, server: IndexServer):
    packages = [offer(server, tmp_path / "wheels", f"pack{n}", 20_000 * n) for n in range(1, 13)]
    processes = [start(tmp_path / "cache", packages) for _ in range(3)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert len({answer for answer, _ in answers}) == 1
    assert len(json.loads(answers[0][0])) == 12
    assert sorted(request.path for request in server.requests) == sorted(
        server.file_path(package.filename) for package in packages
    )
    assert leftovers(tmp_path / "cache") == []


@posix
def test_an_interrupted_fetch_ends_though_the_server_stalls_and_the_next_goes_on(tmp_path: Path, server: IndexServer):
    package = offer(server, tmp_path / "wheels", "big", 6_000_000)
    path = server.file_path(package.filename)
    # The first request is for the end of the file, with its directory.
    server.add_fault(path, Fault(after=1, times=1, stall_after=1_000_000, stall=600))
    store = Store(str(tmp_path / "cache"))
    process = start(tmp_path / "cache", [package])
    wait_for(store.partial(package.sha256, "whl"), size=700_000)
    process.send_signal(signal.SIGINT)
    # The stall lasts ten minutes and the client's patience thirty seconds: only a real interruption ends in time.
    _, errors = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors
    assert leftovers(tmp_path / "cache") == [f"{package.sha256}.whl"]
    assert store.keys() == ()
    arrived = os.path.getsize(store.partial(package.sha256, "whl"))
    with HttpClient(environ={}, keyring=False) as http:
        store.fetch([package], http=http)
    assert server.requests[-1].range == f"bytes={arrived}-"


@posix
def test_killed_at_any_moment_the_next_fetch_makes_it_whole(tmp_path: Path, server: IndexServer):
    packages = [offer(server, tmp_path / "wheels", f"pack{n}", 2_000_000) for n in range(3)]
    moments = random.Random(7)
    cache = tmp_path / "cache"
    for _ in range(6):
        process = start(cache, packages)
        time.sleep(0.2 + moments.random() * 0.2)
        process.kill()
        process.communicate()
    with HttpClient(environ={}, keyring=False) as http:
        entries = Store(str(cache)).fetch(packages, http=http)
    for package in packages:
        tree = tree_of(entries[package.sha256].root)
        assert tree[f"{package.name}/data.bin"] == noise(2_000_000)
        assert {path: len(data) for path, data in tree.items()} == {
            file.path: file.size for file in entries[package.sha256].files
        }
    assert leftovers(cache) == []


linux = pytest.mark.skipif(sys.platform != "linux", reason="members are forked on Linux only")


def children_of(process: int) -> list[int]:
    with suppress(OSError):
        return [int(text) for text in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


@linux
def test_several_processes_bring_what_one_brings(tmp_path: Path, server: IndexServer):
    before = set(children_of(os.getpid()))
    packages = [offer(server, tmp_path / "wheels", f"pack{n}", 300_000 * n) for n in range(1, 9)]
    with HttpClient(environ={}, keyring=False) as http:
        alone = Store(str(tmp_path / "alone")).fetch(packages, http=http)
        server.requests.clear()
        ear = Ear()
        together = Store(str(tmp_path / "cache"), processes=lambda: 3).fetch(packages, http=http, progress=ear)
    assert [tree_of(entry.root) for entry in together.values()] == [tree_of(entry.root) for entry in alone.values()]
    assert [entry.files for entry in together.values()] == [entry.files for entry in alone.values()]
    assert sorted(request.path for request in server.requests) == sorted(
        server.file_path(package.filename) for package in packages
    )
    arrived = sum(event.amount for event in ear.events if isinstance(event, FileAdvanced))
    unpacked = [event for event in ear.events if isinstance(event, PhaseAdvanced) and event.phase == "unpack"]
    assert arrived == sum(package.size or 0 for package in packages)
    assert len(unpacked) == 8
    assert set(children_of(os.getpid())) <= before
    assert leftovers(tmp_path / "cache") == []


@linux
def test_the_error_of_a_member_is_raised_here_and_stops_all(tmp_path: Path, server: IndexServer):
    before = set(children_of(os.getpid()))
    packages = [offer(server, tmp_path / "wheels", f"pack{n}", 600_000) for n in range(6)]
    wrong = [replace(package, sha256=f"{number:064x}") for number, package in enumerate(packages)]
    with HttpClient(environ={}, keyring=False) as http, pytest.raises(HashMismatch):
        Store(str(tmp_path / "cache"), processes=lambda: 3).fetch(wrong, http=http)
    assert set(children_of(os.getpid())) <= before


@linux
def test_what_a_killed_member_had_in_hand_is_brought_by_the_first_process(tmp_path: Path, server: IndexServer):
    before = set(children_of(os.getpid()))
    packages = [offer(server, tmp_path / "wheels", f"pack{n}", 700_000) for n in range(6)]
    ear = Ear()

    def kill_members(event: Event) -> None:
        ear(event)
        if isinstance(event, FileStarted):
            # Other tests have children too.
            for process in set(children_of(os.getpid())) - before:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    with HttpClient(environ={}, keyring=False) as http:
        entries = Store(str(tmp_path / "cache"), processes=lambda: 2).fetch(packages, http=http, progress=kill_members)
    assert [tree_of(entry.root)[f"{entry.name}/data.bin"] for entry in entries.values()] == [noise(700_000)] * 6
    assert leftovers(tmp_path / "cache") == []
    told = sum(event.amount for event in ear.events if isinstance(event, FileAdvanced))
    assert told == sum(package.size or 0 for package in packages)


@linux
def test_limits_and_one_worker_are_kept_by_one_process(tmp_path: Path, server: IndexServer):
    packages = [offer(server, tmp_path / "wheels", f"pack{n}", 700_000) for n in range(4)]
    asked: list[int] = []

    def processes() -> int:
        asked.append(1)
        return 3

    for number, (options, connections) in enumerate([({"rate": 50_000_000}, 0), ({}, 2)]):
        with HttpClient(environ={}, keyring=False, **options) as http:
            store = Store(str(tmp_path / f"cache{number}"), connections=connections, processes=processes)
            assert len(store.fetch(packages, http=http)) == 4
    with HttpClient(environ={}, keyring=False) as http:
        assert len(Store(str(tmp_path / "one"), processes=processes).fetch(packages, http=http, workers=1)) == 4
    assert asked == []


def stalled(folder: Path, server: IndexServer) -> tuple[list[LockedPackage], subprocess.Popen[str], list[int]]:
    """Four wheels that stop half way, the process that fetches them, and its members; they have read what there is."""
    packages = [offer(server, folder / "wheels", f"pack{n}", 1_000_000) for n in range(4)]
    for package in packages:
        server.add_fault(server.file_path(package.filename), Fault(times=1, stall_after=600_000, stall=600))
    process = start(folder / "cache", packages)
    deadline = time.monotonic() + 20
    while server.bytes_sent() < 4 * 600_000 or unread(server):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return packages, process, children_of(process.pid)


@linux
def test_an_interruption_reaches_the_members(tmp_path: Path, server: IndexServer):
    packages, process, members = stalled(tmp_path, server)
    assert members
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors and errors.count("Traceback") == 1
    assert not any(Path(f"/proc/{member}").exists() for member in members)
    # What had arrived of each is kept for the next run, by whichever process it came to.
    assert leftovers(tmp_path / "cache") == sorted(f"{package.sha256}.whl" for package in packages)


@linux
def test_members_end_with_a_process_that_is_killed(tmp_path: Path, server: IndexServer):
    packages, process, members = stalled(tmp_path, server)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{member}").exists() for member in members):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # Pipes are closed by the members' end, not before.
    process.communicate()
    with HttpClient(environ={}, keyring=False) as http:
        assert len(Store(str(tmp_path / "cache")).fetch(packages, http=http)) == 4


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that other users can enter; pytest's own is private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


_AS_NOBODY = """
import json, os, sys
import accelinstall.net, accelinstall.store.fetching
from accelinstall.errors import AccelinstallError
from accelinstall.events import Event, FileAdvanced, FileStarted, PhaseAdvanced
from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.store import HashMismatch, Store
root, known, path, sha256, scratch = sys.argv[1:]
package = LockedPackage(name="other", version="1.0", filename=os.path.basename(path), sha256=sha256, path=path)
# Everything is imported before the other user, who may not read this Python, takes over.
Store(scratch).fetch([package], http=HttpClient(environ={}))
os.setgid(65534); os.setuid(65534)
store = Store(root)
entry = store.get(known)
served = list(store.fetch([], http=HttpClient(environ={})))
try:
    store.fetch([package], http=HttpClient(environ={}))
except AccelinstallError as error:
    print(json.dumps([entry.name, entry.shareable, error.code, error.hint]))
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs to become another user")
def test_a_store_of_another_user_serves_what_it_holds_unshared_and_says_that_it_cannot_grow(shared_folder: Path):
    wheels = [make_wheel(shared_folder / "wheels", name, "1.0") for name in ("known", "other")]
    cache = shared_folder / "cache"
    with HttpClient(environ={}) as http:
        Store(str(cache)).fetch([locked(wheels[0])], http=http)
    arguments = [str(cache), sha256_of(wheels[0]), str(wheels[1]), sha256_of(wheels[1])]
    arguments.append(str(shared_folder / "scratch"))
    done = subprocess.run([sys.executable, "-c", _AS_NOBODY, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    name, shareable, code, hint = json.loads(done.stdout)
    assert (name, shareable, code) == ("known", False, "cache-not-writable")
    assert "ACCELINSTALL_CACHE_DIR" in hint
