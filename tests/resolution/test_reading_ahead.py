"""In which order an index answers decides nothing: neither packages nor notes, nor what an error says."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from accelinstall.model.index import IndexFile
from accelinstall.model.project import Source
from tests.resolution.memory_index import MemoryIndex
from tests.resolution.scenario import run
from tests.resolution.test_growth import resolved, world
from tests.resolution.test_scenarios import SCENARIOS, check


def moody(seed: int) -> type[MemoryIndex]:
    """Indexes on which anything may or may not be at hand, whenever they are asked."""
    chance = random.Random(seed)

    class Moody(MemoryIndex):
        def has_releases(self, source: Source, name: str) -> bool:
            return chance.random() < 0.5

        def has_metadata(self, file: IndexFile) -> bool:
            return chance.random() < 0.5

    return Moody


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("row", [row for _, row in SCENARIOS], ids=[name for name, _ in SCENARIOS])
def test_every_scenario_ends_alike_in_whatever_order_answers_come(row: Mapping[str, Any], seed: int) -> None:
    patient, hasty = run(row), run(row, kind=moody(seed))
    assert hasty.resolution == patient.resolution
    assert getattr(hasty.error, "message", "") == getattr(patient.error, "message", "")
    check(row, hasty)


def test_reading_ahead_asks_for_nothing_twice() -> None:
    index = world(120, kind=moody(3))
    resolution = resolved(index, 120)
    assert resolution == resolved(world(120), 120)
    assert index.count("files") == index.count("metadata") == 120
    assert max(index.asked.values()) == 1
