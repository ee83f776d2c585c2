"""What may help at run time: variables and packages of the vendors, as advice and never part of a choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accelinstall.catalog import Relative, VendorIndex
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import Device
from accelinstall.selection.demand import HEAD
from accelinstall.selection.hints import better_driver, described, stands_against
from accelinstall.selection.machine import devices_for
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import Ranked
from accelinstall.selection.rules import Judgement, label
from accelinstall.values import replace

_OVERRIDE = "HSA_OVERRIDE_GFX_VERSION"


def runtime_findings(question: Question, judged: Sequence[Judgement], best: Ranked) -> Iterator[Finding]:
    """Notes for the machine of *question* when *best* is taken."""
    yield from _vendor_indexes(question, best)
    yield from _relatives(question, best)
    yield from _wsl(question, best)
    yield from _forward(question, judged, best)
    yield from _jetson(question, judged, best)


def runtime_edit(question: Question) -> str:
    """What would still serve the AMD GPU of a machine that no build fits; empty when nothing would."""
    for device in devices_for(question.report, "rocm"):
        index = _vendor_index(device, question)
        if index is not None:
            return f"AMD's own index has {HEAD} {index.torch}: `{index.command(device.architecture or '')}`"
        found = _relative(device, question)
        if found is not None:
            relative, reached = found
            return f"{_setting(relative)} would take {described(reached)}, which AMD does not support"
    return ""


# -- AMD --------------------------------------------------------------------------------------------------------------


def _vendor_indexes(question: Question, best: Ranked) -> Iterator[Finding]:
    """One note per architecture for which AMD alone has a build, unless another vendor's GPU computes."""
    if best.backend.environment not in {"rocm", "cpu"}:
        return
    told = set()
    for device in devices_for(question.report, "rocm"):
        index = None if _is_served(device, question, best) else _vendor_index(device, question)
        if index is None or device.architecture in told:
            continue
        told.add(device.architecture)
        yield Finding(
            id="vendor-index",
            level="info",
            message=f"AMD's own index has {HEAD} {index.torch} with {index.toolkit} for {label(device)}; it is not "
            "chosen, because its package `rocm` must be built from source, and nothing that varies with hardware is "
            "built here",
            hint=index.command(device.architecture or ""),
        )


def _vendor_index(device: Device, question: Question) -> VendorIndex | None:
    """The first of AMD's indexes that has what is wished for *device*, where no other build would do."""
    machine, catalog = question.machine, question.catalog
    if not device.usable or question.for_environment("rocm").with_devices((device,)).best() is not None:
        return None
    for index in catalog.vendor_indexes:
        release = next((release for release in catalog.releases if release.version == index.torch), None)
        serves = device.architecture in index.architectures and machine.platform in index.platforms
        if release is None or not serves or machine.python not in index.pythons:
            continue
        newest = question.for_environment("rocm").backends[0]
        if not question.demand.refusal(release, newest, machine.platform):
            return index
    return None


def _relatives(question: Question, best: Ranked) -> Iterator[Finding]:
    """One note per architecture that the chosen build does not serve, but could with a relative's code."""
    told = set()
    for device in devices_for(question.report, "rocm"):
        found = None if _is_served(device, question, best) else _relative(device, question)
        if found is None or device.architecture in told:
            continue
        told.add(device.architecture)
        relative, reached = found
        restriction = f", {relative.note}" if relative.note else ""
        yield Finding(
            id="gpu-override-possible",
            level="info",
            message=f"{described(reached)} holds no code for {label(device)}, but for its relative {relative.code}, "
            f"which others run on it{restriction}; AMD does not support that",
            hint=_setting(relative),
        )


def _relative(device: Device, question: Question) -> tuple[Relative, Ranked] | None:
    """What *device* can pass for on Linux, and what that reaches where its own architecture reaches nothing."""
    platform = question.report.platform
    relative = question.catalog.relative(device.architecture or "")
    if relative is None or not device.usable or platform.system != "linux" or platform.wsl:
        return None
    alone = question if question.fixed else question.for_environment("rocm")
    if alone.with_devices((device,)).best() is not None:
        return None
    reached = alone.with_devices((replace(device, architecture=relative.code),)).best()
    return None if reached is None or reached.backend.environment != "rocm" else (relative, reached)


def _is_served(device: Device, question: Question, best: Ranked) -> bool:
    if best.backend.environment != "rocm":
        return False
    served = zip(question.machine.devices, best.served, strict=False)
    return any(good for other, good in served if other == device)


def _setting(relative: Relative) -> str:
    return f"--environment rocm --gpu-arch {relative.code}, and {_OVERRIDE}={relative.value} at run time"


def _wsl(question: Question, best: Ranked) -> Iterator[Finding]:
    if question.report.platform.wsl and best.backend.environment == "rocm" and question.catalog.wsl_variable:
        yield Finding(
            id="wsl-gpu-hidden",
            level="info",
            message=f"under WSL, ROCm may not look for the GPU of Windows: {question.catalog.wsl_variable} makes it",
            hint=f"export {question.catalog.wsl_variable}",
        )


# -- NVIDIA -----------------------------------------------------------------------------------------------------------


def _forward(question: Question, judged: Sequence[Judgement], best: Ranked) -> Iterator[Finding]:
    """Forward compatibility, where every GPU is named as one for data centres and only the driver is too old."""
    devices, forward = question.machine.devices, question.catalog.drivers.forward
    allowed = all(device.vendor == "nvidia" and forward.is_data_center(device.name) for device in devices)
    if question.machine.windows_driver or not devices or not allowed:
        return
    better = better_driver(question, best) if stands_against("driver-too-old", judged, best) else None
    if better is not None:
        reached = better[1]
        names = ", ".join(dict.fromkeys(device.name for device in devices))
        package = forward.package_for(reached.backend.version)
        yield Finding(
            id="forward-compatibility",
            level="info",
            message=f"{names} is, by its name, for data centres: there NVIDIA's {package} may run "
            f"{described(reached)} although the driver is older; NVIDIA's table says on which drivers",
            hint=f"install {package}, and choose with --driver-version {better[0]}",
        )


def _jetson(question: Question, judged: Sequence[Judgement], best: Ranked) -> Iterator[Finding]:
    forward = question.catalog.drivers.forward
    device = next((item for item in question.machine.devices if item.tegra), None)
    if device is None or device.architecture not in forward.jetson_architectures:
        return
    if stands_against("jetpack-unsupported", judged, best):
        yield Finding(
            id="forward-compatibility",
            level="info",
            message=f"NVIDIA's {forward.jetson_package} runs a newer CUDA on {label(device)} under its JetPack; "
            "wheels for servers hold no code made for it, so this helps with builds for Jetson alone",
        )
