import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.markers import default_environment

from accelinstall.environment import (
    BrokenEnvironment,
    EnvironmentNotMade,
    ExternallyManaged,
    ForeignEnvironment,
    InterpreterBroken,
    InterpreterMissing,
    PythonMismatch,
    ReadOnlyEnvironment,
    create_venv,
    describe,
    ensure_fits,
    ensure_usable,
    find_interpreter,
)


def test_an_interpreter_describes_itself_as_it_would_from_inside(tmp_path: Path):
    made = create_venv(str(tmp_path / "an env with ünïcode"))
    code = "import sysconfig, sys, json; print(json.dumps([sysconfig.get_paths(), sys.prefix]))"
    paths, prefix = __import__("json").loads(subprocess.check_output([made.executable, "-c", code]))
    assert {key: made.schemes[key] for key in ("purelib", "platlib", "scripts", "data")} == {
        key: paths[key] for key in ("purelib", "platlib", "scripts", "data")
    }
    assert made.prefix == prefix
    assert made.markers == default_environment()
    assert made.python == "cp{}{}".format(*sys.version_info)
    assert made.virtual
    assert not made.externally_managed


def test_the_executable_is_not_resolved_through_the_environments_link(tmp_path: Path):
    made = create_venv(str(tmp_path / "env"))
    assert made.executable == str(tmp_path / "env" / "bin" / "python")


def test_headers_go_into_the_environment(tmp_path: Path):
    made = create_venv(str(tmp_path / "env"))
    assert made.schemes["headers"].startswith(made.prefix)


def test_libc_is_named_as_targets_name_it():
    libc = describe(sys.executable).libc
    assert libc == "-".join((os.confstr("CS_GNU_LIBC_VERSION") or "").split())


def test_a_known_interpreter_is_not_started_again(tmp_path: Path):
    counter = tmp_path / "starts"
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho >> "{counter}"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    first = describe(str(python), cache_directory=str(tmp_path / "cache"))
    assert describe(str(python), cache_directory=str(tmp_path / "cache")) == first
    assert counter.read_text().count("\n") == 1
    os.utime(python, (1, 1))
    describe(str(python), cache_directory=str(tmp_path / "cache"))
    assert counter.read_text().count("\n") == 2


def test_a_damaged_cache_is_asked_past(tmp_path: Path):
    first = describe(sys.executable, cache_directory=str(tmp_path))
    [file] = (tmp_path / "interpreters-v1").iterdir()
    file.write_text('{"version": 3')
    assert describe(sys.executable, cache_directory=str(tmp_path)) == first
    file.write_text("[]")
    assert describe(sys.executable, cache_directory=str(tmp_path)) == first


def test_pth_files_of_the_environment_do_not_run(tmp_path: Path):
    made = create_venv(str(tmp_path / "env"))
    Path(made.schemes["purelib"], "loud.pth").write_text(f"import os; os.mkdir({str(tmp_path / 'ran')!r})\n")
    describe(made.executable)
    assert not (tmp_path / "ran").exists()


def test_an_interpreter_that_is_gone_is_named(tmp_path: Path):
    with pytest.raises(InterpreterMissing, match="does not exist"):
        describe(str(tmp_path / "python"))


def test_a_file_that_cannot_be_executed_is_named(tmp_path: Path):
    (tmp_path / "python").write_text("")
    with pytest.raises(InterpreterMissing, match="not executable"):
        describe(str(tmp_path / "python"))


def test_an_environment_whose_python_is_gone_names_it_and_the_way_out(tmp_path: Path):
    home = tmp_path / "gone"
    made = create_venv(str(tmp_path / "env"))
    os.unlink(made.executable)
    os.symlink(home / "python3", made.executable)
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {home}\n")
    with pytest.raises(BrokenEnvironment) as caught:
        describe(made.executable)
    assert str(home) in caught.value.message
    assert "rm -r" in caught.value.hint


@pytest.mark.parametrize("script", ["exit 3", "echo hello", "echo '[1]'"])
def test_a_program_that_is_no_python_is_refused(tmp_path: Path, script: str):
    (tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(InterpreterBroken):
        describe(str(tmp_path / "python"))


def test_the_systems_own_python_is_refused_outside_an_environment(tmp_path: Path):
    interpreter = replace(create_venv(str(tmp_path / "env")), virtual=False, externally_managed=True)
    with pytest.raises(ExternallyManaged) as caught:
        ensure_usable(interpreter)
    assert "--venv" in caught.value.hint


def test_a_python_that_carries_the_mark_of_pep_668_says_so():
    system = "/usr/bin/python3"
    if not os.path.exists(system):
        pytest.skip("no system Python")
    found = describe(system)
    marked = subprocess.check_output(
        [
            system,
            "-c",
            "import sysconfig, os; print(os.path.exists(sysconfig.get_path('stdlib') + '/EXTERNALLY-MANAGED'))",
        ]
    )
    assert found.externally_managed is (marked.strip() == b"True")
    assert not found.virtual


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root to give files away")
def test_a_tree_of_another_user_is_refused(tmp_path: Path):
    made = create_venv(str(tmp_path / "env"))
    os.chown(made.prefix, 12345, 12345)
    with pytest.raises(ForeignEnvironment) as caught:
        find_interpreter(str(tmp_path), venv=made.prefix, environ={})
    assert "12345" in caught.value.message
    assert "--venv" in caught.value.hint


@contextmanager
def read_only(folder: str) -> Iterator[None]:
    """*folder* as nobody may change it: root, whom modes do not stop, needs the immutable flag."""
    root = os.geteuid() == 0
    if root and subprocess.run(["chattr", "+i", folder], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no immutable flag")
    os.chmod(folder, 0o555) if not root else None
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", folder], check=True) if root else os.chmod(folder, 0o755)


def test_a_read_only_environment_is_refused(tmp_path: Path):
    made = create_venv(str(tmp_path / "env"))
    with read_only(made.schemes["purelib"]), pytest.raises(ReadOnlyEnvironment):
        ensure_usable(made)


def test_an_environment_that_cannot_be_made_says_why(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentNotMade, match="Not a directory"):
        create_venv(str(tmp_path / "file" / "env"))


def test_another_python_than_the_locks_is_refused(tmp_path: Path):
    own = describe(sys.executable)
    ensure_fits(own, python=own.python, requires_python=">=3.9")
    with pytest.raises(PythonMismatch, match="cp399"):
        ensure_fits(own, python="cp399")
    with pytest.raises(PythonMismatch, match=r"<3\.9"):
        ensure_fits(own, requires_python="<3.9")


def test_an_environment_is_made_once_and_without_pip_by_default(tmp_path: Path):
    made = create_venv(str(tmp_path / "env"))
    inode = os.lstat(made.executable).st_ino
    assert create_venv(str(tmp_path / "env")) == made
    assert os.lstat(made.executable).st_ino == inode
    assert os.listdir(made.schemes["purelib"]) == []
    assert (tmp_path / "env" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "env" / ".accelinstall.lock").exists()


def test_another_base_makes_an_environment_of_its_own_version(tmp_path: Path):
    base = "/usr/bin/python3"
    if not os.path.exists(base):
        pytest.skip("no second Python")
    made = create_venv(str(tmp_path / "env"), base=base)
    assert made.version == describe(base).version


def test_schemes_of_a_base_interpreter_are_its_own():
    base = getattr(sys, "_base_executable", sys.executable)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.check_output([base, "-I", "-c", code], text=True).strip()
    assert describe(base).schemes["purelib"] == found
    assert sysconfig.get_path("purelib")
