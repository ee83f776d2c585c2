"""A lock that is fresh is recognised by little: counted by what is imported and asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from accelinstall.testing import IndexServer, make_wheel

# Network, search, stores and environments of others: none of them says whether a lock is fresh.
SPARED = (
    "_ssl",
    "_socket",
    "accelinstall.index.client",
    "accelinstall.installation",
    "accelinstall.net.client",
    "accelinstall.proof",
    "accelinstall.resolution",
    "accelinstall.store",
    "filelock",
    "http",
    "installer",
    "msgspec",
    "packaging.pylock",
    "psutil",
    "resolvelib",
    "rich",
    "selectolax",
    "tomlkit",
    "urllib3",
)


def lock(project: Path, index: str) -> set[str]:
    """Locks *project* and gives the modules that were imported."""
    command = [sys.executable, "-X", "importtime", "-m", "accelinstall", "lock", "--quiet", "--project", str(project)]
    environ = {**os.environ, "ACCELINSTALL_CACHE_DIR": str(project / "cache"), "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run([*command, "--target", "cpu", "--index-url", index], env=environ, capture_output=True)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def test_a_fresh_lock_is_recognised_without_client_search_and_store(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["some>=1"]\n',
        encoding="utf-8",
    )
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "wheels", "some", "1.0"))
        assert {"urllib3", "resolvelib", "accelinstall.resolution"} <= lock(tmp_path, server.simple_url)
        asked = server.count()
        imported = lock(tmp_path, server.simple_url)
        assert server.count() == asked
    assert [
        name for name in sorted(imported) if name in SPARED or name.startswith(tuple(f"{n}." for n in SPARED))
    ] == []
    assert len([name for name in imported if name.startswith("accelinstall.")]) <= 140
