"""The processor and main memory: what is built in, and how much of it this process may use."""

from __future__ import annotations

import re

from accelinstall.hardware.cgroup import Limits, read_limits
from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.surroundings import Surroundings
from accelinstall.model.hardware import Cpu, Memory

_CPUINFO = "/proc/cpuinfo"

# x86-64 psABI, table "Micro-Architecture Levels", in the kernel's spelling (abm = LZCNT, pni = SSE3).
_LEVELS: tuple[tuple[str, frozenset[str]], ...] = (
    ("x86-64-v2", frozenset({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"})),
    ("x86-64-v3", frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"})),
    ("x86-64-v4", frozenset({"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"})),
)
# What builds depend on or choose kernels by; the full list has hundreds.
_KEPT = frozenset(
    {"ssse3", "sse4_1", "sse4_2", "avx", "avx2", "avx_vnni", "fma", "f16c", "bmi2"}
    | {"avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16"}
    | {"amx_tile", "amx_bf16", "amx_int8"}
    | {"neon", "vfpv4", "asimd", "asimddp", "asimdhp", "atomics", "bf16", "i8mm", "sve", "sve2", "sme"}
)
# macOS spells them its own way (machdep.cpu.features, machdep.cpu.leaf7_features, hw.optional.arm.*).
_MACOS_SPELLING = {
    "avx1.0": "avx",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
    "sse3": "pni",
    "lahf": "lahf_lm",
    "lzcnt": "abm",
}
_MACOS_X86 = ("machdep.cpu.features", "machdep.cpu.leaf7_features", "machdep.cpu.extfeatures")
_MACOS_ARM = {
    "hw.optional.arm.FEAT_BF16": "bf16",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_SME": "sme",
}

# Arm's processors tell numbers only: (implementer, part) from arch/arm64/include/asm/cputype.h of Linux.
_ARM_PARTS = {
    (0x41, 0xD03): "Cortex-A53",
    (0x41, 0xD07): "Cortex-A57",
    (0x41, 0xD08): "Cortex-A72",
    (0x41, 0xD0B): "Cortex-A76",
    (0x41, 0xD0C): "Neoverse-N1",
    (0x41, 0xD40): "Neoverse-V1",
    (0x41, 0xD42): "Cortex-A78AE",
    (0x41, 0xD49): "Neoverse-N2",
    (0x41, 0xD4F): "Neoverse-V2",
    (0x41, 0xD83): "Neoverse-V3AE",
    (0x41, 0xD84): "Neoverse-V3",
    (0x4E, 0x004): "NVIDIA Carmel",
}


def probe(inquiry: Inquiry, around: Surroundings) -> tuple[Cpu, Memory]:
    """Model, cores and flags; limits of control groups and affinity."""
    facts = inquiry.host.facts()
    linux = around.platform.system == "linux"
    limits = read_limits(inquiry) if linux else Limits()
    model, flags = _read_model(inquiry, around)
    allowed = [float(facts.logical_cores)] if facts.logical_cores else []
    affinity = inquiry.host.affinity()
    if affinity is not None:
        inquiry.note("affinity", "scheduler", excerpt=f"{affinity} cores")
        allowed.append(float(affinity))
    if limits.cores is not None:
        allowed.append(limits.cores)
    machine = around.platform.machine
    cpu = Cpu(
        model=model,
        logical_cores=facts.logical_cores,
        available_cores=min(allowed, default=0.0),
        level=x86_level(flags, from_windows=around.platform.system == "windows") if machine == "x86_64" else "",
        flags=tuple(sorted(flags & _KEPT)),
    )
    limit = limits.memory_bytes
    if limit is not None and facts.memory_bytes and limit >= facts.memory_bytes:
        limit = None
    return cpu, Memory(total_bytes=facts.memory_bytes, limit_bytes=limit)


def x86_level(flags: frozenset[str], *, from_windows: bool = False) -> str:
    """The highest micro-architecture level whose flags, and those of every level below, are all there.

    Windows vouches for a few instruction sets only; no processor it runs on has AVX2 without the rest of level 3, or
    AVX-512 Foundation without the rest of level 4. Empty without any flags: unknown.
    """
    if not flags:
        return ""
    level = "x86-64-v1"
    marks = ({"sse4_2"}, {"avx2"}, {"avx512f"})
    for (name, needed), mark in zip(_LEVELS, marks, strict=True):
        if not (mark if from_windows else needed) <= flags:
            break
        level = name
    return level


def parse_cpuinfo(text: str) -> tuple[str, frozenset[str]]:
    """Model name (empty when none is told) and flags of the first processor."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            values.setdefault(key.strip().lower(), value.strip())
    flags = frozenset((values.get("flags") or values.get("features") or "").lower().split())
    model = values.get("model name") or _arm_model(values) or values.get("hardware") or values.get("uarch") or ""
    return model, flags


def _arm_model(values: dict[str, str]) -> str:
    numbers = [values.get(key, "") for key in ("cpu implementer", "cpu part")]
    if not all(re.fullmatch(r"0x[0-9a-f]{1,4}", number, re.ASCII) for number in numbers):
        return ""
    implementer, part = (int(number, 16) for number in numbers)
    return _ARM_PARTS.get((implementer, part), f"Arm implementer {implementer:#x} part {part:#x}")


def _read_model(inquiry: Inquiry, around: Surroundings) -> tuple[str, frozenset[str]]:
    if around.platform.system == "linux":
        text = inquiry.host.read_text(_CPUINFO)
        model, flags = parse_cpuinfo(text or "")
        inquiry.note("cpuinfo", _CPUINFO, excerpt=model, failure="" if text else "no text", absent=not text)
        return model, flags
    if around.platform.system == "macos":
        return _read_macos(inquiry, arm=around.platform.machine == "arm64")
    facts = inquiry.host.facts()
    inquiry.note("facts", "operating system", excerpt=f"{facts.cpu_model} {' '.join(facts.cpu_flags)}")
    return facts.cpu_model, frozenset(facts.cpu_flags)


def _read_macos(inquiry: Inquiry, *, arm: bool) -> tuple[str, frozenset[str]]:
    sysctl = inquiry.host.sysctl
    model = sysctl("machdep.cpu.brand_string") or ""
    inquiry.note("sysctl", "machdep.cpu.brand_string", excerpt=model, failure="" if model else "no such value")
    if arm:
        return model, frozenset({"asimd", *(flag for name, flag in _MACOS_ARM.items() if sysctl(name) == "1")})
    words = " ".join(sysctl(name) or "" for name in _MACOS_X86).lower().split()
    return model, frozenset(_MACOS_SPELLING.get(word, word) for word in words)
