"""What the fault tests share: a worker that runs command lines, environments and locks, and what must hold after."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from accelinstall.lockfile import render_lock
from accelinstall.model.installation import Interpreter
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.testing import IndexServer, make_wheel
from tests.installation.support import false_rows, says, snapshot
from tests.store.kit import locked

ROUNDS = int(os.environ.get("ACCELINSTALL_CHAOS", "0"))
"""How much longer than in CI the random tests run: 0 there, 1 in ``nox -s chaos``."""

SOON = 3.0
"""Seconds that a process may live on after a signal: one is promised, where no other tests keep the machine busy."""


@dataclass(frozen=True)
class Done:
    """What one command line came to; *status* negative for a signal."""

    status: int
    seconds: float
    out: str
    err: str
    after_signal: float = 0.0

    @property
    def error(self) -> dict[str, str]:
        """The error of a run with ``--json``."""
        return json.loads(self.out)["error"]  # type: ignore[no-any-return]


class Worker:
    """A process that forks one process for each command line; see :mod:`tests.faults.worker`."""

    def __init__(self) -> None:
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.faults.worker"]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()

    def send(self, *argv: str, environ: dict[str, str], **wishes: Any) -> None:
        """Begin one command line; :meth:`receive` gives what became of it.

        :param wishes: ``kill_after`` seconds, which ``signal`` (SIGKILL); ``kill_at`` a step of the commit;
            ``largest_file`` that it may write.
        """
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"argv": argv, "environ": environ, **wishes}) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Done:
        """What became of the command line sent last."""
        assert self._process.stdout
        return Done(**json.loads(self._process.stdout.readline()))


@dataclass
class Bench:
    """One index, one store, one environment and locks for it."""

    root: Path
    server: IndexServer
    worker: Worker
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def venv(self) -> Path:
        return self.root / "venv"

    @property
    def store(self) -> Path:
        return self.cache / "store-v1"

    def wheel(self, name: str, version: str = "1.0", **contents: Any) -> LockedPackage:
        """A wheel that the index serves."""
        path = make_wheel(self.root / "wheels", name, version, **contents)
        self.server.add(path)
        return locked(path, self.server)

    def lock(self, name: str, packages: Iterable[LockedPackage]) -> Path:
        """A lock file for this interpreter."""
        path = self.root / f"pylock.{name}.toml"
        rows = tuple(sorted(packages, key=lambda package: package.name))
        path.write_text(render_lock(Lock(target=TARGET, packages=rows)), encoding="utf-8")
        return path

    def begin(self, lock: Path, *options: str, worker: Worker | None = None, **wishes: Any) -> None:
        """Start ``sync LOCK``."""
        wishes.setdefault("venv", self.venv)
        where = ("--venv", str(wishes.pop("venv")), "--cache-dir", str(wishes.pop("cache", self.cache)))
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.root), "PIP_CONFIG_FILE": os.devnull, **self.variables}
        argv = ("sync", str(lock), *where, "--no-proof", *options)
        (worker or self.worker).send(*argv, environ=environ, **wishes)

    def download(self, lock: Path, folder: Path, *options: str, **wishes: Any) -> Done:
        """``download LOCK`` to its end, or to the kill."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.root), "PIP_CONFIG_FILE": os.devnull}
        where = ("--dest", str(folder), "--cache-dir", str(self.cache))
        self.worker.send("download", str(lock), *where, *options, environ=environ, **wishes)
        return self.worker.receive()

    def rollback(self, *options: str, **wishes: Any) -> Done:
        """``rollback`` to its end, or to the kill."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.root), "PIP_CONFIG_FILE": os.devnull}
        where = ("--venv", str(self.venv), "--cache-dir", str(self.cache))
        self.worker.send("rollback", *where, *options, environ=environ, **wishes)
        return self.worker.receive()

    def sync(self, lock: Path, *options: str, **wishes: Any) -> Done:
        """``sync LOCK`` to its end, or to the kill."""
        self.begin(lock, *options, **wishes)
        return self.worker.receive()

    def good(self, lock: Path, *options: str, **wishes: Any) -> Done:
        """``sync LOCK``, which must succeed."""
        done = self.sync(lock, *options, **wishes)
        assert done.status == 0, done.err
        return done

    def interpreter(self, venv: Path | None = None) -> Interpreter:
        """The environment's, as it describes itself."""
        from accelinstall.environment import describe

        return describe(str((venv or self.venv) / "bin" / "python"), cache_directory=str(self.root / "described"))

    def state(self, venv: Path | None = None) -> dict[str, object]:
        """Every file of the environment; empty when there is no interpreter in it."""
        venv = venv or self.venv
        if not (venv / "bin" / "python").exists():
            return {}
        found = snapshot(self.interpreter(venv))
        return {path: content for path, content in found.items() if path != ".accelinstall.lock"}

    def untrue(self, venv: Path | None = None) -> list[str]:
        """RECORD rows that are not so."""
        return false_rows(self.interpreter(venv))

    def says(self, code: str) -> str:
        """What the environment's Python prints."""
        return says(self.interpreter(), code)

    def forget(self, *folders: Path) -> None:
        """Remove folders with everything in them."""
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            assert not folder.exists()


def _target() -> Target:
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    return Target.parse(f"cpu-linux-x86_64-{python};libc=glibc-2.17")


TARGET = _target()
