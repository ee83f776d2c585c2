"""Disks that are full, read-only or swept clean while a run is on, and clocks that jump."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from accelinstall import events, pipeline
from accelinstall.errors import AccelinstallError
from accelinstall.pipeline.request import Request
from tests.faults.kit import ROUNDS, Bench
from tests.store.kit import noise

# Each file takes a page at least, so what is really needed is far beyond what sizes tell.
MANY = {f"many/f{n}.py": f"x = {n}\n" for n in range(400)}
FULL = {"disk-full", "no-space"}


class Disk:
    """A small file system of its own at *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set(self, options: str) -> None:
        """Change its size, or whether it can be written."""
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.path)], check=True)


@contextmanager
def mounted(path: Path, size: int) -> Iterator[Disk]:
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True)
    if made.returncode:
        pytest.skip("file systems can be mounted by root only")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted(tmp_path / "disk", 64 << 20) as made:
        yield made


@pytest.fixture
def locks(bench: Bench) -> tuple[Path, Path]:
    """(old, new)."""
    old = bench.wheel("a", "1.0", files={"a.py": "v = 1\n", "a.bin": noise(40_000)})
    new = [bench.wheel("a", "2.0", files={"a.py": "v = 2\n"}), bench.wheel("many", files=MANY)]
    return bench.lock("old", [old]), bench.lock("new", new)


def used(disk: Disk) -> int:
    status = os.statvfs(disk.path)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def sizes(low: int, high: int) -> Iterator[int]:
    step = (high - low) // (60 if ROUNDS else 7)
    return iter(range(low, high, step))


def test_a_store_that_fills_up_at_any_moment(bench: Bench, disk: Disk, locks: tuple[Path, Path]) -> None:
    old, new = locks
    cache = disk.path / "cache"
    bench.good(old)
    before = bench.state()
    bench.good(new, cache=cache)
    full, after, refused = used(disk), bench.state(), 0
    for size in sizes(64 << 10, full + (64 << 10)):
        bench.good(old)
        bench.forget(cache)
        disk.set(f"size={size}")
        done = bench.sync(new, "--json", cache=cache)
        if done.status == 0:
            assert bench.state() == after
        else:
            refused += 1
            assert done.error["code"] in FULL and "free" in done.error["message"], done.out
            assert done.error["hint"]
            assert bench.state() == before
        disk.set(f"size={2 * full}")
        bench.good(new, cache=cache)
        assert bench.state() == after and bench.untrue() == []
    assert refused > 3


def test_a_target_that_fills_up_at_any_moment(bench: Bench, disk: Disk, locks: tuple[Path, Path]) -> None:
    old, new = locks
    venv = disk.path / "venv"
    bench.good(old, venv=venv)
    before, least = bench.state(venv), used(disk)
    bench.good(new, venv=venv)
    after, most, refused = bench.state(venv), used(disk), 0
    for size in sizes(least + (8 << 10), 2 * most):
        bench.good(old, venv=venv)
        disk.set(f"size={size}")
        done = bench.sync(new, "--json", venv=venv)
        if done.status == 0:
            assert bench.state(venv) == after
        else:
            refused += 1
            assert done.error["code"] in {*FULL, "commit-failed"}, done.out
            assert bench.state(venv) == before
        disk.set(f"size={64 << 20}")
        bench.good(new, venv=venv)
        assert bench.state(venv) == after and bench.untrue(venv) == []
    assert refused > 1


@pytest.mark.parametrize("where", ["store", "target"])
def test_a_file_that_may_not_grow_is_a_refusal(bench: Bench, where: str) -> None:
    lock = bench.lock("big", [bench.wheel("big", files={"big/blob": noise(900_000)})])
    bench.good(bench.lock("none", []))
    before = bench.state()
    if where == "target":
        bench.good(lock, venv=bench.root / "other")
    done = bench.sync(lock, "--json", "--link-mode", "copy", largest_file=200_000)
    assert done.status == 1 and "File too large" in done.error["message"], done.out
    assert bench.state() == before
    bench.good(lock)
    assert bench.untrue() == []


def test_a_target_that_cannot_be_written(bench: Bench, disk: Disk, locks: tuple[Path, Path]) -> None:
    old, new = locks
    venv = disk.path / "venv"
    bench.good(old, venv=venv)
    before = bench.state(venv)
    disk.set("ro")
    done = bench.sync(new, "--json", venv=venv)
    assert done.status == 1 and "--venv" in done.error["hint"], done.out
    assert bench.server.count("/files/many") == 0
    disk.set("rw")
    assert bench.state(venv) == before
    bench.good(new, venv=venv)
    assert bench.untrue(venv) == []


