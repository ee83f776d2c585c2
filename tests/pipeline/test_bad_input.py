"""What is wrong is said once, with a hint and before anything changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.errors import AccelinstallError
from accelinstall.installation import NoSpace, ensure_space
from accelinstall.testing import IndexServer
from tests.pipeline.running import Outcome, Workplace

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files, and keeps a folder that is in use")


def refused(done: Outcome, code: str, *, exit_code: int = 1) -> dict[str, str]:
    """The error of a run with ``--json``."""
    assert done.code == exit_code, done.err
    error: dict[str, str] = done.document["error"]
    assert error["code"] == code, error
    assert error["hint"]
    return error


def edit(workplace: Workplace, old: str, new: str) -> None:
    pyproject = workplace.project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    assert old in text
    pyproject.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("argv", [("optimize",), ("lock",), ("lock", "--target", "cpu-linux-x86_64-cp311")])
def test_a_python_the_project_leaves_out_is_refused(workplace: Workplace, argv: tuple[str, ...]) -> None:
    edit(workplace, ">=3.11", ">=3.99")
    error = refused(workplace.run(*argv, "--environment", "cpu", "--json"), "python-not-wanted")
    assert ">=3.99" in error["message"]
    assert not workplace.venv.exists()


def test_a_lock_that_requires_another_python_is_not_installed(workplace: Workplace, index: IndexServer) -> None:
    workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url)
    (lock,) = workplace.project.glob("pylock.*.toml")
    lock.write_text(lock.read_text().replace('requires-python = ">=3.11"', 'requires-python = ">=3.99"'))
    refused(workplace.run("sync", str(lock), "--json"), "python-mismatch")
    assert not workplace.venv.exists()


def test_a_project_that_needs_nothing_still_gets_its_environment(workplace: Workplace) -> None:
    workplace.write('[project]\nname = "empty"\nversion = "1"\n')
    done = workplace.run("optimize", "--environment", "cpu")
    assert done.code == 0, done.err
    assert "Plan         nothing to install" in done.out
    assert (workplace.venv / "pyvenv.cfg").exists()
    assert workplace.run("optimize", "--environment", "cpu").code == 0


@pytest.mark.parametrize("name", ["cu130-plan9-x86_64-cp311", "nonsense", ""])
def test_a_target_that_is_none_is_named_as_it_was_typed(workplace: Workplace, name: str) -> None:
    error = refused(workplace.run("lock", "--target", name, "--json"), "target-syntax", exit_code=2)
    assert error["message"] == f"`{name}` is not a target"


@posix
def test_a_lock_never_takes_the_place_of_a_device(workplace: Workplace, index: IndexServer, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url, "-o", str(pipe), "--json")
    assert "-o -" in refused(done, "usage", exit_code=2)["hint"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000], ids=["deep", "endless"])
def test_a_lock_that_no_parser_reads_to_its_end_is_malformed(workplace: Workplace, text: str) -> None:
    workplace.write(text, "pylock.toml")
    refused(workplace.run("sync", str(workplace.project / "pylock.toml"), "--json"), "malformed-lock")


@posix
@pytest.mark.parametrize("argv", [["sync"], ["lock"], ["detect", "--json", "--record", "here"]])
def test_a_folder_that_is_gone_is_named_as_what_is_wrong(workplace: Workplace, argv: list[str]) -> None:
    program = (
        "import os, sys, tempfile\n"
        "gone = tempfile.mkdtemp(); os.chdir(gone); os.rmdir(gone)\n"
        "from accelinstall.__main__ import main\n"
        f"sys.exit(main({argv!r}))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=workplace.variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "does not exist any more" in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_a_target_named_twice_is_locked_once(workplace: Workplace, index: IndexServer) -> None:
    options = ("--target", "cpu", "--target", "cpu", "--index-url", index.simple_url, "--json")
    assert len(workplace.run("lock", *options).document["locks"]) == 1


def test_a_place_that_cannot_hold_an_environment_is_refused_before_the_first_byte(
    workplace: Workplace, index: IndexServer
) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url, "--json")
    done = workplace.run("optimize", *options, "--venv", "/proc/self/environment")
    refused(done, "environment-not-made")
    assert index.count() == 0


def test_a_folder_name_that_no_environment_can_have_is_told(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url, "--json")
    done = workplace.run("optimize", *options, "--venv", str(workplace.root / "b\udcffd"))
    refused(done, "environment-not-made")


def test_space_is_asked_for_only_where_files_are_copied(tmp_path: Path) -> None:
    def never() -> int:
        raise AssertionError("links on one disk cost nothing")

    ensure_space(str(tmp_path / "new" / "venv"), store=str(tmp_path), needed=never)
    with pytest.raises(NoSpace) as caught:
        ensure_space("/proc/self", store=str(tmp_path), needed=lambda: 3_000_000_000)
    assert isinstance(caught.value, AccelinstallError) and "3.0 GB are needed" in caught.value.message


def test_a_broken_lock_is_told_and_locked_anew(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    workplace.run("lock", *options)
    (lock,) = workplace.project.glob("pylock.*.toml")
    good = lock.read_bytes()
    for broken in (b"<<<<<<< HEAD\n" + good, b"\xff\xfe", b"", good.replace(b"schema = 1", b"schema = 'one'")):
        lock.write_bytes(broken)
        done = workplace.run("lock", *options)
        assert done.code == 0 and "locked anew" in done.err, done.err
        assert lock.read_bytes() == good


def test_a_frozen_run_takes_no_broken_lock(workplace: Workplace, index: IndexServer) -> None:
    workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url)
    (lock,) = workplace.project.glob("pylock.*.toml")
    lock.write_bytes(b"[[[\n" + lock.read_bytes())
    refused(workplace.run("sync", "--frozen", "--environment", "cpu", "--json"), "malformed-lock")


def test_a_lock_of_a_later_version_is_replaced_only_when_told(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url, "--json")
    workplace.run("lock", *options)
    (lock,) = workplace.project.glob("pylock.*.toml")
    later = lock.read_text().replace("schema = 1", "schema = 7")
    lock.write_text(later)
    error = refused(workplace.run("lock", *options), "unsupported-lock")
    assert "--upgrade" in error["hint"] and lock.read_text() == later
    assert workplace.run("lock", *options, "--upgrade").code == 0
    assert "schema = 1" in lock.read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "web-2.0', 'name = "../../web-2.0'),
        ('version = "2.0"', 'version = "2.1"'),
        ('version = "2.0"', 'version = "two"'),
        ('name = "web"', 'name = "we/b"'),
        ("size = ", "size = -"),
    ],
)
def test_a_lock_edited_by_hand_is_not_believed(workplace: Workplace, index: IndexServer, old: str, new: str) -> None:
    workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url)
    (lock,) = workplace.project.glob("pylock.*.toml")
    text = lock.read_text()
    assert old in text
    lock.write_text(text.replace(old, new, 1))
    error = refused(workplace.run("sync", str(lock), "--json"), "malformed-lock")
    assert ": packages[" in error["message"]
    assert not workplace.venv.exists()


def test_another_tools_lock_is_not_replaced(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url, "--json")
    workplace.run("lock", *options)
    (lock,) = workplace.project.glob("pylock.*.toml")
    foreign = 'lock-version = "1.0"\ncreated-by = "other"\npackages = []\n'
    lock.write_text(foreign)
    assert "other" in refused(workplace.run("lock", *options), "lock")["message"]
    assert lock.read_text() == foreign


@pytest.mark.parametrize(
    ("kind", "url", "commit", "code"),
    [
        ("svn", "https://localhost/x", "a" * 40, "lock-does-not-fit"),
        ("git", "https://localhost/x", "--output=x", "lock-does-not-fit"),
        ("git", "ext::sh -c 'touch evil'", "a" * 40, "git-failed"),
        ("git", "--upload-pack=touch evil", "a" * 40, "git-failed"),
    ],
)
def test_another_tools_lock_starts_no_program(
    workplace: Workplace, kind: str, url: str, commit: str, code: str
) -> None:
    vcs = f'[packages.vcs]\ntype = "{kind}"\nurl = "{url}"\ncommit-id = "{commit}"\n'
    workplace.write(f'lock-version = "1.0"\ncreated-by = "other"\n[[packages]]\nname = "x"\n{vcs}', "pylock.other.toml")
    error = refused(workplace.run("sync", str(workplace.project / "pylock.other.toml"), "--json"), code)
    assert error["hint"]
    assert not list(workplace.root.rglob("evil"))


def test_a_name_without_hardware_builds_is_told(workplace: Workplace) -> None:
    done = workplace.run("explain", "tensorfow", "left-pad", "--environment", "cpu", "--python-version", "3.12")
    assert done.code == 0
    assert "builds of `tensorfow`; did you mean `tensorflow`?" in done.err
    assert "builds of `left-pad`, so any wheel" in done.err


def test_a_release_the_catalog_does_not_know_is_told(workplace: Workplace) -> None:
    done = workplace.run("explain", "torch>=99", "--environment", "cpu", "--python-version", "3.12")
    assert "torch of a release that the catalog does not know (cpu)" in done.out
