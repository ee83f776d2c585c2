"""Every recorded host is understood as its ``expected.toml`` says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from accelinstall.hardware import RecordedHost, detect
from accelinstall.model.hardware import Device, HardwareReport

HOSTS = sorted(Path(__file__).parents[1].joinpath("hosts").iterdir())


def expected_of(host: Path) -> dict[str, Any]:
    table = tomllib.loads((host / "expected.toml").read_text(encoding="utf-8"))["detect"]
    assert isinstance(table, dict)
    return table


def whole_machine(report: HardwareReport) -> dict[str, object]:
    """The facts that an ``expected.toml`` may name, apart from devices."""
    platform = report.platform
    return {
        "platform": platform.slug,
        "libc": platform.libc_slug,
        "container": platform.container,
        "wsl": platform.wsl,
        "rosetta": platform.rosetta,
        "board": platform.board,
        "board_release": platform.board_release,
        "cpu_model": report.cpu.model,
        "level": report.cpu.level,
        "available_cores": report.cpu.available_cores,
        "memory_limit_bytes": report.memory.limit_bytes,
    }


def as_expected(device: Device, expected: dict[str, object]) -> dict[str, object]:
    """The fields of *device* that *expected* names; a reason counts as given when it is contained."""
    found = {name: getattr(device, name) for name in expected}
    if "reason" in expected and str(expected["reason"]) in device.reason:
        found["reason"] = expected["reason"]
    return found


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_a_recorded_host_is_understood(host: Path) -> None:
    expected = expected_of(host)
    devices = expected.pop("devices", [])
    report = detect(RecordedHost(host))
    assert {name: value for name, value in whole_machine(report).items() if name in expected} == expected
    assert [as_expected(found, wanted) for found, wanted in zip(report.devices, devices, strict=False)] == devices
    assert len(report.devices) == len(devices)
    assert not [evidence for evidence in report.evidence if evidence.probe.endswith(".probe")]


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_a_device_is_usable_or_says_why_not(host: Path) -> None:
    for device in detect(RecordedHost(host)).devices:
        assert bool(device.reason) == (not device.usable or not device.confirmed)
        assert device.evidence
