"""NVIDIA's management library, asked in a child process with a deadline.

A driver that hangs would take this process with it, so the library is never loaded here.  Where no such library can
be found no child is started: the search reads a few folders and the loader's cache, never the driver.
"""

from __future__ import annotations

import os
import sys

from accelinstall.hardware.host import NvmlAnswer, NvmlDevice

LIBRARY = "libnvidia-ml.so.1"
_FOLDERS = (
    "/usr/lib/wsl/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    # Where Kubernetes' device plugin, NixOS and Jetson's driver package put it.
    "/usr/local/nvidia/lib64",
    "/run/opengl-driver/lib",
    "/usr/lib/aarch64-linux-gnu/nvidia",
)
_LOADER_CACHE = "/etc/ld.so.cache"


def ask(*, deadline: float, library: str | None = None, binding: str | None = None) -> NvmlAnswer:
    """What NVML says within *deadline* seconds; ``absent`` when there is no library, or no binding to call it by.

    :param library: path of the library, searched for when not given.
    :param binding: folder that holds the module ``pynvml``, likewise.
    """
    library = library or find_library()
    binding = binding or (_binding_folder() if library else None)
    if library is None or binding is None:
        return NvmlAnswer(status="absent")
    from accelinstall.hardware.local_process import run

    child = os.path.join(os.path.dirname(__file__), "nvml_child.py")
    # -I and -S: the child needs the standard library and one module, and must not run anybody's start-up hooks.
    answer = run([sys.executable, "-I", "-S", child, binding, library], deadline=deadline)
    if answer.status == "hung":
        return NvmlAnswer(status="hung")
    if answer.status == "missing":
        return NvmlAnswer(status="failed", error="the child process could not be started")
    return decode(answer.stdout, returncode=answer.returncode)


def find_library(*, folders: tuple[str, ...] = _FOLDERS, cache: str = _LOADER_CACHE) -> str | None:
    """Where the library is, without loading it: a path, or its bare name when the loader's *cache* knows it."""
    if sys.platform == "win32":
        return _find_on_windows()
    if sys.platform != "linux":
        return None
    searched = [*filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":")), *folders]
    for folder in searched:
        path = f"{folder}/{LIBRARY}"
        if os.path.exists(path):
            return path
    try:
        with open(cache, "rb") as file:
            return LIBRARY if LIBRARY.encode() in file.read() else None
    except OSError:
        return None


def decode(text: str, *, returncode: int = 0) -> NvmlAnswer:
    """The answer that the child printed; a child that died or printed something else is a failure, never an error."""
    import json

    try:
        document = json.loads(text)
        if document["error"]:
            return NvmlAnswer(status="failed", error=str(document["error"]))
        return NvmlAnswer(
            status="answered",
            driver_version=str(document["driver_version"]),
            cuda_driver_version=str(document["cuda_driver_version"]),
            devices=tuple(_decode_device(device) for device in document["devices"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NvmlAnswer(status="failed", error=f"the child process ended with {returncode} and no answer")


def _decode_device(document: dict[str, object]) -> NvmlDevice:
    memory, instances = document["memory_bytes"], document["mig_instances"]
    return NvmlDevice(
        index=int(str(document["index"])),
        name=str(document["name"]),
        compute_capability=str(document["compute_capability"]),
        memory_bytes=int(str(memory)) if memory is not None else None,
        uuid=str(document["uuid"]),
        mig=bool(document["mig"]),
        mig_instances=tuple(map(str, instances)) if isinstance(instances, list) else None,
        pci_address=str(document["pci_address"]),
        error=str(document["error"]),
    )


def _binding_folder() -> str | None:
    from importlib.util import find_spec

    spec = find_spec("pynvml")
    return os.path.dirname(spec.origin) if spec is not None and spec.origin else None


def _find_on_windows() -> str | None:
    environ = os.environ
    candidates = (
        os.path.join(environ.get("SystemRoot", r"C:\Windows"), "System32", "nvml.dll"),
        os.path.join(environ.get("ProgramFiles", r"C:\Program Files"), "NVIDIA Corporation", "NVSMI", "nvml.dll"),
    )
    return next(filter(os.path.exists, candidates), None)
