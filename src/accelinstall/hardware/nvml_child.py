"""The child process that talks to NVML: prints one JSON document and ends.

Run as a file, ``python -I -S nvml_child.py BINDING_FOLDER LIBRARY``, so that it imports neither the package nor
site-packages' start-up hooks.  It may hang in the driver for good; the parent does not wait.

The document: ``error`` (NVML's name for why it could not start, else empty), ``driver_version``,
``cuda_driver_version`` (``13.0``) and ``devices``, each with the fields of
:class:`~accelinstall.hardware.host.NvmlDevice`.  A question that one GPU refuses leaves its field empty.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any


def main(binding: str, library: str) -> None:
    """Ask NVML everything and print the document."""
    sys.path.append(binding)
    import pynvml

    if "/" in library:
        # A library outside the loader's folders (WSL, Kubernetes) is found again by its name once it is loaded.
        import ctypes

        with contextlib.suppress(OSError):
            ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    try:
        pynvml.nvmlInit()
        document = _document(pynvml)
    except pynvml.NVMLError as error:
        document = {"error": _name(pynvml, error)}
    sys.stdout.write(json.dumps(document))
    sys.stdout.flush()


def _document(pynvml: Any) -> dict[str, Any]:
    devices = [_device(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount())]
    return {
        "error": "",
        "driver_version": _text(_ask(pynvml, pynvml.nvmlSystemGetDriverVersion)),
        "cuda_driver_version": _cuda_version(pynvml),
        "devices": devices,
    }


def _device(pynvml: Any, index: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "index": index,
        "name": "",
        "compute_capability": "",
        "memory_bytes": None,
        "uuid": "",
        "mig": False,
        "mig_instances": None,
        "pci_address": "",
        "error": "",
    }
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    except pynvml.NVMLError as error:
        document["error"] = _name(pynvml, error)
        return document
    document["name"] = _text(_ask(pynvml, pynvml.nvmlDeviceGetName, handle))
    document["uuid"] = _text(_ask(pynvml, pynvml.nvmlDeviceGetUUID, handle))
    capability = _ask(pynvml, pynvml.nvmlDeviceGetCudaComputeCapability, handle)
    document["compute_capability"] = ".".join(map(str, capability)) if capability else ""
    document["pci_address"] = _pci_address(_ask(pynvml, pynvml.nvmlDeviceGetPciInfo, handle))
    memory = _ask(pynvml, pynvml.nvmlDeviceGetMemoryInfo, handle)
    document["memory_bytes"] = int(memory.total) if memory else None
    mode = _ask(pynvml, pynvml.nvmlDeviceGetMigMode, handle)
    if mode and mode[0] == 1:
        document["mig"] = True
        document["mig_instances"] = _mig_instances(pynvml, handle)
    return document


def _pci_address(info: Any) -> str:
    if info is None:
        return ""
    # NVML writes the domain with eight digits, the kernel with four.
    domain, _, rest = _text(info.busId).lower().partition(":")
    return f"{domain[-4:]}:{rest}"


def _mig_instances(pynvml: Any, handle: Any) -> list[str] | None:
    count = _ask(pynvml, pynvml.nvmlDeviceGetMaxMigDeviceCount, handle)
    if count is None:
        return None
    names = []
    for slot in range(count):
        try:
            instance = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, slot)
        except pynvml.NVMLError:
            continue  # An empty slot.
        names.append(_text(_ask(pynvml, pynvml.nvmlDeviceGetName, instance)))
    return names


def _cuda_version(pynvml: Any) -> str:
    # The plain call is NVML's own number; the _v2 call would report a cuda-compat library that is first in the path.
    number = _ask(pynvml, pynvml.nvmlSystemGetCudaDriverVersion)
    if number is None or not 1000 <= number <= 99990:
        return ""
    return f"{number // 1000}.{number % 1000 // 10}"


def _ask(pynvml: Any, question: Any, *arguments: Any) -> Any:
    try:
        return question(*arguments)
    except pynvml.NVMLError:
        return None


def _name(pynvml: Any, error: Any) -> str:
    for name in dir(pynvml):
        if name.startswith("NVML_ERROR_") and getattr(pynvml, name) == error.value:
            return name
    return f"NVML_ERROR_{error.value}"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
