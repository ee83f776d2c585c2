"""Advice for run time: who gets it, who does not, and that no choice follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelinstall.catalog import Catalog
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import HardwareReport, Platform
from accelinstall.model.selection import Selection, Wish
from accelinstall.selection import NoBuildFits, select
from tests.selection.machines import CATALOG, TORCH, amd, answer, ask, linux, nvidia, report, windows

RADEON = amd("Radeon RX 6700 XT", "gfx1031")
OLD_APU = amd("Radeon Vega", "gfx90c", integrated=True)
ADVICE = {"forward-compatibility", "gpu-override-possible", "vendor-index", "wsl-gpu-hidden"}


def advice(selection: Selection) -> list[Finding]:
    return [finding for finding in selection.warnings if finding.id in ADVICE]


def advised(machine: HardwareReport, *wishes: Wish) -> list[str]:
    return [finding.id for finding in advice(ask(machine, *wishes))]


def test_a_gpu_without_code_anywhere_is_told_of_its_relatives_build() -> None:
    selection = ask(report(linux(), OLD_APU))
    [finding] = advice(selection)
    assert finding.level == "info"
    assert "torch 2.14 with rocm7-2" in finding.message
    assert "AMD does not support" in finding.message
    assert finding.hint == "--environment rocm --gpu-arch gfx900, and HSA_OVERRIDE_GFX_VERSION=9.0.0 at run time"
    assert answer(selection)[1] == "cpu"


def test_the_advised_architecture_gets_the_advised_build() -> None:
    passed_off = replace(OLD_APU, architecture="gfx900")
    assert answer(ask(report(linux(), passed_off))) == ("2.14", "rocm7-2")


def test_a_gpu_with_code_of_its_own_passes_for_nothing() -> None:
    assert advised(report(linux(), RADEON)) == []


def test_a_gpu_left_out_beside_another_is_told_of_its_relative() -> None:
    machine = report(linux(), amd("Radeon RX 7900 XTX", "gfx1100"), RADEON)
    assert advised(machine, Wish(name="torch", specifier="==2.10.0")) == ["gpu-override-possible"]


def test_code_in_32_bit_only_is_said_to_be_so() -> None:
    machine = report(linux(), amd("Radeon RX 7900 XTX", "gfx1100"), amd("Radeon RX 5700 XT", "gfx1010"))
    [finding] = advice(ask(machine, Wish(name="torch", specifier="==2.10.0")))
    assert "in 32-bit floating point only" in finding.message


def test_a_pinned_release_without_code_is_refused_with_both_ways_out() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(linux(), RADEON), Wish(name="torch", specifier="==2.10.0"))
    first, _, second = caught.value.hint.partition("; or ")
    assert first.startswith("change the requirement: torch 2.15 with rocm7-14 fits")
    assert second.startswith("--environment rocm --gpu-arch gfx1030, and HSA_OVERRIDE_GFX_VERSION=10.3.0 at run time")


@pytest.mark.parametrize("platform", [windows(), linux(wsl=True)], ids=["windows", "wsl"])
def test_the_override_is_for_linux_alone(platform: Platform) -> None:
    assert "gpu-override-possible" not in advised(report(platform, OLD_APU))


def test_rocm_under_wsl_is_told_of_the_variable_that_shows_the_gpu() -> None:
    card = amd("Radeon AI PRO R9700", "gfx1201")
    [finding] = advice(ask(report(linux(wsl=True), card)))
    assert finding.hint == "export HSA_ENABLE_DXG_DETECTION=1"
    assert advised(report(linux(), card)) == []


@pytest.mark.parametrize("name", ["NVIDIA A100-SXM4-40GB", "Tesla T4", "NVIDIA L40S", "NVIDIA H100 80GB HBM3"])
def test_a_data_centre_gpu_under_an_old_driver_is_told_of_forward_compatibility(name: str) -> None:
    selection = ask(report(linux(), nvidia(name, "sm_80", "535.183.01")))
    [finding] = advice(selection)
    assert finding.level == "info"
    assert finding.hint == "install cuda-compat-13-0, and choose with --driver-version 580.65.06"
    assert answer(selection) == ("2.14", "cu126")


@pytest.mark.parametrize(
    "name", ["NVIDIA GeForce RTX 3090", "NVIDIA RTX A4000", "Quadro RTX 6000", "NVIDIA TITAN V", "NVIDIA Graphics"]
)
def test_any_other_gpu_is_never_told_of_forward_compatibility(name: str) -> None:
    assert advised(report(linux(), nvidia(name, "sm_80", "535.183.01"))) == []


def test_one_geforce_beside_a_data_centre_gpu_forbids_it() -> None:
    mine = nvidia("NVIDIA A100-SXM4-40GB", "sm_80", "535.183.01")
    other = nvidia("NVIDIA GeForce RTX 3090", "sm_86", "535.183.01")
    assert advised(report(linux(), mine, other)) == []


def test_a_driver_new_enough_needs_no_package() -> None:
    assert advised(report(linux(), nvidia("NVIDIA A100-SXM4-40GB", "sm_80", "595.71.05"))) == []


@pytest.mark.parametrize("platform", [windows(), linux(wsl=True)], ids=["windows", "wsl"])
def test_forward_compatibility_is_for_linux_drivers_alone(platform: Platform) -> None:
    assert advised(report(platform, nvidia("NVIDIA A100-SXM4-40GB", "sm_80", "538.15"))) == []


def test_a_jetson_orin_has_a_package_of_its_own() -> None:
    orin = nvidia("Jetson AGX Orin", "sm_87", None, tegra=True)
    selection = ask(report(linux(machine="aarch64", l4t="36.4.3", python="3.10.12"), orin))
    [finding] = advice(selection)
    assert "cuda-compat-orin" in finding.message
    assert answer(selection) == ("2.10", "cu126")


@pytest.mark.parametrize(
    "machine",
    [
        report(linux(), OLD_APU),
        report(windows(), amd("Radeon RX 7900 XTX", "gfx1100")),
        report(linux(wsl=True), amd("Radeon AI PRO R9700", "gfx1201")),
        report(linux(), nvidia("NVIDIA A100-SXM4-40GB", "sm_80", "535.183.01")),
    ],
    ids=["relative", "vendor-index", "wsl", "forward"],
)
def test_advice_never_changes_the_choice(machine: HardwareReport) -> None:
    forward = replace(CATALOG.drivers.forward, names=frozenset[str]())
    silent = replace(
        CATALOG,
        relatives=(),
        wsl_variable="",
        vendor_indexes=(),
        drivers=replace(CATALOG.drivers, forward=forward),
    )
    told, untold = chosen(machine, CATALOG), chosen(machine, silent)
    assert advice(told)
    assert not advice(untold)
    assert (told.candidates, told.verdicts) == (untold.candidates, untold.verdicts)


def chosen(machine: HardwareReport, catalog: Catalog) -> Selection:
    environment = ask(machine).candidates[0].target.environment
    return select(machine, (Wish(name="torch"),), catalog=catalog, environment=environment)


# -- AMD's own indexes ------------------------------------------------------------------------------------------------

NAVI31 = amd("Radeon RX 7900 XTX", "gfx1100")
OF_NAVI31 = (
    "pip install --index-url https://repo.amd.com/rocm/whl-multi-arch/ "
    '"torch[device-gfx1100]==2.12.0+rocm7.14.0" "torchvision[device-gfx1100]==0.27.0+rocm7.14.0" '
    '"torchaudio==2.11.0+rocm7.14.0"'
)


def test_a_radeon_under_windows_is_told_of_the_vendors_own_build() -> None:
    selection = ask(report(windows(), NAVI31))
    [finding] = advice(selection)
    assert (finding.id, finding.level, finding.hint) == ("vendor-index", "info", OF_NAVI31)
    assert "built from source" in finding.message
    assert answer(selection)[1] == "cpu"


def test_the_vendors_newest_torch_for_a_gpu_comes_first() -> None:
    [finding] = advice(ask(report(windows(), amd("Radeon RX 9070 XT", "gfx1201"))))
    assert "torch 2.13.0 with ROCm 10.0.0" in finding.message
    assert '"torch[device-gfx1201]==2.13.0+rocm10.0.0"' in finding.hint


@pytest.mark.parametrize(
    ("machine", "wish"),
    [
        (report(linux(), NAVI31), TORCH),
        (report(windows("3.10.11"), NAVI31), TORCH),
        (report(windows(), NAVI31), Wish(name="torch", specifier=">=2.14")),
        (report(windows(), amd("Radeon RX 580", "gfx803")), TORCH),
        (report(windows(), nvidia("NVIDIA GeForce RTX 4090", "sm_89", "581.29"), NAVI31), TORCH),
    ],
    ids=["own-build", "python", "release", "chip", "beside-nvidia"],
)
def test_whoever_the_vendors_index_does_not_help_is_not_told_of_it(machine: HardwareReport, wish: Wish) -> None:
    assert "vendor-index" not in advised(machine, wish)


def test_rocm_claimed_under_windows_is_refused_with_the_vendors_command() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(windows(), NAVI31), environment="rocm")
    assert caught.value.hint == f"AMD's own index has torch 2.12.0: `{OF_NAVI31}`"


def test_a_pinned_release_that_only_the_vendor_has_for_a_chip_names_its_index() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(linux(), RADEON), Wish(name="torch", specifier="==2.12.0"))
    assert "; or AMD's own index has torch 2.12.0: `pip install --index-url https://repo.amd.com/" in caught.value.hint
