"""GPU architectures by PCI device id, for machines whose driver does not answer.

The rows stand in ``pci.toml`` with their sources; the file is read on the first question and kept.  A driver's own
answer always wins over these.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from accelinstall.errors import CatalogError
from accelinstall.values import dataclass

XpuSupport = Literal["validated", "silicon", "unlisted", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PciChip:
    """What a device id says about the chip behind it.

    :ivar architecture: ``sm_90``, ``gfx942``, ``xe-hpg``...; ``None`` when no source names it yet.
    :ivar name: the chip's or family's name, such as ``GA102`` or ``Arc A-series (Alchemist)``.
    :ivar integrated: shares memory with the CPU.
    :ivar xpu: how far PyTorch's list of XPU hardware covers it (Intel only).
    """

    architecture: str | None
    name: str
    integrated: bool = False
    xpu: XpuSupport = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    nvidia: tuple[tuple[int, int, PciChip], ...]
    amd: dict[int, PciChip]
    amd_integrated: frozenset[str]
    intel: dict[int, PciChip]
    tegra: dict[str, str]


def nvidia_chip(device_id: int) -> PciChip | None:
    """The NVIDIA chip with PCI *device_id*, if a range covers it; below 0x1340 ``sm_35`` is the most it can be."""
    return next((chip for low, high, chip in _tables().nvidia if low <= device_id <= high), None)


def amd_chip(device_id: int) -> PciChip | None:
    """The AMD chip with PCI *device_id*, if known."""
    return _tables().amd.get(device_id)


def is_integrated_amd(architecture: str) -> bool:
    """Whether *architecture* (``gfx1151``) exists only in processors, beside the CPU cores."""
    return architecture in _tables().amd_integrated


def intel_chip(device_id: int) -> PciChip | None:
    """The Intel GPU with PCI *device_id*, if known; anything older than Tiger Lake is not listed at all."""
    return _tables().intel.get(device_id)


def tegra_architecture(soc: str) -> str | None:
    """The architecture of a Jetson's SoC as the device tree names it: ``tegra234`` -> ``sm_87``."""
    tegra = _tables().tegra
    return tegra.get(soc) or tegra.get(soc[:-1] + "x")


@cache
def _tables() -> _Tables:
    path = Path(__file__).with_name("pci.toml")
    try:
        with path.open("rb") as file:
            return _decode(tomllib.load(file))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        hint = "reinstall accelinstall"
        raise CatalogError(f"the table of PCI ids {path} cannot be read: {error!r}", hint=hint) from error


def _decode(tables: dict[str, Any]) -> _Tables:
    amd_integrated = frozenset(tables["amd"]["integrated"])
    amd: dict[int, PciChip] = {}
    for row in tables["amd"]["chips"]:
        architecture = row["architecture"]
        chip = PciChip(architecture=architecture, name=row["chip"], integrated=architecture in amd_integrated)
        amd.update(dict.fromkeys(row["ids"], chip))
    intel: dict[int, PciChip] = {}
    for row in tables["intel"]["chips"]:
        chip = PciChip(
            architecture=row["architecture"] or None, name=row["chip"], integrated=row["integrated"], xpu=row["xpu"]
        )
        intel.update(dict.fromkeys(row["ids"], chip))
    ranges = (
        (row["lo"], row["hi"], PciChip(architecture=row["architecture"], name=row["chip"]))
        for row in tables["nvidia"]["ranges"]
    )
    return _Tables(
        nvidia=tuple(ranges),
        amd=amd,
        amd_integrated=amd_integrated,
        intel=intel,
        tegra=dict(tables["tegra"]["architectures"]),
    )
