"""What the user should know besides the answer: who was left out, and what would change the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from accelinstall.catalog import Numbers, numbers_of
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import Device
from accelinstall.selection.machine import VENDORS, python_of_tag
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import Ranked
from accelinstall.selection.rules import dotted_driver, label


def findings_for(question: Question, ranked: Sequence[Ranked]) -> tuple[Finding, ...]:
    """Warnings and hints for the best of *ranked*, warnings first."""
    best = ranked[0]
    found = [
        *_left_out(question, best),
        *_lowered(question, best),
        *_unused(question),
        *_driver(question, best),
        *_python(question, best),
        *_last_build(question, best),
        *_rosetta(question),
    ]
    return tuple(sorted(found, key=lambda finding: finding.level != "warning"))


def better_driver(question: Question, than: Ranked | None) -> tuple[str, Ranked] | None:
    """The least driver that would reach more than *than*, and what it would reach; ``None`` when none would.

    A GPU whose generation a driver no longer supports keeps the driver it has.
    """
    floors = question.catalog.drivers.floors.values()
    windows = question.machine.windows_driver
    for needed in sorted(floor.windows if windows else floor.linux for floor in floors):
        devices = tuple(_with_driver(device, needed, question) for device in question.machine.devices)
        if devices == question.machine.devices:
            continue
        best = question.with_devices(devices).best()
        if best is not None and (than is None or _reach(best) > _reach(than)):
            return dotted_driver(needed), best
    return None


def better_python(question: Question, than: Ranked | None) -> tuple[str, Ranked] | None:
    """The Python nearest to the machine's that would reach more than *than*, and what it would reach."""
    current = _python_order(question.machine.python)
    tags = {tag for release in question.catalog.releases for tag in release.pythons(question.machine.platform)}
    tags |= {tag for backend in question.backends for tag in backend.pythons}
    plain = [tag for tag in tags if tag.endswith("t") == question.machine.python.endswith("t")]
    for tag in sorted(plain, key=lambda tag: (abs(_python_order(tag) - current), -_python_order(tag))):
        best = question.with_python(tag).best()
        if best is not None and (than is None or _reach(best) > _reach(than)):
            return python_of_tag(tag), best
    return None


def what(ranked: Ranked) -> str:
    """``torch 2.15 with cu130``."""
    return f"torch {ranked.releases[0].series} with {ranked.backend.slug}"


def _reach(ranked: Ranked) -> tuple[tuple[bool, ...], Numbers]:
    return ranked.order[:2]


def _with_driver(device: Device, needed: Numbers, question: Question) -> Device:
    if device.vendor != "nvidia" or device.tegra or device.driver is None or numbers_of(device.driver) >= needed:
        return device
    generation = question.catalog.drivers.generation(device.architecture or "")
    if generation and generation.last_branch and needed[0] > generation.last_branch:
        return device
    return replace(device, driver=dotted_driver(needed), driver_cuda=None)


def _python_order(tag: str) -> int:
    return int(tag.removeprefix("cp").removesuffix("t")[1:] or 0)


# -- findings ---------------------------------------------------------------------------------------------------------


def _left_out(question: Question, best: Ranked) -> Iterator[Finding]:
    out = [device for device, good in zip(question.machine.devices, best.served, strict=False) if not good]
    if out:
        names = ", ".join(map(label, out))
        yield Finding(
            id="gpu-left-out",
            level="warning",
            message=f"no build serves every GPU; {what(best)} leaves out {names}",
            hint=f"--gpu-arch {_architectures(out)} chooses for {'it' if len(out) == 1 else 'them'} instead",
        )


def _lowered(question: Question, best: Ranked) -> Iterator[Finding]:
    """One warning when a stronger or newer GPU alone could have a newer series."""
    served = [device for device, good in zip(question.machine.devices, best.served, strict=False) if good]
    alone = {}
    for architecture in dict.fromkeys(device.architecture for device in served):
        mine = tuple(device for device in served if device.architecture == architecture)
        reached = question.with_devices(mine).best()
        if architecture and reached is not None:
            alone[architecture] = reached
    if not alone:
        return
    top = max(alone.values(), key=lambda reached: reached.series)
    if top.series <= best.series:
        return
    kept = sorted(name for name, reached in alone.items() if reached.series == top.series)
    cause = [device for device in served if device.architecture not in kept]
    yield Finding(
        id="version-lowered-for-gpu",
        level="warning",
        message=f"{what(best)} is taken for the sake of {', '.join(dict.fromkeys(map(label, cause)))}; "
        f"{what(top)} would serve the others",
        hint=f"--gpu-arch {','.join(kept)}",
    )


