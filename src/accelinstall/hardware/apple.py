"""Apple's GPU: on every Apple silicon Mac, out of reach of an interpreter that Rosetta translates."""

from __future__ import annotations

import re

from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.surroundings import Surroundings
from accelinstall.model.hardware import Device

# torch.backends.mps: macOS 12.3 was the first it ran on.
_FIRST_MACOS = (12, 3)


def probe(inquiry: Inquiry, around: Surroundings) -> tuple[Device, ...]:
    """The GPU of an Apple silicon Mac; nothing on Intel Macs, whose GPUs no current build serves."""
    if around.platform.system != "macos":
        return ()
    host = inquiry.host
    # 1 on Apple silicon even under Rosetta, where the machine itself claims to be x86_64.
    arm = host.sysctl("hw.optional.arm64")
    brand = host.sysctl("machdep.cpu.brand_string") or ""
    failure = "" if arm is not None else "no such value"
    evidence = inquiry.note("sysctl", "hw.optional.arm64", excerpt=f"{arm or ''} {brand}", failure=failure)
    if arm != "1" and around.platform.machine != "arm64":
        return ()
    reason = _reason(around)
    return (
        Device(
            vendor="apple",
            name=brand or "Apple silicon",
            architecture="apple",
            memory_bytes=host.facts().memory_bytes or None,
            usable=not reason,
            reason=reason,
            integrated=True,
            evidence=(evidence,),
        ),
    )


def parse_macos_version(text: str) -> tuple[int, int] | None:
    """Major and minor number of a macOS version such as ``15.1`` or ``14``; ``None`` for anything else."""
    match = re.match(r"(\d{1,3})(?:\.(\d{1,3}))?(?:\.|$)", text, re.ASCII)
    return (int(match[1]), int(match[2] or 0)) if match else None


def _reason(around: Surroundings) -> str:
    if around.platform.rosetta or around.platform.machine != "arm64":
        return "this Python is an x86-64 one that Rosetta translates: MPS needs an arm64 Python"
    version = parse_macos_version(around.platform.macos_version)
    if version is not None and version < _FIRST_MACOS:
        return f"MPS needs macOS 12.3 or newer, this is {around.platform.macos_version}"
    return ""
