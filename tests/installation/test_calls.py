"""What one more small file costs, in calls to the system that Python tells its audit hooks of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from accelinstall.lockfile import render_lock
from accelinstall.model.lock import Lock
from accelinstall.testing import IndexServer, make_wheel
from tests.faults.kit import TARGET
from tests.store.kit import locked

FOLDERS = 5

# Runs the command line after the first argument and writes to that how often each event was told; of files that are
# opened only those beside it count, since Python opens modules as well.
PROGRAM = """
import collections, json, os, sys
seen, here = [], os.path.dirname(sys.argv[1])
def hear(event, facts):
    if event != "open" or str(facts[0]).startswith(here):
        seen.append(event)
sys.addaudithook(hear)
from accelinstall.__main__ import main
code = main(sys.argv[2:])
found = collections.Counter(seen)
with open(sys.argv[1], "w") as stream:
    json.dump(found, stream)
sys.exit(code)
"""


def calls(folder: Path, server: IndexServer, count: int, *, again: bool = False) -> Counter[str]:
    """The events of installing a wheel of *count* files; *again*: into a second environment, from what is stored."""
    files = {f"many/d{number % FOLDERS}/f{number}.py": f"x = {number}\n" for number in range(count)}
    wheel = make_wheel(folder / "wheels", "many", "1.0", files=files)
    server.add(wheel)
    lock = folder / "pylock.many.toml"
    lock.write_text(render_lock(Lock(target=TARGET, packages=(locked(wheel, server),))), encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull}
    for venv in ("one", "two") if again else ("one",):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / venv)], check=True)
        where = ["--venv", str(folder / venv), "--cache-dir", str(folder / "cache"), "--no-proof", "--quiet"]
        command = [sys.executable, "-c", PROGRAM, str(folder / "calls.json"), "sync", str(lock), *where]
        subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL)
    return Counter(json.loads((folder / "calls.json").read_text()))


@pytest.mark.skipif(sys.platform != "linux" or TARGET.libc[:5] != "glibc", reason="the lock is for glibc")
@pytest.mark.parametrize(("again", "opens"), [(False, 100), (True, 0)])
def test_a_hundred_small_files_more_are_a_hundred_files_opened_and_linked(
    tmp_path: Path, again: bool, opens: int
) -> None:
    with IndexServer() as server:
        few = calls(tmp_path / "few", server, 50, again=again)
        many = calls(tmp_path / "many", server, 150, again=again)
    more = many - few
    assert (more["os.link"], more["open"]) == (100, opens)
    # Folders are made once, and nothing is listed, renamed or removed file by file.
    for event in ("os.mkdir", "os.listdir", "os.scandir", "os.rename", "os.remove", "os.chmod", "os.utime"):
        assert more[event] <= 2, (event, more[event])
