import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from accelinstall.events import Note, PhaseAdvanced, PhaseStarted
from accelinstall.installation import (
    CommitFailed,
    EnvironmentChanged,
    NoRecord,
    NoSpace,
    PathRefused,
    PathsCollide,
    ReadOnlyTarget,
    StoreEntryGone,
    execute,
    latest_receipt,
    lock_hash,
)
from accelinstall.model.installation import Transaction
from tests.installation.support import (
    distribution,
    false_rows,
    install,
    inventory_of,
    leftovers,
    lock_of,
    says,
    snapshot,
    transaction_to,
)

MODES = ("hardlink", "copy")


def purelib(interpreter) -> Path:
    return Path(interpreter.schemes["purelib"])


@pytest.mark.parametrize("mode", MODES)
def test_an_installed_package_imports_and_its_record_is_true(interpreter, shelf, mode):
    files = {"pkg/__init__.py": "x = 1\n", "pkg/data.txt": "data", 'pkg/odd, "name".txt': "odd", "single.py": ""}
    receipt = install(interpreter, shelf, shelf.add("pkg", files=files), link_mode=mode)
    assert says(interpreter, "import pkg, single; print(pkg.x)") == "1"
    assert false_rows(interpreter) == []
    assert leftovers(interpreter) == []
    assert receipt.link_mode == mode
    assert receipt.changes == (("install", "pkg", "1.0"),)


def test_the_receipt_tells_the_lock_and_what_is_ours(interpreter, shelf):
    packages = [shelf.add("b"), shelf.add("a")]
    receipt = install(interpreter, shelf, *packages, bytes_downloaded=7, timings={"download": 1.5})
    assert latest_receipt(interpreter) == receipt
    assert receipt.lock_hash == lock_hash(lock_of(packages))
    assert [row[0] for row in receipt.installed] == ["a", "b"]
    assert receipt.bytes_downloaded == 7
    assert {"download", "link"} <= receipt.timings.keys()
    assert receipt.bytes_installed == sum(shelf.entries[p.sha256].size for p in packages)
    assert [(i.name, i.sha256) for i in inventory_of(interpreter).distributions] == [
        (p.name, p.sha256) for p in reversed(packages)
    ]


def test_nothing_to_do_writes_nothing(interpreter, shelf):
    package = shelf.add("a")
    receipt = install(interpreter, shelf, package)
    assert install(interpreter, shelf, package) == receipt
    assert len(os.listdir(purelib(interpreter) / ".accelinstall/receipts")) == 1


def test_another_lock_with_the_same_wheels_installed_leaves_a_receipt_and_changes_nothing(interpreter, shelf):
    a, b = shelf.add("a"), shelf.add("b")
    install(interpreter, shelf, a, b)
    before = snapshot(interpreter)
    receipt = install(interpreter, shelf, a, remove=False)
    assert (receipt.changes, len(receipt.installed)) == ((), 2)
    assert snapshot(interpreter) == before


def test_every_scheme_of_a_wheel_finds_its_folder(interpreter, shelf):
    data = {
        "purelib/pure.py": "",
        "platlib/plat.py": "",
        "headers/pkg.h": "int x;",
        "data/share/pkg/file": "shared",
        "scripts/tool": "#!python\nprint('tool')\n",
        "scripts/binary": b"\x7fELF",
    }
    install(interpreter, shelf, shelf.add("pkg", data=data, purelib=False))
    prefix = Path(interpreter.prefix)
    assert says(interpreter, "import pure, plat, pkg; print('fine')") == "fine"
    assert Path(interpreter.schemes["headers"], "pkg", "pkg.h").read_text() == "int x;"
    assert (prefix / "share/pkg/file").read_text() == "shared"
    assert os.popen(f"'{prefix}/bin/tool'").read() == "tool\n"
    assert (prefix / "bin/binary").read_bytes() == b"\x7fELF"
    assert stat.S_IMODE(os.stat(prefix / "bin/binary").st_mode) & 0o111
    assert false_rows(interpreter) == []
    install(interpreter, shelf)
    assert not (prefix / "share/pkg").exists()
    assert not (prefix / "bin/tool").exists()


