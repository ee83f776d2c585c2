"""Runs of the real command line, each a process of its own, over one store and one lock."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from accelinstall.lockfile import render_lock
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.testing import make_wheel
from accelinstall.testing.pages import sha256_of

TARGET = Target.parse(f"cpu-linux-x86_64-cp{sys.version_info[0]}{sys.version_info[1]};libc=glibc-2.17")


@dataclass
class Ground:
    """A cache, a lock of wheels on disk, and environments to install it into."""

    root: Path
    packages: list[LockedPackage] = field(default_factory=list)
    whole: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    receipt: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.root.resolve()
        self.cache = self.root / "cache"
        self.lock = self.root / "pylock.some.toml"

    def add(self, name: str, **contents: object) -> None:
        """One more wheel in the lock."""
        wheel = make_wheel(self.root / "wheels", name, "1.0", **contents)  # type: ignore[arg-type]
        self.packages.append(
            LockedPackage(
                name=name,
                version="1.0",
                filename=wheel.name,
                sha256=sha256_of(wheel),
                url=wheel.as_uri(),
                size=wheel.stat().st_size,
            )
        )
        packages = tuple(sorted(self.packages, key=lambda package: package.name))
        roots = (packages[0].name,)
        lock = Lock(target=TARGET, packages=packages, roots=roots, requires_python=">=3.9")
        self.lock.write_text(render_lock(lock), encoding="utf-8")

    def venv(self, name: str) -> Path:
        """A new environment."""
        path = self.root / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)
        return path

    def sync(
        self, venv: Path, *options: str, before: str = "", environ: dict[str, str] | None = None, timing: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """``accelinstall sync LOCK --venv DIR``; *before* is Python that runs first in the same process."""
        program = f"{before}\nfrom accelinstall.__main__ import main; import sys; sys.exit(main())"
        command = [sys.executable, *(["-X", "importtime"] if timing else []), "-c", program]
        command += ["sync", str(self.lock), "--venv", str(venv), "--no-proof", *options]
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        variables = {**own, "ACCELINSTALL_CACHE_DIR": str(self.cache), **(environ or {})}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)

    def outlines(self) -> list[Path]:
        """The outlines in the cache."""
        return list(self.cache.glob("shortcuts-v1/*.outline"))


def imported(done: subprocess.CompletedProcess[str]) -> set[str]:
    """The modules that a run with ``timing`` imported."""
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def contents(venv: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of an environment's libraries and commands with its content and mode, memory and bytecode left out."""
    found = {}
    for path in sorted(venv.rglob("*")):
        name = path.relative_to(venv).as_posix()
        if (
            path.is_file()
            and ".accelinstall" not in name
            and "__pycache__" not in name
            and "activate" not in name.lower()
        ):
            found[name] = (path.read_bytes(), path.stat().st_mode)
    return found
