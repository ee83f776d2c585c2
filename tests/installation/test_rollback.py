import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from accelinstall.installation import (
    EnvironmentChanged,
    NothingToRollBack,
    RollbackIncomplete,
    latest_receipt,
    read_receipts,
    rollback,
)
from accelinstall.store import NotInStore
from tests.installation.support import distribution, false_rows, install, inventory_of, says, snapshot


def undo(interpreter, shelf, **options):
    return rollback(interpreter, inventory=inventory_of(interpreter), find=shelf.entries.get, **options)


def put_by_another_tool(interpreter, shelf, name="torch", version="1.0", **contents) -> None:
    """Install as pip would: same files, another INSTALLER, no receipt."""
    from accelinstall.testing import make_wheel

    wheel = make_wheel(shelf.root / "foreign", name, version, **contents)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(interpreter.schemes["purelib"])
    Path(interpreter.schemes["purelib"], f"{name}-{version}.dist-info", "INSTALLER").write_text("pip\n")


def test_the_first_installation_rolls_back_to_the_empty_environment(interpreter, shelf):
    empty = snapshot(interpreter)
    install(interpreter, shelf, shelf.add("a"), shelf.add("b"))
    receipt = undo(interpreter, shelf)
    assert snapshot(interpreter) == empty
    assert receipt.changes == (("remove", "a", "1.0"), ("remove", "b", "1.0"))
    assert receipt.installed == ()


def test_a_rollback_restores_and_another_one_brings_back(interpreter, shelf):
    first = [shelf.add("a", "1.0", files={"a.py": "v = 1\n"}), shelf.add("b")]
    second = [shelf.add("a", "2.0", files={"a.py": "v = 2\n"}), shelf.add("c", direct=True)]
    install(interpreter, shelf, *first, roots=("a",))
    before = snapshot(interpreter)
    receipt = install(interpreter, shelf, *second, roots=("c",))
    after = snapshot(interpreter)
    undone = undo(interpreter, shelf)
    assert snapshot(interpreter) == before
    assert says(interpreter, "import a; print(a.v)") == "1"
    assert (undone.previous, undone.lock_hash) == (receipt.id, read_receipts(interpreter)[-1].lock_hash)
    undo(interpreter, shelf)
    assert snapshot(interpreter) == after
    assert latest_receipt(interpreter).installed == receipt.installed
    assert false_rows(interpreter) == []


def test_what_another_tool_had_installed_comes_back_from_the_trash(interpreter, shelf):
    put_by_another_tool(interpreter, shelf, files={"torch/__init__.py": "v = 1\n", "torch/lib/x.so": "so", "t.py": ""})
    before = snapshot(interpreter)
    install(interpreter, shelf, shelf.add("torch", "2.0", files={"torch/__init__.py": "v = 2\n"}))
    after = snapshot(interpreter)
    receipt = undo(interpreter, shelf)
    assert snapshot(interpreter) == before
    assert says(interpreter, "import torch; print(torch.v)") == "1"
    assert distribution(interpreter, "torch").installer == "pip"
    assert (receipt.changes, receipt.installed) == ((("replace", "torch", "1.0"),), ())
    undo(interpreter, shelf)
    assert snapshot(interpreter) == after
    undo(interpreter, shelf)
    assert snapshot(interpreter) == before


def test_a_distribution_of_another_tool_that_was_removed_comes_and_goes(interpreter, shelf):
    put_by_another_tool(interpreter, shelf, "extra")
    before = snapshot(interpreter)
    install(interpreter, shelf, shelf.add("a"))
    after = snapshot(interpreter)
    undo(interpreter, shelf)
    assert snapshot(interpreter) == before
    undo(interpreter, shelf)
    assert snapshot(interpreter) == after


def test_files_nobody_owned_come_back(interpreter, shelf):
    path = Path(interpreter.schemes["purelib"], "a.py")
    path.write_text("mine")
    before = snapshot(interpreter)
    install(interpreter, shelf, shelf.add("a", files={"a.py": "theirs"}))
    undo(interpreter, shelf)
    assert snapshot(interpreter) == before


def test_the_trash_is_empty_when_the_store_can_give_everything_back(interpreter, shelf):
    install(interpreter, shelf, shelf.add("a", "1.0"))
    install(interpreter, shelf, shelf.add("a", "2.0"))
    assert os.listdir(Path(interpreter.schemes["purelib"], ".accelinstall/trash")) == []


def test_the_trash_is_kept_until_the_next_commit_only(interpreter, shelf):
    put_by_another_tool(interpreter, shelf)
    trash = Path(interpreter.schemes["purelib"], ".accelinstall/trash")
    first = install(interpreter, shelf, shelf.add("torch", "2.0"))
    assert os.listdir(trash) == [first.id]
    install(interpreter, shelf, shelf.add("torch", "3.0"))
    assert os.listdir(trash) == []


