"""NVML is asked in a child process, which may answer, fail, die or hang.

The binding is a stand-in written to a folder; process, session, deadline and JSON are real.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from accelinstall.hardware import NvmlAnswer, NvmlDevice, RecordedHost, detect
from accelinstall.hardware.local_nvml import ask, decode, find_library
from accelinstall.hardware.local_process import abandoned, run
from tests.hardware.machines import HOSTS

HEAD = """
class NVMLError(Exception):
    def __init__(self, value):
        self.value = value
NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18
NVML_ERROR_NOT_SUPPORTED = 3
NVML_ERROR_NOT_FOUND = 6
NVML_ERROR_GPU_IS_LOST = 15
def refuse(*arguments):
    raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
nvmlDeviceGetPciInfo = nvmlDeviceGetMemoryInfo = nvmlDeviceGetMigMode = nvmlDeviceGetMaxMigDeviceCount = refuse
"""
TWO_GPUS = """
import os
from types import SimpleNamespace
def nvmlInit(): pass
def nvmlSystemGetDriverVersion(): return b"580.95.05"
def nvmlSystemGetCudaDriverVersion(): return 13000
def nvmlDeviceGetCount(): return 3
def nvmlDeviceGetHandleByIndex(index):
    if index == 2:
        raise NVMLError(NVML_ERROR_GPU_IS_LOST)
    return index
def nvmlDeviceGetName(handle): return "leads its session" if os.getsid(0) == os.getpid() else "does not"
def nvmlDeviceGetUUID(handle): return f"GPU-{handle}"
def nvmlDeviceGetCudaComputeCapability(handle): return (9, 0)
def nvmlDeviceGetMemoryInfo(handle): return SimpleNamespace(total=1 << 30)
def nvmlDeviceGetPciInfo(handle): return SimpleNamespace(busId=f"00000000:0{handle}:00.0".encode())
def nvmlDeviceGetMigMode(handle): return (handle, 0)
def nvmlDeviceGetMaxMigDeviceCount(handle): return 7
def nvmlDeviceGetMigDeviceHandleByIndex(handle, slot):
    if slot:
        raise NVMLError(NVML_ERROR_NOT_FOUND)
    return handle
"""


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether *holds* comes true within ten seconds."""
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def binding(folder: Path, body: str) -> str:
    """A folder that holds a ``pynvml`` with *body*."""
    (folder / "pynvml.py").write_text(HEAD + body, encoding="utf-8")
    return str(folder)


def test_every_gpu_is_listed_with_what_it_answers(tmp_path: Path) -> None:
    answer = ask(deadline=30, library="libnvidia-ml.so.1", binding=binding(tmp_path, TWO_GPUS))
    assert (answer.status, answer.driver_version, answer.cuda_driver_version) == ("answered", "580.95.05", "13.0")
    name = "leads its session" if sys.platform != "win32" else "does not"
    same = NvmlDevice(index=0, name=name, compute_capability="9.0", memory_bytes=1 << 30)
    plain = replace(same, uuid="GPU-0", pci_address="0000:00:00.0")
    split = replace(same, index=1, uuid="GPU-1", pci_address="0000:01:00.0", mig=True, mig_instances=(name,))
    lost = NvmlDevice(index=2, error="NVML_ERROR_GPU_IS_LOST")
    assert answer.devices == (plain, split, lost)


def test_a_library_that_cannot_start_is_a_failure_with_nvmls_name(tmp_path: Path) -> None:
    body = "def nvmlInit(): raise NVMLError(NVML_ERROR_LIB_RM_VERSION_MISMATCH)"
    answer = ask(deadline=30, library="libnvidia-ml.so.1", binding=binding(tmp_path, body))
    assert (answer.status, answer.error) == ("failed", "NVML_ERROR_LIB_RM_VERSION_MISMATCH")


@pytest.mark.parametrize(
    "body",
    [
        "import os; os._exit(139)",
        "import os; os.kill(os.getpid(), 11)",
        "def nvmlInit(): print('{}'); raise SystemExit",
        "def nvmlInit(): raise ValueError",
    ],
)
def test_a_child_that_dies_is_a_failure(tmp_path: Path, body: str) -> None:
    answer = ask(deadline=30, library="libnvidia-ml.so.1", binding=binding(tmp_path, body))
    assert answer.status == "failed"
    assert answer.error


def test_a_driver_that_hangs_is_unknown_and_its_child_left_behind(tmp_path: Path) -> None:
    body = "def nvmlInit():\n    import time\n    time.sleep(600)"
    answer = ask(deadline=0.5, library="libnvidia-ml.so.1", binding=binding(tmp_path, body))
    assert (answer.status, answer.devices) == ("hung", ())
    # Outside a driver the kill does end it, and whoever asks next leaves no zombie.
    assert eventually(lambda: abandoned() == ())


class WedgedHost(RecordedHost):
    """A recorded machine whose NVML really hangs."""

    library_folder = ""

    def nvml(self, *, deadline: float = 2.0) -> NvmlAnswer:
        return ask(deadline=0.5, library="libnvidia-ml.so.1", binding=self.library_folder)


def test_a_report_with_a_driver_that_really_hangs_says_unknown(tmp_path: Path) -> None:
    host = WedgedHost(HOSTS / "linux-a100-wedged-driver")
    host.library_folder = binding(tmp_path, "def nvmlInit():\n    import time\n    time.sleep(600)")
    report = detect(host)
    assert [device.confirmed for device in report.devices] == [False, False]
    assert "no answer in time: unknown" in {evidence.failure for evidence in report.evidence}


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and a shell")
def test_output_that_never_ends_costs_the_deadline_only() -> None:
    script = "trap '' TERM INT HUP; while :; do echo x; sleep 0.1; done"
    assert run(["/bin/sh", "-c", script], deadline=0.3).status == "hung"


def test_a_program_that_is_not_there_is_missing(tmp_path: Path) -> None:
    assert run([str(tmp_path / "nothing")], deadline=1).status == "missing"


def test_no_library_means_no_child(tmp_path: Path) -> None:
    assert find_library(folders=(str(tmp_path),), cache=str(tmp_path / "ld.so.cache")) is None


@pytest.mark.skipif(sys.platform != "linux", reason="the loader's cache is Linux's")
def test_the_library_is_found_in_a_folder_or_in_the_loaders_cache(tmp_path: Path) -> None:
    cache = tmp_path / "ld.so.cache"
    cache.write_bytes(b"glibc-ld.so.cache1.1\0libm.so.6\0libnvidia-ml.so.1\0")
    assert find_library(folders=(), cache=str(cache)) == "libnvidia-ml.so.1"
    library = tmp_path / "libnvidia-ml.so.1"
    library.touch()
    assert find_library(folders=(str(tmp_path),), cache=str(cache)) == str(library)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"error": ""}', '{"error": "", "devices": 3}', "[" * 9999])
def test_an_answer_of_another_form_is_a_failure(text: str) -> None:
    assert decode(text).status == "failed"
