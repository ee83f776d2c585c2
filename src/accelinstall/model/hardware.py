"""What a machine is, as detection saw it."""

from __future__ import annotations

from typing import Literal

from accelinstall.values import dataclass

Vendor = Literal["nvidia", "amd", "intel", "apple"]
Environment = Literal["cuda", "rocm", "xpu", "mps", "cpu", "edge"]
ENVIRONMENTS: tuple[Environment, ...] = ("cuda", "rocm", "xpu", "mps", "cpu", "edge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a fact comes from, or why it could not be read.

    :ivar probe: dotted name of the probe, such as ``nvidia.nvml``.
    :ivar source: file, library or command that was asked.
    :ivar excerpt: what it said, raw, at most 200 characters.
    :ivar failure: why it could not be read; empty when it could.
    :ivar absent: the source is simply not there, which is an answer and no trouble.
    """

    probe: str
    source: str
    excerpt: str = ""
    failure: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One accelerator; a report lists every one, never a reduction.

    :ivar architecture: ``sm_90``, ``gfx942``, ``apple``, ``xe-hpg``...; ``None`` when no source told it.
    :ivar driver: the driver's own version, such as ``580.95.05``.
    :ivar driver_cuda: newest CUDA version the driver implements, such as ``13.0`` (NVIDIA only).
    :ivar usable: whether a process on this machine could open it now.
    :ivar reason: why it is not usable, or why that is unknown; empty when it is.
    :ivar confirmed: ``False`` when a driver did not answer in time: the device is there and counts as usable, but
        nobody knows whether it works.
    :ivar integrated: shares memory with the CPU; considered only where there is no discrete device.
    :ivar tegra: a Jetson's GPU, whose binaries differ from the desktop's.
    """

    vendor: Vendor
    name: str
    architecture: str | None = None
    memory_bytes: int | None = None
    driver: str | None = None
    driver_cuda: str | None = None
    usable: bool = True
    reason: str = ""
    confirmed: bool = True
    integrated: bool = False
    tegra: bool = False
    mig: bool = False
    uuid: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """The processor.

    :ivar logical_cores: hardware threads of the machine.
    :ivar available_cores: what this process may use: the least of affinity and cgroup quota, possibly fractional.
    :ivar level: ``x86-64-v1`` ... ``x86-64-v4``, empty elsewhere.
    :ivar flags: instruction-set flags that builds depend on, sorted (``avx``, ``avx2``, ``fma``, ``asimd``...).
    """

    model: str = ""
    logical_cores: int = 0
    available_cores: float = 0.0
    level: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Main memory in bytes; ``limit_bytes`` is the cgroup's, ``None`` when there is none."""

    total_bytes: int = 0
    limit_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The system around the interpreter.

    :ivar system: ``linux``, ``macos`` or ``windows``.
    :ivar machine: what packages are built for: ``x86_64``, ``aarch64`` (Linux), ``arm64`` (macOS, Windows)...
    :ivar libc: ``glibc`` or ``musl``, empty off Linux; ``libc_version`` such as ``2.39``.
    :ivar macos_version: such as ``15.1``; empty off macOS.
    :ivar python_version: full version of the interpreter that packages are for.
    :ivar container: ``docker``, ``podman``, ``kubernetes``, ``lxc``...; empty outside one.
    :ivar board: such as ``NVIDIA Jetson AGX Orin Developer Kit`` or ``Raspberry Pi 5 Model B Rev 1.0``.
    :ivar rosetta: an x86-64 interpreter translated on Apple silicon.
    """

    system: str
    machine: str
    release: str = ""
    libc: str = ""
    libc_version: str = ""
    macos_version: str = ""
    python_version: str = ""
    container: str = ""
    wsl: bool = False
    board: str = ""
    board_release: str = ""
    rosetta: bool = False

    @property
    def slug(self) -> str:
        """``linux-x86_64``, ``macos-arm64``...: the platform part of a target slug."""
        return f"{self.system}-{self.machine}"

    @property
    def libc_slug(self) -> str:
        """``glibc-2.39``, ``musl-1.2``, ``macos-15.1`` or empty: the ABI floor part of a target."""
        if self.libc:
            return f"{self.libc}-{self.libc_version}"
        return f"macos-{self.macos_version}" if self.macos_version else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareReport:
    """Everything detection found; after ``select`` nobody asks the machine again.

    :ivar evidence: every source asked, those that answered and those that did not, in the order asked.
    """

    devices: tuple[Device, ...] = ()
    cpu: Cpu = Cpu()
    memory: Memory = Memory()
    platform: Platform
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the user claims about the machine, stronger than what was detected; empty fields claim nothing.

    :ivar environment: one of :data:`ENVIRONMENTS`.
    :ivar backend: slug such as ``cu130`` or ``rocm7-2``.
    :ivar gpu_arch: architectures such as ``("sm_90", "sm_100")`` or ``("gfx942",)``.
    :ivar platform: slug such as ``linux-x86_64``; with it, glibc 2.28 is assumed unless detected here.
    :ivar python_version: ``3.12`` or ``3.12.7``.
    """

    environment: Environment | None = None
    backend: str = ""
    gpu_arch: tuple[str, ...] = ()
    driver_version: str = ""
    platform: str = ""
    python_version: str = ""
