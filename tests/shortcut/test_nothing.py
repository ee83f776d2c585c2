"""A run that had nothing to do, answered again while everything it read is as it was."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

import platformdirs
import pytest

from accelinstall.shortcut.asking import cache_folder, is_askable, machine
from accelinstall.shortcut.fresh import wish_of
from tests.shortcut.support import imported

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shortcuts are taken on Linux")


@pytest.fixture
def done(ground):
    """The ground with one environment in which nothing is to do, which has been found out once."""
    venv = ground.venv("first")
    ground.sync(venv)
    settle(ground.root)
    assert "nothing to do" in ground.sync(venv).stdout
    return ground


def settle(root: Path) -> None:
    """Everything below *root* as old as if it had not been made just now."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            status = path.stat()
            os.utime(path, (status.st_atime - 60, status.st_mtime - 60))


def is_recalled(ground, *options: str, environ: dict[str, str] | None = None) -> bool:
    answer = ground.sync(ground.root / "first", *options, environ=environ, timing=True)
    assert answer.returncode == 0, answer.stderr
    return "accelinstall.cli" not in imported(answer)


def test_the_answer_is_the_same_and_costs_no_import(done):
    first = done.sync(done.root / "first", environ={"A": "1"})
    again = done.sync(done.root / "first", environ={"A": "1"})
    assert (first.stdout, again.stderr) == (again.stdout, "")
    known = done.sync(done.root / "first", timing=True)
    heavy = {
        "typing",
        "dataclasses",
        "json",
        "re",
        "argparse",
        "subprocess",
        "accelinstall.pipeline",
        "accelinstall.cli",
    }
    assert not heavy & imported(known)
    assert "nothing to do: 3 packages already as locked" in known.stdout


def site_packages(ground) -> Path:
    return next((ground.root / "first").glob("lib/python*/site-packages"))


CHANGES = {
    "the lock is touched": lambda ground: ground.lock.touch(),
    "another package is locked": lambda ground: ground.add("four"),
    "a distribution is removed": lambda ground: shutil.rmtree(site_packages(ground) / "one-1.0.dist-info"),
    "another tool has reinstalled one": lambda ground: (
        site_packages(ground) / "one-1.0.dist-info/INSTALLER"
    ).write_text("pip"),
    "something is installed beside it": lambda ground: (site_packages(ground) / "x-1.dist-info").mkdir(),
    "the receipts are gone": lambda ground: shutil.rmtree(site_packages(ground) / ".accelinstall/receipts"),
    "the environment's settings change": lambda ground: (ground.root / "first/pyvenv.cfg").touch(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_looked_at_in_full_after(done, change):
    assert is_recalled(done)
    CHANGES[change](done)
    assert not is_recalled(done)


def test_other_variables_and_options_are_another_question(done):
    assert is_recalled(done)
    assert not is_recalled(done, environ={"PIP_INDEX_URL": "http://127.0.0.1:1/simple"})
    assert not is_recalled(done, "--frozen")
    assert is_recalled(done, environ={"SHLVL": "7", "_": "/x"})


def test_what_was_changed_while_it_was_read_is_not_believed(ground):
    venv = ground.venv("first")
    ground.sync(venv)
    settle(ground.root)
    racing = f"import os, time; os.utime({str(ground.lock)!r}, (time.time() + 5,) * 2)"
    ground.sync(venv, before=racing)
    assert not list(ground.cache.glob("shortcuts-v1/*.nothing"))


def test_a_damaged_or_old_answer_is_passed_over(done):
    (kept,) = done.cache.glob("shortcuts-v1/*.nothing")
    text = kept.read_bytes()
    for damaged in (b"", text[:-3], b"\xff" * 30, text.replace(b"nothing 1", b"nothing 2", 1)):
        kept.write_bytes(damaged)
        assert not is_recalled(done)
    head, *rest = text.split(b"\0")
    form, told_by, _ = head.split(b"\n")
    kept.write_bytes(b"\0".join([b"\n".join([form, told_by, b"1000.0"]), *rest]))
    assert not is_recalled(done)


def test_the_cache_folder_is_that_of_a_whole_run():
    home = os.environ.get("XDG_CACHE_HOME")
    environ = {} if home is None else {"XDG_CACHE_HOME": home}
    assert cache_folder(["sync"], environ) == platformdirs.user_cache_dir("accelinstall", appauthor=False)
    assert cache_folder(["sync", "--cache-dir", "/x/y"], {"ACCELINSTALL_CACHE_DIR": "/z"}) == "/x/y"
    assert cache_folder(["sync", "--cache-dir=/x/y"], {}) == "/x/y"
    assert cache_folder(["sync"], {"ACCELINSTALL_CACHE_DIR": "/z"}) == "/z"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "lock",
        "detect",
        "sync --json",
        "optimize --events=x",
        "optimize --dry-run",
        "sync --help",
        "optimize --upgrade",
    ],
)
def test_what_changes_or_tells_everything_is_not_asked_from_memory(words):
    assert not is_askable(words.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sync a.toml --venv /v", ("a.toml", "/v/bin/python")),
        ("sync --python /v/bin/python3 a.toml -q", ("a.toml", "/v/bin/python3")),
        ("sync a.toml --venv=/v --cache-dir /c --no-proof", ("a.toml", "/v/bin/python")),
        ("sync a.toml", None),
        ("sync --venv /v", None),
        ("sync a.toml --python 3.12", None),
        ("sync a.toml --venv ~/v", None),
        ("sync a.toml --venv /v --compile", None),
        ("sync a.toml b.toml --venv /v", None),
        ("optimize a.toml --venv /v", None),
    ],
)
def test_only_a_plain_sync_of_a_lock_file_is_understood(words, expected):
    wish = wish_of(words.split())
    assert (wish and (wish.lock_file, wish.python)) == expected


def test_the_machine_is_known_by_the_same_text_twice():
    assert machine() == machine()
    assert platform.node() not in machine()
