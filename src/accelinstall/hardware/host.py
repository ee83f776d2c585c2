"""Every question that detection may ask a machine, and the form of the answers.

Three hosts answer them: :class:`~accelinstall.hardware.local.LocalHost` asks this machine,
:class:`~accelinstall.hardware.recorded.RecordedHost` a folder, and
:class:`~accelinstall.hardware.recording.RecordingHost` another host while it writes down what was asked.  No answer
is an exception: what cannot be read is ``None``, empty, or an answer that says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from accelinstall.values import dataclass

DRIVER_DEADLINE = 2.0
"""Seconds that a driver or a command gets to answer."""

LONGEST_TEXT = 65536
"""Bytes that are read of any one file; what describes a machine is shorter, and garbage may be endless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """What the interpreter and the operating system say without any file.

    :ivar system: ``Linux``, ``Darwin``, ``Windows``...
    :ivar machine: as the kernel names it: ``x86_64``, ``aarch64``, ``arm64``, ``AMD64``...
    :ivar libc: ``glibc 2.39`` or ``musl 1.2.5``; empty off Linux.
    :ivar mac_ver: such as ``15.1``; empty off macOS.
    :ivar pointer_bits: 32 for a 32-bit interpreter, whatever the kernel is.
    :ivar cpu_model: the processor's name, where the system tells it without a file (Windows).
    :ivar cpu_flags: instruction sets, likewise (Windows): ``avx``, ``avx2``...
    """

    system: str
    machine: str
    release: str = ""
    libc: str = ""
    mac_ver: str = ""
    python_version: str = ""
    logical_cores: int = 0
    memory_bytes: int = 0
    pointer_bits: int = 64
    cpu_model: str = ""
    cpu_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NvmlDevice:
    """One physical GPU as NVML lists it, in PCI order.

    :ivar compute_capability: such as ``12.0``; empty when NVML would not say.
    :ivar mig: whether the GPU is split; ``mig_instances`` then names the slices, if they could be read.
    :ivar pci_address: such as ``0000:01:00.0``; empty when NVML would not say.
    :ivar error: NVML's error name when this one GPU could not be asked, such as ``NVML_ERROR_GPU_IS_LOST``.
    """

    index: int
    name: str = ""
    compute_capability: str = ""
    memory_bytes: int | None = None
    uuid: str = ""
    mig: bool = False
    mig_instances: tuple[str, ...] | None = None
    pci_address: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NvmlAnswer:
    """What NVIDIA's management library said, or why it said nothing.

    :ivar status: ``absent``: there is no such library; ``failed``: it could not start, see ``error``;
        ``hung``: no answer within the deadline, so nothing is known; ``answered``.
    """

    status: Literal["absent", "failed", "hung", "answered"]
    error: str = ""
    driver_version: str = ""
    cuda_driver_version: str = ""
    devices: tuple[NvmlDevice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswer:
    """What a command printed, or why it printed nothing.

    :ivar status: ``missing``: no such command; ``hung``: not done within the deadline; ``finished``.
    """

    status: Literal["missing", "hung", "finished"]
    stdout: str = ""
    returncode: int = 0


class Host(Protocol):
    """A machine that can be asked about itself; paths are absolute and use forward slashes."""

    def facts(self) -> PlatformFacts:
        """What is known without reading any file."""
        ...

    def read_text(self, path: str) -> str | None:
        """The first :data:`LONGEST_TEXT` bytes of the file, undecodable ones replaced; ``None`` when unreadable."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is a file, folder or device node at *path*."""
        ...

    def is_writable(self, path: str) -> bool:
        """Whether this user may open the file or device node at *path* for writing."""
        ...

    def list_dir(self, path: str) -> tuple[str, ...]:
        """The sorted names in the folder; empty when there is none."""
        ...

    def environ(self, name: str) -> str | None:
        """The value of the environment variable, ``None`` when it is not set."""
        ...

    def affinity(self) -> int | None:
        """How many logical cores this process may run on; ``None`` where the system does not say."""
        ...

    def nvml(self, *, deadline: float = DRIVER_DEADLINE) -> NvmlAnswer:
        """NVML's answer; costs at most *deadline* seconds even when the driver never returns."""
        ...

    def run(self, command: Sequence[str], *, deadline: float = DRIVER_DEADLINE) -> CommandAnswer:
        """What *command* prints; costs at most *deadline* seconds."""
        ...

    def sysctl(self, name: str) -> str | None:
        """The kernel's value called *name* (macOS), ``None`` when there is no such name."""
        ...

    def display_adapters(self) -> tuple[str, ...]:
        r"""Plug-and-play ids of the display adapters (Windows): ``PCI\VEN_10DE&DEV_2684&SUBSYS_...``."""
        ...
