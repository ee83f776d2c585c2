"""NVIDIA GPUs: NVML first, then what the kernel shows, then PCI ids, then ``nvidia-smi``.

NVML comes first because libcuda obeys ``CUDA_VISIBLE_DEVICES`` and would hide devices; that variable is reported and
does not change which build fits the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accelinstall.catalog.pci import nvidia_chip, tegra_architecture
from accelinstall.hardware.host import NvmlAnswer, NvmlDevice
from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.nvidia_text import parse_capability, parse_driver_version, parse_smi_header, parse_smi_rows
from accelinstall.hardware.pci import NVIDIA, PciDisplay
from accelinstall.hardware.surroundings import Surroundings
from accelinstall.model.hardware import Device

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
    """What the kernel shows of the driver: its number and its device nodes."""

    driver: str | None
    nodes: tuple[str, ...]


def probe(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...]:
    """Every NVIDIA GPU, usable or not; with NVML silent, from the sources that do answer."""
    for name in _VARIABLES:
        inquiry.environ(name)
    if around.soc:
        return _probe_tegra(inquiry, around)
    answer = inquiry.nvml()
    kernel_driver = _read_kernel_driver(inquiry) if around.platform.system == "linux" else None
    if answer.status == "answered" and answer.devices:
        return tuple(_from_nvml(device, answer, inquiry) for device in answer.devices)
    # A driver that hangs would hang nvidia-smi as well: the deadline is spent once.
    listed = _from_smi(inquiry, around) if answer.status != "hung" else ()
    if listed:
        return listed
    kernel = _Kernel(driver=kernel_driver, nodes=_read_nodes(inquiry))
    devices = _from_pci(around.of_vendor(NVIDIA), inquiry) or _from_nodes(kernel, answer)
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


def _read_kernel_driver(inquiry: Inquiry) -> str | None:
    for topic, path in (("proc", _PROC_VERSION), ("sys", _SYS_VERSION)):
        version = parse_driver_version(inquiry.read(topic, path) or "")
        if version:
            return version
    return None


def _from_smi(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...]:
    program = _WSL_SMI if around.platform.wsl and inquiry.host.exists(_WSL_SMI) else "nvidia-smi"
    answer = inquiry.run("smi", [program, *_SMI_QUERY])
    if answer.status != "finished":
        return ()
    rows = parse_smi_rows(answer.stdout) if answer.returncode == 0 else ()
    if not rows:
        # Before driver 510 nvidia-smi does not know compute_cap and refuses the whole question.
        answer = inquiry.run("smi", [program, *_SMI_OLD_QUERY])
        rows = parse_smi_rows(answer.stdout) if answer.returncode == 0 else ()
    if not rows:
        return ()
    header = parse_smi_header(inquiry.run("smi", [program]).stdout)
    evidence = inquiry.evidence[-1]
    displays = around.of_vendor(NVIDIA)
    architectures = [chip.architecture if (chip := nvidia_chip(display.device)) else None for display in displays]
    if len(architectures) != len(rows):
        architectures = [None] * len(rows)
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


def _from_pci(displays: tuple[PciDisplay, ...], inquiry: Inquiry) -> tuple[Device, ...]:
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


def _read_nodes(inquiry: Inquiry) -> tuple[str, ...]:
    numbered = tuple(f"/dev/nvidia{index}" for index in range(_MOST_GPUS))
    found = tuple(path for path in (*_NODES, *numbered) if inquiry.host.exists(path))
    inquiry.note("nodes", "/dev/nvidia*, /dev/dxg", excerpt=" ".join(found), failure="" if found else "none exist")
    return found


def _from_nodes(kernel: _Kernel, answer: NvmlAnswer) -> tuple[Device, ...]:
    """GPUs that show only as a driver or as device nodes: as many as there are nodes, one when none is numbered."""
    numbered = [path for path in kernel.nodes if path[-1].isdigit()]
    silent = answer.status in ("absent", "answered")
    if kernel.driver is None and not numbered and silent:
        return ()
    return tuple(Device(vendor="nvidia", name="NVIDIA GPU") for _ in range(len(numbered) or 1))


def _judged(device: Device, kernel: _Kernel, around: Surroundings, answer: NvmlAnswer) -> Device:
    """*device* with its driver, and whether it can be opened, for want of NVML's word."""
    device = replace(device, driver=kernel.driver)
    if device.reason:
        return device
    if answer.status == "hung":
        reason = "the NVIDIA driver did not answer in time: whether the GPU works is unknown"
        return replace(device, confirmed=False, reason=reason)
    if answer.status == "failed":
        reason = _NVML_REASONS.get(answer.error, f"the NVIDIA driver's library could not start: {answer.error}")
        return replace(device, usable=False, reason=reason)
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
