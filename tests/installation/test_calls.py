"""What one more small file costs: every call to the system, and what Python tells of itself where none may be seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from accelinstall.fs import choose_link_mode
from accelinstall.lockfile import render_lock
from accelinstall.model.lock import Lock
from accelinstall.testing import IndexServer, make_wheel
from tests.faults.kit import TARGET
from tests.store.kit import locked, noise

pytestmark = pytest.mark.skipif(sys.platform != "linux" or TARGET.libc[:5] != "glibc", reason="the lock is for glibc")

# One call has several names, by machine and by libc.
NAMES = {"openat": "open", "linkat": "link", "os.link": "link", "mkdirat": "mkdir", "os.mkdir": "mkdir"}
NAMES |= dict.fromkeys(("newfstatat", "fstat", "lstat", "fstatat64", "statx"), "stat")
# Threads and connections wait as often as they must.
WAITING = ("futex", "poll", "ppoll", "recvfrom", "clock_nanosleep", "wait4")

STRACE = ["strace", "-f", "-qq", "-c", "-U", "name,calls", "-o"]
# Runs the command line after the first argument; writes to that how often each event was told, and `pathlib` called.
# To ask a frame for its code is an event too.
PROGRAM = """
import collections, sys, threading
seen = []
def profile(frame, event, fact):
    if event == "call" and "pathlib" in frame.f_code.co_filename:
        seen.append("pathlib")
def hear(event, facts):
    if event != "object.__getattr__":
        seen.append(event)
sys.addaudithook(hear)
threading.setprofile(profile)
sys.setprofile(profile)
from accelinstall.__main__ import main
code = main(sys.argv[2:])
sys.setprofile(None)
with open(sys.argv[1], "w") as stream:
    stream.writelines(f"{name} {calls}\\n" for name, calls in collections.Counter(seen).items())
sys.exit(code)
"""


@dataclass(frozen=True)
class Shape:
    """A wheel of *files* small ones in *folders*, and one of *weight* bytes."""

    files: int
    folders: int = 5
    weight: int = 0

    def contents(self) -> dict[str, bytes]:
        found = {f"many/d{number % self.folders}/f{number}.py": b"x = %d\n" % number for number in range(self.files)}
        return {**found, "many/data.bin": noise(self.weight)}


Count = Callable[[Path], list[str]]
"""How to start accelinstall so that what it calls is written to a file."""


def by_strace(table: Path) -> list[str]:
    """Every call of every process."""
    return [*STRACE, str(table), sys.executable, "-m", "accelinstall"]


def by_audit(table: Path) -> list[str]:
    """What the first process told its audit hooks, and its calls of functions of ``pathlib``."""
    return [sys.executable, "-c", PROGRAM, str(table)]


@pytest.fixture(autouse=True)
def hardlink(tmp_path: Path) -> None:
    """Other ways into an environment cost more calls."""
    if choose_link_mode(str(tmp_path), str(tmp_path)) != "hardlink":
        pytest.skip("files are not hard-linked here")


@pytest.fixture(scope="module")
def strace() -> Count:
    """:func:`by_strace`, where it can."""
    try:
        done = subprocess.run([*STRACE, os.devnull, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("`strace` is not installed")
    if done.returncode:
        pytest.skip(f"`strace` may not trace here: {done.stderr.partition(chr(10))[0]}")
    return by_strace


def read_calls(table: Path) -> Counter[str]:
    """The table of calls and how often they were made."""
    found: Counter[str] = Counter()
    for line in table.read_text().splitlines():
        name, _, times = line.partition(" ")
        if times.strip().isdigit() and name not in ("total", *WAITING):
            found[NAMES.get(name, name)] += int(times)
    return found


def calls(folder: Path, server: IndexServer, shape: Shape, *, count: Count) -> dict[str, Counter[str]]:
    """The calls of installing a wheel of *shape* as it is fetched, from its outline, and from the store without one."""
    wheels = [
        make_wheel(folder / "wheels", "many", "1.0", files=shape.contents()),
        # Two that are heavy enough together are fetched by two processes.
        make_wheel(folder / "wheels", "other", "1.0"),
    ]
    for wheel in wheels:
        server.add(wheel)
    lock = folder / "pylock.many.toml"
    packages = tuple(locked(wheel, server) for wheel in wheels)
    lock.write_text(render_lock(Lock(target=TARGET, packages=packages)), encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull}
    found = {}
    for step in ("fetched", "outlined", "stored"):
        if step == "stored":
            shutil.rmtree(folder / "cache" / "shortcuts-v1")
        venv, table = folder / step, folder / f"{step}.calls"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        where = ["--venv", str(venv), "--cache-dir", str(folder / "cache"), "--no-proof", "--quiet"]
        subprocess.run([*count(table), "sync", str(lock), *where], check=True, env=environ, stdout=subprocess.DEVNULL)
        found[step] = read_calls(table)
    return found


def cost(folder: Path, few: Shape, many: Shape, *, more: int, count: Count) -> dict[str, dict[str, float]]:
    """How often each call is made for one of *more* files or folders; less than once for twenty is never."""
    with IndexServer() as server:
        # What is imported is compiled.
        calls(folder / "first", server, Shape(1), count=count)
        before = calls(folder / "few", server, few, count=count)
        after = calls(folder / "many", server, many, count=count)
    costs: dict[str, dict[str, float]] = {}
    for step, found in after.items():
        each = {name: round((found[name] - before[step][name]) / more, 1) for name in found}
        costs[step] = {name: times for name, times in each.items() if times}
    return costs


@pytest.mark.parametrize(
    ("few", "many"),
    [
        pytest.param(Shape(50), Shape(450), id="by one process"),
        # Enough for a second process at each step, and for a wheel to be unpacked out of its download.
        pytest.param(Shape(1_100, weight=25 << 20), Shape(3_100, weight=25 << 20), id="by two"),
    ],
)
def test_one_more_small_file_is_opened_written_closed_and_linked_once_and_never_looked_at(
    tmp_path: Path, strace: Count, few: Shape, many: Shape
) -> None:
    assert cost(tmp_path, few, many, more=many.files - few.files, count=strace) == {
        "fetched": {"open": 1, "write": 1, "close": 1, "link": 1},
        "stored": {"link": 1},
        "outlined": {"link": 1},
    }


def test_one_more_folder_is_made_once_in_the_store_and_once_in_each_environment(tmp_path: Path, strace: Count) -> None:
    assert cost(tmp_path, Shape(205), Shape(205, folders=205), more=200, count=strace) == {
        "fetched": {"mkdir": 2},
        "stored": {"mkdir": 1},
        # Its files are linked from one open folder to another.
        "outlined": {"mkdir": 1, "open": 2, "close": 2},
    }


def test_one_more_small_file_is_an_event_when_it_is_opened_and_when_it_is_linked_and_no_path_object(
    tmp_path: Path,
) -> None:
    assert cost(tmp_path, Shape(50), Shape(450), more=400, count=by_audit) == {
        "fetched": {"open": 1, "link": 1},
        "stored": {"link": 1},
        "outlined": {"link": 1},
    }
