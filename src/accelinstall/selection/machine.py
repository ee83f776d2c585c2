"""The part of a report that rules look at, read once and in a comparable form."""

from __future__ import annotations

import re
from functools import cache

from accelinstall.catalog import Numbers, numbers_of
from accelinstall.model.hardware import Device, Environment, HardwareReport, Vendor
from accelinstall.values import dataclass

VENDORS: dict[Environment, Vendor] = {"cuda": "nvidia", "rocm": "amd", "xpu": "intel", "mps": "apple"}
# The oldest Python this program itself runs on: what packages are for when a report does not say.
_DEFAULT_PYTHON = "3.11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What builds are judged against.

    :ivar platform: ``linux-x86_64``...; ``python`` a tag such as ``cp312``.
    :ivar glibc: numbers, empty when unknown or not Linux; ``macos`` likewise.
    :ivar musl: the libc is musl, for which no wheels exist.
    :ivar devices: those to serve, strongest first; empty when nothing is known of them.
    :ivar windows_driver: driver numbers are those of a Windows driver (Windows itself, and WSL).
    :ivar l4t: the Jetson release, empty elsewhere.
    :ivar flags: what the processor can do (``avx``...); empty when unknown.
    :ivar rosetta: programs for Intel are translated.
    """

    platform: str
    python: str
    glibc: Numbers = ()
    macos: Numbers = ()
    musl: bool = False
    devices: tuple[Device, ...] = ()
    windows_driver: bool = False
    l4t: Numbers = ()
    flags: tuple[str, ...] = ()
    rosetta: bool = False


def machine_of(report: HardwareReport, environment: Environment) -> Machine:
    """*report* reduced to what decides for *environment*."""
    platform = report.platform
    libc = numbers_of(platform.libc_version)
    return Machine(
        platform=platform.slug,
        python=python_tag(platform.python_version),
        glibc=libc if platform.libc == "glibc" else (),
        macos=numbers_of(platform.macos_version),
        musl=platform.libc == "musl",
        devices=devices_for(report, environment),
        windows_driver=platform.system == "windows" or platform.wsl,
        l4t=_l4t(platform.board_release),
        flags=report.cpu.flags,
        rosetta=platform.rosetta,
    )


def devices_for(report: HardwareReport, environment: Environment) -> tuple[Device, ...]:
    """The devices that *environment* would compute on, strongest first.

    Usable ones if there are any; else those that were seen, for a user may insist on the environment where the driver
    is missing.  Integrated ones only where there is no discrete one.
    """
    vendor = VENDORS.get(environment)
    devices = [device for device in report.devices if device.vendor == vendor]
    devices = [device for device in devices if device.usable] or devices
    devices = [device for device in devices if not device.integrated] or devices
    return tuple(sorted(devices, key=_strength, reverse=True))


def python_tag(version: str) -> str:
    """``3.12.7`` -> ``cp312``, ``3.13t`` -> ``cp313t``."""
    match = re.match(r"(\d+)\.(\d+)[.\dabrc]*(t?)", version or _DEFAULT_PYTHON)
    if match is None:
        return python_tag(_DEFAULT_PYTHON)
    return f"cp{match[1]}{match[2]}{match[3]}"


def python_of_tag(tag: str) -> str:
    """``cp312`` -> ``3.12``, ``cp313t`` -> ``3.13t``."""
    digits = tag.removeprefix("cp")
    return f"{digits[0]}.{digits[1:]}"


@cache
def capability(architecture: str) -> Numbers:
    """``sm_86`` or ``compute_86`` -> ``(8, 6)``; empty for anything else."""
    match = re.fullmatch(r"(?:sm|compute)_(\d+)(\d)[a-z]?", architecture)
    return (int(match[1]), int(match[2])) if match else ()


def _strength(device: Device) -> tuple[Numbers, str, int, str, str]:
    # Name and uuid only make the order of otherwise equal devices independent of the order they were seen in.
    architecture = device.architecture or ""
    return (
        capability(architecture),
        architecture,
        device.memory_bytes or 0,
        device.name,
        f"{device.uuid} {device.driver}",
    )


def _l4t(text: str) -> Numbers:
    """``36.4.3``, ``R36.4.3`` or ``R36 (release), REVISION: 4.3`` -> ``(36, 4, 3)``."""
    return tuple(map(int, re.findall(r"\d+", text)[:3]))
