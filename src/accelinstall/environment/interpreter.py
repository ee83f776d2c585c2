"""What an interpreter says about itself, asked once and remembered."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress

from accelinstall import fs
from accelinstall.environment.errors import BrokenEnvironment, InterpreterBroken, InterpreterMissing
from accelinstall.model.installation import Interpreter

_PROBE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_probe.py")
_DEADLINE = 20.0
_FOLDER = "interpreters-v1"


def describe(
    executable: str, *, cache_directory: str | None = None, meanwhile: Callable[[], object] = lambda: None
) -> Interpreter:
    """The interpreter at *executable*, as it describes itself.

    Costs one child process (about 25 ms); with *cache_directory* a few file calls once it is known there, until the
    executable, its ``pyvenv.cfg`` or the running kernel change.

    :param meanwhile: called while the child process is waited for; not at all when the answer is known.
    :raises InterpreterMissing: when there is nothing to execute.
    :raises BrokenEnvironment: when it is a virtual environment's and the Python it was made from is gone.
    :raises InterpreterBroken: when it does not answer.
    """
    executable = os.path.abspath(executable)
    remembered = _cache_file(executable, cache_directory)
    if remembered:
        with suppress(OSError, ValueError, TypeError), open(remembered, encoding="utf-8") as file:
            return _interpreter(executable, json.load(file))
    answer = _ask(executable, meanwhile)
    try:
        interpreter = _interpreter(executable, json.loads(answer))
    except (ValueError, TypeError) as error:
        raise InterpreterBroken(executable, reason=f"did not describe itself: {answer[:200]!r}") from error
    if remembered:
        # A cache that cannot be written only costs the next run a child process.
        with suppress(OSError):
            os.makedirs(os.path.dirname(remembered), exist_ok=True)
            fs.write_atomic(remembered, answer.encode())
    return interpreter


def _interpreter(executable: str, answer: dict[str, object]) -> Interpreter:
    return Interpreter(executable=executable, **answer)  # type: ignore[arg-type]


def _ask(executable: str, meanwhile: Callable[[], object]) -> str:
    _ensure_executable(executable)
    import subprocess

    try:
        process = subprocess.Popen(
            [executable, "-I", "-S", _PROBE, executable],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A folder of ours with a module called `json` must not answer in the library's place.
            cwd=os.path.dirname(executable),
        )
        # Whatever ends the wait ends the child.
        with process:
            try:
                meanwhile()
                out, err = process.communicate(timeout=_DEADLINE)
            except BaseException:
                process.kill()
                raise
    except subprocess.TimeoutExpired:
        raise InterpreterBroken(executable, reason=f"did not answer within {_DEADLINE:.0f} s") from None
    except OSError as error:
        raise InterpreterMissing(executable, reason=f"cannot be executed: {error.strerror}") from error
    if process.returncode:
        said = err.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise InterpreterBroken(executable, reason=f"ended with status {process.returncode}: {said[0]}")
    return out.decode(errors="replace")


def _ensure_executable(executable: str) -> None:
    if os.path.isfile(executable):
        if not os.access(executable, os.X_OK):
            raise InterpreterMissing(executable, reason="is not executable")
        return
    prefix = os.path.dirname(os.path.dirname(executable))
    home = read_pyvenv(prefix).get("home", "")
    if home:
        raise BrokenEnvironment(prefix, home=home)
    raise InterpreterMissing(executable, reason="is a folder" if os.path.isdir(executable) else "does not exist")


def read_pyvenv(prefix: str) -> dict[str, str]:
    """The keys of *prefix*'s ``pyvenv.cfg``, lower-cased; empty when there is none."""
    try:
        with open(os.path.join(prefix, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            pairs = [line.partition("=") for line in file]
    except OSError:
        return {}
    return {key.strip().lower(): value.strip() for key, sign, value in pairs if sign}


def _cache_file(executable: str, cache_directory: str | None) -> str:
    """Where the answer is remembered, its name made of everything the answer depends on; empty = not at all."""
    if not cache_directory:
        return ""
    facts = [executable]
    try:
        # Follows the environment's link: an upgraded base interpreter is another one.
        status = os.stat(executable)
    except OSError:
        return ""
    facts += [str(status.st_mtime_ns), str(status.st_size), str(status.st_ino)]
    for folder in (os.path.dirname(os.path.dirname(executable)), os.path.dirname(executable)):
        try:
            facts.append(str(os.stat(os.path.join(folder, "pyvenv.cfg")).st_mtime_ns))
        except OSError:
            facts.append("-")
    facts += _system()
    import hashlib

    name = hashlib.blake2b("\0".join(facts).encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return os.path.join(cache_directory, _FOLDER, f"{name}.json")


def _system() -> list[str]:
    """The markers' kernel part and the C library: they change under an unchanged interpreter."""
    if not hasattr(os, "uname"):
        return []
    libc = ""
    with suppress(AttributeError, ValueError, OSError):
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    return [*os.uname()[2:], libc]
