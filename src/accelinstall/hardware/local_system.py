"""Answers that each operating system keeps in its own place: C library, memory, kernel values, adapters.

Everything here goes through the C library or the standard library, never through a process, except that musl tells
its version only when its loader is run.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelinstall.hardware.host import Host


def libc(host: Host) -> str:
    """``glibc 2.39`` or ``musl 1.2.5`` on Linux; empty when neither can be told."""
    try:
        known = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        known = None
    if known:
        return known
    loaders = [name for name in host.list_dir("/lib") if name.startswith("ld-musl-") and name.endswith(".so.1")]
    if not loaders:
        return ""
    from accelinstall.hardware.local_process import run

    # The loader prints its usage, version first, on stderr; the shell joins it to stdout.
    answer = run(["/bin/sh", "-c", f"/lib/{loaders[0]} 2>&1"], deadline=1.0)
    match = re.search(r"Version (\d+\.\d+(?:\.\d+)?)", answer.stdout)
    return f"musl {match[1]}" if match else "musl"


def macos_version() -> str:
    """Such as ``15.1``: the real version, also for an interpreter built against an SDK before macOS 11."""
    version = sysctl("kern.osproductversion")
    if version:
        return version
    import platform

    return platform.mac_ver()[0]


def memory_bytes() -> int:
    """Main memory of the machine; 0 when unknown."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.virtual_memory().total)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


def sysctl(name: str) -> str | None:
    """macOS's kernel value as text, numbers in decimal; ``None`` elsewhere and for unknown names."""
    if sys.platform != "darwin":
        return None
    import ctypes

    library = ctypes.CDLL(None)
    size = ctypes.c_size_t(0)
    key = name.encode()
    if library.sysctlbyname(key, None, ctypes.byref(size), None, ctypes.c_size_t(0)) != 0:
        return None
    buffer = ctypes.create_string_buffer(size.value)
    if library.sysctlbyname(key, buffer, ctypes.byref(size), None, ctypes.c_size_t(0)) != 0:
        return None
    return decode_sysctl(buffer.raw[: size.value])


def decode_sysctl(raw: bytes) -> str:
    """The text of a kernel value: printable characters and one NUL are a string, other 4 or 8 bytes a number."""
    text = raw.rstrip(b"\0")
    if len(raw) in (4, 8) and not (len(text) == len(raw) - 1 and all(32 <= byte < 127 for byte in text)):
        return str(int.from_bytes(raw, sys.byteorder, signed=True))
    return text.decode("utf-8", "replace")


# winnt.h, PF_*_INSTRUCTIONS_AVAILABLE.
_WINDOWS_FEATURES = {
    13: "sse3",
    14: "cx16",
    36: "ssse3",
    37: "sse4_1",
    38: "sse4_2",
    39: "avx",
    40: "avx2",
    41: "avx512f",
}


def windows_cpu() -> tuple[str, tuple[str, ...]]:
    """The processor's name from the registry and the instruction sets that Windows vouches for."""
    if sys.platform != "win32":
        return "", ()
    import ctypes
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
            model = str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
    except OSError:
        model = ""
    present = ctypes.windll.kernel32.IsProcessorFeaturePresent
    return model, tuple(sorted(name for number, name in _WINDOWS_FEATURES.items() if present(number)))


def display_adapters() -> tuple[str, ...]:
    """Plug-and-play ids of the adapters that are present, one for each adapter and not for each of its outputs."""
    if sys.platform != "win32":
        return ()
    import ctypes
    from ctypes import wintypes

    class DisplayDevice(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("DeviceName", wintypes.WCHAR * 32),
            ("DeviceString", wintypes.WCHAR * 128),
            ("StateFlags", wintypes.DWORD),
            ("DeviceID", wintypes.WCHAR * 128),
            ("DeviceKey", wintypes.WCHAR * 128),
        )

    adapters: dict[str, str] = {}
    device = DisplayDevice()
    device.cb = ctypes.sizeof(device)
    index = 0
    while ctypes.windll.user32.EnumDisplayDevicesW(None, index, ctypes.byref(device), 0):
        # ...\Video\{adapter}\0000: the folder is the adapter, the number its output.
        adapters.setdefault(device.DeviceKey.rpartition("\\")[0], device.DeviceID)
        index += 1
    return tuple(identifier for identifier in adapters.values() if identifier)
