"""The command line in this process: real files, a real interpreter, a loopback index, an environment of its own."""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelinstall.cli import run
from accelinstall.cli.console import Console


@dataclass(frozen=True)
class Outcome:
    """What one run printed and returned."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """stdout as the one JSON document it must be."""
        return json.loads(self.out)


@dataclass
class Workplace:
    """A folder with a project, a cache and variables that know nothing of the machine's configuration."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project = self.root / "project"
        self.project.mkdir(parents=True, exist_ok=True)
        self.cache = self.root / "cache"
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "PIP_CONFIG_FILE": os.devnull,
            "ACCELINSTALL_CACHE_DIR": str(self.cache),
            **self.variables,
        }

    @property
    def venv(self) -> Path:
        """Where the project's environment is made."""
        return self.project / ".venv"

    def write(self, text: str, name: str = "pyproject.toml") -> None:
        """A file of the project."""
        (self.project / name).write_text(text, encoding="utf-8")

    def copy(self, source: Path) -> None:
        """A whole project, without environments and locks."""
        ignored = shutil.ignore_patterns(".venv", "pylock.*", "__pycache__")
        shutil.copytree(source, self.project, dirs_exist_ok=True, ignore=ignored)

    def run(self, *argv: str) -> Outcome:
        """``accelinstall *argv*`` on this project."""
        return self.run_bare(argv[0], "--project", str(self.project), *argv[1:])

    def run_bare(self, *argv: str) -> Outcome:
        """``accelinstall *argv*`` without naming the project."""
        out, err = io.StringIO(), io.StringIO()
        console = Console(out=out, err=err, quiet="--quiet" in argv)
        return Outcome(run(list(argv), console=console, environ=self.variables), out.getvalue(), err.getvalue())

    def installed(self) -> dict[str, str]:
        """Name -> version in the project's environment, as the folder names say."""
        found = self.venv.glob("lib/python*/site-packages/*.dist-info")
        return {name: version for name, _, version in (path.name[:-10].rpartition("-") for path in found)}
