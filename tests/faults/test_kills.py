"""kill -9 at random moments: the next command makes it exactly new, or with the old lock exactly old."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accelinstall.events import ignore
from accelinstall.installation import recover
from accelinstall.pipeline.caching import keep_cache
from accelinstall.pipeline.request import Request
from tests.faults.kit import ROUNDS, Bench, Done

KILLS = 200 if ROUNDS else 12


@pytest.fixture
def locks(bench: Bench) -> tuple[Path, Path, Path]:
    """(old, new, empty): a replace, an install and a removal at once, with shared folders, scripts and data."""
    many = {f"ns/a/m{n}.py": f"x = {n}\n" for n in range(40)}
    # Enough for two processes to share the fetching.
    noise = random.Random(5).randbytes(1_200_000)
    tool = {"console_scripts": {"tool": "a:main"}}
    shared = bench.wheel("b", files={"ns/b.py": "", "b/__init__.py": "v = 1\n", "b/data.bin": noise})
    old = [
        bench.wheel("a", "1.0", files={**many, "a.py": "v = 1\n"}, entry_points=tool),
        bench.wheel("gone", "1.0", files={"gone/__init__.py": "v = 1\n"}, data={"data/share/gone": "x"}),
        shared,
    ]
    many = {f"ns/a/m{n}.py": f"x = {n + 1}\n" for n in range(30)}
    new = [
        bench.wheel("a", "2.0", files={**many, "a.py": "v = 2\n", "ns/big": noise[::-1]}, entry_points=tool),
        bench.wheel("fresh", "1.0", files={"fresh/__init__.py": "v = 2\n"}, data={"scripts/run": "#!python\n"}),
        shared,
    ]
    return bench.lock("old", old), bench.lock("new", new), bench.lock("empty", [])


class Tally:
    """Kills, and what they left."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def note(self, bench: Bench, known: dict[str, dict[str, object]]) -> None:
        """Count what stands there before anything recovers it."""
        found = bench.state()
        self.seen[next((name for name, state in known.items() if state == found), "torn")] += 1

    def __str__(self) -> str:
        return f"{sum(self.seen.values())} kills: " + ", ".join(f"{n} {what}" for what, n in sorted(self.seen.items()))


def usual_seconds(bench: Bench, prepare: Callable[[], object], run: Callable[[], Done]) -> float:
    """How long the run takes that will be killed."""
    times = []
    for _ in range(3 if ROUNDS else 2):
        prepare()
        times.append(run().seconds)
    return max(times)


def moments(seconds: float, seed: int, *, kills: int = KILLS) -> Iterator[float]:
    """Random moments in a run of *seconds*, and a little behind its end."""
    generator = random.Random(seed)
    for _ in range(kills):
        yield generator.uniform(0, 1.2 * seconds)


def check_new(bench: Bench, after: dict[str, object]) -> None:
    assert bench.state() == after
    assert bench.untrue() == []
    assert bench.says("import a, b, fresh, ns.b, ns.a.m3; print(a.v, b.v, fresh.v, ns.a.m3.x)") == "2 1 2 4"


def check_old(bench: Bench, before: dict[str, object]) -> None:
    assert bench.state() == before
    assert bench.untrue() == []
    assert bench.says("import a, b, gone, ns.b, ns.a.m3; print(a.v, b.v, gone.v, ns.a.m3.x)") == "1 1 1 3"


