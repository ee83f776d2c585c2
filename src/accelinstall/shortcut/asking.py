"""Which command lines may take a shortcut, where it is remembered, and what the machine is known by."""

import os
import sys

FOLDER = "shortcuts-v1"

# Change between two runs in one shell and mean nothing to us.
_VOLATILE = frozenset("_ SHLVL OLDPWD PWD COLUMNS LINES PS1 PS2 PROMPT_COMMAND WINDOWID TERM_SESSION_ID".split())
# These want everything told, change what is done every time, or write files of their own.
_TALKATIVE = frozenset({"--json", "--events", "--dry-run", "--help", "-h", "--upgrade", "--record"})
_SYSTEM = (
    "/proc/sys/kernel/random/boot_id",
    "/proc/driver/nvidia/version",
    "/sys/module/nvidia/version",
    "/sys/module/amdgpu/version",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/cpu.max",
)
_DEVICES = ("nvidia", "kfd", "dri", "accel", "dxg", "apex", "davinci")


def cache_folder(arguments: "list[str]", environ: "os._Environ[str]") -> str:
    """Where shortcuts are kept: the cache of the run; empty where that is not known without looking further."""
    for number, word in enumerate(arguments):
        if word == "--cache-dir":
            return os.path.abspath(os.path.expanduser("".join(arguments[number + 1 : number + 2]) or "."))
        if word.startswith("--cache-dir="):
            return os.path.abspath(os.path.expanduser(word.partition("=")[2]))
    chosen = environ.get("ACCELINSTALL_CACHE_DIR", "")
    if not chosen and sys.platform == "linux":
        # As `platformdirs` has it; its import costs as much as all the rest.
        base = environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
        chosen = os.path.join(base, "accelinstall")
    return os.path.abspath(os.path.expanduser(chosen)) if chosen else ""


def is_askable(arguments: "list[str]") -> bool:
    """Whether this command line may be answered from memory."""
    if sys.platform != "linux" or not arguments or arguments[0] not in ("sync", "optimize"):
        return False
    return not any(word.partition("=")[0] in _TALKATIVE for word in arguments)


def digest(*parts: str) -> str:
    """A name for *parts* taken together."""
    try:
        # The module behind `hashlib`, whose import loads OpenSSL.
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b

    data = "\0".join(parts).encode("utf-8", "surrogateescape")
    return blake2b(data, digest_size=20).hexdigest()


def question(arguments: "list[str]", environ: "os._Environ[str]") -> str:
    """The name of everything a process is given: arguments, variables, folder, terminals and our own version."""
    from accelinstall._version import __version__

    variables = sorted(f"{name}={value}" for name, value in environ.items() if name not in _VOLATILE)
    streams = [str(stream is not None and stream.isatty()) for stream in (sys.stdout, sys.stderr)]
    return digest(__version__, sys.executable, os.getcwd(), *streams, *arguments, "", *variables)


def machine() -> str:
    """Text that changes with the run of the system, its devices, drivers and limits; under a millisecond."""
    parts = [" ".join(os.uname())]
    parts += map(_content, _SYSTEM)
    parts += [name for name in _names("/dev") if name.startswith(_DEVICES)]
    for folder in ("/sys/class/drm", "/sys/class/kfd", "/sys/class/accel", "/dev/dri"):
        parts += ["", *_names(folder)]
    parts.append(str(sorted(os.sched_getaffinity(0))))
    return digest(*parts)


def boot() -> str:
    """Identifies the run of the system, as the store writes it into its manifests."""
    return _content("/proc/sys/kernel/random/boot_id").strip()


def _content(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 4096).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _names(folder: str) -> "list[str]":
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def write(path: str, data: bytes) -> None:
    """Put *data* at *path*, whole or not at all; a cache that cannot be written costs the next run its shortcut."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            return


def read(path: str) -> "bytes | None":
    """The content of *path*, or ``None``."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return None
