"""Forked members: what they say arrives, they end when they should, and their errors are ours again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from accelinstall.events import FileAdvanced, FileStarted, Note, PhaseAdvanced
from accelinstall.net.errors import HttpError
from accelinstall.store import DiskFull, HashMismatch
from accelinstall.store.team import Team, Voice, event_of, packed_error, unpacked_error
from accelinstall.store.unpacking.refusals import RecordMismatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="members are forked on Linux only")


class Listener:
    """What members said, and in the end all of it."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def __call__(self, word: str, value: Any) -> None:
        self.heard.append((word, value))

    def values(self, word: str) -> list[Any]:
        return [value for said, value in self.heard if said == word]


def finish(team: Team) -> None:
    deadline = time.monotonic() + 20
    while team.is_busy():
        assert time.monotonic() < deadline
        team.join(0.1)
    team.ask_to_end()
    team.end(1.0)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_members_say_what_they_do_and_leave_no_process():
    hear = Listener()
    team = Team(3, lambda voice, stop: voice.say("process", os.getpid()), hear=hear)
    finish(team)
    processes = hear.values("process")
    assert len(set(processes)) == 3 and os.getpid() not in processes
    assert not any(map(is_alive, processes))


def test_events_arrive_as_they_were_and_bytes_are_added_up():
    def work(voice: Voice, stop: threading.Event) -> None:
        voice.progress(FileStarted(name="a.whl", size=2_000))
        for _ in range(2_000):
            voice.progress(FileAdvanced(name="a.whl", amount=1))
        voice.progress(Note(level="warning", code="wheel-flaw", message="ä", hint="ö"))
        voice.progress(FileAdvanced(name="a.whl", amount=-7))

    hear = Listener()
    finish(Team(1, work, hear=hear))
    events = [event_of(*value) for value in hear.values("event")]
    advanced = [event.amount for event in events if isinstance(event, FileAdvanced)]
    assert events[0] == FileStarted(name="a.whl", size=2_000)
    assert Note(level="warning", code="wheel-flaw", message="ä", hint="ö") in events
    assert sum(advanced) == 1_993
    assert len(advanced) < 1_000


def test_a_member_is_told_to_stop_and_one_that_does_not_hear_is_killed():
    def work(voice: Voice, stop: threading.Event) -> None:
        voice.say("process", os.getpid())
        stop.wait(60)
        voice.say("stopped")

    hear = Listener()
    team = Team(1, work, hear=hear)
    deadline = time.monotonic() + 20
    while not hear.values("process") and time.monotonic() < deadline:
        time.sleep(0.01)
    team.ask_to_end()
    team.end(5.0)
    assert hear.values("stopped") == [None]

    deaf = Team(1, lambda voice, stop: (voice.say("deaf", os.getpid()), time.sleep(60)), hear=hear)
    while not hear.values("deaf") and time.monotonic() < deadline:
        time.sleep(0.01)
    deaf.ask_to_end()
    deaf.end(0.1)
    assert not is_alive(hear.values("deaf")[0])


def test_a_member_that_is_killed_is_only_heard_no_more():
    def work(voice: Voice, stop: threading.Event) -> None:
        voice.say("before", 1)
        os.kill(os.getpid(), signal.SIGKILL)

    hear = Listener()
    finish(Team(2, work, hear=hear))
    assert hear.heard == [("before", 1)] * 2


def test_a_member_that_raises_ends_without_running_anything_of_the_process_it_came_from():
    def work(voice: Voice, stop: threading.Event) -> None:
        voice.say("before", 1)
        raise SystemExit(0)

    hear = Listener()
    finish(Team(1, work, hear=hear))
    assert hear.heard == [("before", 1)]


@pytest.mark.parametrize(
    "error",
    [
        HashMismatch(filename="a.whl", address="http://localhost/a.whl", source="", expected="0" * 64, found="1" * 64),
        DiskFull(directory="/cache", needed=10, free=1, doing="unpacking `a.whl`"),
        RecordMismatch(member="a.py", expected="1 byte", found="2").of(wheel="a.whl", source="http://localhost"),
        HttpError("http://localhost/", "it is gone", hint="look elsewhere"),
        RuntimeError("a fault of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_are_the_same_in_another_process(error: BaseException):
    again = unpacked_error(packed_error(error))
    assert type(again) is type(error) and again is not error
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_an_error_that_cannot_leave_its_process_is_left_out():
    assert unpacked_error(packed_error(ValueError(lambda: None))) is None


def test_where_the_system_grants_less_there_are_fewer_members_and_nothing_is_left_open():
    # Descriptors for the leash and for one member's pipe while it is forked, not for a second one.
    script = """
import os, resource
from accelinstall.store.team import Team
said = []
free = os.dup(0); os.close(free)
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 4, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
team = Team(5, lambda voice, stop: voice.say("here"), hear=lambda word, value: said.append(word))
while team.is_busy():
    team.join(0.1)
team.ask_to_end()
team.end(1.0)
assert os.dup(0) == free
print(said)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("['here']\n", "")


def test_a_progress_that_is_no_file_is_told_at_once():
    source, sink = os.pipe()
    Voice(sink).progress(PhaseAdvanced(phase="unpack", amount=1, detail="a.whl"))
    assert b"PhaseAdvanced" in os.read(source, 4096)
    os.close(source)
    Voice(sink).say("after the listener has gone")
    os.close(sink)
