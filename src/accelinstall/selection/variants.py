"""What a machine supports in the words of wheel variants: their provider plugins answered from our own report."""

from __future__ import annotations

import re

from accelinstall.catalog import load_catalog, numbers_of
from accelinstall.catalog.values import Numbers
from accelinstall.model.hardware import Device, Environment, HardwareReport
from accelinstall.model.variants import Features, VariantSupport
from accelinstall.selection.machine import capability, devices_for

# nvidia-variant-provider 0.0.2: the CUDA versions its properties may name, and the least capability it answers for.
_CUDA_MAJORS = range(11, 16)
_CUDA_MINORS = range(21)
_LEAST_CAPABILITY = (5, 0)


def supported_variants(report: HardwareReport, *, environment: Environment) -> VariantSupport:
    """The variant properties that hold on the machine of *report* when packages are for *environment*.

    Namespaces and values are those of the providers published by the authors of PEP 825 (2026): ``nvidia`` with
    ``cuda_version_lower_bound``, ``cuda_version_upper_bound`` and ``sm_arch``, ``x86_64`` with ``level``, ``aarch64``
    with ``version``.  *report* must already carry the overrides.
    """
    found = [
        ("aarch64", _aarch64(report)),
        ("nvidia", _nvidia(report) if environment == "cuda" else ()),
        ("x86_64", _x86_64(report)),
    ]
    return VariantSupport(namespaces=tuple((namespace, features) for namespace, features in found if features))


def _x86_64(report: HardwareReport) -> Features:
    """Levels from the machine's own down; a machine that is not here is trusted with the first only."""
    if report.platform.machine != "x86_64":
        return ()
    match = re.fullmatch(r"x86-64-v([1-4])", report.cpu.level)
    highest = int(match[1]) if match else 1
    return (("level", tuple(f"v{level}" for level in range(highest, 0, -1))),)


def _aarch64(report: HardwareReport) -> Features:
    """Armv8.0 alone: processors tell instructions, from which no later version follows for sure."""
    return (("version", ("8a",)),) if report.platform.machine in {"aarch64", "arm64"} else ()


def _nvidia(report: HardwareReport) -> Features:
    """What the driver's CUDA and the strongest device allow; empty without a driver.

    One list cannot say that a wheel must serve several devices, so the strongest decides, as in the provider.
    """
    device = next(iter(devices_for(report, "cuda")), None)
    cuda = _cuda_of(device) if device else ()
    if device is None or len(cuda) < 2 or cuda[0] not in _CUDA_MAJORS or cuda[1] not in _CUDA_MINORS:
        return ()
    features = [
        ("cuda_version_lower_bound", _bounds(cuda, below=True)),
        ("cuda_version_upper_bound", _bounds(cuda, below=False)),
    ]
    have = capability(device.architecture or "")
    if have >= _LEAST_CAPABILITY:
        major, minor = have
        # Binaries for other devices of a series do not run on a Jetson's.
        minors = (minor,) if device.tegra else range(minor, -1, -1)
        features.append(("sm_arch", (*(f"{major}{item}_real" for item in minors), f"{major}0_virtual")))
    return tuple((name, values) for name, values in features if values)


def _bounds(cuda: Numbers, *, below: bool) -> tuple[str, ...]:
    """The versions up to *cuda*, or those beyond it; newest first, each major alone behind its minors."""
    here = (cuda[0], cuda[1])
    versions = []
    for major in reversed(_CUDA_MAJORS):
        minors = [f"{major}.{minor}" for minor in reversed(_CUDA_MINORS) if ((major, minor) <= here) is below]
        alone = [str(major)] if ((major, 0) <= here) is below else []
        versions += [*minors, *alone]
    return tuple(versions)


def _cuda_of(device: Device) -> Numbers:
    """The newest CUDA version the device's driver implements: as it says, else by the branch it is of."""
    cuda = numbers_of(device.driver_cuda or "")
    driver = numbers_of(device.driver or "")
    if cuda or not driver:
        return cuda[:2]
    branches = load_catalog().drivers.branches.items()
    return max((version for version, branch in branches if branch <= driver[0]), default=())