def test_entry_points_become_commands(interpreter, shelf):
    package = shelf.add(
        "pkg",
        files={"pkg.py": "class App:\n    @staticmethod\n    def run(): print('hello'); return 3\n"},
        entry_points={"console_scripts": {"hello": "pkg:App.run"}, "other": {"x": "y:z"}},
    )
    install(interpreter, shelf, package)
    command = f"{interpreter.schemes['scripts']}/hello"
    assert os.popen(f"'{command}'; echo $?").read() == "hello\n3\n"
    assert not os.path.exists(f"{interpreter.schemes['scripts']}/x")
    assert false_rows(interpreter) == []


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "a\\b"])
def test_a_command_that_would_leave_the_scripts_folder_is_refused(interpreter, shelf, name):
    before = snapshot(interpreter)
    with pytest.raises(PathRefused) as caught:
        install(interpreter, shelf, shelf.add("pkg", entry_points={"console_scripts": {name: "pkg:main"}}))
    assert caught.value.code == "path-refused"
    assert snapshot(interpreter) == before


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        ({"entry_points": {"console_scripts": {"python": "pkg:main"}}}, "path-reserved"),
        ({"entry_points": {"gui_scripts": {"activate": "pkg:main"}}}, "path-reserved"),
        ({"data": {"scripts/Python3": "#!python\n"}}, "path-reserved"),
        ({"data": {"scripts/activate.fish": "evil"}}, "path-reserved"),
        ({"data": {"data/pyvenv.cfg": "home = /evil"}}, "path-reserved"),
        ({"data": {"data/bin/python": "evil"}}, "path-reserved"),
        ({"files": {".accelinstall/journal": "evil"}}, "path-reserved"),
        ({"files": {".ACCELINSTALL/journal": "evil"}}, "path-reserved"),
        ({"data": {"attic/x": "unknown scheme"}}, "path-refused"),
        ({"data": {"purelib/pkg-1.0.dist-info/INSTALLER": "evil"}}, "path-refused"),
        ({"data": {"scripts/sub/x": "a folder of scripts"}}, "path-refused"),
        ({"data": {"purelib/pkg.py": "twice"}, "files": {"pkg.py": "once"}}, "path-twice"),
    ],
)
def test_files_that_no_wheel_may_bring_are_refused_with_their_wheel_and_source(interpreter, shelf, contents, code):
    before = snapshot(interpreter)
    package = shelf.add("pkg", **contents)
    with pytest.raises(PathRefused) as caught:
        install(interpreter, shelf, package)
    assert caught.value.code == code
    assert f"pkg 1.0 from {package.url} is not installed: its file `" in caught.value.message
    assert caught.value.hint
    assert snapshot(interpreter) == before
    assert latest_receipt(interpreter) is None


def test_marks_tell_installer_request_and_origin(interpreter, shelf):
    local = shelf.add("local", direct=True)
    remote = shelf.add("remote", direct=True, url="https://user:secret@example.org/remote-1.0-py3-none-any.whl#x")
    plain = shelf.add("plain")
    install(interpreter, shelf, local, remote, plain, roots=("plain",))
    folder = purelib(interpreter)
    assert distribution(interpreter, "plain").installer == "accelinstall"
    assert (folder / "plain-1.0.dist-info/REQUESTED").exists()
    assert not (folder / "local-1.0.dist-info/REQUESTED").exists()
    assert not (folder / "plain-1.0.dist-info/direct_url.json").exists()
    assert json.loads((folder / "local-1.0.dist-info/direct_url.json").read_text())["url"].startswith("file:///")
    told = json.loads((folder / "remote-1.0.dist-info/direct_url.json").read_text())
    assert told["url"] == "https://example.org/remote-1.0-py3-none-any.whl"
    assert told["archive_info"]["hashes"] == {"sha256": remote.sha256}
    assert false_rows(interpreter) == []


def test_what_a_wheel_claims_about_its_installation_is_not_taken_over(interpreter, shelf):
    package = shelf.add("pkg", files={"pkg.py": "", "pkg-1.0.dist-info/INSTALLER": "evil"})
    install(interpreter, shelf, package, link_mode="hardlink")
    assert Path(shelf.entries[package.sha256].root, "pkg-1.0.dist-info/INSTALLER").read_text() == "evil"
    assert distribution(interpreter, "pkg").installer == "accelinstall"
    assert false_rows(interpreter) == []


