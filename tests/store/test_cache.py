"""What a store says of itself, and what it does not believe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelinstall.model.store import StoreEntry
from accelinstall.net import HttpClient
from accelinstall.store import Store
from accelinstall.store.cache import cache_directory
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


def test_the_cache_is_where_the_variable_says_or_where_the_platform_keeps_caches(tmp_path: Path):
    assert cache_directory({"ACCELINSTALL_CACHE_DIR": str(tmp_path)}) == str(tmp_path)
    assert os.path.isabs(cache_directory({"ACCELINSTALL_CACHE_DIR": "relative"}))
    assert cache_directory({}).endswith("accelinstall")
