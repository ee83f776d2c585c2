"""Installing what the store holds: counted by what is imported and asked."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.lockfile import render_lock
from accelinstall.model.installation import Interpreter
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.pipeline.installing import LockedForOtherTarget, ensure_lock_fits
from accelinstall.testing import IndexServer, make_wheel
from accelinstall.testing.pages import sha256_of

TARGET = f"cpu-linux-x86_64-cp{sys.version_info[0]}{sys.version_info[1]};libc=glibc-2.17"
SPARED = ("urllib3", "packaging", "accelinstall.net", "accelinstall.index", "accelinstall.catalog.loading", "installer")


def sync(lock: Path, venv: Path, cache: Path) -> set[str]:
    """Installs *lock* and gives the modules that were imported."""
    command = [sys.executable, "-X", "importtime", "-m", "accelinstall", "sync", str(lock), "--venv", str(venv)]
    environ = {**os.environ, "ACCELINSTALL_CACHE_DIR": str(cache)}
    done = subprocess.run([*command, "--no-proof"], env=environ, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.skipif(
    (sys.platform, platform.machine(), platform.libc_ver()[0]) != ("linux", "x86_64", "glibc"),
    reason="the lock is for Linux on x86-64",
)
def test_what_the_store_holds_is_installed_without_client_index_and_catalog(tmp_path):
    with IndexServer() as server:
        wheel = make_wheel(tmp_path / "wheels", "some", "1.0", files={"some.py": "x = 1\n"})
        server.add(wheel)
        package = LockedPackage(
            name="some",
            version="1.0",
            filename=wheel.name,
            sha256=sha256_of(wheel),
            url=server.file_url(wheel.name),
            size=wheel.stat().st_size,
        )
        lock = tmp_path / "pylock.some.toml"
        lock.write_text(
            render_lock(Lock(target=Target.parse(TARGET), packages=(package,), requires_python=">=3.9")),
            encoding="utf-8",
        )
        assert "urllib3" in sync(lock, tmp_path / "first", tmp_path / "cache")
        asked = server.count()
        # Once more into an environment that is there, and lacks the wheel.
        second = tmp_path / "second"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(second)], check=True)
        imported = sync(lock, second, tmp_path / "cache")
        assert server.count() == asked
        assert list(second.rglob("some.py"))
        assert not [name for name in imported if name.startswith(SPARED)]


def here(*, libc: str = "glibc-2.36", version: str = "3.11.7") -> Interpreter:
    return Interpreter(
        executable="/usr/bin/python3",
        prefix="/usr",
        version=version,
        python="cp311",
        platform="linux-x86_64",
        libc=libc,
        markers={"python_full_version": version},
    )


@pytest.mark.parametrize("libc", ["glibc-2.36", "glibc-2.28", "glibc-3.0"])
def test_a_lock_for_an_older_glibc_fits_whatever_its_wheels(libc):
    ensure_lock_fits(locked_for("glibc-2.28", "some-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"), here(libc=libc))


@pytest.mark.parametrize("libc", ["glibc-2.9", "glibc-2.27", "musl-1.2"])
def test_a_lock_for_a_newer_or_another_libc_is_judged_wheel_by_wheel(libc):
    ensure_lock_fits(locked_for("glibc-2.28", "some-1.0-py3-none-any.whl"), here(libc=libc))
    with pytest.raises(LockedForOtherTarget):
        ensure_lock_fits(locked_for("glibc-2.28", "some-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"), here(libc=libc))


def locked_for(libc: str, filename: str) -> Lock:
    package = LockedPackage(name="some", version="1.0", filename=filename, sha256="0" * 64)
    return Lock(
        target=Target.parse(f"cpu-linux-x86_64-cp311;libc={libc}"), packages=(package,), requires_python=">=3.9"
    )
