"""What selection must never do, on every recorded host: neighbours and newer drivers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.hardware import RecordedHost, detect
from accelinstall.model.hardware import Device, HardwareReport
from accelinstall.model.selection import Verdict
from accelinstall.selection import NoBuildFits
from tests.selection.machines import ask, intel, nvidia

HOSTS = sorted(Path(__file__).parents[1].joinpath("hosts").iterdir())
REPORTS = {host.name: detect(RecordedHost(host)) for host in HOSTS}
WITH_NVIDIA = [
    report
    for report in REPORTS.values()
    if any(device.vendor == "nvidia" and device.driver for device in report.devices)
]
DRIVER_RULES = {"driver-too-old", "ptx-not-compilable"}
IRRELEVANT = [
    replace(nvidia("a lost GPU", "sm_90", "580.95.05"), usable=False, reason="fallen off the bus"),
    replace(nvidia("a GPU given away", "sm_120", None), usable=False, reason="given to a virtual machine"),
    Device(vendor="amd", name="RX 580", architecture="gfx803"),
    Device(vendor="amd", name="an old chip", architecture="gfx902", integrated=True),
    intel("UHD", "xe-lp", integrated=True),
    replace(intel("Arc", "xe-hpg"), usable=False, reason="no driver"),
]


def answer(report: HardwareReport) -> object:
    """Everything of the answer but what is said about it."""
    try:
        selection = ask(report)
    except NoBuildFits as error:
        return error.code
    return selection.candidates, selection.selected


def verdicts(report: HardwareReport) -> tuple[Verdict, ...]:
    """Every verdict, also when nothing fits."""
    try:
        return ask(report, environment="cuda").verdicts
    except NoBuildFits as error:
        return error.verdicts


@pytest.mark.parametrize("name", REPORTS)
def test_a_device_of_no_matter_never_changes_the_answer(name: str) -> None:
    report = REPORTS[name]
    vendors = {device.vendor for device in report.devices if device.usable and device.integrated}
    for other in IRRELEVANT:
        if not other.integrated and other.usable and other.vendor in vendors:
            continue  # A discrete device hides the integrated ones of its vendor, so it does matter.
        for devices in ((*report.devices, other), (other, *report.devices)):
            assert answer(replace(report, devices=devices)) == answer(report), other.name


INTEGRATED = ["linux-strix-halo", "linux-lunar-lake", "jetson-agx-thor-jetpack-70", "macos-m4-max-macos26"]


@pytest.mark.parametrize("name", INTEGRATED)
def test_an_old_card_of_another_vendor_hides_no_integrated_gpu(name: str) -> None:
    report = REPORTS[name]
    old = nvidia("GT 710", "sm_35", "470.256.02")
    if report.devices[0].vendor == "nvidia":
        old = Device(vendor="amd", name="RX 580", architecture="gfx803")
    assert answer(replace(report, devices=(old, *report.devices))) == answer(report)


@settings(deadline=None, max_examples=80)
@given(
    report=st.sampled_from(WITH_NVIDIA),
    steps=st.tuples(st.integers(0, 60), st.integers(0, 99), st.integers(0, 9)),
)
def test_a_newer_driver_never_turns_an_accepted_build_into_one_rejected_by_a_driver_rule(
    report: HardwareReport, steps: tuple[int, int, int]
) -> None:
    def updated(device: Device) -> Device:
        if device.vendor != "nvidia" or not device.driver:
            return device
        major = int(device.driver.partition(".")[0])
        return replace(device, driver=f"{major + 1 + steps[0]}.{steps[1]:02}.{steps[2]:02}", driver_cuda=None)

    newer = replace(report, devices=tuple(map(updated, report.devices)))
    before = {(row.version, row.backend) for row in verdicts(report) if row.accepted}
    refused = {(row.version, row.backend) for row in verdicts(newer) if row.code in DRIVER_RULES}
    assert before & refused == set()


@settings(deadline=None, max_examples=40)
@given(report=st.sampled_from(list(REPORTS.values())), data=st.data())
def test_the_answer_does_not_depend_on_the_order_of_devices(report: HardwareReport, data: st.DataObject) -> None:
    shuffled = replace(report, devices=tuple(data.draw(st.permutations(report.devices))))
    assert answer(shuffled) == answer(report)
