"""Linking many files: a second process helps, where it may, and nobody can tell from what it leaves."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installation.support import inventory_of, leftovers, lock_of, snapshot, transaction_to

FILES = 1_500
needs_two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"
)
# Installs what is pickled, and says what the callback heard; `{hook}` sees each audit event.
PROGRAM = """
import os, pickle, signal, sys, time
from accelinstall import events
from accelinstall.errors import AccelinstallError
from accelinstall.installation import execute
transaction, entries, interpreter, lock = pickle.load(open(sys.argv[1], "rb"))
own, forks, linked = os.getpid(), [], 0
def hook(event, arguments):
    if event == "os.fork":
        forks.append(event)
    if event == "os.link" and forks and os.getpid() != own:
        {in_copy}
sys.addaudithook(hook)
def progress(event):
    global linked
    if isinstance(event, events.PhaseAdvanced) and event.phase == "link":
        linked += event.amount
        {at_block}
try:
    execute(transaction, entries=entries, interpreter=interpreter, lock=lock, link_mode="{mode}", progress=progress)
except (AccelinstallError, KeyboardInterrupt) as error:
    print(getattr(error, "code", "interrupted"), end=" ")
print(len(forks), linked)
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("alone")
"""
ONE_CORE = "os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])"


@pytest.fixture
def crowd(interpreter, shelf, tmp_path):
    """A plan of many files, on disk."""
    package = shelf.add("crowd", files={f"crowd/f{n // 100}/m{n}.py": f"x = {n}" for n in range(FILES)})
    plan = (transaction_to(inventory_of(interpreter), [package]), dict(shelf.entries), interpreter, lock_of([package]))
    (tmp_path / "plan").write_bytes(pickle.dumps(plan))
    return package


def purelib(interpreter) -> Path:
    return Path(interpreter.schemes["purelib"])


def said_by(
    tmp_path, *, in_copy: str = "pass", at_block: str = "pass", before: str = "", mode: str = "hardlink"
) -> list[str]:
    program = f"import os\n{before}\n{PROGRAM.format(in_copy=in_copy, at_block=at_block, mode=mode)}"
    command = [sys.executable, "-c", program, str(tmp_path / "plan")]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()


@needs_two_cores
def test_two_processes_link_what_one_does_and_count_every_file(interpreter, crowd, tmp_path):
    empty = snapshot(interpreter)
    forks, linked, end = said_by(tmp_path)
    assert (forks, end) == ("1", "alone")
    by_two = snapshot(interpreter)
    assert {os.stat(path).st_nlink for path in (purelib(interpreter) / "crowd").rglob("*.py")} == {2}
    subprocess.run(
        [sys.executable, "-c", "import shutil, sys; shutil.rmtree(sys.argv[1])", purelib(interpreter)], check=True
    )
    purelib(interpreter).mkdir()
    assert snapshot(interpreter) == empty
    assert said_by(tmp_path, before=ONE_CORE) == ["0", linked, "alone"]
    assert snapshot(interpreter) == by_two
    assert FILES <= int(linked) <= FILES + 10


@needs_two_cores
@pytest.mark.parametrize("action", ["os._exit(9)", "os.kill(os.getpid(), 9)", "raise OSError(31, 'x')"])
def test_what_the_second_process_could_not_do_the_first_does(interpreter, crowd, tmp_path, action):
    count = f"forks.append(event)\n        if len(forks) > 100: {action}"
    forks, linked, end = said_by(tmp_path, in_copy=count)
    assert (forks, end) == ("1", "alone")
    assert FILES <= int(linked) <= FILES + 10
    assert len(list((purelib(interpreter) / "crowd").rglob("*.py"))) == FILES
    assert leftovers(interpreter) == []


@needs_two_cores
def test_a_file_that_vanished_is_named_whoever_had_to_link_it(interpreter, shelf, crowd, tmp_path):
    empty = snapshot(interpreter)
    os.unlink(f"{shelf.entries[crowd.sha256].root}/crowd/f14/m1450.py")
    assert said_by(tmp_path)[0] == "store-entry-gone"
    os.unlink(f"{shelf.entries[crowd.sha256].root}/crowd/f0/m1.py")
    assert said_by(tmp_path)[0] == "store-entry-gone"
    assert snapshot(interpreter) == empty
    assert leftovers(interpreter) == []


@needs_two_cores
def test_an_interrupt_ends_the_second_process_too(interpreter, crowd, tmp_path):
    empty = snapshot(interpreter)
    slow, stop = "time.sleep(0.05)", "raise KeyboardInterrupt"
    assert said_by(tmp_path, in_copy=slow, at_block=stop) == ["interrupted", "1", "256", "alone"]
    assert snapshot(interpreter) == empty
    assert leftovers(interpreter) == []


@needs_two_cores
def test_the_second_process_ends_with_the_first_one(interpreter, crowd, tmp_path):
    slow = "os.write(1, b'.'); time.sleep(0.001)"
    with pytest.raises(subprocess.CalledProcessError) as killed:
        said_by(tmp_path, in_copy=slow, at_block="os.kill(own, 9)")
    # No more than what it had in hand.
    assert len(killed.value.stdout) <= 256


def test_an_interrupt_waits_for_the_threads_that_copy(interpreter, crowd, tmp_path):
    empty = snapshot(interpreter)
    # In the thread that is waited for first.
    late = "os.kill(own, signal.SIGINT); time.sleep(0.5); forks.append('late')"
    first = f"if threading.current_thread().name.startswith('Thread-1 '): {late}"
    said = said_by(tmp_path, at_block=first, before="import threading", mode="copy")
    assert said[:2] == ["interrupted", "1"]
    assert said[-1] == "alone"
    assert snapshot(interpreter) == empty
    assert leftovers(interpreter) == []
