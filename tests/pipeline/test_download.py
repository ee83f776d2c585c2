"""A wheelhouse: filled from a lock, used without network by accelinstall and by pip, and never trusted blindly."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.store.errors import FilenameUnusable
from accelinstall.store.wheelhouse import fill_wheelhouse
from accelinstall.testing import Fault, IndexServer
from tests.pipeline.conftest import PYPROJECT
from tests.pipeline.running import Workplace

WHEELS = ["checker-3.0-py3-none-any.whl", "web-2.0-py3-none-any.whl", "wire-1.5-py3-none-any.whl"]


@pytest.fixture
def options(index: IndexServer) -> tuple[str, ...]:
    return ("--environment", "cpu", "--index-url", index.simple_url)


@pytest.fixture
def house(workplace: Workplace) -> Path:
    return workplace.root / "wheel house"


def fill(workplace: Workplace, house: Path, *options: str):
    return workplace.run("download", "--dest", str(house), *options)


def test_a_folder_gets_every_wheel_of_the_lock_once(
    workplace: Workplace, index: IndexServer, house: Path, options: tuple[str, ...]
) -> None:
    done = fill(workplace, house, "--json", *options).document
    assert sorted(os.listdir(house)) == WHEELS
    assert [row["filename"] for row in done["wheels"]] == WHEELS
    assert all(row["new"] for row in done["wheels"])
    for row in done["wheels"]:
        assert hashlib.sha256((house / row["filename"]).read_bytes()).hexdigest() == row["sha256"]
    assert done["bytes_downloaded"] == sum(row["size"] for row in done["wheels"])
    index.clear_requests()
    again = fill(workplace, house, *options)
    assert "3 wheels, all of them there already" in again.out
    assert index.count("/files/") == 0


def test_only_the_groups_that_are_named(workplace: Workplace, house: Path, options: tuple[str, ...]) -> None:
    assert fill(workplace, house, "--profile", "production", *options).code == 0
    assert sorted(os.listdir(house)) == WHEELS[1:]


def test_pip_installs_from_it_without_an_index(workplace: Workplace, house: Path, options: tuple[str, ...]) -> None:
    fill(workplace, house, *options)
    target = workplace.root / "target"
    command = ["pip", "install", "-q", "--no-index", "--find-links", str(house), "--target", str(target), "web"]
    subprocess.run(command, env=workplace.variables, check=True)
    assert (target / "wire-1.5.dist-info").is_dir()


def test_another_machine_installs_from_it_without_network(
    workplace: Workplace, index: IndexServer, house: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    fill(workplace, house, *options)
    [lock] = workplace.project.glob("pylock.*.toml")
    over_there = Workplace(tmp_path / "over there")
    index.clear_requests()
    # By the lock that came along, and by locking anew from the folder alone.
    arguments = ("sync", str(lock), "--venv", str(over_there.venv), "--find-links", str(house), "--offline")
    done = over_there.run_bare(*arguments)
    assert done.code == 0, done.err
    assert over_there.installed() == {"web": "2.0", "wire": "1.5", "checker": "3.0"}
    over_there.write(PYPROJECT)
    shutil.rmtree(over_there.cache)
    shutil.rmtree(over_there.venv)
    done = over_there.run("sync", "--environment", "cpu", "--find-links", str(house), "--no-index")
    assert done.code == 0, done.err
    assert index.count() == 0


def test_a_wheelhouse_with_another_file_of_that_name_is_not_installed_from(
    workplace: Workplace, index: IndexServer, house: Path, options: tuple[str, ...]
) -> None:
    fill(workplace, house, *options)
    (house / WHEELS[1]).write_bytes(b"x" * (house / WHEELS[1]).stat().st_size)
    done = workplace.run("sync", *options, "--find-links", str(house), "--json")
    assert done.document["error"]["code"] == "hash-mismatch"
    assert str(house) in done.document["error"]["message"].replace("%20", " ")
    (house / WHEELS[1]).write_bytes(b"short")
    assert workplace.run("sync", *options, "--find-links", str(house)).code == 0


def test_another_file_in_the_way_is_named_before_anything_is_fetched(
    workplace: Workplace, index: IndexServer, house: Path, options: tuple[str, ...]
) -> None:
    house.mkdir()
    (house / WHEELS[2]).write_bytes(b"mine")
    done = fill(workplace, house, "--json", *options)
    assert (done.code, done.document["error"]["code"]) == (1, "wheel-in-the-way")
    assert index.count("/files/web-2.0-py3-none-any.whl", method="GET") <= 1  # its metadata, by a range
    assert (house / WHEELS[2]).read_bytes() == b"mine"


def test_a_broken_or_false_download_never_has_a_wheels_name(
    workplace: Workplace, index: IndexServer, house: Path, options: tuple[str, ...]
) -> None:
    workplace.run("lock", *options)
    path = index.file_path(WHEELS[1])
    index.add_fault(path, Fault(content=b"evil" * 99))
    done = fill(workplace, house, "--json", *options)
    assert done.document["error"]["code"] == "hash-mismatch"
    assert WHEELS[1] not in os.listdir(house)
    index.clear_faults()
    index.add_fault(path, Fault(times=2, close_after=200))
    assert fill(workplace, house, *options).code == 0
    assert sorted(os.listdir(house)) == WHEELS


def test_a_folder_that_cannot_be_made_is_named(workplace: Workplace, options: tuple[str, ...]) -> None:
    done = fill(workplace, Path("/proc/nowhere"), "--json", *options)
    assert (done.code, done.document["error"]["code"]) == (1, "folder-not-writable")
    assert "--dest" in done.document["error"]["hint"]


@pytest.mark.parametrize("filename", ["../web-2.0-py3-none-any.whl", "/tmp/x.whl", "a\\b.whl", "..", "", ".hidden.whl"])
def test_a_lock_cannot_have_a_file_land_elsewhere(house: Path, filename: str) -> None:
    package = LockedPackage(name="web", version="2.0", filename=filename, sha256="0" * 64, url="https://example.org/x")
    with HttpClient(environ={}) as http, pytest.raises(FilenameUnusable):
        fill_wheelhouse([package], str(house), http=http)
    assert not house.exists()
