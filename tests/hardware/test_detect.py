"""All vendors are always asked, nothing stops a probe, and a silent driver is not an absent one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelinstall.hardware import RecordedHost, detect
from tests.hardware.machines import ALL_HOSTS, HOSTS, CountingHost, FailingHost, GarbledHost, write_host

SMI = "nvidia-smi --query-gpu=driver_version,name,compute_cap --format=csv,noheader"


def test_a_probe_that_fails_leaves_evidence_and_the_others_their_devices() -> None:
    report = detect(FailingHost(HOSTS / "linux-rtx4090-beside-rx7900xtx"))
    assert [device.vendor for device in report.devices] == ["amd"]
    (failure,) = [evidence.failure for evidence in report.evidence if evidence.probe == "nvidia.probe"]
    assert failure == "ZeroDivisionError: a defect"
    assert report.cpu.level == "x86-64-v3"


def test_every_vendor_is_asked_whatever_was_found_before() -> None:
    report = detect(RecordedHost(HOSTS / "linux-rtx4090-beside-rx7900xtx"))
    asked = {evidence.probe.partition(".")[0] for evidence in report.evidence}
    assert {"platform", "bus", "cpu", "nvidia", "amd"} <= asked
    assert {device.vendor for device in report.devices} == {"nvidia", "amd"}


def test_a_hung_driver_means_unknown_and_nothing_else_is_started() -> None:
    host = CountingHost(HOSTS / "linux-a100-wedged-driver")
    report = detect(host)
    assert [(device.confirmed, device.architecture) for device in report.devices] == [(False, "sm_80")] * 2
    assert all("unknown" in device.reason for device in report.devices)
    assert (host.nvml_calls, host.commands) == (1, [])


def test_a_hung_driver_without_any_other_sign_is_still_a_gpu(tmp_path: Path) -> None:
    report = detect(RecordedHost(write_host(tmp_path, tables="[nvml]\nhangs = true\n")))
    (device,) = report.devices
    assert (device.architecture, device.confirmed) == (None, False)


def test_an_nvidia_smi_that_hangs_means_unknown_as_well(tmp_path: Path) -> None:
    tables = f'[commands."{SMI}"]\nhangs = true\n'
    root = {"proc/driver/nvidia/version": "580.95.05\n", "dev/nvidia0": ""}
    host = CountingHost(write_host(tmp_path, tables=tables, root=root))
    assert [device.confirmed for device in detect(host).devices] == [False]
    assert host.commands == [SMI]


def test_a_driver_that_lists_no_gpu_makes_none_usable(tmp_path: Path) -> None:
    root = {"proc/driver/nvidia/version": "580.95.05\n", "dev/nvidiactl": ""}
    tables = '[nvml]\ndriver_version = "580.95.05"\n'
    (device,) = detect(RecordedHost(write_host(tmp_path, tables=tables, root=root))).devices
    assert not device.usable
    assert "lists no GPU" in device.reason


def test_a_library_without_a_driver_is_no_gpu(tmp_path: Path) -> None:
    tables = '[nvml]\nerror = "NVML_ERROR_DRIVER_NOT_LOADED"\n'
    assert detect(RecordedHost(write_host(tmp_path, tables=tables))).devices == ()


def test_a_gpu_is_judged_by_its_own_render_node(tmp_path: Path) -> None:
    gpu = "sys/bus/pci/devices/0000%3A03%3A00.0"
    root = {f"{gpu}/class": "0x030000", f"{gpu}/vendor": "0x8086", f"{gpu}/device": "0x56a0"}
    root |= {f"{gpu}/drm/renderD129/dev": "", ".dockerenv": "", "dev/dri/renderD128": ""}
    (device,) = detect(RecordedHost(write_host(tmp_path / "other", root=root))).devices
    assert not device.usable
    (device,) = detect(RecordedHost(write_host(tmp_path / "own", root=root | {"dev/dri/renderD129": ""}))).devices
    assert device.usable


def test_an_nvml_that_answers_is_asked_once_and_nvidia_smi_not_at_all() -> None:
    host = CountingHost(HOSTS / "linux-rtx5090-driver-580")
    detect(host)
    assert (host.nvml_calls, host.commands) == (1, [])


def test_a_laptop_without_a_gpu_is_asked_for_one_command_only() -> None:
    host = CountingHost(HOSTS / "linux-laptop-no-gpu")
    detect(host)
    assert host.commands == [SMI]


def test_hiding_variables_are_reported_and_not_obeyed() -> None:
    report = detect(RecordedHost(HOSTS / "docker-rtx4090-runtime-void"))
    said = {evidence.excerpt for evidence in report.evidence if evidence.probe == "nvidia.environ"}
    assert {"NVIDIA_VISIBLE_DEVICES=void", "CUDA_VISIBLE_DEVICES=0"} <= said
    assert [device.usable for device in report.devices] == [True]


def test_a_driver_in_proc_without_device_nodes_is_not_usable(tmp_path: Path) -> None:
    root = {"sys/module/nvidia/version": "580.95.05\n", ".dockerenv": ""}
    (device,) = detect(RecordedHost(write_host(tmp_path, root=root))).devices
    assert not device.usable
    assert "580.95.05" in device.reason
    assert "container" in device.reason


def test_a_driver_with_nodes_and_without_nvml_is_usable(tmp_path: Path) -> None:
    root = {"proc/driver/nvidia/version": "580.95.05\n", "dev/nvidia0": "", "dev/nvidia1": "", "dev/nvidiactl": ""}
    report = detect(RecordedHost(write_host(tmp_path, root=root)))
    assert [(device.usable, device.driver) for device in report.devices] == [(True, "580.95.05")] * 2


def test_a_gpu_that_cannot_be_opened_says_which_group_is_missing() -> None:
    (device,) = detect(RecordedHost(HOSTS / "linux-mi210-without-render-group")).devices
    assert "group render" in device.reason


def test_an_impossible_gfx_version_is_no_architecture(tmp_path: Path) -> None:
    properties = "gfx_target_version 115003\nvendor_id 4098\ndevice_id 1\n"
    root = {"sys/class/kfd/kfd/topology/nodes/0/properties": properties, "dev/kfd": ""}
    report = detect(RecordedHost(write_host(tmp_path, root=root)))
    assert [device.architecture for device in report.devices] == [None]
    assert "115003 is no gfx version" in {evidence.failure for evidence in report.evidence}


def test_the_tightest_group_above_a_process_decides(tmp_path: Path) -> None:
    root = {
        "proc/self/cgroup": "0::/outer/inner\n",
        "sys/fs/cgroup/outer/cpu.max": "100000 100000\n",
        "sys/fs/cgroup/outer/inner/cpu.max": "400000 100000\n",
        "sys/fs/cgroup/outer/memory.max": "1000\n",
        "sys/fs/cgroup/outer/inner/memory.max": "2000\n",
    }
    report = detect(RecordedHost(write_host(tmp_path, tables="logical_cores = 8\naffinity = 6\n", root=root)))
    assert (report.cpu.available_cores, report.memory.limit_bytes) == (1.0, 1000)


def test_affinity_limits_the_available_cores(tmp_path: Path) -> None:
    report = detect(RecordedHost(write_host(tmp_path, tables="logical_cores = 8\naffinity = 3\n")))
    assert (report.cpu.logical_cores, report.cpu.available_cores) == (8, 3.0)


@pytest.mark.parametrize("host", ALL_HOSTS, ids=lambda host: host.name)
def test_detection_is_a_function_of_the_host(host: Path) -> None:
    assert detect(RecordedHost(host)) == detect(RecordedHost(host))


@pytest.mark.parametrize("host", ALL_HOSTS, ids=lambda host: host.name)
def test_excerpts_are_short_and_hold_no_control_characters(host: Path) -> None:
    for evidence in detect(RecordedHost(host)).evidence:
        assert len(evidence.excerpt) <= 200
        assert evidence.excerpt.isprintable()


GARBAGE = st.sampled_from(["", "\0" * 40, "max", "-1", "0x", "²", "9" * 5000, "\ud7ff\n:" * 50]) | st.text()


@given(host=st.sampled_from(ALL_HOSTS), data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_garbage_in_any_file_stops_no_probe(host: Path, data: st.DataObject) -> None:
    def garble(text: str) -> str:
        cut = data.draw(st.integers(0, len(text)))
        return data.draw(st.sampled_from([text, text[:cut]]) | GARBAGE)

    report = detect(GarbledHost(host, garble))
    assert [evidence for evidence in report.evidence if evidence.probe.endswith(".probe")] == []
