"""Display adapters and accelerators on the PCI bus, without ``lspci``: Linux's ``/sys`` or Windows' adapter ids."""

from __future__ import annotations

import re

from accelinstall.hardware.inquiry import Inquiry
from accelinstall.values import dataclass

NVIDIA, AMD, INTEL = 0x10DE, 0x1002, 0x8086
_DEVICES = "/sys/bus/pci/devices"
# PCI code assignment: class 0x03 = display controller, 0x12 = processing accelerator (AMD's Instinct from MI300 on).
_CLASSES = ("0x03", "0x12")
_ADAPTER = re.compile(r"PCI\\VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PciDisplay:
    """One display adapter or accelerator.

    :ivar address: ``0000:01:00.0``; on Windows the adapter's whole id.
    :ivar driver: the kernel driver bound to it; empty when none is or the system does not say.
    """

    address: str
    vendor: int
    device: int
    driver: str = ""

    def __str__(self) -> str:
        bound = f" driven by {self.driver}" if self.driver else ""
        return f"{self.vendor:04x}:{self.device:04x}{bound}"


def parse_hex(text: str | None) -> int | None:
    """The number in ``0x10de``, ``10de`` or the like with white space around; ``None`` for anything else."""
    if text is None or not re.fullmatch(r"\s*(?:0x)?[0-9a-fA-F]{1,16}\s*", text, re.ASCII):
        return None
    return int(text, 16)


def parse_adapter(identifier: str) -> PciDisplay | None:
    r"""The adapter behind a plug-and-play id such as ``PCI\VEN_10DE&DEV_2684&SUBSYS_...``; ``None`` off the PCI bus."""
    match = _ADAPTER.match(identifier)
    if match is None:
        return None
    return PciDisplay(address=identifier, vendor=int(match[1], 16), device=int(match[2], 16))


def parse_uevent_driver(text: str | None) -> str:
    """The driver named in a device's ``uevent`` file; empty when none is bound."""
    match = re.search(r"^DRIVER=([\w.-]+)$", text or "", re.MULTILINE)
    return match[1] if match else ""


def read_displays(inquiry: Inquiry) -> tuple[PciDisplay, ...]:
    """Every display adapter and accelerator of NVIDIA, AMD or Intel, in bus order."""
    host = inquiry.host
    if host.facts().system == "Windows":
        found = [parse_adapter(identifier) for identifier in host.display_adapters()]
        displays = [display for display in found if display is not None]
    else:
        displays = [display for name in host.list_dir(_DEVICES) if (display := _read_display(inquiry, name))]
    for display in displays:
        inquiry.note("pci", display.address, excerpt=str(display))
    if not displays:
        inquiry.note("pci", _DEVICES, failure="no display adapter of a known vendor", absent=True)
    return tuple(displays)


def _read_display(inquiry: Inquiry, name: str) -> PciDisplay | None:
    folder = f"{_DEVICES}/{name}"
    read = inquiry.host.read_text
    kind = read(f"{folder}/class")
    if kind is None or not kind.lower().startswith(_CLASSES):
        return None
    vendor, device = parse_hex(read(f"{folder}/vendor")), parse_hex(read(f"{folder}/device"))
    if vendor not in (NVIDIA, AMD, INTEL) or device is None:
        return None
    driver = parse_uevent_driver(read(f"{folder}/uevent"))
    return PciDisplay(address=name, vendor=vendor, device=device, driver=driver)
