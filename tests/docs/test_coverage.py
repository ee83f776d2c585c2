"""The generated tables are what the code and the records say now."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.docs.generating import DOCS, generator

GENERATE = generator()
ANSWERS = GENERATE.answers()
HOSTS = Path(__file__).parents[1] / "hosts"


def test_the_coverage_table_is_what_the_recorded_hosts_get() -> None:
    fresh = GENERATE.render_coverage(ANSWERS)
    assert (DOCS / "coverage.md").read_text(encoding="utf-8") == fresh, f"stale; rewrite it: {GENERATE.COMMAND}"


def test_the_peers_table_is_what_was_measured_beside_what_we_answer() -> None:
    peers = tomllib.loads((DOCS / "peers.toml").read_text(encoding="utf-8"))
    fresh = GENERATE.render_peers(ANSWERS, peers)
    assert (DOCS / "peers.md").read_text(encoding="utf-8") == fresh, f"stale; rewrite it: {GENERATE.COMMAND}"


def test_every_recorded_host_is_in_the_coverage_table() -> None:
    text = (DOCS / "coverage.md").read_text(encoding="utf-8")
    assert [path.name for path in HOSTS.iterdir() if f"| `{path.name}` |" not in text] == []


def test_every_host_that_peers_were_asked_about_is_still_recorded() -> None:
    peers = tomllib.loads((DOCS / "peers.toml").read_text(encoding="utf-8"))
    assert set(peers["hosts"]) <= {path.name for path in HOSTS.iterdir()}


@pytest.mark.parametrize(
    ("host", "said", "fault"),
    [
        ("linux-gtx1080-driver-580", "2.15.0 cu132", "architecture-not-compiled"),
        ("linux-rtx4090-driver-550", "2.15.0 cu130", "driver-too-old"),
        ("linux-rtx4090-driver-550", "2.8.0 cu129", ""),
        ("linux-rtx4090-driver-550", "2.15.0 cpu", "idle"),
        ("docker-without-gpu-on-rtx4090-host", "2.8.0 cu129", "no-device"),
        ("linux-v100-and-b200-driver-580", "2.15.0 cu132", "left-out"),
        ("linux-gtx1080-and-rtx5090-driver-580", "2.15.0 cu132", ""),
        ("linux-uhd770-only", "2.15.0 xpu", "no-device"),
        ("linux-laptop-no-gpu", "2.9.1 cpu", ""),
        ("linux-laptop-no-gpu", "error no wheel", "error"),
        ("docker-alpine-musl", "error no wheel", ""),
        ("darwin-m2-macos15", "2.15.0 cpu", ""),
    ],
)
def test_a_peers_answer_is_judged_by_what_runs(host: str, said: str, fault: str) -> None:
    answer = next(answer for answer in ANSWERS if answer.name == host)
    assert GENERATE.fault_of(said, answer) == fault
