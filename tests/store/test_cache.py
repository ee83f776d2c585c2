"""What a store says of itself, and what it does not believe."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from accelinstall import fs
from accelinstall.model.store import StoreEntry
from accelinstall.net import HttpClient
from accelinstall.store import Store
from accelinstall.testing import make_wheel
from tests.store.kit import leftovers, locked, tree_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"), boot="monday")


@pytest.fixture
def entry(store: Store, tmp_path: Path) -> StoreEntry:
    return put(store, make_wheel(tmp_path / "wheels", "pack", "1.0", files={"pack/__init__.py": "x = 1\n"}))


def put(store: Store, wheel: Path) -> StoreEntry:
    with HttpClient(environ={}) as http:
        package = locked(wheel)
        return store.fetch([package], http=http)[package.sha256]


def test_a_store_that_does_not_exist_is_empty_and_is_not_made_by_asking(tmp_path: Path):
    store = Store(str(tmp_path / "cache"))
    assert store.get("0" * 64) is None
    assert (store.keys(), store.size(), store.evict("0" * 64)) == ((), 0, False)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("key", ["", "..", "../../etc", "A" * 64, "0" * 63, ".locks"])
def test_only_hashes_are_keys(store: Store, entry: StoreEntry, key: str):
    assert store.get(key) is None
    assert store.evict(key) is False
    assert store.keys() == (entry.sha256,)


def test_an_entry_is_found_by_its_hash_and_gone_after_its_eviction(store: Store, entry: StoreEntry, tmp_path: Path):
    assert store.get(entry.sha256) == entry
    assert entry.shareable
    assert store.size(entry.sha256) > entry.size
    assert store.evict(entry.sha256)
    assert store.get(entry.sha256) is None
    assert (store.keys(), leftovers(tmp_path / "cache")) == ((), [])


def test_linked_files_outlive_the_entry(store: Store, entry: StoreEntry, tmp_path: Path):
    os.link(f"{entry.root}/pack/__init__.py", tmp_path / "linked.py")
    store.evict(entry.sha256)
    assert (tmp_path / "linked.py").read_text() == "x = 1\n"


@pytest.mark.parametrize("damage", ["cut", "gone", "garbage"])
def test_an_entry_without_a_whole_manifest_is_not_there_and_is_made_anew(
    store: Store, entry: StoreEntry, damage: str, tmp_path: Path
):
    manifest = Path(store.place(entry.sha256)) / "manifest"
    content = manifest.read_bytes()
    manifest.unlink()
    if damage != "gone":
        manifest.write_bytes(content[:-5] if damage == "cut" else b"\xff" * 100)
    assert store.get(entry.sha256) is None
    assert put(store, tmp_path / "wheels" / "pack-1.0-py3-none-any.whl") == entry
    assert tree_of(entry.root)["pack/__init__.py"] == b"x = 1\n"


def test_after_a_reboot_sizes_are_looked_at_once(store: Store, entry: StoreEntry):
    tuesday = Store(store.root, boot="tuesday")
    assert tuesday.get(entry.sha256) == entry
    # Noted: a file that shrinks now is not looked at again on that day, and is found on the next.
    shrink(f"{entry.root}/pack/__init__.py")
    assert tuesday.get(entry.sha256) == entry
    assert Store(store.root, boot="wednesday").get(entry.sha256) is None


def test_an_entry_that_a_power_cut_shortened_is_made_anew(store: Store, entry: StoreEntry, tmp_path: Path):
    shrink(f"{entry.root}/pack/__init__.py")
    tuesday = Store(store.root, boot="tuesday")
    assert put(tuesday, tmp_path / "wheels" / "pack-1.0-py3-none-any.whl").files == entry.files
    assert tree_of(entry.root)["pack/__init__.py"] == b"x = 1\n"


def shrink(path: str) -> None:
    os.unlink(path)
    Path(path).write_bytes(b"")


def test_an_entry_is_unused_since_somebody_last_asked_for_it(store: Store, entry: StoreEntry):
    now = time.time()
    os.utime(store.place(entry.sha256), (now - 40 * 86_400,) * 2)
    assert store.unused_since(now - 30 * 86_400) == (entry.sha256,)
    assert store.get(entry.sha256) == entry
    assert store.unused_since(now - 30 * 86_400) == ()


def test_what_killed_processes_left_is_discarded_and_what_is_being_worked_on_stays(store: Store, entry: StoreEntry):
    left, busy = "a" * 64, "b" * 64
    for key in (left, busy):
        Path(store.partial(key, "whl")).write_bytes(b"half")
        os.makedirs(os.path.join(store.partial(key, "tree"), "tree"))
    with fs.directory_lock(store.lock_path(busy)) as held:
        assert held
        assert store.discard_partial() == 1
    assert leftovers(Path(store.root)) == [f"{busy}.tree", f"{busy}.whl"]
    assert store.discard_partial() == 1
    assert store.get(entry.sha256) == entry
