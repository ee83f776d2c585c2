"""Commands on a workplace, and what its environment says afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from accelinstall.testing import IndexServer
from tests.pipeline.running import Outcome, Workplace


def run(workplace: Workplace, index: IndexServer, command: str, *more: str) -> Outcome:
    """The command on the workplace's project, with nothing but the loopback index."""
    done = workplace.run(command, "--environment", "cpu", "--index-url", index.simple_url, *more)
    assert "Traceback" not in done.err
    return done


def python(workplace: Workplace, code: str) -> str:
    """What *code* prints in the project's environment."""
    command = [workplace.venv / "bin" / "python", "-I", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def direct_url(workplace: Workplace, name: str) -> Any:
    """``direct_url.json`` of an installed distribution."""
    (found,) = workplace.venv.glob(f"lib/python*/site-packages/{name}-*.dist-info/direct_url.json")
    return json.loads(found.read_text())


def install_with(peer: str, lock: Path, workplace: Workplace, index: IndexServer) -> None:
    """*lock* installed by the real *peer* into the project's environment, without any configuration of this machine."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", workplace.venv], check=True)
    interpreter = workplace.venv / "bin" / "python"
    commands = {
        "pip": ["pip", "--python", interpreter, "install", "--index-url", index.simple_url, "-r", lock],
        "uv": ["uv", "pip", "sync", "--python", interpreter, "--default-index", index.simple_url, lock],
    }
    environ = {**workplace.variables, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(workplace.root / "uv")}
    command = [sys.executable, "-m", *map(str, commands[peer])]
    done = subprocess.run(command, env=environ, cwd=lock.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