def test_a_store_that_cannot_be_written_serves_what_it_holds(
    bench: Bench, disk: Disk, locks: tuple[Path, Path]
) -> None:
    old, new = locks
    cache = disk.path / "cache"
    bench.good(old, cache=cache)
    disk.set("ro")
    bench.good(old, cache=cache, venv=bench.root / "second")
    assert bench.untrue(bench.root / "second") == []
    before = bench.state()
    done = bench.sync(new, "--json", cache=cache)
    assert (done.status, done.error["code"]) == (1, "cache-not-writable")
    assert "ACCELINSTALL_CACHE_DIR" in done.error["hint"]
    assert bench.state() == before


def test_a_wheelhouse_without_room_is_refused_before_the_first_byte_and_when_it_fills_up(
    bench: Bench, disk: Disk, locks: tuple[Path, Path]
) -> None:
    lock = bench.lock("big", [bench.wheel("big", files={"big/blob": noise(900_000)})])
    disk.set(f"size={400 << 10}")
    done = bench.download(lock, disk.path / "house", "--json")
    assert (done.status, done.error["code"]) == (1, "folder-full")
    assert "--dest" in done.error["hint"] and "kB are free" in done.error["message"]
    assert bench.server.count("/files/") == 0
    disk.set(f"size={64 << 20}")
    done = bench.download(lock, disk.path / "house", "--json", largest_file=200_000)
    assert (done.status, done.error["code"]) == (1, "folder-not-writable")
    assert bench.download(lock, disk.path / "house").status == 0


def test_a_store_on_another_disk_is_copied_from(bench: Bench, disk: Disk, locks: tuple[Path, Path]) -> None:
    cache = disk.path / "cache"
    done = bench.good(locks[1], cache=cache)
    assert "by copy" in done.out
    stored = next((cache / "store-v1").glob("*/tree/many/f1.py"))
    installed = next(bench.venv.rglob("many/f1.py"))
    assert stored.stat().st_ino != installed.stat().st_ino or stored.stat().st_dev != installed.stat().st_dev
    installed.write_text("edited")
    assert stored.read_text() == "x = 1\n"


def test_a_store_removed_at_any_moment_is_filled_again(bench: Bench, locks: tuple[Path, Path]) -> None:
    old, new = locks
    bench.good(new)
    after = bench.state()
    bench.good(old)
    before = bench.state()
    outcomes = set()
    for number in range(60 if ROUNDS else 8):
        bench.forget(bench.cache)
        bench.good(old)
        if number % 2:
            bench.good(new, venv=bench.root / "filler")  # the store holds everything
        outcomes.add(sweep_at(bench, new, number // 2))
        assert bench.state() in (before, after)
        bench.good(new)
        assert bench.state() == after and bench.untrue() == []
        bench.good(old)
        assert bench.state() == before
    assert outcomes == {""}


def sweep_at(bench: Bench, lock: Path, moment: int) -> str:
    """The code that a sync ends with when the store vanishes at its *moment*-th event; empty when it ends well."""
    seen = 0

    def progress(event: events.Event) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            shutil.rmtree(bench.store, ignore_errors=True)

    request = Request(
        lock_file=str(lock), venv=str(bench.venv), cache_directory=str(bench.cache), prove=False, environ={}
    )
    try:
        pipeline.sync(request, progress=progress)
    except AccelinstallError as error:
        return f"{error.code}: {error.message}"
    return ""


def everything(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        yield folder
        yield from (os.path.join(folder, name) for name in names)


@pytest.mark.parametrize("moment", [0.0, 1e9, 2.0**31 + 5, 2.0**32 + 5], ids=["1970", "2001", "2038", "2106"])
def test_a_clock_that_jumps_changes_nothing(bench: Bench, moment: float) -> None:
    """Times of everything on disk are of another age, as after a clock that was set; wheels of equal size follow."""
    first, second = (bench.wheel("a", f"{n}.0", files={"a.py": f"v = {n}\n"}) for n in (1, 2))
    old, new = bench.lock("old", [first]), bench.lock("new", [second])
    jump: Callable[[], object] = lambda: [  # noqa: E731
        os.utime(path, (moment, moment), follow_symlinks=False)
        for folder in (bench.cache, bench.venv)
        for path in everything(folder)
    ]
    for lock, value in ((old, "1"), (new, "2"), (old, "1"), (new, "2")):
        bench.good(lock)
        # Runs, so that bytecode of the module is there, and of the age that the module has.
        assert bench.says("import a; print(a.v)") == value
        jump()
    assert bench.untrue() == []
    asked = bench.server.count()
    bench.good(old)
    assert bench.server.count() == asked
