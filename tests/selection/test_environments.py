"""Which environment a machine is for, and what the user may claim about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelinstall.model.hardware import Environment, HardwareReport, Overrides
from accelinstall.model.target import Target
from accelinstall.selection import (
    UnknownArchitecture,
    UnknownPlatform,
    apply_overrides,
    backend_of_source,
    choose_environment,
    report_for,
)
from tests.selection.machines import APPLE, CATALOG, amd, answer, ask, intel, linux, macos, nvidia, report, windows

RTX = nvidia("RTX 4090", "sm_89", "580.95.05")
RX = amd("RX 7900 XTX", "gfx1100")
ARC = intel("Arc A770", "xe-hpg")


@pytest.mark.parametrize(
    ("machine", "environment"),
    [
        (report(linux(), RTX, RX, ARC), "cuda"),
        (report(linux(), RX, ARC), "rocm"),
        (report(linux(), ARC), "xpu"),
        (report(macos(), APPLE), "mps"),
        (report(linux()), "cpu"),
        (report(linux(), replace(RTX, usable=False, reason="no /dev/nvidia0")), "cpu"),
        (report(linux(), replace(RTX, usable=False), RX), "rocm"),
        (report(linux(), amd("Strix Halo", "gfx1151", integrated=True)), "rocm"),
        (report(linux(), amd("iGPU", "gfx1036", integrated=True), ARC), "xpu"),
        (report(windows(), RX), "cpu"),
        (report(windows(), RX, ARC), "xpu"),
        (report(linux(), nvidia("GTX 680", "sm_30", "470.256.02")), "cpu"),
        (report(linux(), nvidia("GTX 1080", "sm_61", "390.157")), "cpu"),
        (report(macos("11.7"), APPLE), "cpu"),
        (report(linux(machine="aarch64", l4t="32.7.1"), nvidia("Nano", "sm_53", None, tegra=True)), "edge"),
    ],
)
def test_the_first_vendor_with_a_device_that_a_build_serves_decides(
    machine: HardwareReport, environment: Environment
) -> None:
    assert choose_environment(machine) == environment


@pytest.mark.parametrize(
    ("overrides", "environment"),
    [
        (Overrides(environment="cpu"), "cpu"),
        (Overrides(backend="rocm7-2"), "rocm"),
        (Overrides(environment="cuda", backend="cpu"), "cuda"),
    ],
)
def test_what_the_user_claims_wins(overrides: Overrides, environment: Environment) -> None:
    assert choose_environment(report(linux(), RTX), overrides=overrides) == environment


def test_an_architecture_claim_keeps_only_that_gpu() -> None:
    both = report(linux(), RTX, nvidia("GTX 1080", "sm_61", "580.95.05"))
    assert apply_overrides(both, Overrides(gpu_arch=("sm_89",))).devices == (RTX,)


def test_an_architecture_claim_adds_a_gpu_with_an_unknown_driver() -> None:
    machine = apply_overrides(report(linux(), RTX), Overrides(gpu_arch=("sm_100",)))
    assert [(device.architecture, device.driver) for device in machine.devices] == [("sm_100", None)]
    assert machine.devices[0].evidence[0].source == "--gpu-arch"
    assert answer(ask(machine)) == ("2.15", "cu132")


def test_an_architecture_claim_may_be_of_another_vendor() -> None:
    machine = apply_overrides(report(linux(), RTX), Overrides(gpu_arch=("gfx942",)))
    assert choose_environment(machine) == "rocm"


def test_a_driver_claim_replaces_the_detected_one() -> None:
    machine = apply_overrides(report(linux(), RTX), Overrides(driver_version="535.183.01"))
    assert answer(ask(machine)) == ("2.14", "cu126")


def test_a_driver_claim_alone_is_enough_on_a_machine_without_a_gpu() -> None:
    machine = apply_overrides(report(linux()), Overrides(driver_version="570.124.06"))
    assert answer(ask(machine)) == ("2.14", "cu126")


def test_a_python_claim_is_what_packages_are_for() -> None:
    machine = apply_overrides(report(linux()), Overrides(python_version="3.10"))
    assert ask(machine).candidates[0].target.python == "cp310"


def test_a_platform_claim_is_another_machine() -> None:
    machine = apply_overrides(report(linux(), RTX), Overrides(platform="linux-aarch64"))
    assert (machine.devices, machine.platform.libc_slug) == ((), "glibc-2.28")
    mac = apply_overrides(report(linux(), RTX), Overrides(platform="macos-arm64"))
    assert answer(ask(mac)) == ("2.15", "mps")


def test_a_platform_claim_of_the_same_platform_changes_nothing() -> None:
    machine = report(linux(), RTX)
    assert apply_overrides(machine, Overrides(platform="linux-x86_64")) == machine


def test_a_claim_that_names_nothing_is_refused() -> None:
    with pytest.raises(UnknownArchitecture):
        apply_overrides(report(linux()), Overrides(gpu_arch=("ampere",)))
    with pytest.raises(UnknownPlatform):
        apply_overrides(report(linux()), Overrides(platform="solaris-sparc"))


def test_a_target_describes_a_machine_that_selects_it_again() -> None:
    for machine in (report(linux(), RTX), report(macos(), APPLE), report(windows()), report(linux(python="3.14t"))):
        target = ask(machine).candidates[0].target
        again = ask(report_for(target), environment=target.environment, backend=target.backend)
        assert again.candidates[0].target == target


def test_a_bare_slug_is_a_machine_without_a_gpu() -> None:
    machine = report_for(Target.parse("cu130-linux-x86_64-cp311"))
    assert (machine.devices, machine.platform.python_version) == ((), "3.11")


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://download.pytorch.org/whl/cu121", "cu121"),
        ("https://download.pytorch.org/whl/cu130/", "cu130"),
        ("https://download.pytorch.org/whl/cpu", "cpu"),
        ("https://download.pytorch.org/whl/rocm7.2", "rocm7-2"),
        ("https://download.pytorch.org/whl/xpu", "xpu"),
        ("https://download.pytorch.org/whl/nightly/cu132", "cu132"),
        ("https://mirror.example.org/pytorch-wheels/cu126/simple", "cu126"),
        ("https://pypi.jetson-ai-lab.io/jp6/cu126", "cu126"),
        ("https://download.pytorch.org/whl/cu999", ""),
        ("https://download.pytorch.org/whl", ""),
        ("https://example.org/simple/", ""),
        ("file:///mirror/cu118", "cu118"),
        ("https://[broken/cu118", ""),
        ("", ""),
    ],
)
def test_an_index_address_tells_its_backend(url: str, slug: str) -> None:
    assert backend_of_source(url, CATALOG) == slug
