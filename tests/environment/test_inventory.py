import re
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.environment import create_venv, describe, read_inventory
from accelinstall.model.installation import Interpreter, Receipt
from accelinstall.model.receipts import RECEIPTS_FOLDER, STATE_FOLDER, render_receipt


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    return create_venv(str(tmp_path / "env"))


def put(interpreter: Interpreter, folder: str, **files: str) -> Path:
    path = Path(interpreter.schemes["purelib"], folder)
    path.mkdir()
    for name, text in files.items():
        (path / name.replace("_", "-") if name == "PKG_INFO" else path / name).write_text(text)
    return path


def rows(interpreter: Interpreter, notes: list | None = None) -> list[tuple[str, str]]:
    progress = (notes if notes is not None else []).append
    return [(item.name, item.version) for item in read_inventory(interpreter, progress=progress).distributions]


def test_an_empty_environment_has_nothing(interpreter):
    assert rows(interpreter) == []


def test_names_are_canonical_and_sorted(interpreter):
    put(interpreter, "Zope.Interface-6.0.dist-info", METADATA="")
    put(interpreter, "A__b-1.0+cu130.dist-info", METADATA="")
    assert rows(interpreter) == [("a-b", "1.0+cu130"), ("zope-interface", "6.0")]


def test_what_importlib_sees_is_what_we_see():
    code = "import importlib.metadata as m\nfor d in m.distributions(): print(d.metadata['Name'], d.version)"
    said = subprocess.check_output([sys.executable, "-I", "-c", code], text=True).splitlines()
    theirs = {(re.sub("[-_.]+", "-", name).lower(), version) for name, version in map(str.split, said)}
    assert set(rows(describe(sys.executable))) == theirs


def test_a_folder_with_an_odd_name_is_read_from_its_metadata(interpreter):
    put(interpreter, "odd-name-1.0.dist-info", METADATA="Metadata-Version: 2.1\nName: Odd.Name\nVersion: 1.0\n\nbody")
    assert rows(interpreter) == [("odd-name", "1.0")]


def test_egg_info_folders_and_files_are_listed(interpreter):
    put(interpreter, "old.egg-info", PKG_INFO="Name: old\nVersion: 0.9\n")
    Path(interpreter.schemes["purelib"], "older-0.1-py3.11.egg-info").write_text("Name: older\nVersion: 0.1\n")
    assert rows(interpreter) == [("old", "0.9"), ("older", "0.1")]


@pytest.mark.parametrize("folder", ["empty-1.0.dist-info", "nameless.dist-info", "x.egg-info"])
def test_a_broken_folder_is_told_and_passed_over(interpreter, folder):
    put(interpreter, folder)
    notes = []
    assert rows(interpreter, notes) == []
    assert [(note.level, note.code) for note in notes] == [("warning", "broken-distribution")]
    assert folder in notes[0].message


def test_what_pip_left_behind_while_removing_is_no_distribution(interpreter):
    put(interpreter, "~orch-2.0.dist-info", METADATA="Name: torch\nVersion: 2.0\n")
    notes = []
    assert (rows(interpreter, notes), notes) == ([], [])


def test_a_name_that_is_there_twice_is_listed_twice(interpreter):
    put(interpreter, "torch-2.0.dist-info", METADATA="")
    put(interpreter, "torch-2.1.dist-info", METADATA="")
    assert rows(interpreter) == [("torch", "2.0"), ("torch", "2.1")]


def test_wheel_hashes_come_from_the_newest_receipt_for_what_is_still_ours(interpreter):
    put(interpreter, "ours-1.0.dist-info", METADATA="", INSTALLER="accelinstall")
    put(interpreter, "theirs-1.0.dist-info", METADATA="", INSTALLER="pip\n")
    receipts = Path(interpreter.schemes["purelib"], STATE_FOLDER, RECEIPTS_FOLDER)
    receipts.mkdir(parents=True)
    for number, digest in ((1, "old"), (2, "new")):
        receipt = Receipt(
            id=f"{number:06}-x",
            created="",
            lock_hash="",
            installed=(("ours", "1.0", digest), ("theirs", "1.0", digest)),
        )
        (receipts / f"{receipt.id}.json").write_text(render_receipt(receipt))
    found = read_inventory(interpreter)
    assert [(item.installer, item.sha256) for item in found.distributions] == [("accelinstall", "new"), ("pip", "")]


def test_an_unreadable_receipt_is_told_and_costs_only_the_hashes(interpreter):
    put(interpreter, "ours-1.0.dist-info", METADATA="", INSTALLER="accelinstall")
    receipts = Path(interpreter.schemes["purelib"], STATE_FOLDER, RECEIPTS_FOLDER)
    receipts.mkdir(parents=True)
    (receipts / "000001-x.json").write_text("{")
    notes = []
    assert rows(interpreter, notes) == [("ours", "1.0")]
    assert [note.code for note in notes] == ["receipt-unreadable"]