def test_a_cold_install(bench: Bench, locks: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    _, new, _ = locks

    def forget() -> None:
        bench.forget(bench.venv, bench.cache)

    seconds = usual_seconds(bench, forget, lambda: bench.good(new))
    after = bench.state()
    bench.forget(bench.venv, bench.cache)
    bench.good(bench.lock("none", []))
    bare = bench.state()
    tally = Tally()
    for moment in moments(seconds, 1):
        forget()
        bench.sync(new, kill_after=moment)
        found = bench.state()
        # An environment whose making was interrupted is not torn: no package is in it.
        packages = [path for path in found if "site-packages/" in path]
        tally.note(bench, {"new": after, "old": bare, "under construction": found if not packages else {}})
        bench.good(new)
        check_new(bench, after)
    report("cold install", tally, capsys)


def test_a_replace(bench: Bench, locks: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, new, _ = locks
    bench.good(old)
    before = bench.state()
    seconds = usual_seconds(bench, lambda: bench.good(old), lambda: bench.good(new))
    after = bench.state()
    tally = Tally()
    for number, moment in enumerate(moments(seconds, 2)):
        bench.good(old)
        assert bench.state() == before
        bench.sync(new, kill_after=moment)
        tally.note(bench, {"new": after, "old": before})
        if number % 2:
            bench.good(new)
            check_new(bench, after)
        else:
            bench.good(old)
            check_old(bench, before)
    report("replace", tally, capsys)


def test_an_uninstall(bench: Bench, locks: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, _, empty = locks
    bench.good(empty)
    after = bench.state()
    bench.good(old)
    before = bench.state()
    seconds = usual_seconds(bench, lambda: bench.good(old), lambda: bench.good(empty))
    tally = Tally()
    for number, moment in enumerate(moments(seconds, 3)):
        bench.good(old)
        bench.sync(empty, kill_after=moment)
        tally.note(bench, {"new": after, "old": before})
        if number % 2:
            bench.good(empty)
            assert bench.state() == after
        else:
            bench.good(old)
            check_old(bench, before)
    report("uninstall", tally, capsys)


def test_a_rollback(bench: Bench, locks: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, new, _ = locks
    bench.good(old)
    before = bench.state()
    seconds = usual_seconds(bench, lambda: (bench.good(old), bench.good(new)), bench.rollback)
    tally = Tally()
    for moment in moments(seconds, 4, kills=60 if ROUNDS else 5):
        bench.good(old)
        bench.good(new)
        after = bench.state()
        bench.rollback(kill_after=moment)
        tally.note(bench, {"new": after, "old": before})
        bench.good(old)
        check_old(bench, before)
    report("rollback", tally, capsys)


def test_filling_a_wheelhouse(bench: Bench, locks: tuple[Path, Path, Path]) -> None:
    _, new, _ = locks
    house = bench.root / "house"

    def fill() -> Done:
        done = bench.download(new, house)
        assert done.status == 0, done.err
        return done

    seconds = usual_seconds(bench, lambda: bench.forget(house), fill)
    whole = {path.name: path.read_bytes() for path in house.iterdir()}
    assert sorted(whole) == ["a-2.0-py3-none-any.whl", "b-1.0-py3-none-any.whl", "fresh-1.0-py3-none-any.whl"]
    for moment in moments(seconds, 5, kills=60 if ROUNDS else 5):
        bench.forget(house)
        bench.download(new, house, kill_after=moment)
        wheels = {path.name: path.read_bytes() for path in house.glob("*.whl")} if house.exists() else {}
        assert wheels.items() <= whole.items()
        fill()
        assert {path.name: path.read_bytes() for path in house.iterdir()} == whole


def test_a_commit_that_was_killed_is_never_completed_behind_the_back_of_a_later_run(
    bench: Bench, locks: tuple[Path, Path, Path]
) -> None:
    """Whatever an earlier run has remembered: the lock that was asked for last is what any later command finds."""
    old, new, _ = locks
    bench.good(old)
    before = bench.state()
    for step in (0, 1, 5):
        time.sleep(0.1)  # what has only just changed is not remembered
        assert "nothing to do" in bench.good(old).out
        assert list(bench.cache.glob("shortcuts-v1/*.nothing"))
        assert bench.sync(new, kill_at=step).status == -9
        bench.good(old)
        check_old(bench, before)
        recover(bench.interpreter())
        check_old(bench, before)
        bench.good(old)


def test_what_is_laid_out_from_memory_is_spared_by_eviction(bench: Bench, locks: tuple[Path, Path, Path]) -> None:
    _, new, _ = locks
    fresh = bench.root / "from memory"
    for venv in (bench.venv, fresh):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        bench.good(new, venv=venv)
    bench.forget(bench.venv)
    assert (
        keep_cache(
            Request(cache_directory=str(bench.cache)), action="prune", older_than_days=None, max_size=0, progress=ignore
        ).spared
        == 3
    )


def report(what: str, tally: Tally, capsys: pytest.CaptureFixture[str]) -> None:
    """In chaos the counts are the result; in CI they only show with ``-s``."""
    if ROUNDS:
        with capsys.disabled():
            print(f"\n{what}: {tally}")
