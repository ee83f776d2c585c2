"""What the user claims about a machine, laid over what was detected; and the machine a target describes."""

from __future__ import annotations

import re

from accelinstall.model.hardware import Device, Evidence, HardwareReport, Overrides, Platform, Vendor
from accelinstall.model.target import Target
from accelinstall.selection.machine import python_tag
from accelinstall.selection.refusals import UnknownArchitecture, UnknownPlatform
from accelinstall.values import replace

_ARCHITECTURES: tuple[tuple[str, Vendor], ...] = (
    (r"sm_\d{2,3}[a-z]?", "nvidia"),
    (r"gfx[0-9a-f]{3,5}", "amd"),
    (r"xe[0-9a-z-]*", "intel"),
    (r"apple", "apple"),
)
_PLATFORM = re.compile(r"(linux|macos|windows)-([a-z0-9_]+)")
# The oldest glibc that current manylinux images promise; what a lock for elsewhere assumes.
_ASSUMED_GLIBC = "2.28"
_ASSUMED_MACOS = "14.0"


def apply_overrides(report: HardwareReport, overrides: Overrides) -> HardwareReport:
    """*report* as the user claims it to be; each claim leaves its evidence.

    ``platform`` other than the detected one describes another machine, so the devices seen here do not count;
    ``gpu_arch`` keeps the devices named and adds those that are not here, with an unknown driver;
    ``driver_version`` holds for every NVIDIA device, and stands for one of unknown architecture when there is none.
    An environment or a backend changes no device: :func:`choose_environment` and ``select`` read those themselves.

    :raises UnknownArchitecture: for a ``gpu_arch`` that names none.
    :raises UnknownPlatform: for a ``platform`` that names none.
    """
    if overrides.platform and overrides.platform != report.platform.slug:
        report = _elsewhere(report, overrides.platform)
    if overrides.python_version:
        report = replace(report, platform=replace(report.platform, python_version=overrides.python_version))
    if overrides.gpu_arch:
        report = replace(report, devices=_only(report.devices, overrides.gpu_arch))
    if overrides.driver_version:
        report = replace(report, devices=_with_driver(report.devices, overrides.driver_version))
    return report


def markers_of(report: HardwareReport) -> dict[str, str]:
    """The PEP 508 marker environment of packages for the machine of *report*; empty of a platform nobody knows."""
    platform = report.platform
    if platform.system not in {"linux", "macos", "windows"}:
        return {}
    target = Target(
        environment="cpu", backend="cpu", platform=platform.slug, python=python_tag(platform.python_version)
    )
    full = platform.python_version.removesuffix("t")
    return target.markers(python_full_version=full if full.count(".") == 2 else "")


def report_for(target: Target) -> HardwareReport:
    """The machine that *target* describes: what to select for when the lock is for elsewhere."""
    kind, _, version = target.libc.partition("-")
    platform = Platform(
        system=target.system,
        machine=target.machine,
        libc=kind if kind in {"glibc", "musl"} else "",
        libc_version=version if kind in {"glibc", "musl"} else "",
        macos_version=version if kind == "macos" else "",
        python_version=target.python_version + ("t" if target.python.endswith("t") else ""),
    )
    devices = tuple(_claimed(architecture) for architecture in target.architectures)
    return HardwareReport(platform=platform, devices=devices)


def _elsewhere(report: HardwareReport, text: str) -> HardwareReport:
    match = _PLATFORM.fullmatch(text)
    if match is None:
        raise UnknownPlatform(text)
    system, machine = match.groups()
    platform = Platform(
        system=system,
        machine=machine,
        libc="glibc" if system == "linux" else "",
        libc_version=_ASSUMED_GLIBC if system == "linux" else "",
        macos_version=_ASSUMED_MACOS if system == "macos" else "",
        python_version=report.platform.python_version,
    )
    devices = (_claimed("apple"),) if text == "macos-arm64" else ()
    return HardwareReport(platform=platform, devices=devices)


def _only(devices: tuple[Device, ...], architectures: tuple[str, ...]) -> tuple[Device, ...]:
    found: list[Device] = []
    for architecture in dict.fromkeys(architectures):
        here = [device for device in devices if device.architecture == architecture]
        found += here or [_claimed(architecture)]
    return tuple(found)


def _with_driver(devices: tuple[Device, ...], driver: str) -> tuple[Device, ...]:
    if not any(device.vendor == "nvidia" for device in devices):
        unknown = Device(vendor="nvidia", name="NVIDIA GPU", evidence=(_evidence("--driver-version", driver),))
        devices = (*devices, unknown)
    return tuple(
        # The driver's CUDA version belongs to the driver that was detected.
        replace(device, driver=driver, driver_cuda=None, usable=True, reason="")
        if device.vendor == "nvidia" and not device.tegra
        else device
        for device in devices
    )


def vendor_of(architecture: str) -> Vendor:
    """Who makes *architecture*: ``sm_90`` -> ``nvidia``.

    :raises UnknownArchitecture: when it names none.
    """
    for pattern, vendor in _ARCHITECTURES:
        if re.fullmatch(pattern, architecture):
            return vendor
    raise UnknownArchitecture(architecture)


def _claimed(architecture: str) -> Device:
    evidence = _evidence("--gpu-arch", architecture)
    return Device(vendor=vendor_of(architecture), name=architecture, architecture=architecture, evidence=(evidence,))


def _evidence(source: str, excerpt: str) -> Evidence:
    return Evidence(probe="override", source=source, excerpt=excerpt)
