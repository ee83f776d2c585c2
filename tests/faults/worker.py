"""Command lines, each run in a process forked with everything imported: a kill then hits work, not imports.

``python -m tests.faults.worker`` reads one JSON object a line, ``{"argv", "environ", "kill_after", "signal",
"largest_file", "kill_at"}``, and answers each with ``{"status", "seconds", "out", "err", "after_signal"}``: *status* is
negative for a signal, *after_signal* are the seconds that the process lived on after it was sent one.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from typing import Any, BinaryIO


def _preload() -> None:
    """Import what a run imports, so that forked processes begin where a started one has just stopped importing."""

    import accelinstall.cli
    import accelinstall.cli.commands.sync
    import accelinstall.environment
    import accelinstall.index
    import accelinstall.installation.change
    import accelinstall.lockfile
    import accelinstall.net
    import accelinstall.pipeline.installing
    import accelinstall.store.fetching  # noqa: F401


def _child(order: dict[str, Any], out: BinaryIO, err: BinaryIO) -> None:
    from accelinstall.__main__ import script

    os.environ.clear()
    os.environ.update(order["environ"])
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if order.get("largest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"],) * 2)
    if order.get("kill_at") is not None:
        sys.addaudithook(lambda event, facts: _kill_at(order["kill_at"], event, facts))
    code = 130  # interrupted before the command line has begun
    try:
        # Blocked until here: what the test's own machinery does is not to be interrupted.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        sys.argv = ["accelinstall", *order["argv"]]
        script()
    except SystemExit as end:
        code = end.code
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        pass
    finally:
        os._exit(code)


def _kill_at(step: int, event: str, facts: tuple[Any, ...]) -> None:
    if event == "accelinstall.commit" and facts[0] == step:
        os.kill(os.getpid(), signal.SIGKILL)


def _run(order: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(order, out, err)
        seconds = _wait(child, order.get("kill_after"), order.get("signal") or signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = {"status": status, "seconds": time.monotonic() - began, "after_signal": seconds}
        for name, stream in (("out", out), ("err", err)):
            stream.seek(0)
            told[name] = stream.read().decode("utf-8", "replace")
        return told


def _wait(child: int, kill_after: float | None, number: int) -> float:
    """Wait for *child*, which gets the signal *number* after *kill_after* seconds; seconds it lived on from there."""
    if kill_after is None:
        return 0.0
    handle = os.pidfd_open(child)
    try:
        if select.select([handle], [], [], kill_after)[0]:
            return 0.0
        os.kill(child, number)
        began = time.monotonic()
        select.select([handle], [], [], 60)
        return time.monotonic() - began
    finally:
        os.close(handle)


def main() -> None:
    """Serve until the input ends."""
    _preload()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
