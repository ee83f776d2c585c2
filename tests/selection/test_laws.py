"""What holds for every machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.catalog import Backend, Release
from accelinstall.model.hardware import Device, HardwareReport, Platform
from accelinstall.model.target import Target
from accelinstall.selection import NoBuildFits, choose_environment, report_for, select
from accelinstall.selection.ranking import judgements
from tests.selection.machines import CATALOG, TORCH, amd, intel, linux, nvidia, report, windows

ARCHITECTURES = ["sm_35", "sm_37", "sm_50", "sm_61", "sm_70", "sm_75", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"]
DRIVERS = ["390.157", "450.80.02", "470.256.02", "525.60.13", "535.183.01", "570.26", "580.65.06", "595.80", "610.62"]
platforms = st.sampled_from([linux(), linux(python="3.10.4"), linux(glibc="2.17"), linux(machine="aarch64"), windows()])
cards = st.builds(
    lambda architecture, driver: nvidia(f"GPU {architecture}", architecture, driver),
    st.sampled_from(ARCHITECTURES),
    st.sampled_from(DRIVERS),
)
machines = st.builds(
    lambda platform, devices: report(platform, *devices), platforms, st.lists(cards, min_size=1, max_size=3)
)


def codes(machine: HardwareReport) -> dict[tuple[str, str], str]:
    """(version, backend) -> verdict code for torch with CUDA on *machine*."""
    try:
        verdicts = select(machine, [TORCH], catalog=CATALOG, environment="cuda").verdicts
    except NoBuildFits as error:
        verdicts = error.verdicts
    return {(row.version, row.backend): row.code for row in verdicts}


def outcome(machine: HardwareReport) -> object:
    """Environment and ordered targets, or the error, as comparable values."""
    environment = choose_environment(machine)
    try:
        selection = select(machine, [TORCH], catalog=CATALOG, environment=environment)
    except NoBuildFits as error:
        return environment, error.code
    return environment, selection.candidates, selection.selected


@given(machine=machines, newer=st.sampled_from(DRIVERS))
@settings(max_examples=60, deadline=None)
def test_a_newer_driver_never_turns_an_accepted_build_into_one_rejected_by_a_driver_rule(
    machine: HardwareReport, newer: str
) -> None:
    def at_least(device: Device) -> Device:
        return replace(device, driver=max(str(device.driver), newer))

    newer_machine = replace(machine, devices=tuple(map(at_least, machine.devices)))
    before, after = codes(machine), codes(newer_machine)
    for build, code in before.items():
        if code in {"accepted", "serves-some"}:
            assert after[build] in {"accepted", "serves-some"}


@given(machine=machines, data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_order_in_which_devices_were_seen_does_not_matter(machine: HardwareReport, data: st.DataObject) -> None:
    shuffled = replace(machine, devices=tuple(data.draw(st.permutations(machine.devices))))
    assert outcome(shuffled) == outcome(machine)


IRRELEVANT = [
    amd("a Ryzen's GPU", "gfx1036", integrated=True),
    amd("RX 580", "gfx803"),
    intel("UHD", "xe-lp", integrated=True),
    intel("Arc A770", "xe-hpg"),
    replace(nvidia("a lost GPU", "sm_90", "580.95.05"), usable=False, reason="fallen off the bus"),
]


@given(machine=machines, other=st.sampled_from(IRRELEVANT))
@settings(max_examples=40, deadline=None)
def test_a_device_of_no_matter_changes_no_verdict(machine: HardwareReport, other: Device) -> None:
    more = replace(machine, devices=(*machine.devices, other))
    assert codes(more) == codes(machine)


@given(machine=machines)
@settings(max_examples=40, deadline=None)
def test_a_target_survives_its_own_text(machine: HardwareReport) -> None:
    try:
        selection = select(machine, [TORCH], catalog=CATALOG, environment="cuda")
    except NoBuildFits:
        return
    for candidate in selection.candidates:
        assert Target.parse(str(candidate.target)) == candidate.target


def rows() -> list[tuple[Release, Backend, str]]:
    """Every build of the catalog: a release, a backend, a platform."""
    return [
        (release, backend, platform)
        for release in CATALOG.releases
        for backend in CATALOG.backends
        for build in backend.builds
        if release.series in build.series
        for platform in build.code
    ]


def machine_for(release: Release, backend: Backend, platform: str) -> HardwareReport:
    """A machine with the GPU that the build's first architecture names."""
    build = backend.build(release.series, platform)
    assert build is not None
    architecture = build.code[platform][0]
    target = Target(
        environment=backend.environment,
        backend=backend.slug,
        platform=platform,
        python=(backend.pythons or release.pythons(platform))[0],
        architectures=() if architecture == "any" else (architecture,),
    )
    machine = report_for(target)
    if backend.l4t:
        devices = tuple(replace(device, tegra=True) for device in machine.devices)
        return replace(machine, devices=devices, platform=replace(machine.platform, board_release="36.4.3"))
    return machine


@pytest.mark.parametrize("backend", CATALOG.backends, ids=lambda backend: backend.source or backend.slug)
def test_each_build_of_the_catalog_is_selected_by_some_machine(backend: Backend) -> None:
    mine = [row for row in rows() if row[1] is backend]
    assert mine
    for release, _, platform in mine:
        machine = machine_for(release, backend, platform)
        wish = replace(TORCH, specifier=f"=={release.version}")
        selection = select(machine, [wish], catalog=CATALOG, environment=backend.environment, backend=backend.slug)
        choice = selection.candidates[0].choice("torch")
        assert choice is not None
        # Without an upper end any release may be taken; otherwise exactly the one that was wished.
        assert choice.versions in ((release.version,), ())


def test_the_whole_catalog_is_judged_without_a_wish() -> None:
    machine = Platform(system="linux", machine="x86_64", python_version="3.12.1")
    from accelinstall.selection.machine import machine_of

    found = list(
        judgements(
            CATALOG.backends,
            CATALOG.releases,
            machine_of(HardwareReport(platform=machine), "cuda"),
            catalog=CATALOG,
        )
    )
    assert len(found) == len({(row.release.version, row.backend.slug) for row in found})
    assert len(found) > 150
