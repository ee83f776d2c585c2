"""Values as people read them."""

from __future__ import annotations

import pytest

from accelinstall.cli.text import report_lines, size
from accelinstall.model.hardware import Device, HardwareReport, Platform

HERE = Platform(system="linux", machine="x86_64")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (553_000_000, "553 MB"), (3_048_000_000, "3.0 GB")]
)
def test_sizes_are_told_in_powers_of_a_thousand(count: int, text: str) -> None:
    assert size(count) == text


def test_equal_gpus_are_told_once_with_their_number() -> None:
    gpu = Device(vendor="nvidia", name="NVIDIA H200", architecture="sm_90")
    other = Device(vendor="nvidia", name="NVIDIA T4", architecture="sm_75")
    lines = list(report_lines(HardwareReport(devices=(gpu, gpu, other), platform=HERE)))
    assert [line.split(None, 1)[1] for line in lines if line.startswith("GPU")] == [
        "2 x NVIDIA H200 · sm_90",
        "NVIDIA T4 · sm_75",
    ]


def test_a_device_that_cannot_be_used_says_why() -> None:
    gpu = Device(vendor="nvidia", name="NVIDIA T4", usable=False, reason="no device node")
    (line,) = [text for text in report_lines(HardwareReport(devices=(gpu,), platform=HERE)) if text.startswith("GPU")]
    assert line.endswith("not usable: no device node")