def test_files_written_for_one_environment_are_never_shared(interpreter, shelf):
    package = shelf.add(
        "pkg",
        data={"scripts/tool": "#!/bin/sh\n"},
        entry_points={"console_scripts": {"hello": "pkg:main"}},
        direct=True,
    )
    install(interpreter, shelf, package, link_mode="hardlink", roots=("pkg",))
    info = purelib(interpreter) / "pkg-1.0.dist-info"
    fresh = [info / name for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")]
    fresh += [Path(interpreter.schemes["scripts"], name) for name in ("tool", "hello")]
    assert {os.stat(path).st_nlink for path in fresh} == {1}
    assert os.stat(purelib(interpreter) / "pkg/__init__.py").st_nlink == 2


def test_files_of_a_foreign_store_are_copied_although_links_were_asked_for(interpreter, shelf):
    package = shelf.add("pkg")
    shelf.entries[package.sha256] = replace(shelf.entries[package.sha256], shareable=False)
    receipt = install(interpreter, shelf, package, link_mode="hardlink")
    assert os.stat(purelib(interpreter) / "pkg/__init__.py").st_nlink == 1
    assert receipt.link_mode == "copy"


def test_a_replaced_module_of_equal_size_and_time_runs_its_own_code(interpreter, shelf):
    install(interpreter, shelf, shelf.add("pkg", "1.0", files={"pkg/a.py": "x = 1\n"}))
    assert says(interpreter, "from pkg import a; print(a.x)") == "1"
    assert os.listdir(purelib(interpreter) / "pkg/__pycache__")
    install(interpreter, shelf, shelf.add("pkg", "2.0", files={"pkg/a.py": "x = 2\n"}))
    assert says(interpreter, "from pkg import a; print(a.x)") == "2"


def test_the_same_holds_where_other_files_keep_the_folder(interpreter, shelf):
    install(
        interpreter, shelf, shelf.add("pkg", "1.0", files={"ns/a.py": "x = 1\n"}), shelf.add("b", files={"ns/b.py": ""})
    )
    assert says(interpreter, "import ns.a, ns.b; print(ns.a.x)") == "1"
    install(
        interpreter, shelf, shelf.add("pkg", "2.0", files={"ns/a.py": "x = 2\n"}), shelf.add("b", files={"ns/b.py": ""})
    )
    assert says(interpreter, "import ns.a; print(ns.a.x)") == "2"
    assert len([name for name in os.listdir(purelib(interpreter) / "ns/__pycache__") if name[0] == "b"]) == 1


def test_stale_bytecode_of_a_module_somebody_deleted_by_hand_is_not_run(interpreter, shelf):
    install(interpreter, shelf, shelf.add("keep", files={"ns/keep.py": ""}))
    (purelib(interpreter) / "ns/a.py").write_text("x = 1\n")
    os.utime(purelib(interpreter) / "ns/a.py", (1_600_000_000, 1_600_000_000))
    assert says(interpreter, "import ns.a; print(ns.a.x)") == "1"
    os.unlink(purelib(interpreter) / "ns/a.py")
    install(
        interpreter, shelf, shelf.add("keep", files={"ns/keep.py": ""}), shelf.add("a", files={"ns/a.py": "x = 2\n"})
    )
    assert says(interpreter, "import ns.a; print(ns.a.x)") == "2"


def test_removing_leaves_nothing_behind_but_what_others_own(interpreter, shelf):
    empty = snapshot(interpreter)
    a = shelf.add("a", files={"ns/a/__init__.py": "", "ns/shared.py": "s = 1\n", "a.py": ""})
    b = shelf.add("b", files={"ns/b/__init__.py": "", "ns/shared.py": "s = 1\n"})
    install(interpreter, shelf, b)
    only_b = snapshot(interpreter)
    install(interpreter, shelf, a, b)
    says(interpreter, "import a, ns.a, ns.b, ns.shared")
    install(interpreter, shelf, b)
    assert snapshot(interpreter) == only_b
    assert false_rows(interpreter) == []
    install(interpreter, shelf)
    assert snapshot(interpreter) == empty


def test_a_removed_packages_folder_goes_with_bytecode_and_empty_folders(interpreter, shelf):
    install(interpreter, shelf, shelf.add("pkg", files={"pkg/sub/deep/m.py": "", "pkg/__init__.py": ""}))
    says(interpreter, "import pkg.sub.deep.m")
    (purelib(interpreter) / "pkg/empty/inner").mkdir(parents=True)
    install(interpreter, shelf)
    assert not (purelib(interpreter) / "pkg").exists()


def test_files_nobody_recorded_stay_when_a_package_goes(interpreter, shelf):
    install(interpreter, shelf, shelf.add("pkg", files={"pkg/__init__.py": "", "pkg/sub/m.py": ""}))
    (purelib(interpreter) / "pkg/notes.txt").write_text("mine")
    install(interpreter, shelf)
    assert os.listdir(purelib(interpreter) / "pkg") == ["notes.txt"]


def test_a_distribution_without_record_is_not_removed(interpreter, shelf):
    install(interpreter, shelf, shelf.add("pkg"))
    record = purelib(interpreter) / "pkg-1.0.dist-info/RECORD"
    record.unlink()
    before = snapshot(interpreter)
    with pytest.raises(NoRecord) as caught:
        install(interpreter, shelf)
    assert "pip uninstall pkg" in caught.value.hint
    assert snapshot(interpreter) == before


def test_a_record_that_points_outside_the_environment_removes_nothing_there(interpreter, shelf, tmp_path):
    install(interpreter, shelf, shelf.add("pkg"))
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    record = purelib(interpreter) / "pkg-1.0.dist-info/RECORD"
    relative = os.path.relpath(victim, purelib(interpreter))
    record.write_text(record.read_text() + f"{relative},,\n{victim},,\n../../../bin/python,,\n.accelinstall/lock,,\n")
    notes = []
    install(interpreter, shelf, progress=notes.append)
    assert victim.read_text() == "precious"
    assert os.path.exists(interpreter.executable)
    [note] = [note for note in notes if getattr(note, "code", "") == "outside-environment"]
    assert note.message.startswith("3 files")


def test_different_content_for_one_path_is_told_and_the_last_name_wins_in_any_order(interpreter, shelf):
    a = shelf.add("a", files={"shared.py": "who = 'a'\n"})
    b = shelf.add("b", files={"shared.py": "who = 'bb'\n"})
    notes = []
    install(interpreter, shelf, a, b, progress=notes.append)
    together = snapshot(interpreter)
    [note] = [note for note in notes if getattr(note, "code", "") == "paths-collide"]
    assert (note.level, "`shared.py`" in note.message) == ("warning", True)
    assert says(interpreter, "import shared; print(shared.who)") == "bb"
    assert false_rows(interpreter) == []
    for first in (a, b):
        install(interpreter, shelf)
        install(interpreter, shelf, first)
        install(interpreter, shelf, a, b)
        assert snapshot(interpreter) == together
        assert false_rows(interpreter) == []


@pytest.mark.parametrize("at_once", [True, False])
def test_inside_an_exclusive_family_it_is_an_error(interpreter, shelf, at_once):
    a = shelf.add("onnxruntime", files={"onnxruntime/__init__.py": "1"})
    b = shelf.add("onnxruntime-gpu", files={"onnxruntime/__init__.py": "2"})
    if not at_once:
        install(interpreter, shelf, a)
    before = snapshot(interpreter)
    with pytest.raises(PathsCollide) as caught:
        install(interpreter, shelf, a, b, exclusive=[{"onnxruntime", "onnxruntime-gpu", "onnxruntime-rocm"}])
    assert caught.value.names == ("onnxruntime", "onnxruntime-gpu")
    assert snapshot(interpreter) == before


def test_one_member_of_a_family_replaces_another_without_a_word(interpreter, shelf):
    install(interpreter, shelf, shelf.add("onnxruntime", files={"onnxruntime/__init__.py": "x=1"}))
    notes = []
    install(
        interpreter,
        shelf,
        shelf.add("onnxruntime-gpu", files={"onnxruntime/__init__.py": "x=2"}),
        exclusive=[{"onnxruntime", "onnxruntime-gpu"}],
        progress=notes.append,
    )
    assert not [note for note in notes if hasattr(note, "code")]
    assert says(interpreter, "import onnxruntime; print(onnxruntime.x)") == "2"


@pytest.mark.parametrize("existing", ["file", "folder", "link"])
def test_what_nobody_owns_makes_way(interpreter, shelf, tmp_path, existing):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "__init__.py").write_text("outside")
    path = purelib(interpreter) / "pkg"
    if existing == "file":
        path.write_text("I am a file")
    elif existing == "folder":
        path.mkdir()
        (path / "__init__.py").write_text("old")
        (path / "other.py").write_text("other")
    else:
        path.symlink_to(outside)
    install(interpreter, shelf, shelf.add("pkg", files={"pkg/__init__.py": "x = 5\n"}))
    assert says(interpreter, "import pkg; print(pkg.x)") == "5"
    assert (outside / "__init__.py").read_text() == "outside"
    assert (path / "other.py").exists() == (existing == "folder")


