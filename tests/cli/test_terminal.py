"""What a person sees: the plan within a second, then a line for each big file and a total with speed and time left."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.testing import Fault, IndexServer
from tests.faults.kit import Bench
from tests.store.kit import noise

pty = pytest.importorskip("pty")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="terminals of Linux")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[list[str]]:
    """A ``sync`` of one wheel of 6 MB, at 6 MB a second, and one small wheel."""
    with IndexServer() as server:
        bench = Bench(tmp_path, server, None)  # type: ignore[arg-type]
        big = bench.wheel("big", files={"big/blob": noise(6_000_000)})
        server.add_fault(server.file_path(big.filename), Fault(rate=6e6))
        lock = bench.lock("both", [big, bench.wheel("small")])
        where = ["--venv", str(bench.venv), "--cache-dir", str(bench.cache), "--no-proof"]
        yield [sys.executable, "-m", "accelinstall", "sync", str(lock), *where]


def watch(command: list[str], **variables: str) -> list[tuple[float, str]]:
    """(seconds since the start, text) as it came to a terminal."""
    master, slave = pty.openpty()
    environ = {**os.environ, "COLUMNS": "110", "TERM": "xterm", "PIP_CONFIG_FILE": os.devnull, **variables}
    environ.pop("CI", None)
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environ)
    os.close(slave)
    seen: list[tuple[float, str]] = []
    try:
        while select.select([master], [], [], 30)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # the terminal closes with its last process
                break
            seen.append((time.monotonic() - began, data.decode("utf-8", "replace")))
    finally:
        os.close(master)
    assert process.wait(30) == 0, seen
    return seen


def test_a_terminal_shows_the_plan_first_then_big_files_and_a_total_with_speed_and_time_left(command):
    seen = watch(command)
    text = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", "".join(part for _, part in seen))
    planned = next(moment for moment, part in seen if "Plan" in part)
    finished = seen[-1][0]
    # What will be downloaded is told well before it is here.
    assert planned < finished - 0.3
    assert re.search(r"Plan +install 2, download 6 MB from 127\.0\.0\.1:\d+, about 18 MB on disk", text)
    assert re.search(r"big-1\.0-py3-none-any\.whl .*\d MB of 6 MB, \d MB/s", text)
    assert "small-1.0" not in text.replace("+ small", "")
    assert re.search(r"Downloading .*\d MB of 6 MB, \d MB/s +00:0\d", text)
    assert re.search(r"Done +install 2 · 6 MB in \d+ files by \w+ · download \d\.\d s", text)


def test_without_a_terminal_there_are_plain_lines_and_with_quiet_none(command, tmp_path):
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run([*command, *options], capture_output=True, text=True, check=True, env=environ)

    done = run()
    assert "\x1b" not in done.stdout + done.stderr and "\r" not in done.stderr
    assert re.search(r"^Downloading .*\(\d\.\d s\)$", done.stderr, re.MULTILINE)
    assert run("--quiet", "--venv", str(tmp_path / "other")).stderr == ""
