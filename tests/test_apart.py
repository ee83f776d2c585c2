"""Folders kept apart: a hint that is taken or not, and changes nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from accelinstall.apart import keep_apart


def test_a_folder_is_used_as_before_whether_or_not_the_system_takes_the_hint(tmp_path):
    taken = keep_apart(str(tmp_path))
    assert taken in (True, False)
    (tmp_path / "one/two").mkdir(parents=True)
    (tmp_path / "one/two/file").write_text("content")
    shutil.rmtree(tmp_path / "one")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("lsattr"), reason="needs Linux and lsattr")
def test_the_hint_is_the_flag_that_chattr_sets_and_the_others_stay(tmp_path):
    before = _flags(tmp_path)
    if not keep_apart(str(tmp_path)):
        pytest.skip("this file system knows no such hint")
    assert _flags(tmp_path) == before | {"T"}


def test_what_is_no_folder_takes_no_hint(tmp_path):
    (tmp_path / "file").write_text("")
    assert not keep_apart(str(tmp_path / "file"))
    assert not keep_apart(str(tmp_path / "missing"))


def _flags(path):
    said = subprocess.run(["lsattr", "-d", str(path)], capture_output=True, text=True, check=False).stdout
    return set(said.partition(" ")[0]) - {"-"}