def test_a_file_where_another_package_has_a_folder_is_refused(interpreter, shelf):
    a, b = shelf.add("a", files={"x/m.py": ""}), shelf.add("b", files={"x": "a file"})
    before = snapshot(interpreter)
    with pytest.raises(PathsCollide):
        install(interpreter, shelf, a, b)
    assert snapshot(interpreter) == before
    install(interpreter, shelf, a)
    with pytest.raises(PathsCollide):
        install(interpreter, shelf, a, b)
    install(interpreter, shelf, b)
    with pytest.raises(PathsCollide):
        install(interpreter, shelf, a, b)


@pytest.mark.parametrize("mode", MODES)
def test_a_store_file_that_vanished_leaves_everything_as_before(interpreter, shelf, mode):
    install(interpreter, shelf, shelf.add("old"))
    package = shelf.add("pkg", files={f"pkg/m{n}.py": "" for n in range(20)})
    os.unlink(Path(shelf.entries[package.sha256].root, "pkg/m7.py"))
    before = snapshot(interpreter)
    with pytest.raises(StoreEntryGone, match=r"m7\.py"):
        install(interpreter, shelf, package, link_mode=mode)
    assert snapshot(interpreter) == before
    assert leftovers(interpreter) == []


def test_a_missing_store_entry_is_named(interpreter, shelf):
    with pytest.raises(StoreEntryGone, match=r"pkg 1\.0"):
        execute(
            transaction_to(inventory_of(interpreter), [package := shelf.add("pkg")]),
            entries={},
            interpreter=interpreter,
            lock=lock_of([package]),
        )


