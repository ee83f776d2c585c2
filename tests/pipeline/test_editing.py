"""Edits of a user's files are made all or none, and never through a file's back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelinstall.model.edits import FileEdit
from accelinstall.pipeline.editing import FileChanged, FileNotWritable, apply_edits


def edit(path: str, before: bytes | None, after: bytes | None, *, executable: bool = False) -> FileEdit:
    return FileEdit(path=path, before=before, after=after, executable=executable)


def test_every_edit_is_made_and_nothing_is_left_beside_the_files(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"1")
    (tmp_path / "gone").write_bytes(b"2")
    edits = [edit("old", b"1", b"one"), edit("gone", b"2", None), edit("a/new", None, b"3"), edit("same", None, None)]
    assert apply_edits(edits, directory=str(tmp_path)) == ("old", "gone", "a/new")
    assert (tmp_path / "old").read_bytes() == b"one" and (tmp_path / "a" / "new").read_bytes() == b"3"
    assert sorted(os.listdir(tmp_path)) == ["a", "old"] and os.listdir(tmp_path / "a") == ["new"]


@pytest.mark.parametrize("now", [b"other", None])
def test_a_file_that_somebody_else_changed_stops_them_all(tmp_path: Path, now: bytes | None) -> None:
    (tmp_path / "first").write_bytes(b"1")
    if now is not None:
        (tmp_path / "second").write_bytes(now)
    with pytest.raises(FileChanged):
        apply_edits([edit("first", b"1", b"one"), edit("second", b"2", b"two")], directory=str(tmp_path))
    assert (tmp_path / "first").read_bytes() == b"1"


def test_a_folder_in_a_files_place_is_told_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"1")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileNotWritable, match="folder"):
        apply_edits([edit("first", b"1", b"one"), edit("folder", None, b"3")], directory=str(tmp_path))
    assert (tmp_path / "first").read_bytes() == b"1"


@pytest.mark.skipif(os.name != "posix", reason="symbolic links and modes")
def test_a_link_stays_a_link_and_a_mode_stays(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"1")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    apply_edits([edit("link", b"1", b"one"), edit("tool", None, b"#!", executable=True)], directory=str(tmp_path))
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"one"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    assert os.access(tmp_path / "tool", os.X_OK)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_file_is_not_renamed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "file").chmod(0o444)
    with pytest.raises(FileNotWritable, match="file"):
        apply_edits([edit("file", b"1", b"one")], directory=str(tmp_path))
    assert (tmp_path / "file").read_bytes() == b"1"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_takes_no_files_is_told_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileNotWritable, match="file"):
            apply_edits([edit("file", b"1", b"one")], directory=str(tmp_path))
    finally:
        tmp_path.chmod(0o700)
    assert (tmp_path / "file").read_bytes() == b"1"
