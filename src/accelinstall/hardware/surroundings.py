"""The system around the interpreter: operating system, C library, container, WSL, board."""

from __future__ import annotations

import re

from accelinstall.hardware import boards
from accelinstall.hardware.host import PlatformFacts
from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.pci import PciDisplay
from accelinstall.model.hardware import Platform
from accelinstall.values import dataclass

_SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
_MACHINES = {"amd64": "x86_64", "x64": "x86_64", "i386": "i686", "i586": "i686", "armv8l": "armv7l"}
# What a 32-bit interpreter's packages are built for on a 64-bit kernel.
_NARROW = {"x86_64": "i686", "aarch64": "armv7l"}
_CONTAINER_FILES = {"/.dockerenv": "docker", "/run/.containerenv": "podman"}
_CONTAINER_VARIABLES = {
    "KUBERNETES_SERVICE_HOST": "kubernetes",
    "APPTAINER_CONTAINER": "apptainer",
    "SINGULARITY_CONTAINER": "apptainer",
}
_CGROUP_CONTAINERS = {
    "kubepods": "kubernetes",
    "libpod": "podman",
    "docker": "docker",
    "containerd": "containerd",
    "lxc": "lxc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every vendor's probe may know before it asks.

    :ivar soc: a Jetson's chip as the device tree names it, such as ``tegra234``; empty elsewhere.
    :ivar displays: the PCI bus, read once for all vendors.
    """

    platform: Platform
    soc: str = ""
    displays: tuple[PciDisplay, ...] = ()

    def of_vendor(self, vendor: int) -> tuple[PciDisplay, ...]:
        """The displays of one PCI vendor."""
        return tuple(display for display in self.displays if display.vendor == vendor)


def bare_platform(facts: PlatformFacts) -> Platform:
    """The platform as far as the interpreter knows it, without any file."""
    libc, _, libc_version = facts.libc.partition(" ")
    system = _SYSTEMS.get(facts.system, facts.system.lower())
    return Platform(
        system=system,
        machine=normal_machine(facts.machine, system=system, pointer_bits=facts.pointer_bits),
        release=facts.release,
        libc=libc,
        libc_version=libc_version,
        macos_version=facts.mac_ver if system == "macos" else "",
        python_version=facts.python_version,
    )


def normal_machine(machine: str, *, system: str, pointer_bits: int = 64) -> str:
    """What packages are built for: ``AMD64`` -> ``x86_64``, ``ARM64`` -> ``arm64`` (``aarch64`` on Linux).

    A 32-bit interpreter on a 64-bit kernel needs 32-bit packages, whatever the kernel calls the machine.
    """
    name = machine.lower()
    name = _MACHINES.get(name, name)
    if name in ("arm64", "aarch64"):
        name = "aarch64" if system == "linux" else "arm64"
    if pointer_bits == 32 and name in _NARROW:
        return "x86" if system == "windows" else _NARROW[name]
    return "x86" if system == "windows" and name == "i686" else name


def read_surroundings(inquiry: Inquiry) -> Surroundings:
    """The platform with everything files and variables add; the PCI bus is not read yet."""
    facts = inquiry.host.facts()
    bare = bare_platform(facts)
    inquiry.note("facts", "interpreter", excerpt=f"{facts.system} {facts.machine} {facts.release} {facts.libc}")
    board = boards.read_board(inquiry) if bare.system == "linux" else boards.Board()
    platform = Platform(
        system=bare.system,
        machine=bare.machine,
        release=bare.release,
        libc=bare.libc,
        libc_version=bare.libc_version,
        macos_version=bare.macos_version,
        python_version=bare.python_version,
        container=_read_container(inquiry) if bare.system == "linux" else "",
        wsl=bare.system == "linux" and "microsoft" in bare.release.lower(),
        board=board.model,
        board_release=board.release,
        rosetta=bare.system == "macos" and inquiry.host.sysctl("sysctl.proc_translated") == "1",
    )
    return Surroundings(platform=platform, soc=board.soc)


def parse_cgroup_container(text: str) -> str:
    """The kind of container that the paths of ``/proc/1/cgroup`` betray; empty when they betray none."""
    for mark, kind in _CGROUP_CONTAINERS.items():
        if re.search(rf"[/:-]{mark}(?:[/.:-]|$)", text, re.MULTILINE):
            return kind
    return ""


def _read_container(inquiry: Inquiry) -> str:
    for variable, kind in _CONTAINER_VARIABLES.items():
        if inquiry.environ(variable):
            return kind
    # systemd's convention, followed by podman, lxc and systemd-nspawn.
    named = inquiry.environ("container")
    if named:
        return named
    for path, kind in _CONTAINER_FILES.items():
        if inquiry.exists("container", path):
            return kind
    return parse_cgroup_container(inquiry.read("container", "/proc/1/cgroup") or "")
