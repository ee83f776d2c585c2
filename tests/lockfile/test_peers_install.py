"""The real pip and the real uv install the locks that are written here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from accelinstall.environment import create_venv, read_inventory
from accelinstall.index import IndexClient
from accelinstall.lockfile import lock_filename, render_lock
from accelinstall.model.hardware import Platform
from accelinstall.model.installation import Interpreter
from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.net import HttpClient
from accelinstall.resolution import lock_of, resolve, route
from accelinstall.testing import IndexServer, make_wheel
from tests.resolution.scenario import IndexOptions


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IndexServer]:
    """An index with a web framework, its dependencies, and a build with a local version whose hash it hides."""
    wheels = tmp_path / "wheels"
    with IndexServer() as server:
        server.add(make_wheel(wheels, "web", "2.0", requires=["h11>=0.9", "fast ; extra == 'speed'"], extras=["speed"]))
        server.add(make_wheel(wheels, "h11", "0.16"), metadata=True)
        server.add(make_wheel(wheels, "fast", "1.5"))
        server.add(make_wheel(wheels, "torchlike", "2.13.0+cpu", requires=["h11"]), sha256="")
        yield server


@pytest.fixture
def lock_file(tmp_path: Path, server: IndexServer) -> Path:
    """A lock of what the index serves, a wheel in a folder, and a wheel named by URL."""
    make_wheel(tmp_path / "links", "local-only", "3.0")
    direct = make_wheel(tmp_path / "direct", "direct", "1.0")
    server.add(direct)
    texts = ["web[speed]", "torchlike==2.13.0", "local-only", f"direct @ {server.file_url(direct.name)}"]
    with HttpClient() as http, IndexClient(http) as finder:
        resolution = resolve(
            [Wanted(requirement=Requirement(text)) for text in texts],
            target=target(),
            routing=route(
                default_index=server.simple_url,
                command_line=IndexOptions(find_links=((tmp_path / "links").as_uri(),)),
            ),
            finder=finder,
        )
        lock = lock_of(resolution, target=target(), finder=finder)
    path = tmp_path / lock_filename(target())
    path.write_text(render_lock(lock), "utf-8")
    return path


def target() -> Target:
    """This machine and the Python that runs the tests."""
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    platform = Platform(system=system, machine=os.uname().machine if hasattr(os, "uname") else "x86_64")
    return Target.parse(f"cpu-{platform.slug}-{python}")


def installed(interpreter: Interpreter) -> dict[str, str]:
    """Name -> version of what a venv holds, pip aside."""
    found = read_inventory(interpreter).distributions
    return {item.name: item.version for item in found if item.name not in {"pip", "setuptools"}}


EXPECTED = {
    "web": "2.0",
    "h11": "0.16",
    "fast": "1.5",
    "torchlike": "2.13.0+cpu",
    "local-only": "3.0",
    "direct": "1.0",
}


def peer(command: list[str | Path], folder: Path) -> None:
    """Runs *command* without any configuration of this machine."""
    private = ("PIP_", "UV_", "VIRTUAL_ENV", "CONDA_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(private)}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(folder / "uv-cache")}
    done = subprocess.run([str(part) for part in command], env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pip_installs_the_lock(tmp_path: Path, lock_file: Path) -> None:
    interpreter = create_venv(str(tmp_path / "venv"))
    pip = [sys.executable, "-m", "pip", "--python", interpreter.executable, "install", "--no-cache-dir"]
    peer([*pip, "-r", lock_file], tmp_path)
    assert installed(interpreter) == EXPECTED


def test_uv_installs_the_lock(tmp_path: Path, lock_file: Path) -> None:
    interpreter = create_venv(str(tmp_path / "venv"))
    peer([sys.executable, "-m", "uv", "pip", "sync", "--python", interpreter.executable, lock_file], tmp_path)
    assert installed(interpreter) == EXPECTED
