"""The tables of PCI ids are cited, unambiguous, and answer as the vendors name their chips."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.catalog import pci

TABLES: dict[str, Any] = tomllib.loads(Path(pci.__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FORMS = {"nvidia": r"sm_\d{2,3}", "amd": r"gfx\d{1,2}[0-9a-f]{2}", "intel": r"(xe[\w-]*)?"}


@pytest.mark.parametrize("vendor", TABLES)
def test_every_table_names_its_source_and_the_day_it_was_read(vendor: str) -> None:
    assert TABLES[vendor]["source"]
    assert date.fromisoformat(TABLES[vendor]["date"]).year >= 2026


def test_ranges_are_in_order_and_do_not_overlap() -> None:
    rows = TABLES["nvidia"]["ranges"]
    assert all(row["lo"] <= row["hi"] for row in rows)
    assert all(one["hi"] < other["lo"] for one, other in pairwise(rows))


@pytest.mark.parametrize("vendor", ["amd", "intel"])
def test_an_id_stands_for_one_chip(vendor: str) -> None:
    ids = [number for row in TABLES[vendor]["chips"] for number in row["ids"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("vendor", FORMS)
def test_architectures_have_their_vendors_form(vendor: str) -> None:
    rows = TABLES[vendor].get("chips") or TABLES[vendor]["ranges"]
    assert [row for row in rows if not re.fullmatch(FORMS[vendor], row["architecture"])] == []


def test_integrated_chips_are_in_the_table() -> None:
    known = {row["architecture"] for row in TABLES["amd"]["chips"]}
    assert set(TABLES["amd"]["integrated"]) <= known


@pytest.mark.parametrize(
    ("device", "architecture"),
    [(0x2204, "sm_86"), (0x2684, "sm_89"), (0x2330, "sm_90"), (0x1DB1, "sm_70"), (0x102D, "sm_37"), (0x128B, "sm_35")],
)
def test_an_nvidia_id_has_its_architecture(device: int, architecture: str) -> None:
    chip = pci.nvidia_chip(device)
    assert chip is not None
    assert chip.architecture == architecture


@pytest.mark.parametrize(
    ("device", "architecture"),
    [(0x7550, "gfx1201"), (0x7590, "gfx1200"), (0x747E, "gfx1101"), (0x7480, "gfx1102"), (0x74A5, "gfx942")],
)
def test_an_amd_id_has_its_architecture(device: int, architecture: str) -> None:
    chip = pci.amd_chip(device)
    assert chip is not None
    assert chip.architecture == architecture


def test_amd_and_intel_ids_say_what_is_integrated() -> None:
    assert [(chip.architecture, chip.integrated) for chip in filter(None, map(pci.amd_chip, (0x744C, 0x1586)))] == [
        ("gfx1100", False),
        ("gfx1151", True),
    ]
    assert [(chip.xpu, chip.integrated) for chip in filter(None, map(pci.intel_chip, (0x56A0, 0x64A0, 0xA780)))] == [
        ("validated", False),
        ("validated", True),
        ("no", True),
    ]


def test_a_soc_is_found_by_its_family_when_it_is_newer_than_the_table() -> None:
    assert pci.tegra_architecture("tegra234") == "sm_87"
    assert pci.tegra_architecture("tegra239") == "sm_87"
    assert pci.tegra_architecture("tegra999") is None
    assert pci.tegra_architecture("") is None


@given(st.integers(0, 0xFFFF))
def test_any_id_is_a_chip_or_unknown(device: int) -> None:
    for find in (pci.nvidia_chip, pci.amd_chip, pci.intel_chip):
        chip = find(device)
        assert chip is None or chip.name
