"""Several targets: side by side over one index, checked without network."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from accelinstall.testing import Fault, IndexServer
from tests.pipeline.running import Outcome, Workplace

SLUGS = [f"cpu-{platform}-cp{python}" for python in (311, 312, 313) for platform in ("linux-x86_64", "macos-arm64")]


@pytest.fixture
def targets(workplace: Workplace) -> Workplace:
    pyproject = workplace.project / "pyproject.toml"
    listing = ", ".join(f'"{slug}"' for slug in SLUGS)
    pyproject.write_text(pyproject.read_text() + f"\n[tool.accelinstall]\ntargets = [{listing}]\n")
    return workplace


def lock(workplace: Workplace, index: IndexServer, *options: str) -> Outcome:
    return workplace.run("lock", "--index-url", index.simple_url, *options)


def test_no_page_and_no_metadata_is_fetched_twice_for_six_targets(targets: Workplace, index: IndexServer) -> None:
    lock(targets, index, "--target", SLUGS[0])
    alone = sorted(request.path for request in index.requests)
    index.clear_requests()
    targets.cache = targets.root / "empty-cache"
    targets.variables["ACCELINSTALL_CACHE_DIR"] = str(targets.cache)
    done = lock(targets, index, "--all-targets", "--upgrade", "--json")
    assert done.code == 0, done.err
    assert sorted(request.path for request in index.requests) == alone
    assert len(set(alone)) == len(alone)


def test_locks_come_in_the_order_asked_for_and_are_those_made_alone(targets: Workplace, index: IndexServer) -> None:
    together = lock(targets, index, "--all-targets", "--json").document["locks"]
    assert [row["target"]["slug"] for row in together] == SLUGS
    files = {path.name: path.read_bytes() for path in targets.project.glob("pylock.*")}
    assert len(files) == len(SLUGS)
    for slug in SLUGS:
        lock(targets, index, "--target", slug, "--upgrade")
    assert {path.name: path.read_bytes() for path in targets.project.glob("pylock.*")} == files


def test_one_that_fails_does_not_stop_the_others(targets: Workplace, index: IndexServer) -> None:
    done = lock(targets, index, "--target", "cpu-linux-x86_64-cp310", *(f"--target={slug}" for slug in SLUGS), "--json")
    assert done.code == 1
    assert [row["target"]["slug"] for row in done.document["locks"]] == SLUGS
    (error,) = done.document["errors"]
    assert (error["target"], error["code"]) == ("cpu-linux-x86_64-cp310", "python-not-wanted")


def test_an_index_that_is_away_is_told_for_every_target(targets: Workplace, index: IndexServer) -> None:
    done = targets.run("lock", "--index-url", "http://127.0.0.1:9/simple", "--all-targets", "--json")
    assert done.code == 1
    assert [(row["target"], row["code"]) for row in done.document["errors"]] == [
        (slug, "source-unreachable") for slug in SLUGS
    ]


def test_one_phase_is_told_for_all(targets: Workplace, index: IndexServer) -> None:
    file = targets.root / "events.jsonl"
    lock(targets, index, "--all-targets", "--events", str(file))
    lines = [line for line in file.read_text().splitlines() if "PhaseStarted" in line or "PhaseFinished" in line]
    assert len(lines) == 2 and '"6 targets"' in lines[1]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent the POSIX way")
def test_interrupting_leaves_at_once_without_a_traceback(targets: Workplace, index: IndexServer) -> None:
    for name in ("web", "wire", "checker"):
        index.add_fault(f"/simple/{name}/", Fault(delay=30))
    argv = [sys.executable, "-m", "accelinstall", "lock", "--project", str(targets.project), "--all-targets"]
    argv += ["--index-url", index.simple_url]
    run = subprocess.Popen(argv, env=targets.variables, stderr=subprocess.PIPE, text=True)
    while not index.count():
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=15)
    assert run.returncode == 130 and "Traceback" not in told
    assert not list(targets.project.glob("pylock.*"))


def test_a_check_says_what_is_missing_fresh_and_stale(targets: Workplace, index: IndexServer) -> None:
    missing = targets.run("lock", "--check", "--all-targets", "--index-url", index.simple_url, "--json")
    assert missing.code == 1 and missing.document["fresh"] is False
    assert {row["state"] for row in missing.document["locks"]} == {"missing"}
    lock(targets, index, "--all-targets")
    index.clear_requests()
    fresh = targets.run("lock", "--check", "--all-targets", "--index-url", index.simple_url, "--json")
    assert fresh.code == 0 and fresh.document["fresh"] is True
    assert [row["target"]["slug"] for row in fresh.document["locks"]] == SLUGS
    pyproject = targets.project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('["web (>=1)"]', '["web (<2)", "wire"]').replace("checker", "x"))
    before = {path.name: path.read_bytes() for path in targets.project.iterdir()}
    stale = targets.run("lock", "--check", "--target", SLUGS[0], "--index-url", index.simple_url)
    assert stale.code == 1
    assert "pylock.cpu-linux-x86_64-cp311.toml: is out of date" in stale.out
    assert "`web` is locked as 2.0, wanted is <2 (pyproject.toml:5)" in stale.out
    assert "`x` is wanted and not locked (pyproject.toml:11)" in stale.out
    assert "`checker` is locked and no longer wanted" in stale.out
    assert index.count() == 0
    assert {path.name: path.read_bytes() for path in targets.project.iterdir()} == before


def test_a_check_tells_changed_options_and_broken_locks(workplace: Workplace, index: IndexServer) -> None:
    options = ("--target", "cpu-linux-x86_64-cp311", "--index-url", index.simple_url)
    workplace.run("lock", *options)
    other = workplace.run("lock", "--check", *options, "--pre", "--json").document["locks"]
    assert [row["state"] for row in other] == ["stale"] and "options" in other[0]["changes"][0]
    (path,) = workplace.project.glob("pylock.*")
    path.write_text("<<<<")
    broken = workplace.run("lock", "--check", *options, "--json")
    assert (broken.code, broken.document["locks"][0]["state"]) == (1, "broken")


def test_a_check_upgrades_nothing_and_needs_a_file(workplace: Workplace) -> None:
    assert workplace.run("lock", "--check", "--upgrade").code == 2
    assert workplace.run("lock", "--check", "--target", "cpu", "-o", "-").code == 2
