"""NVIDIA GPUs: NVML first, then what the kernel shows, then PCI ids, then ``nvidia-smi``.

NVML comes first because libcuda obeys ``CUDA_VISIBLE_DEVICES`` and would hide devices; that variable is reported and
does not change which build fits the machine.  The catalog's tables are imported where a device asks for them, because
most machines never do.
"""

from __future__ import annotations

from accelinstall.hardware.host import NvmlAnswer, NvmlDevice
from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.nvidia_text import parse_capability, parse_driver_version, parse_smi_header, parse_smi_rows
from accelinstall.hardware.pci import NVIDIA, PciDisplay
from accelinstall.hardware.surroundings import Surroundings
from accelinstall.model.hardware import Device, Evidence
from accelinstall.values import dataclass, replace

_PROC_VERSION = "/proc/driver/nvidia/version"
_SYS_VERSION = "/sys/module/nvidia/version"
_NODES = ("/dev/nvidiactl", "/dev/dxg")
_MOST_GPUS = 16
_TEGRA_NODES = ("/dev/nvhost-gpu", "/dev/nvhost-ctrl-gpu", "/dev/nvgpu/igpu0/ctrl", "/dev/nvidia0", "/dev/nvmap")
# NVIDIA_VISIBLE_DEVICES=void is set by the container runtime itself while it injects GPUs: never read as "no GPU".
_VARIABLES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_REQUIRE_CUDA")
_SMI_QUERY = ("--query-gpu=driver_version,name,compute_cap", "--format=csv,noheader")
_SMI_OLD_QUERY = ("--query-gpu=driver_version,name", "--format=csv,noheader")
_WSL_SMI = "/usr/lib/wsl/lib/nvidia-smi"

