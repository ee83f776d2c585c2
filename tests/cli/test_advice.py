"""Advice for run time reaches people and programs, each piece once."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from accelinstall.cli import run
from accelinstall.cli.console import Console

HOSTS = Path(__file__).parents[1] / "hosts"


def explained(host: str, *arguments: str) -> tuple[str, str]:
    """What ``explain torch`` writes to stdout and stderr for a recorded host."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["explain", "torch", "--host", str(HOSTS / host), *arguments]
    assert run(argv, console=Console(out=out, err=err), environ={}) == 0
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("host", "advice", "text"),
    [
        ("wsl2-r9700-rocm", "wsl-gpu-hidden", "export HSA_ENABLE_DXG_DETECTION=1"),
        ("linux-t4-driver-535", "forward-compatibility", "cuda-compat-13-0"),
        ("windows-rx7900xtx", "vendor-index", '"torch[device-gfx1100]==2.12.0+rocm7.14.0"'),
    ],
)
def test_advice_stands_once_in_the_text_and_once_in_the_document(host: str, advice: str, text: str) -> None:
    written = "".join(explained(host))
    hints = [line for line in written.splitlines() if line.strip().startswith("hint:") and text in line]
    assert len(hints) == 1
    findings = json.loads(explained(host, "--json")[0])["findings"]
    ids = [finding["id"] for finding in findings]
    assert ids.count(advice) == 1
    assert len(ids) == len(set(ids))
    assert text in next(finding["hint"] for finding in findings if finding["id"] == advice)
