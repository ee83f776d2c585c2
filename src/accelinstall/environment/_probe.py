"""What an interpreter says about itself: run as ``python -I -S _probe.py EXECUTABLE`` by the interpreter in question.

Stands alone and in old syntax, because the interpreter may be any Python 3; prints one JSON object.  ``site`` is left
out, as it would execute the environment's ``.pth`` files; its one effect that matters here, the virtual environment's
prefix, is set by hand before ``sysconfig`` reads it.
"""

import json
import os
import sys

TYPE_CHECKING = False  # `typing` itself costs 10 ms.
if TYPE_CHECKING:
    import typing


def probe(executable: str) -> "dict[str, object]":
    """The fields of ``Interpreter`` that only the interpreter itself knows."""
    folder = os.path.dirname(executable)
    for prefix in (os.path.dirname(folder), folder):
        virtual = os.path.isfile(os.path.join(prefix, "pyvenv.cfg"))
        if virtual:
            sys.prefix = sys.exec_prefix = prefix
            break
    import sysconfig

    paths = sysconfig.get_paths()
    version = _version(sys.version_info)
    short_version = "{}.{}".format(*sys.version_info)
    implementation = sys.implementation.name
    threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    short = {"cpython": "cp", "pypy": "pp"}.get(implementation, implementation)
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine, release, build, name = _uname()
    headers = paths["include"]
    if virtual:
        headers = os.path.join(sys.prefix, "include", "site", f"python{short_version}{threaded}")
    stdlib = sysconfig.get_path("stdlib")
    return {
        "version": version,
        "python": short + short_version.replace(".", "") + threaded,
        "platform": f"{system}-{_package_machine(system, machine)}",
        "libc": _libc(system, machine),
        "prefix": sys.prefix,
        "virtual": virtual or os.path.isdir(os.path.join(sys.prefix, "conda-meta")),
        "externally_managed": not virtual and os.path.exists(os.path.join(stdlib, "EXTERNALLY-MANAGED")),
        "schemes": {
            "purelib": paths["purelib"],
            "platlib": paths["platlib"],
            "scripts": paths["scripts"],
            "headers": headers,
            "data": paths["data"],
        },
        "markers": {
            "implementation_name": implementation,
            "implementation_version": _version(sys.implementation.version),
            "os_name": os.name,
            "platform_machine": machine,
            "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
                implementation, implementation
            ),
            "platform_release": release,
            "platform_system": name,
            "platform_version": build,
            "python_full_version": version,
            "python_version": short_version,
            "sys_platform": sys.platform,
        },
    }


def _version(info: "typing.Sequence[object]") -> str:
    major, minor, micro, level, serial = info
    return f"{major}.{minor}.{micro}" + ("" if level == "final" else f"{str(level)[0]}{serial}")


def _uname() -> "tuple[str, str, str, str]":
    if hasattr(os, "uname"):
        found = os.uname()
        return found.machine, found.release, found.version, found.sysname
    import platform

    return platform.machine(), platform.release(), platform.version(), platform.system()


def _package_machine(system: str, machine: str) -> str:
    """What wheels are named for: a 32-bit interpreter on a 64-bit kernel takes 32-bit wheels."""
    machine = machine.lower()
    if system == "windows":
        machine = {"amd64": "x86_64", "x86": "i686"}.get(machine, machine)
    if sys.maxsize < 2**32:
        machine = {"x86_64": "i686", "aarch64": "armv7l"}.get(machine, machine)
    return machine


def _libc(system: str, machine: str) -> str:
    if system == "macos":
        import platform

        return "macos-" + ".".join(platform.mac_ver()[0].split(".")[:2])
    if system != "linux":
        return ""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, ValueError, OSError):
        name = version = ""
    return f"{name}-{version}" if version else _musl()


def _musl() -> str:
    """musl tells its version only when its loader is run without arguments; the loader's name starts so everywhere."""
    import glob
    import subprocess

    for loader in sorted(glob.glob("/lib/ld-musl-*.so.1")):
        said = subprocess.run([loader], stderr=subprocess.PIPE, check=False).stderr.decode(errors="replace")
        for line in said.splitlines():
            if line.startswith("Version "):
                return "musl-" + ".".join(line.split()[1].split(".")[:2])
    return ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(sys.argv[1])))
