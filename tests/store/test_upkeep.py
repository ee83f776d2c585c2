"""What a store notices about itself, and what may leave it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall import fs
from accelinstall.model.store import StoreEntry
from accelinstall.net import HttpClient
from accelinstall.store import Store
from accelinstall.store.environments import known_environments, remember_environment
from accelinstall.store.eviction import Holding, choose_evictions
from accelinstall.store.upkeep import prune, remove_abandoned, verify, verify_all
from accelinstall.testing import make_wheel
from tests.store.kit import Ear, leftovers, locked

hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
holdings = st.lists(
    st.builds(Holding, sha256=hashes, size=st.integers(0, 100), used=st.floats(0, 100)),
    unique_by=lambda one: one.sha256,
    max_size=12,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"))


def put(store: Store, folder: Path, name: str, size: int = 100) -> StoreEntry:
    wheel = make_wheel(
        folder / "wheels", name, "1.0", files={f"{name}/__init__.py": "x = 1\n", f"{name}/b": bytes(size)}
    )
    with HttpClient(environ={}) as http:
        package = locked(wheel)
        return store.fetch([package], http=http)[package.sha256]


def overwrite(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def test_an_entry_as_its_wheel_brought_it_is_whole(store, tmp_path):
    entry = put(store, tmp_path, "pack")
    assert verify(store, entry.sha256) == ()
    ear = Ear()
    put(store, tmp_path, "other")
    assert verify_all(store, progress=ear) == ()
    assert len(ear.events) == 3


@pytest.mark.parametrize(
    ("damage", "path", "found"),
    [
        (lambda tree: overwrite(tree / "pack/__init__.py", b"x = 2\n"), "pack/__init__.py", "6 bytes, sha256="),
        (lambda tree: overwrite(tree / "pack/__init__.py", b""), "pack/__init__.py", "0 bytes"),
        (lambda tree: (tree / "pack/__init__.py").unlink(), "pack/__init__.py", "No such file"),
        (lambda tree: (tree / "pack/more.py").touch(), "pack/more.py", "a file"),
        (lambda tree: overwrite(tree.parent / "manifest", b"accelinstall manifest 1\n"), "manifest", ""),
        (
            lambda tree: ((tree / "pack/b").unlink(), (tree / "pack/b").symlink_to("__init__.py")),
            "pack/b",
            "a symbolic link",
        ),
    ],
)
def test_every_damage_is_named_with_what_was_expected_and_found(store, tmp_path, damage, path, found):
    entry = put(store, tmp_path, "pack")
    damage(Path(entry.root))
    [told] = verify(store, entry.sha256)
    assert told.path == path
    assert found in told.found
    assert f"`{path}`: expected " in str(told)


@given(holdings, st.none() | st.floats(0, 100), st.none() | st.integers(0, 500), st.data())
def test_evictions_keep_what_is_spared_and_take_no_more_than_needed(have, since, most, data):
    spared = {one.sha256 for one in have if data.draw(st.booleans())}
    doomed = choose_evictions(have, spared=spared, unused_since=since, max_size=most)
    left = [one for one in have if one.sha256 not in doomed]
    assert not spared.intersection(doomed)
    free = [one for one in left if one.sha256 not in spared]
    if since is not None:
        assert all(one.used >= since for one in free)
    if most is not None:
        assert sum(one.size for one in left) <= most or not free
    young = [one for one in have if one.sha256 in doomed and (since is None or one.used >= since)]
    if young:
        # Only for lack of room: with the last of them back, there would be too much again.
        last = max(young, key=lambda one: (one.used, one.sha256))
        assert most is not None
        assert sum(one.size for one in left) + last.size > most
        assert all((one.used, one.sha256) >= (last.used, last.sha256) for one in free)


def test_pruning_by_size_takes_the_least_recently_used_first(store, tmp_path):
    entries = [put(store, tmp_path, name, 50_000) for name in ("oldest", "spared", "newer", "newest")]
    for age, entry in zip((4, 3, 2, 1), entries, strict=True):
        os.utime(store.place(entry.sha256), (time.time() - age * 86_400,) * 2)
    assert prune(store, spared={entries[1].sha256}, max_size=store.size() - 60_000) == 2
    assert set(store.keys()) == {entries[1].sha256, entries[3].sha256}
    assert prune(store, spared={entries[1].sha256}, max_size=0) == 1
    assert leftovers(tmp_path / "cache") == []


def test_pruning_takes_downloads_nobody_went_on_with_but_not_those_under_way(store, tmp_path):
    put(store, tmp_path, "pack")
    left, busy = "a" * 64, "b" * 64
    for key in (left, busy):
        Path(store.partial(key, "whl")).write_bytes(bytes(1000))
        os.utime(store.partial(key, "whl"), (0, 0))
    with fs.directory_lock(store.lock_path(busy)):
        assert prune(store, unused_since=time.time() - 1000) == 1
    assert leftovers(tmp_path / "cache") == [f"{busy}.whl"]
    assert len(store.keys()) == 1


def test_environments_are_remembered_while_they_are_there(store, tmp_path):
    assert known_environments(store) == ()
    for name in ("one", "two\udcff"):
        (tmp_path / name).mkdir()
        for _ in range(2):
            remember_environment(store, str(tmp_path / name))
    assert known_environments(store) == (str(tmp_path / "one"), str(tmp_path / "two\udcff"))
    (tmp_path / "one").rmdir()
    assert known_environments(store) == (str(tmp_path / "two\udcff"),)
    assert len(os.listdir(Path(store.directory, ".environments"))) == 1


def test_what_killed_writers_left_goes_after_a_day_and_nothing_else(store, tmp_path):
    entry = put(store, tmp_path, "pack")
    inside = Path(entry.root, "pack", "wheel.tmp")
    old, young, page = (Path(store.root, name) for name in ("pages-v1.1-2f.tmp", "x.2-3f.tmp", "page"))
    trial = Path(store.place(entry.sha256), ".trial-12-ff")
    for path in (inside, old, young, page, trial):
        path.touch()
    for path in (inside, old, page, trial):
        os.utime(path, (0, 0))
    assert remove_abandoned(store.root, before=time.time() - 86_400) == 2
    assert (old.exists(), trial.exists()) == (False, False)
    assert young.exists() and page.exists() and inside.exists()
