"""A copy of the process that does a part of its work; in processes of their own, since this one has threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from accelinstall.forked import can_fork, fork

needs_two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"
)


def said_by(program: str) -> str:
    program = f"import os, sys, time, threading\nfrom accelinstall.forked import Forked, can_fork, fork\n{program}"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    ).stdout


@needs_two_cores
def test_finish_tells_whether_the_work_returned():
    assert said_by("print(fork(lambda alive: alive() or 1 / 0).finish())") == "True\n"
    assert said_by("print(fork(lambda alive: 1 / 0).finish())") == "False\n"
    assert said_by("print(fork(lambda alive: os._exit(3)).finish())") == "False\n"


@needs_two_cores
def test_what_the_process_has_still_to_do_is_done_once():
    program = """
import atexit
atexit.register(print, "end")
sys.stdout.write("begun ")
try:
    helper = fork(lambda alive: sys.exit(0))
finally:
    sys.stdout.write("cleaned ")
print(helper.finish())
"""
    assert said_by(program) == "begun cleaned False\nend\n"


@needs_two_cores
def test_a_copy_that_is_stopped_is_gone():
    program = """
helper = fork(lambda alive: time.sleep(60))
pid = helper._pid
helper.stop(), helper.stop()
print(os.path.exists(f"/proc/{pid}"))
"""
    assert said_by(program) == "False\n"


@needs_two_cores
def test_a_copy_sees_that_it_is_alone():
    program = """
reader, writer = os.pipe()
def work(alive):
    while alive():
        time.sleep(0.01)
    os.write(writer, b"alone")
if os.fork() == 0:
    fork(work)
    os.kill(os.getpid(), 9)
print(os.read(reader, 10).decode())
"""
    assert said_by(program) == "alone\n"


def test_a_process_with_other_threads_or_one_core_is_not_copied():
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    try:
        assert not can_fork()
        assert fork(lambda alive: None) is None
    finally:
        held.set()
        thread.join()
    if hasattr(os, "sched_setaffinity"):
        alone = "os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])"
        assert said_by(f"{alone}\nprint(can_fork())") == "False\n"


@needs_two_cores
def test_no_process_where_the_system_grants_none():
    program = """
def refuse(event, arguments):
    if event == "os.fork":
        raise BlockingIOError(11, "no more processes")
sys.addaudithook(refuse)
print(can_fork(), fork(lambda alive: None))
"""
    assert said_by(program) == "True None\n"