def test_an_environment_that_changed_after_planning_is_not_touched(interpreter, shelf):
    a1, a2 = shelf.add("a", "1.0"), shelf.add("a", "2.0")
    planned = transaction_to(inventory_of(interpreter), [a1])
    install(interpreter, shelf, a2)
    with pytest.raises(EnvironmentChanged):
        execute(planned, entries=shelf.entries, interpreter=interpreter, lock=lock_of([a1]))
    planned = transaction_to(inventory_of(interpreter), [a1])
    install(interpreter, shelf)
    with pytest.raises(EnvironmentChanged):
        execute(planned, entries=shelf.entries, interpreter=interpreter, lock=lock_of([a1]))


def test_too_little_space_is_said_before_the_first_byte(interpreter, shelf):
    package = shelf.add("pkg")
    entry = shelf.entries[package.sha256]
    huge = replace(entry.files[0], size=1 << 60)
    shelf.entries[package.sha256] = replace(entry, files=(huge, *entry.files[1:]))
    before = snapshot(interpreter)
    with pytest.raises(NoSpace) as caught:
        install(interpreter, shelf, package, link_mode="copy")
    assert caught.value.needed > 1 << 60
    assert snapshot(interpreter) == before


def test_compiled_modules_are_recorded_and_removed(interpreter, shelf):
    files = {"pkg/__init__.py": "x = 1\n", "pkg/broken.py": "x = = 1\n", "pkg/ns/m.py": "def f(): 1/0\n"}
    receipt = install(interpreter, shelf, shelf.add("pkg", files=files), compile_bytecode=True)
    assert sorted(os.listdir(purelib(interpreter) / "pkg/__pycache__")) == ["__init__.cpython-311.pyc"]
    assert false_rows(interpreter) == []
    code = "import pkg.ns.m as m; print(m.f.__code__.co_filename)"
    assert says(interpreter, code) == str(purelib(interpreter) / "pkg/ns/m.py")
    assert "compile" in receipt.timings
    record = (purelib(interpreter) / "pkg-1.0.dist-info/RECORD").read_text()
    assert "pkg/__pycache__/__init__.cpython-311.pyc,,\n" in record
    assert "broken.cpython" not in record
    install(interpreter, shelf)
    assert not (purelib(interpreter) / "pkg").exists()


