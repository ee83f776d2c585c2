"""``sync uv.lock``: what uv has locked, installed by us."""

from __future__ import annotations

import subprocess
import sys

from accelinstall.testing import IndexServer
from tests.pipeline.running import Workplace


def test_what_uv_locks_is_installed(workplace: Workplace, index: IndexServer) -> None:
    workplace.write(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["web"]\n'
        '[dependency-groups]\ndev = ["checker"]\n'
    )
    argv = [sys.executable, "-m", "uv", "lock", "--quiet", "--no-config", "--default-index", index.simple_url]
    cache = str(workplace.root / "uv-cache")
    subprocess.run(argv, cwd=workplace.project, env={**workplace.variables, "UV_CACHE_DIR": cache}, check=True)
    done = workplace.run("sync", str(workplace.project / "uv.lock"), "--no-proof")
    assert done.code == 0, done.err
    assert workplace.installed() == {"web": "2.0", "wire": "1.5", "checker": "3.0"}
