"""Files whole or not at all, links by trial, locks that die with their process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from accelinstall import fs

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX file modes and locks")


def test_an_atomic_write_replaces_the_content_and_leaves_nothing_beside_it(tmp_path: Path):
    path = tmp_path / "manifest"
    path.write_bytes(b"old")
    fs.write_atomic(str(path), b"new", fsync=True)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["manifest"]


def test_an_atomic_write_that_fails_keeps_the_old_content(tmp_path: Path):
    folder = tmp_path / "manifest"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        fs.write_atomic(str(folder), b"new")
    assert os.listdir(tmp_path) == ["manifest"]


def test_files_that_go_together_are_all_put_back_when_one_is_refused(tmp_path: Path):
    (tmp_path / "first").write_bytes(b"1")
    (tmp_path / "gone").write_bytes(b"2")
    (tmp_path / "folder").mkdir()
    wanted = [("first", b"one"), ("new", b"n"), ("gone", None), ("folder", b"no file")]
    with pytest.raises((PermissionError, IsADirectoryError)) as refusal:
        fs.replace_together([(str(tmp_path / name), content, False) for name, content in wanted])
    assert refusal.value.filename == str(tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["first", "folder", "gone"]
    assert (tmp_path / "first").read_bytes() == b"1" and (tmp_path / "gone").read_bytes() == b"2"


@pytest.mark.parametrize("mode", ["hardlink", "copy"])
def test_a_linked_file_has_the_content_and_the_executable_bit(tmp_path: Path, mode: fs.LinkMode):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 3_000_000)
    source.chmod(0o555)
    fs.link_or_copy(str(source), str(target), mode)
    assert target.read_bytes() == source.read_bytes()
    assert os.access(target, os.X_OK)
    assert (target.stat().st_ino == source.stat().st_ino) is (mode == "hardlink")


def test_a_copy_of_a_read_only_file_can_be_edited_without_touching_the_source(tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"store")
    source.chmod(0o444)
    fs.link_or_copy(str(source), str(target), "copy")
    assert target.stat().st_mode & 0o200
    target.write_bytes(b"edited")
    assert source.read_bytes() == b"store"


@pytest.mark.parametrize("mode", ["hardlink", "copy"])
def test_linking_never_replaces_a_file(tmp_path: Path, mode: fs.LinkMode):
    (tmp_path / "source").write_bytes(b"new")
    (tmp_path / "target").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        fs.link_or_copy(str(tmp_path / "source"), str(tmp_path / "target"), mode)
    assert (tmp_path / "target").read_bytes() == b"old"


def test_a_reflink_works_or_leaves_nothing(tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"content")
    try:
        fs.link_or_copy(str(source), str(target), "reflink")
    except OSError:
        assert not target.exists()
    else:
        assert target.read_bytes() == b"content"


def test_the_chosen_mode_works_and_the_trial_leaves_nothing(tmp_path: Path):
    store, target = tmp_path / "store", tmp_path / "target"
    store.mkdir()
    target.mkdir()
    mode = fs.choose_link_mode(str(store), str(target))
    assert mode in ("reflink", "hardlink", "copy")
    assert os.listdir(store) == os.listdir(target) == []
    (store / "file").write_bytes(b"content")
    fs.link_or_copy(str(store / "file"), str(target / "file"), mode)
    assert (target / "file").read_bytes() == b"content"


def test_a_store_on_the_file_system_of_the_target_is_never_copied_from(tmp_path: Path):
    assert fs.choose_link_mode(str(tmp_path), str(tmp_path)) != "copy"


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second file system")
def test_a_store_on_another_file_system_is_copied_from(tmp_path: Path):
    if os.stat("/dev/shm").st_dev == tmp_path.stat().st_dev or not os.access("/dev/shm", os.W_OK):
        pytest.skip("no second file system")
    assert fs.choose_link_mode("/dev/shm", str(tmp_path)) == "copy"


def test_a_store_that_cannot_be_written_is_copied_from(tmp_path: Path):
    assert fs.choose_link_mode(str(tmp_path / "missing"), str(tmp_path)) == "copy"


def test_a_store_that_vanishes_while_it_is_tried_is_copied_from(tmp_path: Path):
    (tmp_path / "store").mkdir()
    program = (
        "import os, shutil, sys; from accelinstall import fs\n"
        "def hook(event, facts):\n"
        "    if event == 'os.link': shutil.rmtree(os.path.dirname(facts[0]))\n"
        "sys.addaudithook(hook)\n"
        "print(fs.choose_link_mode(sys.argv[1] + '/store', sys.argv[1], wish='hardlink'))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "copy\n"
    assert os.listdir(tmp_path) == []


def test_free_space_is_known_for_a_folder_that_does_not_exist_yet(tmp_path: Path):
    assert fs.free_bytes(str(tmp_path / "a" / "b")) > 0


def test_a_tree_with_read_only_files_and_folders_is_removed(tmp_path: Path):
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "file").write_bytes(b"")
    (tree / "inner" / "file").chmod(0o444)
    (tree / "inner").chmod(0o555)
    fs.remove_tree(str(tree))
    fs.remove_tree(str(tree))
    assert not tree.exists()


@pytest.mark.parametrize("posix_lock", [pytest.param(True, marks=posix), False])
def test_a_lock_is_held_by_one_and_a_waiter_is_told_once(tmp_path: Path, posix_lock: bool):
    path = str(tmp_path / "lock")
    first, second = fs.acquirer(path, posix=posix_lock), fs.acquirer(path, posix=posix_lock)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_a_waiter_is_told_once_and_goes_on_when_the_lock_is_free(tmp_path: Path):
    path, told, order = str(tmp_path / "lock"), [], []
    inside = threading.Event()

    def hold() -> None:
        with fs.directory_lock(path):
            inside.set()
            waiting.wait(10)
            order.append("first")

    waiting = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    with fs.directory_lock(path, on_wait=lambda: (told.append(1), waiting.set()), poll=0.001) as held:
        assert held
        order.append("second")
    thread.join()
    assert (told, order) == ([1], ["first", "second"])


def test_a_cancelled_waiter_gives_up(tmp_path: Path):
    path = str(tmp_path / "lock")
    with fs.directory_lock(path), fs.directory_lock(path, cancelled=lambda: True) as held:
        assert not held


@posix
def test_the_lock_of_a_killed_process_is_free(tmp_path: Path):
    path = str(tmp_path / "lock")
    program = (
        "import sys, time; from accelinstall import fs; fs.try_lock(sys.argv[1]); "
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert fs.try_lock(path) is None
        process.kill()
        process.wait()
    descriptor = fs.try_lock(path)
    assert descriptor is not None
    os.close(descriptor)


@posix
def test_files_replaced_together_stay_the_links_they_are(tmp_path: Path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    fs.replace_together([(str(link), b"new", False)])
    assert link.is_symlink()
    assert real.read_text() == "new"
