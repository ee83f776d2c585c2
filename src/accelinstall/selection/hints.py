"""What would change the answer: another driver, another Python."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.catalog import Numbers, numbers_of
from accelinstall.model.hardware import Device
from accelinstall.selection.machine import python_of_tag
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import Ranked
from accelinstall.selection.rules import Judgement, dotted_driver
from accelinstall.values import replace


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
    """The Python nearest to the machine's that would reach more than *than*, and what it would reach.

    Of two equally near ones the newer; a free-threaded Python is only exchanged for another one.
    """
    current = _minor(question.machine.python)
    releases = question.catalog.releases
    tags = {tag for release in releases for tag in release.pythons(question.machine.platform)}
    alike = [tag for tag in tags if tag.endswith("t") == question.machine.python.endswith("t")]
    for tag in sorted(alike, key=lambda tag: (abs(_minor(tag) - current), -_minor(tag))):
        best = question.with_python(tag).best()
        if best is not None and (than is None or _reach(best) > _reach(than)):
            return python_of_tag(tag), best
    return None


def described(ranked: Ranked) -> str:
    """``torch 2.15 with cu130``."""
    return f"torch {ranked.releases[0].series} with {ranked.backend.slug}"


def stands_against(code: str, judged: Sequence[Judgement], best: Ranked) -> bool:
    """Whether *code* rejects a build of a newer series than the best one's."""
    return any(
        row.verdict.code in {code, "serves-some"} and numbers_of(row.release.series) > best.series for row in judged
    )


def _reach(ranked: Ranked) -> tuple[tuple[bool, ...], Numbers]:
    return ranked.order[:2]


def _with_driver(device: Device, needed: Numbers, question: Question) -> Device:
    if device.vendor != "nvidia" or device.tegra or device.driver is None or numbers_of(device.driver) >= needed:
        return device
    generation = question.catalog.drivers.generation(device.architecture or "")
    if generation and generation.last_branch and needed[0] > generation.last_branch:
        return device
    return replace(device, driver=dotted_driver(needed), driver_cuda=None)


def _minor(tag: str) -> int:
    return int(tag.removeprefix("cp").removesuffix("t")[1:] or 0)