def test_what_is_no_longer_stored_is_named_and_nothing_changes(interpreter, shelf):
    package = shelf.add("a", "1.0")
    install(interpreter, shelf, package)
    install(interpreter, shelf, shelf.add("a", "2.0"))
    del shelf.entries[package.sha256]
    before = snapshot(interpreter)
    with pytest.raises(RollbackIncomplete, match=r"a 1\.0"):
        undo(interpreter, shelf)
    assert snapshot(interpreter) == before


def test_what_is_no_longer_stored_is_fetched_from_where_it_came(interpreter, shelf):
    first = shelf.add("a", "1.0", files={"a.py": "v = 1\n"}, url="https://example.org/w/a-1.0-py3-none-any.whl")
    kept = shelf.add("kept", url="https://example.org/w/kept-1.0-py3-none-any.whl")
    install(interpreter, shelf, first, kept)
    before = snapshot(interpreter)
    install(interpreter, shelf, shelf.add("a", "2.0", files={"a.py": "v = 2\n"}), kept)
    after = snapshot(interpreter)
    stored = dict(shelf.entries)
    shelf.entries.clear()
    asked = []

    def fetch(packages):
        asked.extend(packages)
        return {package.sha256: stored[package.sha256] for package in packages}

    assert undo(interpreter, shelf, fetch=fetch, dry_run=True).changes == (("replace", "a", "1.0"),)
    assert (asked, snapshot(interpreter)) == ([], after)
    receipt = undo(interpreter, shelf, fetch=fetch)
    assert [(package.name, package.filename, package.url) for package in asked] == [
        ("a", "a-1.0-py3-none-any.whl", first.url)
    ]
    assert snapshot(interpreter) == before
    assert dict(receipt.addresses) == {first.sha256: first.url, kept.sha256: kept.url}
    # And forwards again, which needs the other one.
    undo(interpreter, shelf, fetch=fetch)
    assert snapshot(interpreter) == after


def test_a_fetch_that_fails_leaves_everything_as_it_was(interpreter, shelf):
    package = shelf.add("a", "1.0")
    install(interpreter, shelf, package)
    install(interpreter, shelf, shelf.add("a", "2.0"))
    del shelf.entries[package.sha256]
    before = snapshot(interpreter)

    def fetch(packages):
        raise NotInStore(tuple(package.filename for package in packages))

    with pytest.raises(NotInStore, match=r"a-1\.0"):
        undo(interpreter, shelf, fetch=fetch)
    assert snapshot(interpreter) == before


def test_a_lost_trash_is_named(interpreter, shelf):
    put_by_another_tool(interpreter, shelf)
    receipt = install(interpreter, shelf, shelf.add("torch", "2.0"))
    trash = Path(interpreter.schemes["purelib"], ".accelinstall/trash", receipt.id, "moves.json")
    trash.write_text(json.dumps([]))
    with pytest.raises(RollbackIncomplete, match="torch"):
        undo(interpreter, shelf)


def test_nothing_of_ours_is_nothing_to_roll_back(interpreter, shelf):
    with pytest.raises(NothingToRollBack):
        undo(interpreter, shelf)


def test_what_another_tool_changed_since_is_not_overwritten(interpreter, shelf):
    install(interpreter, shelf, shelf.add("a"))
    Path(interpreter.schemes["purelib"], "a-1.0.dist-info", "INSTALLER").write_text("pip\n")
    with pytest.raises(EnvironmentChanged, match="no longer as the last transaction left it"):
        undo(interpreter, shelf)


def test_a_receipt_without_changes_is_passed_over(interpreter, shelf):
    a, b = shelf.add("a"), shelf.add("b")
    install(interpreter, shelf, a)
    before = snapshot(interpreter)
    install(interpreter, shelf, a, b)
    install(interpreter, shelf, a, remove=False)
    undo(interpreter, shelf)
    assert snapshot(interpreter) == before


def test_pip_sees_and_removes_what_we_installed(interpreter, shelf, tmp_path):
    empty = snapshot(interpreter)
    install(interpreter, shelf, shelf.add("a", entry_points={"console_scripts": {"tool": "a:main"}}, direct=True))
    pip = ["pip", "--python", interpreter.executable]
    said = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "a==1.0"
    subprocess.run([*pip, "uninstall", "-y", "-q", "a"], check=True)
    assert snapshot(interpreter) == empty


def test_the_oldest_receipts_go_and_rolling_back_needs_none_of_them(interpreter, shelf):
    one, two = shelf.add("a", "1.0"), shelf.add("a", "2.0")
    for _ in range(28):
        install(interpreter, shelf, one)
        before = snapshot(interpreter)
        install(interpreter, shelf, two)
    receipts = read_receipts(interpreter)
    assert (len(receipts), receipts[0].id[:6]) == (50, "000056")
    undo(interpreter, shelf)
    assert snapshot(interpreter) == before
