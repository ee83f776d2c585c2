"""What control groups allow this process: processor time and memory, version 1 and 2."""

from __future__ import annotations

import re
from typing import TypeVar

from accelinstall.hardware.inquiry import Inquiry
from accelinstall.values import dataclass

Value = TypeVar("Value", int, float)

_ROOT = "/sys/fs/cgroup"
# Version 1 writes "no limit" as the largest number of whole pages.
_UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The least that any group on the way to the root allows.

    :ivar cores: processors' worth of time, possibly fractional; ``None`` without a limit.
    :ivar memory_bytes: ``None`` without a limit.
    """

    cores: float | None = None
    memory_bytes: int | None = None


def read_limits(inquiry: Inquiry) -> Limits:
    """The limits of this process's groups and of every group above them."""
    groups = parse_groups(inquiry.read("cgroup", "/proc/self/cgroup") or "")
    cores: list[float] = []
    memory: list[int] = []
    for path in ancestors(groups.get("", "/")):
        cores += _present(parse_cpu_max(_read(inquiry, f"{_ROOT}{path}/cpu.max")))
        memory += _present(parse_bytes(_read(inquiry, f"{_ROOT}{path}/memory.max")))
    for path in ancestors(groups.get("cpu", "/")):
        folder = f"{_ROOT}/cpu{path}"
        quota = _read(inquiry, f"{folder}/cpu.cfs_quota_us")
        if quota is not None:
            cores += _present(parse_quota(quota, inquiry.host.read_text(f"{folder}/cpu.cfs_period_us")))
    for path in ancestors(groups.get("memory", "/")):
        memory += _present(parse_bytes(_read(inquiry, f"{_ROOT}/memory{path}/memory.limit_in_bytes")))
    return Limits(cores=min(cores, default=None), memory_bytes=min(memory, default=None))


def parse_groups(text: str) -> dict[str, str]:
    """Controller -> path from ``/proc/self/cgroup``; the empty controller is version 2's one tree."""
    paths: dict[str, str] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"\d+:([^:]*):(/.*)", line)
        if match:
            paths.update(dict.fromkeys(match[1].split(","), match[2]))
    return paths


def ancestors(path: str) -> tuple[str, ...]:
    """*path* and every path above it, the root last and written as the empty string; ``..`` leads nowhere."""
    parts = [part for part in path.split("/") if part]
    if ".." in parts:
        # The group lies outside this namespace: only what is mounted as the root can be read.
        return ("",)
    return tuple("".join(f"/{part}" for part in parts[:length]) for length in range(len(parts), -1, -1))


def parse_cpu_max(text: str | None) -> float | None:
    """``200000 100000`` -> 2.0; ``None`` for ``max`` and for anything else."""
    fields = (text or "").split()
    return parse_quota(fields[0], fields[1]) if len(fields) == 2 else None


def parse_quota(quota: str | None, period: str | None) -> float | None:
    """Quota over period, both in microseconds; ``None`` without a limit (``-1``) and for anything else."""
    above, below = _number(quota), _number(period)
    return above / below if above and below else None


def parse_bytes(text: str | None) -> int | None:
    """A limit in bytes; ``None`` for ``max``, version 1's largest number, and anything else."""
    number = _number(text)
    return number if number is not None and number < _UNLIMITED else None


def _read(inquiry: Inquiry, path: str) -> str | None:
    text = inquiry.host.read_text(path)
    if text is not None:
        inquiry.note("cgroup", path, excerpt=text)
    return text


def _number(text: str | None) -> int | None:
    match = re.fullmatch(r"\s*(\d{1,20})\s*", text or "", re.ASCII)
    return int(match[1]) if match else None


def _present(value: Value | None) -> tuple[Value, ...]:
    return () if value is None else (value,)
