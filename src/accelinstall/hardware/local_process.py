"""Child processes that may never end: asked with a deadline, then left behind.

A process inside a wedged driver cannot be killed and waiting for it would hang as well.  Each child leads its own
session, so that Ctrl-C and a closing terminal do not reach it; at the deadline it gets a kill it may ignore, its pipe
is closed, and nobody waits.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Mapping, Sequence

from accelinstall.hardware.host import CommandAnswer

# Popen objects of children left behind: dropping one would warn about it, polling it reaps it if it ends after all.
_abandoned: list[subprocess.Popen[bytes]] = []


def run(
    command: Sequence[str], *, deadline: float, environ: Mapping[str, str] | None = None, longest: int = 1 << 20
) -> CommandAnswer:
    """What *command* prints on stdout within *deadline* seconds: at most *longest* bytes, bad ones replaced."""
    _abandoned[:] = [process for process in _abandoned if process.poll() is None]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=None if environ is None else dict(environ),
            start_new_session=True,
            creationflags=_without_window(),
        )
    except (OSError, ValueError):
        return CommandAnswer(status="missing")
    try:
        stdout, _ = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        _abandon(process)
        return CommandAnswer(status="hung")
    text = stdout[:longest].decode("utf-8", "replace")
    return CommandAnswer(status="finished", stdout=text.replace("\r\n", "\n"), returncode=process.returncode)


def abandoned() -> tuple[int, ...]:
    """Process ids of children that did not answer in time and have not ended since."""
    return tuple(process.pid for process in _abandoned if process.poll() is None)


def _abandon(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        process.kill()
    if process.stdout is not None and sys.platform != "win32":
        # On Windows a reader thread still holds the pipe, and closing it would wait for that thread.
        process.stdout.close()
    _abandoned.append(process)


def _without_window() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0