_NVML_REASONS = {
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": "the driver's libraries and its loaded kernel module differ in version; "
    "a reboot loads the new module",
    "NVML_ERROR_DRIVER_NOT_LOADED": "the NVIDIA driver is installed but its kernel module is not loaded",
    "NVML_ERROR_NO_PERMISSION": "this user may not open the NVIDIA device nodes",
    "NVML_ERROR_GPU_IS_LOST": "the GPU has fallen off the bus",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kernel:
    """What the kernel shows of the driver: its number and its device nodes, with the evidence for both."""

    driver: str | None = None
    nodes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def probe(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...]:
    """Every NVIDIA GPU, usable or not; with NVML silent, from the sources that do answer."""
    for name in _VARIABLES:
        inquiry.environ(name)
    if around.soc:
        return _probe_tegra(inquiry, around)
    answer = inquiry.nvml()
    kernel = _read_kernel(inquiry) if around.platform.system == "linux" else _Kernel()
    displays = around.of_vendor(NVIDIA)
    if answer.devices:
        listed = tuple(_from_nvml(device, answer, inquiry) for device in answer.devices)
        return (*listed, *_unlisted(displays, answer, inquiry, around))
    # A driver that hangs would hang nvidia-smi as well: the deadline is spent once.
    rows = _from_smi(inquiry, around) if answer.status != "hung" else None
    if rows is None:
        answer = NvmlAnswer(status="hung")
    elif rows:
        return rows
    devices = _from_pci(displays, inquiry) or _from_kernel(kernel, answer)
    return tuple(_judged(device, kernel, around, answer) for device in devices)


def _from_nvml(found: NvmlDevice, answer: NvmlAnswer, inquiry: Inquiry) -> Device:
    excerpt = f"{found.index}: {found.name}, capability {found.compute_capability}"
    evidence = inquiry.note("nvml", f"libnvidia-ml device {found.index}", excerpt=excerpt, failure=found.error)
    reason = ""
    if found.error:
        reason = _NVML_REASONS.get(found.error, f"NVML answers {found.error} for this GPU")
    elif found.mig and found.mig_instances == ():
        reason = "MIG is on and the GPU has no instance: a program finds nothing to run on"
    return Device(
        vendor="nvidia",
        name=found.name or "NVIDIA GPU",
        architecture=parse_capability(found.compute_capability),
        memory_bytes=found.memory_bytes,
        driver=answer.driver_version or None,
        driver_cuda=answer.cuda_driver_version or None,
        usable=not reason,
        reason=reason,
        mig=found.mig,
        uuid=found.uuid,
        evidence=(evidence,),
    )


def _unlisted(
    displays: tuple[PciDisplay, ...], answer: NvmlAnswer, inquiry: Inquiry, around: Surroundings
) -> tuple[Device, ...]:
    """GPUs on the bus that NVML passes over: too old for the driver, bound elsewhere, or not this container's."""
    addresses = {device.pci_address for device in answer.devices}
    if "" in addresses:
        return ()
    devices = _from_pci(tuple(display for display in displays if display.address not in addresses), inquiry)
    reason = f"driver {answer.driver_version} does not list this GPU"
    if around.platform.container:
        reason = "the GPU was not given to this container"
    return tuple(replace(device, usable=False, reason=device.reason or reason) for device in devices)


def _read_kernel(inquiry: Inquiry) -> _Kernel:
    start = len(inquiry.evidence)
    texts = [inquiry.read(topic, path) for topic, path in (("proc", _PROC_VERSION), ("sys", _SYS_VERSION))]
    versions = [version for text in texts if (version := parse_driver_version(text or ""))]
    numbered = tuple(f"/dev/nvidia{index}" for index in range(_MOST_GPUS))
    nodes = tuple(path for path in (*_NODES, *numbered) if inquiry.host.exists(path))
    inquiry.note(
        "nodes",
        "/dev/nvidia*, /dev/dxg",
        excerpt=" ".join(nodes),
        failure="" if nodes else "none exist",
        absent=not nodes,
    )
    return _Kernel(driver=versions[0] if versions else None, nodes=nodes, evidence=tuple(inquiry.evidence[start:]))


def _from_smi(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...] | None:
    """The GPUs that ``nvidia-smi`` lists; empty when it lists none or cannot be run, ``None`` when it hangs."""
    program = _WSL_SMI if around.platform.wsl and inquiry.host.exists(_WSL_SMI) else "nvidia-smi"
    answer = inquiry.run("smi", [program, *_SMI_QUERY])
    if answer.status != "finished":
        return None if answer.status == "hung" else ()
    rows = parse_smi_rows(answer.stdout) if answer.returncode == 0 else ()
    if not rows:
        # Before driver 510 nvidia-smi does not know compute_cap and refuses the whole question.
        answer = inquiry.run("smi", [program, *_SMI_OLD_QUERY])
        rows = parse_smi_rows(answer.stdout) if answer.returncode == 0 else ()
    if not rows:
        return ()
    evidence = inquiry.evidence[-1]
    header = parse_smi_header(inquiry.run("smi", [program]).stdout)
    architectures = _bus_architectures(around.of_vendor(NVIDIA), expected=len(rows))
    return tuple(
        Device(
            vendor="nvidia",
            name=row.name,
            architecture=parse_capability(row.compute_capability) or fallback,
            driver=row.driver,
            driver_cuda=(header[1] if header else "") or None,
            evidence=(evidence,),
        )
        for row, fallback in zip(rows, architectures, strict=True)
    )


def _bus_architectures(displays: tuple[PciDisplay, ...], *, expected: int) -> list[str | None]:
    """What the PCI ids say of each GPU, in the order of nvidia-smi; nothing when the two count differently."""
    from accelinstall.catalog.pci import nvidia_chip

    chips = [nvidia_chip(display.device) for display in displays]
    if len(chips) != expected:
        return [None] * expected
    return [chip.architecture if chip else None for chip in chips]


def _from_pci(displays: tuple[PciDisplay, ...], inquiry: Inquiry) -> tuple[Device, ...]:
    from accelinstall.catalog.pci import nvidia_chip

    devices = []
    for display in displays:
        chip = nvidia_chip(display.device)
        named = f"{chip.name}, {chip.architecture}" if chip else ""
        evidence = inquiry.note(
            "pci", display.address, excerpt=f"{display} {named}", failure="" if chip else "an id no table knows"
        )
        reason = _unbound_reason(display.driver)
        devices.append(
            Device(
                vendor="nvidia",
                name=f"NVIDIA {chip.name}" if chip else f"NVIDIA device {display.device:04x}",
                architecture=chip.architecture if chip else None,
                usable=not reason,
                reason=reason,
                evidence=(evidence,),
            )
        )
    return tuple(devices)


def _from_kernel(kernel: _Kernel, answer: NvmlAnswer) -> tuple[Device, ...]:
    """GPUs that show only as a driver or as device nodes: as many as there are nodes, one when none is numbered.

    A library alone is no GPU (images bring one along), unless it hangs: then there is a driver to hang in.
    """
    numbered = [path for path in kernel.nodes if path[-1].isdigit()]
    if kernel.driver is None and not numbered and answer.status != "hung":
        return ()
    return tuple(Device(vendor="nvidia", name="NVIDIA GPU") for _ in range(len(numbered) or 1))


def _judged(device: Device, kernel: _Kernel, around: Surroundings, answer: NvmlAnswer) -> Device:
    """*device* with its driver, and whether it can be opened, for want of NVML's word."""
    device = replace(device, driver=kernel.driver, evidence=(*device.evidence, *kernel.evidence))
    if device.reason:
        return device
    if answer.status == "hung":
        reason = "the NVIDIA driver did not answer in time: whether the GPU works is unknown"
        return replace(device, confirmed=False, reason=reason)
    if answer.status == "failed" and (kernel.nodes or kernel.driver is None):
        reason = _NVML_REASONS.get(answer.error, f"the NVIDIA driver's library could not start: {answer.error}")
        return replace(device, usable=False, reason=reason)
    if answer.status == "answered":
        return replace(device, usable=False, reason="the driver answers and lists no GPU to this process")
    if kernel.nodes and (kernel.driver or around.platform.wsl):
        return device
    return replace(device, usable=False, reason=_missing_reason(kernel, around))


def _missing_reason(kernel: _Kernel, around: Surroundings) -> str:
    if kernel.driver is None:
        return "no NVIDIA driver answers" if around.platform.system != "linux" else "no NVIDIA driver is loaded"
    if around.platform.container:
        return (
            f"the host's driver {kernel.driver} is visible, but this container was started without its GPUs: "
            "there is no /dev/nvidia*"
        )
    return f"driver {kernel.driver} is loaded, but its device nodes /dev/nvidia* are missing"


def _unbound_reason(driver: str) -> str:
    if driver == "vfio-pci":
        return "the GPU is given to a virtual machine (vfio-pci)"
    if driver == "nouveau":
        return "the GPU is driven by nouveau, which cannot run CUDA"
    return ""


def _probe_tegra(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...]:
    """A Jetson's own GPU, and a discrete one beside it when NVML lists one.

    The driver's number is left out: on Tegra it follows Linux for Tegra and no desktop branch it could be compared to.
    """
    from accelinstall.catalog.pci import tegra_architecture

    architecture = tegra_architecture(around.soc)
    answer = inquiry.nvml()
    listed = tuple(_from_nvml(device, answer, inquiry) for device in answer.devices)
    own = [device for device in listed if device.architecture == architecture]
    discrete = tuple(device for device in listed if device not in own)
    if own:
        return (*discrete, *(replace(device, driver=None, tegra=True, integrated=True) for device in own))
    evidence = inquiry.note("device-tree", around.soc, excerpt=f"nvidia,{around.soc} {architecture or ''}")
    node = next((path for path in _TEGRA_NODES if inquiry.exists("node", path)), None)
    reason = ""
    if around.platform.container and node is None:
        reason = "this container was started without the Jetson's GPU (--runtime nvidia)"
    device = Device(
        vendor="nvidia",
        name=f"NVIDIA {around.soc.capitalize()} GPU",
        architecture=architecture,
        usable=not reason,
        reason=reason,
        integrated=True,
        tegra=True,
        evidence=(evidence,),
    )
    return (*discrete, device)
