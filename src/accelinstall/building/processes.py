"""Child processes that end together: when they are done, when time is up, and when the user stops us."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

_GRACE_SECONDS = 2.0


class TimeIsUp(Exception):
    """A process took longer than it may."""


class Processes:
    """Runs commands, each as a group of its own, so that whatever it starts ends with it.

    :param timeout: seconds a command may take; 0 = any.
    """

    def __init__(self, *, timeout: float = 0.0) -> None:
        self.timeout = timeout
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, command: Sequence[str], *, cwd: str, environ: Mapping[str, str], log: str) -> int:
        """The exit status of *command*; what it writes is appended to the file *log*.

        :raises TimeIsUp: when it was stopped because it took too long.
        :raises OSError: when it cannot be started.
        """
        with open(log, "ab") as output:
            process = self._start(command, cwd=cwd, environ=environ, output=output.fileno())
            try:
                return process.wait(self.timeout or None)
            except subprocess.TimeoutExpired:
                raise TimeIsUp from None
            finally:
                # Also for what it has left behind, and after Ctrl-C.
                _end(process)
                with self._lock:
                    self._running.discard(process)

    def stop(self) -> None:
        """Ends whatever runs, and lets nothing start any more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _end(process)

    def _start(
        self, command: Sequence[str], *, cwd: str, environ: Mapping[str, str], output: int
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise OSError(4, "interrupted")
            process = subprocess.Popen(
                list(command),
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
            self._running.add(process)
            return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and its group: asked first, made to after a moment."""
    _send(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    _send(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    if os.name != "nt":
        # The group outlives its first process, as long as anything of it runs.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
    elif process.poll() is None:
        process.kill()
