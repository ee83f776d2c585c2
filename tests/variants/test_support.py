"""What a machine supports, from its report."""

from dataclasses import replace

import pytest

from accelinstall.model.hardware import Cpu, Device, HardwareReport, Platform
from accelinstall.selection import supported_variants

LINUX = Platform(system="linux", machine="x86_64", libc="glibc", libc_version="2.39", python_version="3.11")
HOPPER = Device(vendor="nvidia", name="H100", architecture="sm_90", driver="570.86", driver_cuda="12.8")
ADA = Device(vendor="nvidia", name="L4", architecture="sm_89", driver="570.86", driver_cuda="12.8")


def nvidia(*devices, environment="cuda"):
    report = HardwareReport(platform=LINUX, devices=devices)
    return dict(supported_variants(report, environment=environment).features("nvidia"))


@pytest.mark.parametrize(
    ("level", "values"),
    [("x86-64-v4", ("v4", "v3", "v2", "v1")), ("x86-64-v2", ("v2", "v1")), ("x86-64-v1", ("v1",)), ("", ("v1",))],
)
def test_an_x86_machine_supports_its_level_and_those_below(level, values):
    report = HardwareReport(platform=LINUX, cpu=Cpu(level=level))
    assert supported_variants(report, environment="cpu").namespaces == (("x86_64", (("level", values),)),)


def test_an_arm_machine_supports_its_first_version_and_nothing_of_x86():
    for machine in ("aarch64", "arm64"):
        report = HardwareReport(platform=replace(LINUX, machine=machine))
        assert supported_variants(report, environment="cpu").namespaces == (("aarch64", (("version", ("8a",)),)),)


def test_cuda_bounds_surround_what_the_driver_implements():
    found = nvidia(HOPPER)
    assert found["cuda_version_lower_bound"][:3] == ("12.8", "12.7", "12.6")
    assert found["cuda_version_lower_bound"][8:12] == ("12.0", "12", "11.20", "11.19")
    assert found["cuda_version_lower_bound"][-2:] == ("11.0", "11")
    assert found["cuda_version_upper_bound"][0] == "15.20"
    assert found["cuda_version_upper_bound"][-3:] == ("12.11", "12.10", "12.9")
    assert not set(found["cuda_version_lower_bound"]) & set(found["cuda_version_upper_bound"])


@pytest.mark.parametrize(
    ("device", "values"),
    [
        (
            ADA,
            (
                "89_real",
                "88_real",
                "87_real",
                "86_real",
                "85_real",
                "84_real",
                "83_real",
                "82_real",
                "81_real",
                "80_real",
                "80_virtual",
            ),
        ),
        (HOPPER, ("90_real", "90_virtual")),
        (replace(HOPPER, architecture="sm_120"), ("120_real", "120_virtual")),
        (replace(ADA, architecture="sm_87", tegra=True), ("87_real", "80_virtual")),
        (replace(ADA, architecture="sm_37"), None),
        (replace(ADA, architecture=None), None),
    ],
)
def test_a_device_runs_the_code_of_its_own_major(device, values):
    assert nvidia(device).get("sm_arch") == values


def test_the_strongest_usable_device_decides():
    broken = replace(HOPPER, usable=False, reason="lost")
    assert nvidia(ADA, HOPPER) == nvidia(HOPPER)
    assert nvidia(ADA, broken) == nvidia(ADA)


def test_a_driver_that_tells_no_cuda_is_known_by_its_branch():
    told = nvidia(replace(HOPPER, driver="580.65.06", driver_cuda="13.0"))
    assert nvidia(replace(HOPPER, driver="580.65.06", driver_cuda=None)) == told


@pytest.mark.parametrize("device", [replace(ADA, driver=None, driver_cuda=None), replace(ADA, driver_cuda="10.2")])
def test_without_a_driver_that_the_namespace_knows_nothing_is_supported(device):
    assert nvidia(device) == {}


def test_a_target_that_is_not_cuda_takes_no_cuda_variant():
    assert nvidia(HOPPER, environment="cpu") == {}
