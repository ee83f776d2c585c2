"""A bug report is a test fixture: what was recorded replays to the same report, without what identifies anybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelinstall.hardware import (
    Host,
    LocalHost,
    NvmlAnswer,
    NvmlDevice,
    RecordedHost,
    RecordingHost,
    RecordUnwritable,
    detect,
)
from accelinstall.hardware.redaction import Redactor
from accelinstall.model.hardware import HardwareReport
from tests.hardware.machines import ALL_HOSTS, write_host


def recorded(host: Host, directory: Path) -> tuple[HardwareReport, HardwareReport]:
    """The report made while recording *host*, and the one made from the record."""
    recording = RecordingHost(host, directory)
    report = detect(recording)
    recording.save()
    return report, detect(RecordedHost(directory))


def without_evidence(report: HardwareReport) -> HardwareReport:
    devices = tuple(replace(device, evidence=(), uuid="") for device in report.devices)
    return replace(report, devices=devices, evidence=())


@pytest.mark.parametrize("host", ALL_HOSTS, ids=lambda host: host.name)
def test_a_record_of_a_record_gives_the_same_report(host: Path, tmp_path: Path) -> None:
    during, after = recorded(RecordedHost(host), tmp_path / "copy")
    assert during == after
    assert without_evidence(after) == without_evidence(detect(RecordedHost(host)))


def test_a_record_of_this_machine_gives_the_same_report(tmp_path: Path) -> None:
    during, after = recorded(LocalHost(), tmp_path / "this")
    assert during == after
    assert without_evidence(after) == without_evidence(detect(LocalHost()))


def test_only_what_was_asked_is_recorded(tmp_path: Path) -> None:
    root = {"proc/cpuinfo": "model name : A\n", "etc/shadow": "secret"}
    tables = '[environ]\nHOME = "/home/somebody"\nCUDA_VISIBLE_DEVICES = "1"\n'
    recorded(RecordedHost(write_host(tmp_path / "inner", tables=tables, root=root)), tmp_path / "copy")
    files = {path.name for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    text = (tmp_path / "copy/host.toml").read_text(encoding="utf-8")
    assert files == {"cpuinfo", "host.toml"}
    assert "CUDA_VISIBLE_DEVICES" in text
    assert "somebody" not in text


SERIALS = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: A\n\nprocessor\t: 1\n\nSerial\t\t: 10000000abcdef\n",
    "proc/sys/kernel/hostname": "secretbox.example.org\n",
    "proc/self/cgroup": f"0::/docker/{'ab' * 32}/secretbox/alice/acme-billing.service\n",
    f"sys/fs/cgroup/docker/{'ab' * 32}/cpu.max": "100000 100000\n",
    "sys/class/kfd/kfd/topology/nodes/1/properties": "gfx_target_version 90402\nunique_id 1234567890123456789\n",
    "sys/class/kfd/kfd/topology/nodes/2/properties": "gfx_target_version 90402\nunique_id 1234567890123456789\n",
    "dev/kfd": "",
    "etc/nothing": "",
}
TABLES = """
logical_cores = 8
[environ]
USER = "alice"
CUDA_VISIBLE_DEVICES = "GPU-01234567-89ab-cdef-0123-456789abcdef"
NVIDIA_VISIBLE_DEVICES = "alice's on secretbox at 52:54:00:12:34:56"
KUBERNETES_SERVICE_HOST = "10.1.2.3"
[nvml]
driver_version = "580.95.05"
[[nvml.devices]]
uuid = "GPU-01234567-89ab-cdef-0123-456789abcdef"
"""
PRIVATE = ["10000000abcdef", "secretbox", "example.org", "alice", "ab" * 32, "1234567890123456789"]
PRIVATE += ["01234567-89ab", "52:54:00", "10.1.2.3", "acme"]


def test_nothing_that_identifies_machine_or_people_leaves_it(tmp_path: Path) -> None:
    inner = write_host(tmp_path / "inner", tables=TABLES, root=SERIALS)
    recording = RecordingHost(RecordedHost(inner), tmp_path / "copy")
    report = detect(recording)
    left_out = recording.save()
    written = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    everything = "\n".join(f"{path}\n{path.read_text('utf-8')}" for path in written)
    assert [secret for secret in PRIVATE if secret in everything] == []
    assert [secret for secret in PRIVATE if secret in repr(report)] == []
    for kind in (
        "UUIDs",
        "container ids",
        "services",
        "chip serial",
        "serial numbers",
        "MAC",
        "names",
        "addresses",
        "processors",
    ):
        assert any(kind in sentence for sentence in left_out), kind


def test_redaction_keeps_what_is_one_together_and_limits_in_force(tmp_path: Path) -> None:
    inner = write_host(tmp_path / "inner", tables=TABLES, root=SERIALS)
    during, after = recorded(RecordedHost(inner), tmp_path / "copy")
    assert during == after
    assert [device.vendor for device in after.devices] == ["nvidia", "amd"]
    assert after.cpu.available_cores == 1.0
    text = (tmp_path / "copy/host.toml").read_text(encoding="utf-8")
    assert text.count(after.devices[0].uuid) == 2


def test_a_record_never_overwrites_anything(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept", encoding="utf-8")
    recording = RecordingHost(RecordedHost(ALL_HOSTS[0]), tmp_path)
    with pytest.raises(RecordUnwritable, match="not empty"):
        recording.save()
    with pytest.raises(RecordUnwritable):
        RecordingHost(RecordedHost(ALL_HOSTS[0]), tmp_path / "mine").save()


def test_a_file_that_may_not_be_read_replays_as_one(tmp_path: Path) -> None:
    inner = write_host(tmp_path / "inner", tables='[access]\ndenied = ["/proc/cpuinfo"]\n', root={"proc/cpuinfo": "x"})
    recording = RecordingHost(RecordedHost(inner), tmp_path / "copy")
    assert recording.read_text("/proc/cpuinfo") is None
    recording.save()
    replay = RecordedHost(tmp_path / "copy")
    assert replay.read_text("/proc/cpuinfo") is None
    assert replay.exists("/proc/cpuinfo")


class SayingHost(RecordedHost):
    """A host that says one text wherever it is asked for one."""

    def __init__(self, directory: Path, text: str) -> None:
        super().__init__(directory)
        self.text = text

    def read_text(self, path: str) -> str | None:
        return self.text if path in ("/proc/cpuinfo", "/proc/driver/nvidia/version") else None

    def environ(self, name: str) -> str | None:
        return self.text if name == "CUDA_VISIBLE_DEVICES" else None

    def nvml(self, *, deadline: float = 2.0) -> NvmlAnswer:
        device = NvmlDevice(index=0, name=self.text, error=self.text, mig_instances=(self.text,))
        return NvmlAnswer(status="answered", driver_version=self.text, devices=(device,))


@given(text=st.text(st.characters(codec="utf-8")))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_the_record(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    directory = tmp_path_factory.mktemp("record")
    during, after = recorded(SayingHost(write_host(directory / "inner"), text), directory / "copy")
    assert during == after


@given(st.text() | st.from_regex(r"GPU-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} unique_id \d+"))
def test_redacting_twice_changes_nothing(text: str) -> None:
    redactor = Redactor([("alice", "redacted-user")])
    once = redactor.redact(text)
    assert redactor.redact(once) == once
