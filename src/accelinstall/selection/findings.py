"""What the user should know besides the answer: who was left out, for whose sake, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accelinstall.catalog import numbers_of
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import Device, Environment
from accelinstall.selection.demand import HEAD
from accelinstall.selection.hints import better_driver, better_python, described, stands_against
from accelinstall.selection.machine import VENDORS
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import Ranked
from accelinstall.selection.rules import Judgement, device_refusal, label
from accelinstall.selection.runtime import runtime_findings


def findings_for(question: Question, judged: Sequence[Judgement], best: Ranked) -> tuple[Finding, ...]:
    """Warnings and hints for *best*, warnings first; what is said twice stands once."""
    found = [
        *_beyond_catalog(question, best),
        *_left_out(question, best),
        *_lowered(question, best),
        *_unused(question),
        *_driver(question, judged, best),
        *_python(question, judged, best),
        *_last_build(question, best),
        *_rosetta(question),
        *runtime_findings(question, judged, best),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: finding.level != "warning"))


# -- GPUs that are not served -----------------------------------------------------------------------------------------


def _left_out(question: Question, best: Ranked) -> Iterator[Finding]:
    out = [device for device, good in zip(question.machine.devices, best.served, strict=False) if not good]
    if not out:
        return
    alone = question.with_devices(tuple(out)).best()
    hint = f"--gpu-arch {_architectures(out)} would choose {described(alone)} for it instead" if alone else ""
    yield Finding(
        id="gpu-left-out",
        level="warning",
        message=f"no build serves every GPU; {described(best)} leaves out {_names(out)}",
        hint=hint,
    )


def _lowered(question: Question, best: Ranked) -> Iterator[Finding]:
    """One warning when some of the GPUs served could have a newer series without the others."""
    served = [device for device, good in zip(question.machine.devices, best.served, strict=False) if good]
    architectures = dict.fromkeys(device.architecture for device in served)
    if len(architectures) < 2 or best.series == numbers_of(question.newest.series):
        return
    alone: dict[str, Ranked] = {}
    for architecture in architectures:
        mine = tuple(device for device in served if device.architecture == architecture)
        reached = question.with_devices(mine).best()
        if architecture and reached is not None:
            alone[architecture] = reached
    top = max(alone.values(), key=lambda reached: reached.series, default=best)
    if top.series <= best.series:
        return
    kept = sorted(name for name, reached in alone.items() if reached.series == top.series)
    cause = [device for device in served if device.architecture not in kept]
    yield Finding(
        id="version-lowered-for-gpu",
        level="warning",
        message=f"{described(best)} is taken for the sake of {_names(cause)}; {described(top)} would serve the others",
        hint=f"--gpu-arch {','.join(kept)}",
    )


def _unused(question: Question) -> Iterator[Finding]:
    """Devices that stay idle, each with the reason; integrated ones only where there is no discrete one."""
    if question.by_source and question.fixed == "cpu" and question.environment not in {"cpu", "edge"}:
        yield from _fixed_to_cpu(question)
        return
    discrete = any(not device.integrated for device in question.report.devices)
    for device in question.report.devices:
        hidden = question.report.platform.rosetta or (discrete and device.integrated)
        if device not in question.machine.devices and not hidden:
            yield _why_unused(device, question)


def _fixed_to_cpu(question: Question) -> Iterator[Finding]:
    free = question.freed()
    best = free.best()
    if best is not None and best.backend.environment != "cpu":
        indexed = best.backend.has_index(question.machine.platform)
        edit = f'`url = "{best.backend.url}"` in that source' if indexed else "no source at all"
        yield Finding(
            id="gpu-unused",
            level="warning",
            message=f"the project's source fixes the CPU build of {HEAD}, so {_names(free.machine.devices)} "
            "stays unused",
            hint=f"{edit} would take {described(best)}",
        )


def _why_unused(device: Device, question: Question) -> Finding:
    environment = next(name for name, vendor in VENDORS.items() if vendor == device.vendor)
    # Beside a usable GPU of its kind an unusable one is often meant to be so: a container is given one of eight.
    served = any(other.vendor == device.vendor and other.usable for other in question.report.devices)
    loud = not device.integrated and not (served and not device.usable)
    if not device.usable:
        return Finding(
            id="gpu-not-usable",
            level="warning" if loud else "info",
            message=f"{label(device)} is not usable: {device.reason or 'no reason known'}",
        )
    other = question.for_environment(environment).with_devices((device,)).undemanding()
    if other.best() is not None:
        return Finding(
            id="gpu-unused",
            level="info",
            message=f"{label(device)} stays unused: the environment is {question.environment}",
            hint=f"--environment {environment}",
        )
    driver = better_driver(other, None)
    return Finding(
        id="gpu-unused",
        level="warning" if loud else "info",
        message=f"{label(device)} stays unused: {_refusal(device, environment, other)}",
        hint=f"driver {driver[0]} or newer would allow {described(driver[1])}" if driver else "",
    )


def _refusal(device: Device, environment: Environment, other: Question) -> str:
    """Why no build runs on *device*: the device's own reason before the system's."""
    platform = other.machine.platform
    for backend in other.backends:
        build = next((build for build in backend.builds if platform in build.code), None)
        if build is not None and not backend.l4t:
            refusal = device_refusal(device, backend, build.code[platform], other.machine, other.catalog)
            if refusal is not None:
                compiled = refusal.code == "architecture-not-compiled" and environment != "xpu"
                return f"{HEAD} with {backend.slug} {refusal.reason}" if compiled else refusal.reason
    return next(
        (row.verdict.reason for row in other.judged() if not row.verdict.accepted),
        f"{HEAD} has no {environment} build for {platform}",
    )


# -- what would change the answer -------------------------------------------------------------------------------------


def _driver(question: Question, judged: Sequence[Judgement], best: Ranked) -> Iterator[Finding]:
    if not stands_against("driver-too-old", judged, best):
        return
    better = better_driver(question, best)
    if better is not None:
        yield Finding(
            id="driver-would-allow",
            level="info",
            message=f"driver {better[0]} or newer would allow {described(better[1])}; "
            f"{question.machine.devices[0].driver} is installed",
        )


def _python(question: Question, judged: Sequence[Judgement], best: Ranked) -> Iterator[Finding]:
    if not stands_against("python-unsupported", judged, best):
        return
    better = better_python(question, best)
    if better is not None:
        yield Finding(
            id="python-would-allow",
            level="info",
            message=f"Python {better[0]} would allow {described(better[1])}",
            hint=f"--python-version {better[0]}",
        )


def _last_build(question: Question, best: Ranked) -> Iterator[Finding]:
    if not question.machine.devices or best.series == numbers_of(question.newest.series):
        return
    free = question.undemanding()
    newest = [row for row in free.judged() if row.release is question.newest]
    if newest and all(row.verdict.code == "architecture-not-compiled" for row in newest):
        last = free.best()
        if last is not None:
            yield Finding(
                id="last-build-for-gpu",
                level="info",
                message=f"the last {HEAD} with code for {label(question.machine.devices[0])} that its driver runs is "
                f"{last.releases[0].version} with {last.backend.slug}",
            )


def _beyond_catalog(question: Question, best: Ranked) -> Iterator[Finding]:
    pinned = question.demand.pinned(HEAD)
    if best.releases[0].version == pinned and all(row.version != pinned for row in question.catalog.releases):
        yield Finding(
            id="release-newer-than-catalog",
            level="info",
            message=f"{HEAD} {pinned} is not in the catalog of {question.catalog.serial}; "
            f"it is judged by what is known of {best.releases[0].series}",
        )


def _rosetta(question: Question) -> Iterator[Finding]:
    if question.report.platform.rosetta:
        yield Finding(
            id="use-arm64-python",
            level="warning",
            message=f"this Python is built for Intel and runs translated on Apple silicon: {HEAD} ends at 2.2.2 there "
            "and does not see the GPU",
            hint="use an arm64 Python, such as `uv python install cpython-3.12-macos-aarch64`",
        )


def _names(devices: Sequence[Device]) -> str:
    return ", ".join(dict.fromkeys(map(label, devices)))


def _architectures(devices: Sequence[Device]) -> str:
    return ",".join(sorted({device.architecture or "" for device in devices} - {""}))
