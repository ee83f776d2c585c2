"""What is known of Poetry and of images: every row says where it comes from, and the questions have answers."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Any

import pytest

from accelinstall.catalog import tooling
from accelinstall.catalog.tooling import load_tooling

TABLES: dict[str, Any] = tomllib.loads(Path(tooling.__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def test_every_row_has_a_source_and_a_date() -> None:
    rows = [TABLES["poetry"], *TABLES["poetry"]["gone"], *TABLES["image"]]
    for row in rows:
        assert row["source"], row
        assert datetime.date.fromisoformat(row["date"]) <= datetime.date.fromisoformat(TABLES["serial"])


def test_no_row_is_hidden_by_one_before_it() -> None:
    seen: set[tuple[str, str]] = set()
    for row in TABLES["image"]:
        assert (row["name"], row["series"]) not in seen
        seen.add((row["name"], row["series"]))
        tag = row["series"].replace("[0-7]", "7").replace("[1-9]", "9").replace("[678]", "7").replace("[01]", "1")
        found = load_tooling().ended(row["name"], tag.replace("*", "x"))
        assert found is not None and found.series == row["series"]


@pytest.mark.parametrize(
    ("version", "exists"),
    [
        ("5.3.0", False),
        ("3.0.0", False),
        ("2.5.1", True),
        ("2.7.0", True),
        ("1.8.5", True),
        ("1.9.0", False),
        ("x", True),
    ],
)
def test_a_poetry_beyond_what_was_known_exists_only_within_its_major(version: str, exists: bool) -> None:
    assert load_tooling().has_poetry(version) is exists


def test_settings_of_the_real_poetry_are_known() -> None:
    from poetry.config.config import Config

    def names(table: dict[str, Any], before: str = "POETRY_") -> list[str]:
        found = []
        for key, value in table.items():
            name = before + key.upper().replace("-", "_")
            found += names(value, f"{name}_") if isinstance(value, dict) and value else [name]
        return found

    assert set(names(Config.default_config)) <= load_tooling().poetry_variables


@pytest.mark.parametrize("row", load_tooling().gone, ids=lambda row: f"{row.command} {row.flag}".strip())
def test_the_real_poetry_agrees_about_what_is_gone_and_what_replaced_it(row: tooling.GoneCommand) -> None:
    from poetry.console.application import Application

    application = Application()
    if row.plugin:
        assert not application.has(row.command)
        return
    known = application.find(row.command).definition
    # What is only deprecated is still taken.
    assert known.has_option(row.flag.lstrip("-")) is (row.level == "warning")
    replaced = application.find(row.renamed or row.command).definition
    for word in row.becomes.split():
        assert not word.startswith("--") or replaced.has_option(word.lstrip("-"))


def test_what_people_mistake_is_no_setting_and_what_they_meant_is_one() -> None:
    known = load_tooling()
    assert not known.mistaken.keys() & known.poetry_variables
    assert set(known.mistaken.values()) <= known.poetry_variables
