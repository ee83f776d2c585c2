"""Whatever becomes of stdout, stderr and the events file, there is one message, one document and a true exit code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.cli import run
from accelinstall.cli.console import Console
from accelinstall.cli.documents import render

NEEDS_DEV_FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """*line* in a shell, with ``A`` for the command line."""
    environ = {**os.environ, "PYTHON": sys.executable, **variables}
    function = 'A() { "$PYTHON" -m accelinstall "$@"; }'
    return subprocess.run(
        ["bash", "-c", f"{function}; {line}"], capture_output=True, text=True, env=environ, check=False
    )


def test_a_reader_that_leaves_early_ends_neither_the_work_nor_its_exit_code() -> None:
    done = shell("A explain torch --all | head -n 1; echo ${PIPESTATUS[0]}")
    assert done.stdout.splitlines()[-1] == "0" and done.stderr == ""
    failed = shell("A lock --project no-such-folder 2>&1 | true; echo ${PIPESTATUS[0]}")
    assert (failed.stdout, failed.stderr) == ("1\n", "")


@pytest.mark.parametrize("option", ["--version", "--help", "sync --help"])
def test_nobody_need_read_what_is_short(option: str) -> None:
    for buffered in ("", "1"):
        for line in (f"A {option} | true; exit ${{PIPESTATUS[0]}}", f"A {option} >&-"):
            done = shell(line, PYTHONUNBUFFERED=buffered)
            assert (done.returncode, "Traceback" in done.stderr, "ignored" in done.stderr) == (0, False, False)


def test_closed_streams_are_no_error() -> None:
    assert shell("A explain torch >&- 2>&-").returncode == 0


@NEEDS_DEV_FULL
def test_a_full_disk_behind_stdout_is_one_error() -> None:
    done = shell("A explain torch >/dev/full")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: <stdout>: No space left on device"
    assert shell("A explain torch 2>/dev/full").returncode == 0


def test_an_encoding_without_our_signs_is_no_error() -> None:
    done = shell("A detect; A detect --json", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and done.stderr == ""


def test_a_document_holds_every_file_name() -> None:
    text = render({"path": "b\udcffd"})
    assert json.loads(text.encode("ascii")) == {"path": "b\udcffd"}


def test_an_events_file_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    out = io.StringIO()
    argv = ["lock", "--project", str(tmp_path), "--json", "--events", str(tmp_path / "none" / "events")]
    assert run(argv, console=Console(out=out, err=io.StringIO()), environ={}) == 2
    error = json.loads(out.getvalue())["error"]
    assert error["code"] == "usage" and "--events" in error["message"] and error["hint"]


class Interrupting(dict[str, str]):
    """Variables that are asked for just when Ctrl-C is pressed."""

    def get(self, *_: object) -> str:
        raise KeyboardInterrupt


def test_ctrl_c_is_one_document_too() -> None:
    out, err = io.StringIO(), io.StringIO()
    assert run(["detect", "--json"], console=Console(out=out, err=err), environ=Interrupting()) == 130
    assert json.loads(out.getvalue())["error"]["code"] == "interrupted" and err.getvalue() == ""
