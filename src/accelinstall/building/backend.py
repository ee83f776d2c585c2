"""One project's build backend, its hooks called in a process of their own (PEP 517, PEP 660)."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TypeVar

from accelinstall.building.environments import BuildEnvironment
from accelinstall.building.errors import BuildFailed, NotAProject
from accelinstall.building.processes import Processes, TimeIsUp
from accelinstall.building.reading import BuildSystem, build_system_of, parse_pyproject
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from pyproject_hooks import BuildBackendHookCaller

_T = TypeVar("_T")
Kind = Literal["wheel", "editable"]
# Enough for a traceback's end or a compiler's complaint.
_LINES, _COLUMNS = 20, 240
# What would lead a build to modules outside its environment.
_FOREIGN = frozenset(("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "__PYVENV_LAUNCHER__"))
# Archives made at different times are then equal (reproducible-builds.org); ZIP knows nothing before 1980.
_MOMENT = "1580601600"


class _Ended(Exception):
    """The process that called a hook ended without an answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A project's files, laid out.

    :ivar folder: absolute; ``source`` is what messages call it.
    :ivar top: the folder of the whole archive or repository that *folder* is in.
    """

    folder: str
    top: str
    package: str
    source: str

    def build_system(self) -> BuildSystem:
        """How it wants to be built.

        :raises NotAProject: when it holds nothing that could be, or says so wrongly.
        """
        text = self.pyproject()
        if text is None:
            if os.path.exists(os.path.join(self.folder, "setup.py")):
                return BuildSystem()
            raise self.refused("it holds neither pyproject.toml nor setup.py")
        try:
            return build_system_of(parse_pyproject(text))
        except ValueError as error:
            raise self.refused(f"its pyproject.toml is wrong: {error}") from error

    def pyproject(self) -> str | None:
        """The text of its ``pyproject.toml``; ``None`` without one.

        :raises NotAProject: when it cannot be read.
        """
        try:
            with open(os.path.join(self.folder, "pyproject.toml"), encoding="utf-8") as stream:
                return stream.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self.refused(f"its pyproject.toml cannot be read: {error}") from error

    def refused(self, reason: str) -> NotAProject:
        """The error that says why it cannot be built."""
        return NotAProject(package=self.package, source=self.source, reason=reason)


class Backend:
    """Calls the hooks of one project in one environment.

    :param log: file that takes what the backend writes.
    """

    def __init__(
        self,
        tree: Tree,
        system: BuildSystem,
        *,
        environment: BuildEnvironment,
        processes: Processes,
        environ: Mapping[str, str],
        log: str,
    ) -> None:
        self._tree, self._system, self._processes, self._log = tree, system, processes, log
        path = os.pathsep.join(filter(None, (environment.scripts, environ.get("PATH", os.defpath))))
        kept = {name: value for name, value in environ.items() if name not in _FOREIGN}
        prefix = os.path.dirname(environment.scripts)
        self._environ = {"SOURCE_DATE_EPOCH": _MOMENT, **kept, "PATH": path, "VIRTUAL_ENV": prefix}
        self._python = environment.python

    def requires(self, kind: Kind) -> tuple[str, ...]:
        """What the backend needs beyond ``[build-system] requires``."""
        return self._call(f"get_requires_for_build_{kind}", lambda hooks, hook: tuple(getattr(hooks, hook)()))

    def metadata(self, folder: str) -> str:
        """The path of METADATA below *folder*; costs a whole build where the backend knows no cheaper way."""
        name = self._call("prepare_metadata_for_build_wheel", lambda hooks, hook: str(getattr(hooks, hook)(folder)))
        return os.path.join(folder, os.path.basename(name), "METADATA")

    def wheel(self, folder: str, kind: Kind) -> str:
        """The path of the wheel built into *folder*."""
        name = self._call(f"build_{kind}", lambda hooks, hook: str(getattr(hooks, hook)(folder)))
        return os.path.join(folder, os.path.basename(name))

    def _call(self, hook: str, ask: Callable[[BuildBackendHookCaller, str], _T]) -> _T:
        import pyproject_hooks as peer

        try:
            hooks = peer.BuildBackendHookCaller(
                self._tree.folder,
                self._system.backend,
                backend_path=list(self._system.path) or None,
                runner=self._run,
                python_executable=self._python,
            )
            with warnings.catch_warnings():
                # What backends warn of is for whoever keeps the project.
                warnings.simplefilter("ignore")
                return ask(hooks, hook)
        except _Ended as error:
            raise self._failed(hook, error.reason) from None
        except TimeIsUp:
            raise self._failed(hook, f"took longer than {self._processes.timeout:.0f} s") from None
        except peer.BackendUnavailable as error:
            with suppress(OSError), open(self._log, "a", encoding="utf-8") as stream:
                stream.write(error.traceback or "")
            raise self._failed(hook, "cannot be imported") from None
        except peer.HookMissing:
            raise self._failed(hook, "does not exist: the backend cannot do that") from None
        except (peer.UnsupportedOperation, ValueError, KeyError, OSError) as error:
            raise self._failed(hook, f"gave no usable answer: {error}") from error

    def _run(self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        environ = {**self._environ, **(extra_environ or {})}
        status = self._processes.run(cmd, cwd=cwd or self._tree.folder, environ=environ, log=self._log)
        if status:
            raise _Ended(f"ended with signal {-status}" if status < 0 else f"ended with status {status}")

    def _failed(self, hook: str, reason: str) -> BuildFailed:
        return BuildFailed(
            package=self._tree.package,
            source=self._tree.source,
            hook=hook,
            backend=self._system.backend,
            reason=reason,
            output=last_lines(self._log),
        )


def last_lines(path: str) -> tuple[str, ...]:
    """The end of what was written to the file *path*, without passwords in addresses."""
    try:
        with open(path, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - (64 << 10)))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ()
    text = re.sub(r"(?<=://)[^/@\s]+(?=@)", "***", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text))
    lines = [line.rstrip()[:_COLUMNS] for line in text.splitlines() if line.strip()]
    return tuple(lines[-_LINES:])


def scratch(folder: str) -> tempfile.TemporaryDirectory[str]:
    """A folder for what a build makes, gone when it is left."""
    return tempfile.TemporaryDirectory(prefix="build-", dir=folder, ignore_cleanup_errors=True)
