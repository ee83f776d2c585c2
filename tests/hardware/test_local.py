"""This machine answers cheaply, and a question it cannot answer is no error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.hardware import LocalHost, detect
from accelinstall.hardware.host import LONGEST_TEXT
from accelinstall.hardware.local_nvml import find_library


def test_this_machine_is_understood() -> None:
    report = detect(LocalHost())
    version = ".".join(map(str, sys.version_info[:3]))
    assert report.platform.python_version.startswith(version)
    assert report.cpu.logical_cores >= report.cpu.available_cores > 0
    assert report.memory.total_bytes > 0
    assert [evidence for evidence in report.evidence if evidence.probe.endswith(".probe")] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the C library has no version")
def test_the_c_library_is_known_on_linux() -> None:
    platform = detect(LocalHost()).platform
    assert platform.libc in ("glibc", "musl")
    assert platform.libc_version[0].isdigit()


@pytest.mark.skipif(find_library() is not None, reason="an NVIDIA driver is installed here")
def test_without_a_gpu_no_process_starts_and_nothing_heavy_is_imported() -> None:
    heavy = ["subprocess", "ctypes", "psutil", "pynvml", "urllib3", "packaging", "rich", "msgspec", "tomlkit"]
    code = (
        "import sys; from accelinstall.hardware import LocalHost, detect; detect(LocalHost());"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    host = LocalHost()
    nowhere = str(tmp_path / "nowhere")
    assert host.read_text(nowhere) is None
    assert host.read_text(str(tmp_path)) is None
    assert host.list_dir(nowhere) == ()
    assert not host.exists(nowhere)
    assert not host.is_writable(nowhere)
    assert host.environ("ACCELINSTALL_SURELY_NOT_SET") is None
    assert host.run([nowhere]).status == "missing"


def test_an_endless_file_is_read_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"\xff" * (LONGEST_TEXT + 10))
    text = LocalHost().read_text(str(path))
    assert text is not None
    assert len(text) == LONGEST_TEXT


def test_a_command_answers_with_its_code_and_output() -> None:
    answer = LocalHost().run([sys.executable, "-c", "print('said'); raise SystemExit(3)"], deadline=60)
    assert (answer.status, answer.stdout, answer.returncode) == ("finished", "said\n", 3)
