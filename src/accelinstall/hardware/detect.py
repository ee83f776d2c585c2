"""From a host to a report: every probe runs, and none can stop another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from accelinstall.hardware import amd, apple, cpu, intel, nvidia
from accelinstall.hardware.host import Host
from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.pci import PciDisplay, read_displays
from accelinstall.hardware.surroundings import Surroundings, bare_platform, read_surroundings
from accelinstall.model.hardware import Cpu, Device, Evidence, HardwareReport, Memory

Answer = TypeVar("Answer")
VendorProbe = Callable[[Inquiry, Surroundings], tuple[Device, ...]]

_VENDORS: tuple[tuple[str, VendorProbe], ...] = (
    ("nvidia", nvidia.probe),
    ("amd", amd.probe),
    ("intel", intel.probe),
    ("apple", apple.probe),
)


def detect(host: Host) -> HardwareReport:
    """Everything *host* says about itself: all vendors are asked, whatever the others answered.

    A driver that hangs costs the deadline once (2 s) and leaves its devices unconfirmed.  A probe that fails leaves
    evidence that says how; the report then lacks only what that probe would have added.
    """
    return _detect(host, _VENDORS)


def _detect(host: Host, vendors: tuple[tuple[str, VendorProbe], ...]) -> HardwareReport:
    evidence: list[Evidence] = []

    def guarded(name: str, ask: Callable[[Inquiry], Answer], otherwise: Answer) -> Answer:
        inquiry = Inquiry(host, name)
        try:
            return ask(inquiry)
        except Exception as error:
            inquiry.note("probe", "accelinstall", failure=f"{type(error).__name__}: {error}")
            return otherwise
        finally:
            evidence.extend(inquiry.evidence)

    no_displays: tuple[PciDisplay, ...] = ()
    no_devices: tuple[Device, ...] = ()
    bare = Surroundings(platform=bare_platform(host.facts()))
    around = guarded("platform", read_surroundings, bare)
    displays = guarded("bus", read_displays, no_displays)
    around = Surroundings(platform=around.platform, soc=around.soc, displays=displays)
    processor, memory = guarded("cpu", partial(cpu.probe, around=around), (Cpu(), Memory()))
    devices: list[Device] = []
    for name, probe in vendors:
        devices += guarded(name, _given(around, probe), no_devices)
    return HardwareReport(
        devices=tuple(devices),
        cpu=processor,
        memory=memory,
        platform=around.platform,
        evidence=tuple(evidence),
    )


def _given(around: Surroundings, probe: VendorProbe) -> Callable[[Inquiry], tuple[Device, ...]]:
    return lambda inquiry: probe(inquiry, around)
