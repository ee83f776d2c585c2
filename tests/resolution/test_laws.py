"""Laws of resolving, over small universes made up by hypothesis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import example, given, settings
from packaging.requirements import Requirement

from accelinstall.lockfile import render_lock
from accelinstall.model.target import Target
from accelinstall.resolution import lock_of
from tests.resolution.scenario import TARGET, Outcome, load, run
from tests.resolution.test_scenarios import FOLDER

NAMES = ["a", "b", "c", "d"]
VERSIONS = ["1", "2", "3"]
ROOT = Path(__file__).parents[2]

specifiers = st.sampled_from(["", ">=2", "<2", "==1", "==2", "!=3", "<3", ">1"])
requirements = st.builds("{}{}".format, st.sampled_from(NAMES), specifiers)
releases = st.fixed_dictionaries(
    {(name, version): st.lists(requirements, max_size=2) for name in NAMES for version in VERSIONS}
)


def universe(table: Mapping[tuple[str, str], list[str]], wanted: list[str]) -> dict[str, Any]:
    """A scenario in which every release has its own requirements."""
    packages = [
        {"name": name, "versions": [version], "requires": [text for text in requires if Requirement(text).name != name]}
        for (name, version), requires in table.items()
    ]
    return {"wanted": wanted, "packages": packages}


def is_whole(pins: Mapping[str, str], row: Mapping[str, Any]) -> bool:
    """Whether *pins* meet every requirement on them, judged by ``packaging`` alone."""
    requires = {(item["name"], item["versions"][0]): item["requires"] for item in row["packages"]}
    texts = [*row["wanted"], *(text for pin in pins.items() for text in requires[pin])]
    return all(
        requirement.name in pins and requirement.specifier.contains(pins[requirement.name])
        for requirement in map(Requirement, texts)
    )


# Releases that were given up and need each other: resolvelib 1.2.1 itself would follow them in circles.
GIVEN_UP = {(name, version): [] for name in NAMES for version in VERSIONS} | {
    ("a", "2"): ["b==1", "d>=2"],
    ("a", "3"): ["d!=3"],
    ("b", "1"): ["b!=3", "c>=2"],
    ("b", "2"): ["c!=3", "a==1"],
    ("c", "1"): ["c", "a==1"],
    ("c", "2"): ["a==2"],
    ("c", "3"): ["b<2", "a<2"],
    ("d", "1"): ["c<3", "d<2"],
    ("d", "2"): ["b<3", "c<3"],
    ("d", "3"): ["a<2"],
}


@example(table=GIVEN_UP, wanted=["a<3"])
@settings(max_examples=80, deadline=None)
@given(table=releases, wanted=st.lists(requirements, min_size=1, max_size=3))
def test_an_answer_meets_every_requirement_and_no_answer_means_there_is_none(
    table: Mapping[tuple[str, str], list[str]], wanted: list[str]
) -> None:
    row = universe(table, wanted)
    outcome = run(row)
    if outcome.error is None:
        assert is_whole(outcome.pins, row)
    else:
        assert outcome.error.code in {"resolution-impossible", "nothing-matches"}
        choices = product(*([None, *VERSIONS] for _ in NAMES))
        sets = ({n: v for n, v in zip(NAMES, choice, strict=True) if v} for choice in choices)
        assert not any(is_whole(pins, row) for pins in sets)


@settings(max_examples=40, deadline=None)
@given(table=releases, wanted=st.lists(requirements, min_size=1, max_size=3), data=st.data())
def test_the_order_of_requirements_and_links_changes_nothing(
    table: Mapping[tuple[str, str], list[str]], wanted: list[str], data: st.DataObject
) -> None:
    row = universe(table, wanted)
    shuffled = {key: data.draw(st.permutations(values)) for key, values in row.items()}
    first, second = run(row), run(shuffled)
    assert str(first.error) == str(second.error)
    if first.error is None:
        assert text_of(first) == text_of(second)


def text_of(outcome: Outcome) -> str:
    """The lock file of a scenario that succeeded."""
    assert outcome.resolution is not None
    return render_lock(lock_of(outcome.resolution, target=Target.parse(TARGET), finder=outcome.index))


def test_the_hash_seed_changes_nothing() -> None:
    texts = {_locks_with_seed(seed) for seed in ("0", "4242")}
    assert len(texts) == 1
    assert len(json.loads(texts.pop())) > 60


def _locks_with_seed(seed: str) -> str:
    program = "import tests.resolution.test_laws as laws; print(laws.all_texts())"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def all_texts() -> str:
    """What every scenario leads to, locks and errors alike, as JSON."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for name, row in load(path):
            outcome = run(row)
            found[name] = text_of(outcome) if outcome.error is None and "target" not in row else str(outcome.error)
    return json.dumps(found)