def _unused(question: Question) -> Iterator[Finding]:
    """Devices that a CPU target leaves idle, each with the reason."""
    if question.environment not in {"cpu", "edge"} and question.fixed != "cpu":
        return
    if question.fixed == "cpu" and question.environment not in {"cpu", "edge"}:
        yield from _fixed_to_cpu(question)
        return
    for device in question.report.devices:
        if device.vendor == "apple":
            continue
        yield from _why_unused(device, question)


def _fixed_to_cpu(question: Question) -> Iterator[Finding]:
    free = question.freed().best()
    if free is None or free.backend.environment == "cpu" or not question.by_source:
        return
    names = ", ".join(dict.fromkeys(map(label, question.freed().machine.devices))) or question.environment
    edit = f'url = "{free.backend.url}" in that source' if free.backend.url else "remove that source"
    yield Finding(
        id="gpu-unused",
        level="warning",
        message=f"the project's source fixes the CPU build of torch, so {names} stays unused",
        hint=f"{edit} would take {what(free)}",
    )


def _why_unused(device: Device, question: Question) -> Iterator[Finding]:
    environment = next(name for name, vendor in VENDORS.items() if vendor == device.vendor)
    other = question.for_environment(environment).with_devices((device,)).undemanding()
    if not device.usable:
        yield Finding(
            id="gpu-not-usable",
            level="warning" if not device.integrated else "info",
            message=f"{label(device)} is not usable: {device.reason or 'no reason known'}",
        )
        return
    if other.best() is not None:
        yield Finding(id="gpu-unused", level="info", message=f"{label(device)} stays unused: the target is CPU")
        return
    refused = next((row for row in other.judged() if row.verdict.version == question.newest.version), None)
    reason = refused.verdict.reason if refused else f"torch has no {environment} build for {question.machine.platform}"
    driver = better_driver(other, None)
    yield Finding(
        id="gpu-unused",
        level="info" if device.integrated else "warning",
        message=f"{label(device)} stays unused: {reason}",
        hint=f"driver {driver[0]} or newer would allow {what(driver[1])}" if driver else "",
    )


def _driver(question: Question, best: Ranked) -> Iterator[Finding]:
    better = better_driver(question, best)
    if better is not None:
        yield Finding(
            id="driver-would-allow",
            level="info",
            message=f"driver {better[0]} or newer would allow {what(better[1])}",
            hint=f"the driver here is {question.machine.devices[0].driver}",
        )


def _python(question: Question, best: Ranked) -> Iterator[Finding]:
    if best.releases[0].series == question.newest.series:
        return
    better = better_python(question, best)
    if better is not None:
        yield Finding(
            id="python-would-allow",
            level="info",
            message=f"Python {better[0]} would allow {what(better[1])}",
            hint=f"--python-version {better[0]}",
        )


def _last_build(question: Question, best: Ranked) -> Iterator[Finding]:
    if not question.machine.devices or best.releases[0].series == question.newest.series:
        return
    newest = [
        row for row in question.undemanding().judged() if row.verdict.version == question.newest.version
    ]
    if newest and all(row.verdict.code == "architecture-not-compiled" for row in newest):
        last = question.undemanding().best()
        if last is not None:
            device = question.machine.devices[0]
            yield Finding(
                id="last-build-for-gpu",
                level="info",
                message=f"the last torch with code for {label(device)} is {last.releases[0].version} "
                f"with {last.backend.slug}",
            )


def _rosetta(question: Question) -> Iterator[Finding]:
    if question.report.platform.rosetta:
        yield Finding(
            id="use-arm64-python",
            level="warning",
            message="this Python is built for Intel and runs translated on Apple silicon: torch ends at 2.2.2 "
            "there and does not see the GPU",
            hint="use an arm64 Python, such as `uv python install cpython-3.12-macos-aarch64`",
        )


def _architectures(devices: Sequence[Device]) -> str:
    return ",".join(sorted({device.architecture or "" for device in devices} - {""}))
