"""A recorded host answers from its folder and from nothing else."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelinstall.hardware import CommandAnswer, MalformedRecord, NvmlAnswer, RecordedHost, detect
from tests.hardware.machines import write_host


def test_what_is_absent_from_the_record_is_absent_on_the_machine(tmp_path: Path) -> None:
    host = RecordedHost(write_host(tmp_path))
    assert host.read_text("/proc/self/cgroup") is None
    assert host.read_text("/etc/passwd") is None
    assert not host.exists("/proc")
    assert not host.is_writable("/dev/null")
    assert host.list_dir("/") == ()
    assert host.environ("PATH") is None
    assert host.affinity() is None
    assert host.nvml() == NvmlAnswer(status="absent")
    assert host.run(["true"]) == CommandAnswer(status="missing")
    assert host.sysctl("kern.ostype") is None
    assert host.display_adapters() == ()


def test_nothing_of_the_replaying_machine_shows_in_the_report(tmp_path: Path) -> None:
    report = detect(RecordedHost(write_host(tmp_path)))
    assert (report.platform.python_version, report.platform.release, report.platform.container) == ("", "", "")
    assert (report.cpu.model, report.cpu.logical_cores, report.memory.total_bytes) == ("", 0, 0)
    assert report.devices == ()


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_links_and_dots_lead_nowhere_outside_the_record(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the replaying machine", encoding="utf-8")
    host = write_host(tmp_path / "host", root={"etc/inside": "inside"})
    os.symlink(secret, host / "root/etc/link")
    os.symlink(tmp_path, host / "root/folder")
    os.symlink(host / "root/etc/inside", host / "root/etc/own-link")
    replay = RecordedHost(host)
    for path in ("/etc/link", "/folder/secret", "/../../secret", "/etc/../../../secret", "/../host.toml"):
        assert replay.read_text(path) is None
        assert not replay.exists(path)
    assert replay.list_dir("/folder") == ()
    assert replay.read_text("/etc/own-link") == "inside"


def test_a_colon_in_a_file_name_is_kept_in_a_form_every_system_can_hold(tmp_path: Path) -> None:
    host = RecordedHost(write_host(tmp_path, root={"sys/0000%3A01%3A00.0/class": "0x030000"}))
    assert host.list_dir("/sys") == ("0000:01:00.0",)
    assert host.read_text("/sys/0000:01:00.0/class") == "0x030000"


def test_a_hang_is_replayed_as_an_answer_at_once(tmp_path: Path) -> None:
    tables = '[nvml]\nhangs = true\n[commands."nvidia-smi -L"]\nhangs = true\n'
    host = RecordedHost(write_host(tmp_path, tables=tables))
    assert host.nvml(deadline=3600.0).status == "hung"
    assert host.run(["nvidia-smi", "-L"], deadline=3600.0).status == "hung"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "[platform] is missing"),
        ("[platform]\nsystem = 'Linux'\n", "platform.machine is missing"),
        ("schema = 2\n[platform]\nsystem='Linux'\nmachine='x86_64'\n", "schema is 2, this version reads 1"),
        ("[platform]\nsystem = 3\nmachine = 'x86_64'\n", "platform.system is 3, not a string"),
        ("[platform]\nsystem='Linux'\nmachine='x86_64'\nlogical_cores=true\n", "platform.logical_cores is True"),
        ("platform = 3\n", "[platform] is not a table"),
        ("[platform\n", "line 1"),
        ("[platform]\nsystem='Linux'\nmachine='x86_64'\n[nvml]\ndevices=[1]\n", "nvml.devices[0] is not a table"),
        ("[platform]\nsystem='Linux'\nmachine='x86_64'\n[environ]\nA=1\n", "environ.A is 1, not a string"),
    ],
)
def test_a_malformed_record_is_named_with_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "host.toml").write_text(text, encoding="utf-8")
    with pytest.raises(MalformedRecord) as caught:
        RecordedHost(tmp_path)
    assert problem in caught.value.message
    assert str(tmp_path / "host.toml") in caught.value.message


def test_every_problem_of_a_record_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "host.toml").write_text("schema = 9\n[platform]\nsystem = 1\n[nvml]\nhangs = 'yes'\n", "utf-8")
    with pytest.raises(MalformedRecord) as caught:
        RecordedHost(tmp_path)
    assert len(caught.value.problems) == 4


def test_a_folder_without_a_record_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(MalformedRecord, match="there is no such file") as caught:
        RecordedHost(tmp_path / "nowhere")
    assert "--record" in caught.value.hint


def test_a_record_that_is_no_text_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "host.toml").write_bytes(b"\xff\xfe\0\0")
    with pytest.raises(MalformedRecord, match="not UTF-8"):
        RecordedHost(tmp_path)


VALUES = st.recursive(
    st.sampled_from(["1", "true", '"text"', "1.5", "[]", "[1]", '["a"]', "{}", "1979-05-27"]),
    lambda inner: st.tuples(st.sampled_from(["index", "name", "hangs", "a"]), inner).map(
        lambda t: f"{{{t[0]}={t[1]}}}"
    ),
    max_leaves=3,
)
KEYS = st.one_of(
    st.sampled_from(["schema", "platform", "platform.system", "platform.machine", "platform.cpu_flags", "environ.A"]),
    st.sampled_from(["nvml", "nvml.devices", "nvml.hangs", "nvml.error", "commands.x", "environ", "access.denied"]),
)


@given(st.lists(st.tuples(KEYS, VALUES).map(" = ".join)).map("\n".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_document_is_a_host_or_a_malformed_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "host.toml").write_text(text, encoding="utf-8")
    with contextlib.suppress(MalformedRecord):
        detect(RecordedHost(tmp_path))