def test_compiled_bytecode_is_what_python_would_take(interpreter, shelf):
    install(interpreter, shelf, shelf.add("pkg", files={"pkg.py": "x = 1\n"}), compile_bytecode=True)
    [pyc] = (purelib(interpreter) / "__pycache__").iterdir()
    before = os.stat(pyc).st_mtime_ns, os.stat(pyc).st_ino
    says(interpreter, "import pkg")
    assert (os.stat(pyc).st_mtime_ns, os.stat(pyc).st_ino) == before


def test_progress_counts_every_linked_file(interpreter, shelf):
    package = shelf.add("pkg", files={f"pkg/m{n}.py": "" for n in range(700)})
    seen = []
    install(interpreter, shelf, package, progress=seen.append)
    [started] = [e for e in seen if isinstance(e, PhaseStarted) and e.phase == "link"]
    assert started.total == sum(e.amount for e in seen if isinstance(e, PhaseAdvanced) and e.phase == "link") == 702


def test_whole_folders_are_moved_in_one_step(interpreter, shelf):
    def moves(*packages):
        seen = []
        install(interpreter, shelf, *packages, progress=seen.append)
        return sum(e.amount for e in seen if isinstance(e, PhaseAdvanced) and e.phase == "commit")

    one = shelf.add("pkg", "1.0", files={f"pkg/d{n}/m{n}.py": "" for n in range(300)})
    two = shelf.add("pkg", "2.0", files={f"pkg/d{n}/m{n}.py": "" for n in range(300)})
    # The package, its dist-info and the receipt; twice the first two when something makes way.
    assert moves(one) == 3
    assert moves(two) == 5
    assert moves() == 3


def test_an_empty_transaction_in_an_empty_environment_leaves_a_receipt(interpreter):
    receipt = execute(Transaction(), entries={}, interpreter=interpreter, lock=lock_of([]))
    assert (receipt.changes, receipt.previous) == ((), "")


