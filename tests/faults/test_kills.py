"""kill -9 at random moments: the next command makes it exactly new, or with the old lock exactly old."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.kit import ROUNDS, Bench, Done

KILLS = 200 if ROUNDS else 12


@pytest.fixture
def locks(bench: Bench) -> tuple[Path, Path, Path]:
    """(old, new, empty): a replace, an install and a removal at once, with shared folders, scripts and data."""
    many = {f"ns/a/m{n}.py": f"x = {n}\n" for n in range(40)}
    noise = random.Random(5).randbytes(600_000)
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
    for _ in range(2):
        prepare()
        times.append(run().seconds)
    return min(times)


def moments(seconds: float, seed: int) -> Iterator[float]:
    """Random moments in a run of *seconds*, and a little behind its end."""
    generator = random.Random(seed)
    for _ in range(KILLS):
        yield generator.uniform(0, 1.05 * seconds)


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


def report(what: str, tally: Tally, capsys: pytest.CaptureFixture[str]) -> None:
    """In chaos the counts are the result; in CI they only show with ``-s``."""
    assert sum(tally.seen.values()) == KILLS
    if ROUNDS:
        with capsys.disabled():
            print(f"\n{what}: {tally}")
