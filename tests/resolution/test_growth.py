"""What a search costs grows little faster than the number of packages: counted in calls, which are exact."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from packaging.requirements import Requirement

from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.resolution import Resolution, resolve, route
from tests.resolution.memory_index import DEFAULT_INDEX, MemoryIndex

TARGET = Target.parse("cpu-linux-x86_64-cp311;libc=glibc-2.28")
RANGES = ("", "", ">=1.2", ">=1.4,<2", "!=1.3,<3", ">=1.1; python_version >= '3.9'", "; extra == 'dev'")


def world(packages: int, *, versions: int = 10, kind: type[MemoryIndex] = MemoryIndex) -> MemoryIndex:
    """So many packages, each of which needs up to six of those before it."""
    chance = random.Random(packages)
    rows: list[dict[str, Any]] = []
    for number in range(packages):
        needed = chance.sample(range(number), min(number, chance.choice([0, 1, 2, 3, 4, 6])))
        requires = [f"pkg{other:04}{chance.choice(RANGES)}" for other in sorted(needed)]
        listed = [f"1.{minor}" for minor in range(versions)]
        rows.append({"name": f"pkg{number:04}", "versions": listed, "requires": requires, "extras": ["dev"]})
    return kind({"default": rows})


def resolved(index: MemoryIndex, packages: int) -> Resolution:
    roots = [Wanted(requirement=Requirement(f"pkg{number:04}")) for number in range(packages)]
    return resolve(roots, target=TARGET, routing=route(default_index=DEFAULT_INDEX), finder=index)


def calls_of(work: Callable[[], object]) -> int:
    """How many Python functions *work* calls."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("packages", [50, 500])
def test_nothing_is_visited_read_or_asked_for_twice(packages: int) -> None:
    index = world(packages)
    resolution = resolved(index, packages)
    assert len(resolution.packages) == resolution.visited == resolution.metadata_read == packages
    assert index.count("files") == index.count("metadata") == packages
    assert max(index.asked.values()) == 1


def test_ten_times_the_packages_take_at_most_twenty_five_times_the_calls() -> None:
    few, many = world(50), world(500)
    resolved(world(50), 50)  # what is remembered by text is remembered for both
    small, large = (calls_of(lambda: resolved(few, 50)), calls_of(lambda: resolved(many, 500)))
    assert large < 25 * small, (small, large)
