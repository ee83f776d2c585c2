"""What NVIDIA's files and tools print, as values; any text gives a value or ``None``, never an error."""

from __future__ import annotations

import re

from accelinstall.values import dataclass

_NUMBER = re.compile(r"\d{1,5}\.\d{1,5}(?:\.\d{1,5})?", re.ASCII)
_CAPABILITY = re.compile(r"(\d{1,2})\.(\d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmiRow:
    """One GPU as ``nvidia-smi --query-gpu=driver_version,name,compute_cap`` lists it.

    :ivar compute_capability: such as ``12.0``; empty when this nvidia-smi cannot say (before driver 510).
    """

    driver: str
    name: str
    compute_capability: str = ""


def parse_driver_version(text: str) -> str | None:
    """The driver's number in ``/proc/driver/nvidia/version`` or ``/sys/module/nvidia/version``.

    Columns of the first line stand two blanks apart: a title, then the number.  The ``/sys`` file is the number alone.
    """
    line = next((line for line in text.splitlines() if line.strip()), "")
    if _NUMBER.fullmatch(line.strip()):
        return line.strip()
    if not line.startswith("NVRM version:"):
        return None
    columns = re.split(r"\s{2,}", line)
    return columns[1] if len(columns) > 1 and _NUMBER.fullmatch(columns[1]) else None


def parse_capability(text: str) -> str | None:
    """The architecture of a compute capability: ``12.0`` -> ``sm_120``."""
    match = _CAPABILITY.fullmatch(text.strip())
    return f"sm_{match[1]}{match[2]}" if match else None


def parse_smi_rows(text: str) -> tuple[SmiRow, ...]:
    """The GPUs in CSV without a header; other lines are passed over, for nvidia-smi prints its failures there too."""
    rows = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) < 2 or not _NUMBER.fullmatch(fields[0]):
            continue
        # A name may hold a comma; the capability never does.
        has_capability = len(fields) > 2 and _CAPABILITY.fullmatch(fields[-1])
        name = ", ".join(fields[1:-1] if has_capability else fields[1:])
        rows.append(SmiRow(driver=fields[0], name=name, compute_capability=fields[-1] if has_capability else ""))
    return tuple(rows)


def parse_smi_header(text: str) -> tuple[str, str] | None:
    """Driver and CUDA version in the table that plain ``nvidia-smi`` prints.

    Up to driver 595 they are titled ``Driver Version`` and ``CUDA Version``, from 610 on ``KMD Version`` and
    ``CUDA UMD Version``.
    """
    driver = re.search(r"(?:Driver|KMD) Version\s*:\s*(\d{1,5}\.\d{1,5}(?:\.\d{1,5})?)", text, re.ASCII)
    cuda = re.search(r"CUDA (?:UMD )?Version\s*:\s*(\d{1,3}\.\d{1,2})", text, re.ASCII)
    return (driver[1], cuda[1] if cuda else "") if driver else None
