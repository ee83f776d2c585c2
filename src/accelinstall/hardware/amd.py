"""AMD GPUs: the kernel's compute topology first, then PCI ids, then ``rocminfo`` where neither exists (WSL)."""

from __future__ import annotations

import re

from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.kfd import KfdNode, bank_bytes, decode_node, group_partitions, parse_properties
from accelinstall.hardware.pci import AMD, PciDisplay
from accelinstall.hardware.surroundings import Surroundings
from accelinstall.model.hardware import Device

_NODES = "/sys/class/kfd/kfd/topology/nodes"
_KFD = "/dev/kfd"
# Only the out-of-tree module has a version file: its absence says nothing about the GPU.
_DRIVER = "/sys/module/amdgpu/version"
_ROCM = "/opt/rocm/.info/version"
_VARIABLES = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION")


def probe(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...]:
    """Every AMD GPU, a partitioned one once, an integrated one marked."""
    if around.platform.system == "linux":
        for name in _VARIABLES:
            inquiry.environ(name)
    nodes = _read_nodes(inquiry) if around.platform.system == "linux" else ()
    displays = around.of_vendor(AMD)
    if not nodes and not displays:
        return _from_rocminfo(inquiry) if around.platform.wsl else ()
    driver = _read_driver(inquiry) if around.platform.system == "linux" else None
    known = {node.device_id for node in nodes}
    beside = tuple(display for display in displays if display.device not in known)
    computing = tuple(_from_kfd(group, inquiry, around, driver) for group in group_partitions(nodes))
    return (*computing, *(_from_pci(display, inquiry, around, with_kfd=bool(nodes)) for display in beside))


def parse_rocminfo(text: str) -> tuple[str, ...]:
    """The architectures of the agents that ``rocminfo`` lists, one for each GPU."""
    return tuple(re.findall(r"^  Name:\s+(gfx[1-9][0-9a-f]{2,4})\s*$", text, re.MULTILINE | re.ASCII))


def _read_nodes(inquiry: Inquiry) -> tuple[KfdNode, ...]:
    numbers = sorted(int(name) for name in inquiry.host.list_dir(_NODES) if re.fullmatch(r"[0-9]{1,6}", name))
    if not numbers:
        inquiry.note("kfd", _NODES, failure="the kernel lists no compute topology", absent=True)
    nodes = []
    for number in numbers:
        path = f"{_NODES}/{number}/properties"
        text = inquiry.host.read_text(path)
        properties = parse_properties(text or "")
        version = properties.get("gfx_target_version", 0)
        failure = "cannot be read" if text is None else ""
        inquiry.note("kfd", path, excerpt=f"gfx_target_version {version}", failure=failure)
        node = decode_node(number, properties, memory_bytes=_read_memory(inquiry, number) if version else 0)
        nodes += [node] if node else []
    return tuple(nodes)


def _read_memory(inquiry: Inquiry, number: int) -> int:
    folder = f"{_NODES}/{number}/mem_banks"
    read = inquiry.host.read_text
    banks = (read(f"{folder}/{bank}/properties") for bank in inquiry.host.list_dir(folder))
    return sum(bank_bytes(parse_properties(text)) for text in banks if text)


def _read_driver(inquiry: Inquiry) -> str | None:
    inquiry.read("rocm", _ROCM)
    version = (inquiry.read("driver", _DRIVER) or "").strip()
    return version if re.fullmatch(r"[0-9][\w.+-]{0,40}", version) else None


def _from_kfd(group: tuple[KfdNode, ...], inquiry: Inquiry, around: Surroundings, driver: str | None) -> Device:
    from accelinstall.catalog.pci import amd_chip, is_integrated_amd

    first = group[0]
    parts = f", {len(group)} partitions" if len(group) > 1 else ""
    failure = "" if first.architecture else f"{first.version} is no gfx version"
    excerpt = f"node {first.number}: device {first.device_id:04x}, {first.architecture}{parts}"
    evidence = inquiry.note("kfd", f"{_NODES}/{first.number}", excerpt=excerpt, failure=failure)
    chip = amd_chip(first.device_id)
    reason = _closed_reason(group, inquiry, around)
    return Device(
        vendor="amd",
        name=f"AMD {chip.name}" if chip else f"AMD device {first.device_id:04x}",
        architecture=first.architecture,
        memory_bytes=sum(node.memory_bytes for node in group) or None,
        driver=driver,
        usable=not reason,
        reason=reason,
        integrated=first.architecture is not None and is_integrated_amd(first.architecture),
        evidence=(evidence,),
    )


def _closed_reason(group: tuple[KfdNode, ...], inquiry: Inquiry, around: Surroundings) -> str:
    """Why no program can open the GPU; empty when one can."""
    if not inquiry.exists("node", _KFD):
        place = "this container was started without it" if around.platform.container else "the driver made none"
        return f"{_KFD} does not exist: {place}"
    if not inquiry.host.is_writable(_KFD):
        return f"this user may not open {_KFD}: membership of the group render (or video) is missing"
    minors = [node.render_minor for node in group if node.render_minor]
    if not minors or any(inquiry.exists("node", f"/dev/dri/renderD{minor}") for minor in minors):
        return ""
    return f"its node /dev/dri/renderD{minors[0]} does not exist"


def _from_pci(display: PciDisplay, inquiry: Inquiry, around: Surroundings, *, with_kfd: bool) -> Device:
    from accelinstall.catalog.pci import amd_chip

    chip = amd_chip(display.device)
    excerpt = f"{display} {chip.name}, {chip.architecture}" if chip else str(display)
    failure = "" if chip else "an id no table knows"
    evidence = inquiry.note("pci", display.address, excerpt=excerpt, failure=failure)
    usable = around.platform.system == "windows" and chip is not None
    reason = "" if usable else _silent_reason(display, around, with_kfd=with_kfd)
    return Device(
        vendor="amd",
        name=f"AMD {chip.name}" if chip else f"AMD device {display.device:04x}",
        architecture=chip.architecture if chip else None,
        usable=usable,
        reason=reason,
        integrated=chip is not None and chip.integrated,
        evidence=(evidence,),
    )


def _silent_reason(display: PciDisplay, around: Surroundings, *, with_kfd: bool) -> str:
    if display.driver == "vfio-pci":
        return "the GPU is given to a virtual machine (vfio-pci)"
    if around.platform.system == "windows":
        return "no table knows this GPU"
    if with_kfd:
        return "the kernel's compute driver does not list this GPU"
    return "the kernel shows no compute interface for it: the amdgpu driver is not loaded or built without KFD"


def _from_rocminfo(inquiry: Inquiry) -> tuple[Device, ...]:
    from accelinstall.catalog.pci import is_integrated_amd

    answer = inquiry.run("rocminfo", ["rocminfo"])
    evidence = inquiry.evidence[-1]
    return tuple(
        Device(
            vendor="amd",
            name=f"AMD {architecture}",
            architecture=architecture,
            integrated=is_integrated_amd(architecture),
            evidence=(evidence,),
        )
        for architecture in parse_rocminfo(answer.stdout)
    )
