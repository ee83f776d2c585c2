"""Intel GPUs by PCI id: those that PyTorch's XPU builds are validated on, and why the others do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.pci import INTEL, PciDisplay
from accelinstall.hardware.surroundings import Surroundings
from accelinstall.model.hardware import Device

if TYPE_CHECKING:
    from accelinstall.catalog.pci import PciChip

_DRI = "/dev/dri"


def probe(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...]:
    """Every Intel GPU; an old integrated one is present and not usable."""
    return tuple(_from_pci(display, inquiry, around) for display in around.of_vendor(INTEL))


def _from_pci(display: PciDisplay, inquiry: Inquiry, around: Surroundings) -> Device:
    from accelinstall.catalog.pci import intel_chip

    chip = intel_chip(display.device)
    excerpt = f"{display} {chip.name}, xpu {chip.xpu}" if chip else f"{display} older than Tiger Lake or unknown"
    evidence = inquiry.note("pci", display.address, excerpt=excerpt)
    reason = _unsupported_reason(chip) or _closed_reason(display, inquiry, around)
    return Device(
        vendor="intel",
        name=f"Intel {chip.name}" if chip else f"Intel graphics {display.device:04x}",
        architecture=chip.architecture if chip else None,
        usable=not reason,
        reason=reason,
        integrated=chip is None or chip.integrated,
        evidence=(evidence,),
    )


def _unsupported_reason(chip: PciChip | None) -> str:
    if chip is None or chip.xpu == "no":
        return "older than the GPUs that XPU builds support"
    if chip.xpu == "unlisted":
        return "not among the GPUs that XPU builds are validated on"
    return ""


def _closed_reason(display: PciDisplay, inquiry: Inquiry, around: Surroundings) -> str:
    if around.platform.system != "linux":
        return ""
    if display.driver == "vfio-pci":
        return "the GPU is given to a virtual machine (vfio-pci)"
    nodes = _render_nodes(display, inquiry)
    inquiry.note("node", _DRI, excerpt=" ".join(nodes), failure="" if nodes else "no render node", absent=not nodes)
    if around.platform.container and not nodes:
        return f"this container was started without the GPU: no render node in {_DRI}"
    if nodes and not any(inquiry.host.is_writable(f"{_DRI}/{name}") for name in nodes):
        return f"this user may not open {_DRI}/{nodes[0]}: membership of the group render is missing"
    return ""


def _render_nodes(display: PciDisplay, inquiry: Inquiry) -> list[str]:
    """The GPU's own render nodes where the kernel names them, else those of any GPU."""
    own = inquiry.host.list_dir(f"/sys/bus/pci/devices/{display.address}/drm")
    present = inquiry.host.list_dir(_DRI)
    return [name for name in present if name.startswith("renderD") and (not own or name in own)]
