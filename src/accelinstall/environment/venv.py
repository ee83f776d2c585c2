"""Making virtual environments: the standard library's, without pip unless asked, in a few milliseconds."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from accelinstall import events, fs
from accelinstall.environment.errors import EnvironmentNotMade
from accelinstall.environment.interpreter import describe
from accelinstall.environment.planning import LOCK, MAKING, python_of
from accelinstall.model.installation import Interpreter


def create_venv(
    path: str,
    *,
    base: str = "",
    with_pip: bool = False,
    cache_directory: str | None = None,
    progress: events.Progress = events.ignore,
) -> Interpreter:
    """The interpreter of a virtual environment in *path*, made unless another process has just made it.

    :param base: the interpreter to make it with; empty = the one that runs this, outside any environment.
    :param with_pip: install pip too (about two seconds).
    :raises EnvironmentNotMade: when it could not be made; what was made of it stays and the next attempt goes on.
    """
    path = os.path.abspath(path)

    def say() -> None:
        message = f"another process is making the environment `{path}`; waiting for it"
        progress(events.Note(level="info", code="environment-locked", message=message))

    try:
        os.makedirs(path, exist_ok=True)
        lock = os.path.join(path, LOCK)
        with fs.directory_lock(lock, on_wait=say):
            making = os.path.join(path, MAKING)
            if os.path.exists(making) or not os.path.exists(python_of(path)):
                _write(making, b"")
                _make(path, base)
                _ignore_in_git(path)
                os.unlink(making)
            if with_pip:
                _run(path, [python_of(path), "-I", "-m", "ensurepip", "--upgrade", "--default-pip"])
            with suppress(OSError):
                os.unlink(lock)
    except OSError as error:
        raise EnvironmentNotMade(path, reason=error.strerror or str(error)) from error
    except UnicodeError as error:  # pyvenv.cfg is UTF-8
        raise EnvironmentNotMade(path, reason="its path is not UTF-8") from error
    return describe(python_of(path), cache_directory=cache_directory)


def _make(path: str, base: str) -> None:
    own = getattr(sys, "_base_executable", "") or sys.executable
    if base and os.path.realpath(base) != os.path.realpath(own):
        links = [] if os.name == "nt" else ["--symlinks"]
        _run(path, [base, "-I", "-m", "venv", "--without-pip", *links, path])
        return
    import venv

    venv.EnvBuilder(symlinks=os.name != "nt").create(path)


def _ignore_in_git(path: str) -> None:
    """Keep the environment out of version control, as Python 3.13 and later do themselves."""
    ignore = os.path.join(path, ".gitignore")
    if not os.path.exists(ignore) or not os.path.getsize(ignore):
        _write(ignore, b"*\n")


def _write(path: str, content: bytes) -> None:
    # Not by way of a temporary file, which a kill would leave in the environment for good.
    with open(path, "wb") as file:
        file.write(content)


def _run(path: str, command: list[str]) -> None:
    import subprocess

    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-1:]
        reason = said[0] if said else f"`{command[0]}` ended with status {done.returncode}"
        raise EnvironmentNotMade(path, reason=reason)
