"""What is told before anything happens: how many, how much over the network and on disk, and from where."""

from __future__ import annotations

import json

from accelinstall.testing import IndexServer
from tests.pipeline.running import Workplace


def options(index: IndexServer) -> tuple[str, ...]:
    return ("--environment", "cpu", "--index-url", index.simple_url, "--profile", "production")


def test_the_plan_names_counts_bytes_and_hosts(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.run("optimize", *options(index))
    [plan] = [line for line in done.out.splitlines() if line.startswith("Plan")]
    host = index.url.removeprefix("http://")
    assert plan.split(maxsplit=1)[1].startswith("install 2, download ")
    assert f" from {host}, about " in plan and plan.endswith(" on disk")


def test_what_is_stored_is_said_to_be(workplace: Workplace, index: IndexServer) -> None:
    workplace.run("optimize", *options(index))
    done = workplace.run("optimize", *options(index), "--venv", str(workplace.root / "second"))
    assert "install 2, all of it stored already" in done.out


def test_a_dry_run_prints_each_step_with_its_size(workplace: Workplace, index: IndexServer) -> None:
    lines = workplace.run("optimize", *options(index), "--dry-run").out.splitlines()
    [web] = [line for line in lines if "+ web 2.0" in line]
    assert web.endswith((" B)", " kB)"))
    workplace.run("optimize", *options(index))
    again = workplace.run("optimize", *options(index), "--dry-run", "--venv", str(workplace.root / "second"))
    assert "+ web 2.0 (stored)" in again.out


def test_the_document_of_a_dry_run_has_the_same_numbers(workplace: Workplace, index: IndexServer) -> None:
    told = workplace.run("optimize", *options(index), "--dry-run", "--json").document["transaction"]
    [supply] = told["supply"]
    assert supply == {"host": index.url.removeprefix("http://"), "wheels": 2, "bytes": told["download_bytes"]}
    assert told["download_bytes"] == sum(step["size"] for step in told["steps"])
    assert told["disk_bytes"] > told["download_bytes"]
    assert not any(step["stored"] for step in told["steps"])


def test_the_plan_is_told_before_the_first_byte_and_the_three_slowest_steps_at_the_end(
    workplace: Workplace, index: IndexServer
) -> None:
    events = workplace.root / "events"
    done = workplace.run("optimize", *options(index), "--events", str(events))
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    planned = next(n for n, row in enumerate(rows) if row.get("stage") == "planned")
    assert planned < next(n for n, row in enumerate(rows) if row["event"] == "FileStarted")
    [told] = [line for line in done.out.splitlines() if line.startswith("Done")]
    assert told.count(" s") <= 3


def test_quiet_means_no_talk(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.run("optimize", *options(index), "--quiet")
    assert (done.code, done.err) == (0, "")
