"""Reports made by hand: what a test says of a machine."""

from __future__ import annotations

from accelinstall.catalog import load_catalog
from accelinstall.model.hardware import Device, Environment, HardwareReport, Platform
from accelinstall.model.selection import Selection, Wish
from accelinstall.selection import choose_environment, select

CATALOG = load_catalog()
TORCH = Wish(name="torch")


def linux(
    *, python: str = "3.12.7", machine: str = "x86_64", glibc: str = "2.39", wsl: bool = False, l4t: str = ""
) -> Platform:
    return Platform(
        system="linux",
        machine=machine,
        libc="glibc",
        libc_version=glibc,
        python_version=python,
        wsl=wsl,
        board="NVIDIA Jetson" if l4t else "",
        board_release=l4t,
    )


def alpine() -> Platform:
    return Platform(system="linux", machine="x86_64", libc="musl", libc_version="1.2.5", python_version="3.12.7")


def windows(python: str = "3.12.7") -> Platform:
    return Platform(system="windows", machine="x86_64", python_version=python)


def macos(version: str = "15.1", *, machine: str = "arm64", python: str = "3.12.7", rosetta: bool = False) -> Platform:
    return Platform(system="macos", machine=machine, macos_version=version, python_version=python, rosetta=rosetta)


def nvidia(name: str, architecture: str | None, driver: str | None, *, tegra: bool = False) -> Device:
    return Device(vendor="nvidia", name=name, architecture=architecture, driver=driver, tegra=tegra, integrated=tegra)


def amd(name: str, architecture: str, *, integrated: bool = False) -> Device:
    return Device(vendor="amd", name=name, architecture=architecture, integrated=integrated)


def intel(name: str, architecture: str, *, integrated: bool = False) -> Device:
    return Device(vendor="intel", name=name, architecture=architecture, integrated=integrated)


APPLE = Device(vendor="apple", name="Apple M2", architecture="apple", integrated=True)


def report(platform: Platform, *devices: Device) -> HardwareReport:
    return HardwareReport(platform=platform, devices=devices)


def ask(machine: HardwareReport, *wishes: Wish, environment: Environment | None = None, backend: str = "") -> Selection:
    """The selection for torch, or for *wishes*, on *machine*."""
    return select(
        machine,
        wishes or (TORCH,),
        catalog=CATALOG,
        environment=environment or choose_environment(machine),
        backend=backend,
    )


def answer(selection: Selection) -> tuple[str, str]:
    """The (series, backend) that was selected for torch."""
    row = next(row for row in selection.selected if row.name == "torch")
    return row.version, row.backend


def findings(selection: Selection) -> list[str]:
    return [finding.id for finding in selection.warnings]