def test_receipts_form_a_chain_whatever_the_clock_says(interpreter, shelf):
    first = install(interpreter, shelf, shelf.add("a"))
    second = install(interpreter, shelf, shelf.add("b"))
    assert second.previous == first.id
    assert second.id > first.id
    assert latest_receipt(interpreter) == second


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """*folder* as nobody may change it: root, whom modes do not stop, needs the immutable flag."""
    root = os.geteuid() == 0
    if root and subprocess.run(["chattr", "+i", folder], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no immutable flag")
    mode = os.stat(folder).st_mode
    if not root:
        os.chmod(folder, 0o555)
    try:
        yield
    finally:
        if root:
            subprocess.run(["chattr", "-i", folder], check=True)
        else:
            os.chmod(folder, mode)


def test_a_target_that_cannot_be_written_is_named(shelf, interpreter):
    before = snapshot(interpreter)
    with read_only(purelib(interpreter)), pytest.raises(ReadOnlyTarget, match="site-packages"):
        install(interpreter, shelf, shelf.add("a"))
    assert snapshot(interpreter) == before


def test_a_scripts_folder_that_cannot_be_written_undoes_the_whole_commit(shelf, interpreter):
    package = shelf.add("a", entry_points={"console_scripts": {"tool": "a:main"}})
    before = snapshot(interpreter)
    scripts = Path(interpreter.schemes["scripts"])
    with read_only(scripts), pytest.raises(CommitFailed, match="the environment is as before"):
        install(interpreter, shelf, package)
    assert snapshot(interpreter) == before
    assert leftovers(interpreter) == []


FULL = """
import pickle, subprocess, sys
from accelinstall.errors import AccelinstallError
from accelinstall.installation import execute
transaction, entries, interpreter, lock, mount = pickle.load(open(sys.argv[1], "rb"))
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], check=True)
import os, shutil
os.makedirs(interpreter.schemes["purelib"])
open(os.path.join(interpreter.schemes["purelib"], "old.py"), "w").write("old")
try:
    execute(transaction, entries=entries, interpreter=interpreter, lock=lock, link_mode=sys.argv[2])
except AccelinstallError as error:
    print(error.code, sorted(os.listdir(interpreter.schemes["purelib"])))
"""


@pytest.mark.parametrize("mode", ["copy", "hardlink"])
def test_a_disk_that_fills_up_leaves_everything_as_before(interpreter, shelf, tmp_path, mode):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounts need privileges")
    package = shelf.add("pkg", files={f"pkg/m{n}.py": os.urandom(3000) for n in range(600)})
    entry = shelf.entries[package.sha256]
    # What is said before the first byte is another test's: here the sizes are understated.
    small = tuple(replace(file, size=1) for file in entry.files)
    mount = tmp_path / "full"
    mount.mkdir()
    schemes = {key: str(mount / key) for key in interpreter.schemes}
    plan = (
        transaction_to(inventory_of(interpreter), [package]),
        {package.sha256: replace(entry, files=small)},
        replace(interpreter, prefix=str(mount), schemes=schemes),
        lock_of([package]),
        str(mount),
    )
    (tmp_path / "plan").write_bytes(pickle.dumps(plan))
    said = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", FULL, tmp_path / "plan", mode],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == "no-space ['.accelinstall', 'old.py']\n"


def test_a_link_mode_that_does_not_work_is_told_and_files_are_copied(interpreter, shelf, tmp_path):
    if not Path("/dev/shm").is_dir() or os.stat("/dev/shm").st_dev == os.stat(shelf.root).st_dev:
        pytest.skip("one file system only")
    package = shelf.add("a")
    entry = shelf.entries[package.sha256]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        root = Path(other, package.sha256, "tree")
        shutil.copytree(entry.root, root)
        shelf.entries[package.sha256] = replace(entry, root=str(root))
        notes = []
        receipt = install(interpreter, shelf, package, link_mode="hardlink", progress=notes.append)
    assert receipt.link_mode == "copy"
    assert [note.code for note in notes if isinstance(note, Note)] == ["link-mode-impossible"]
    assert false_rows(interpreter) == []


def test_what_cannot_be_removed_now_is_removed_next_time(interpreter, shelf):
    """A library that a program has loaded cannot be removed on Windows, but moved aside; here a file that may not."""
    install(interpreter, shelf, shelf.add("a", "1.0", files={"a/__init__.py": "v = 1\n", "a/lib.so": "old"}))
    loaded = purelib(interpreter) / "a/lib.so"
    loaded.unlink()
    loaded.write_text("old")
    if subprocess.run(["chattr", "+i", str(loaded)], capture_output=True, check=False).returncode:
        pytest.skip("this file system knows no files that may not be removed")
    try:
        receipt = install(interpreter, shelf, shelf.add("a", "2.0", files={"a/__init__.py": "v = 2\n"}))
        assert says(interpreter, "import a; print(a.v)") == "2"
        assert false_rows(interpreter) == []
        [left] = purelib(interpreter).glob(f".accelinstall/trash/{receipt.id}/**/lib.so")
    finally:
        for path in purelib(interpreter).rglob("lib.so"):
            subprocess.run(["chattr", "-i", str(path)], check=True)
    install(interpreter, shelf, shelf.add("b"), remove=False)
    assert not left.exists()


def test_packages_share_a_namespace_folder_and_leave_it_to_each_other(interpreter, shelf):
    one = shelf.add("ns-one", files={"ns/one/__init__.py": "v = 1\n"})
    two = shelf.add("ns-two", files={"ns/two/__init__.py": "v = 2\n"})
    install(interpreter, shelf, one)
    install(interpreter, shelf, one, two)
    assert says(interpreter, "import ns.one, ns.two; print(ns.one.v + ns.two.v)") == "3"
    install(interpreter, shelf, two)
    assert says(interpreter, "import ns.two; print(ns.two.v)") == "2"
    assert os.listdir(purelib(interpreter) / "ns") == ["two"]


def test_the_packages_of_the_system_below_an_environment_are_neither_counted_nor_touched(tmp_path, shelf):
    """``--system-site-packages``: what is seen through is not what is installed."""
    from accelinstall.environment import describe

    venv = tmp_path / "seeing"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(venv)], check=True)
    assert "include-system-site-packages = true" in (venv / "pyvenv.cfg").read_text()
    interpreter = describe(str(venv / "bin/python"))
    assert inventory_of(interpreter).distributions == ()
    install(interpreter, shelf, shelf.add("packaging", "0.1", files={"packaging/__init__.py": "v = 'ours'\n"}))
    assert says(interpreter, "import packaging; print(packaging.v)") == "ours"
    install(interpreter, shelf)
    assert inventory_of(interpreter).distributions == ()
