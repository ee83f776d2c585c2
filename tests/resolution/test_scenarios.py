"""Every scenario of ``tests/scenarios``, played forwards and backwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.resolution.scenario import FOLDER, Outcome, load, run

SCENARIOS = [item for path in sorted(FOLDER.glob("*.toml")) for item in load(path)]
KEYS = {
    "name", "wanted", "packages", "sources", "choices", "options", "target", "pip", "command_line", "fallback",
    "find_links", "unreachable", "refused", "uses_default_index",
    "pins", "from", "files", "urls", "visited", "notes", "degraded", "error", "mentions", "never_asked", "asked_once",
}  # fmt: skip


@pytest.mark.parametrize("row", [row for _, row in SCENARIOS], ids=[name for name, _ in SCENARIOS])
def test_scenario(row: Mapping[str, Any]) -> None:
    assert row.keys() <= KEYS
    assert row.keys() & {"pins", "from", "files", "urls", "error"}, "a scenario must expect something"
    outcome = run(row)
    check(row, outcome)
    check(row, run(row, reverse=True))


def check(row: Mapping[str, Any], outcome: Outcome) -> None:
    """Compares everything the scenario says with what happened."""
    if "error" in row:
        assert outcome.error is not None, outcome.resolution
        assert outcome.error.code == row["error"]
        for text in row.get("mentions", ()):
            assert text in outcome.error.message
    else:
        assert outcome.resolution is not None, outcome.error
        compare(row, outcome)
    for source in row.get("never_asked", ()):
        assert not [key for key in outcome.index.asked if key[1].startswith(f"{source}/")]
    for source in row.get("asked_once", ()):
        pages = [what for call, what in outcome.index.asked.elements() if call == "files"]
        assert len([page for page in pages if page.startswith(f"{source}/")]) == 1


def compare(row: Mapping[str, Any], outcome: Outcome) -> None:
    """The expectations of a scenario that succeeds."""
    resolution = outcome.resolution
    assert resolution is not None
    if "pins" in row:
        assert outcome.pins == row["pins"]
    if "from" in row:
        assert outcome.sources == row["from"]
    for name, filename in row.get("files", {}).items():
        assert resolution.package(name).file.filename == filename  # type: ignore[union-attr]
    for name, url in row.get("urls", {}).items():
        assert resolution.package(name).file.url == url  # type: ignore[union-attr]
    if "visited" in row:
        assert resolution.visited <= row["visited"]
    if "notes" in row:
        assert [note.id for note in resolution.notes] == row["notes"]
    assert len(resolution.degraded) == row.get("degraded", 0)


def test_there_are_at_least_eighty_scenarios() -> None:
    assert len(SCENARIOS) >= 80
    assert len({name for name, _ in SCENARIOS}) == len(SCENARIOS)
