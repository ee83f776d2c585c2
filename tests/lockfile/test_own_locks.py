"""Lock files as text: laws, the standard, bad input."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from packaging.pylock import Pylock, is_valid_pylock_path

from accelinstall.lockfile import (
    MalformedLock,
    UnsupportedLock,
    UnwritableLock,
    lock_filename,
    parse_lock,
    read_header,
    render_lock,
)
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.values import replace
from tests.lockfile.strategies import TARGETS, locks

SHA = "0123456789abcdef" * 4
CPU = Target.parse("cpu-linux-x86_64-cp311;libc=glibc-2.39")
WHEEL = LockedPackage(
    name="six",
    version="1.17.0",
    filename="six-1.17.0-py2.py3-none-any.whl",
    sha256=SHA,
    url="https://files.test/six-1.17.0-py2.py3-none-any.whl",
    size=11050,
    source="https://index.test/simple",
    requires_python=">=2.7",
)
LOCK = Lock(target=CPU, packages=(WHEEL,), roots=("six",), groups=("main",), requires_python=">=3.11", input_hash="abc")


@settings(deadline=None, max_examples=150)
@given(lock=locks())
def test_a_lock_read_again_is_itself(lock: Lock) -> None:
    text = render_lock(lock)
    assert parse_lock(text, where="pylock.toml") == lock
    assert render_lock(parse_lock(text, where="pylock.toml")) == text


@settings(deadline=None, max_examples=100)
@given(lock=locks(), directory=st.sampled_from(["/srv/app", "/srv", "/elsewhere/ä b"]))
def test_paths_written_from_a_folder_lead_back(lock: Lock, directory: str) -> None:
    packages = [package for package in lock.packages if not package.path.startswith("C:")]
    lock = replace(lock, packages=tuple(packages))
    text = render_lock(lock, directory=directory)
    assert parse_lock(text, where="x/pylock.toml", directory=directory) == lock
    assert all(f'path = "{package.path}"' not in text for package in packages if package.direct and package.path)


@settings(deadline=None, max_examples=30)
@given(lock=locks())
def test_every_lock_is_one_the_standard_allows(lock: Lock) -> None:
    Pylock.from_dict(tomllib.loads(render_lock(lock))).validate()


@settings(deadline=None, max_examples=30)
@given(lock=locks())
def test_the_header_alone_says_what_the_whole_says(lock: Lock) -> None:
    header = read_header(render_lock(lock), where="pylock.toml")
    assert header is not None
    assert (header.target, header.input_hash, header.groups) == (lock.target, lock.input_hash, lock.groups)


def test_the_text_of_a_lock() -> None:
    assert (
        render_lock(LOCK)
        == f"""\
# Written by accelinstall; do not edit. Install it with `accelinstall sync`, pip or uv.

lock-version = "1.0"
environments = [
    "implementation_name == 'cpython' and platform_machine == 'x86_64' and python_version == '3.11' \
and sys_platform == 'linux'",
]
requires-python = ">=3.11"
created-by = "accelinstall"

[[packages]]
name = "six"
version = "1.17.0"
requires-python = ">=2.7"
index = "https://index.test/simple"

[[packages.wheels]]
name = "six-1.17.0-py2.py3-none-any.whl"
url = "https://files.test/six-1.17.0-py2.py3-none-any.whl"
size = 11050

[packages.wheels.hashes]
sha256 = "{SHA}"

[tool.accelinstall]
schema = 1
target = "cpu-linux-x86_64-cp311;environment=cpu;libc=glibc-2.39"
input-hash = "abc"
groups = [
    "main",
]
roots = [
    "six",
]
"""
    )


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.slug)
def test_the_file_name_is_one_the_standard_allows(target: Target) -> None:
    assert is_valid_pylock_path(Path(lock_filename(target)))
    assert target.slug in lock_filename(target)


def test_a_wheel_whose_name_breaks_the_standard_is_refused_by_name() -> None:
    broken = LockedPackage(
        name="six", version="1", filename="six-2-py3-none-any.whl", sha256=SHA, url="https://f.test/x"
    )
    with pytest.raises(UnwritableLock, match="`six` cannot be locked"):
        render_lock(Lock(target=CPU, packages=(broken,)))


# What is changed in the text of LOCK, and what must be said of it.
BROKEN = {
    "not TOML": ('name = "six"', "name = six", "line 11, column 8"),
    "cut off": (f'sha256 = "{SHA}"', 'sha256 = "', "line "),
    "one package that is no list": ("[[packages]]", "[packages]", "packages: expected a list of tables, found a table"),
    "a number for a name": ('name = "six"', "name = 6", "packages[0].name: expected a text, found a whole number"),
    "no version": ('version = "1.17.0"\n', "", "packages[0].version: is missing"),
    "a text for a size": (
        "size = 11050",
        'size = "big"',
        "packages[0].wheels[0].size: expected a whole number, found a text",
    ),
    "a truth value for a size": ("size = 11050", "size = true", "found a truth value"),
    "no hash": (
        "[packages.wheels.hashes]",
        "[packages.wheels.other]",
        "packages[0].wheels[0].hashes.sha256: is missing",
    ),
    "a short hash": (SHA, "0123", "packages[0].wheels[0].hashes.sha256: `0123` is not a SHA-256"),
    "neither url nor path": ("\nurl = ", "\nnope = ", "packages[0].wheels[0]: needs either url or path"),
    "wheels that are no list": (
        "[[packages.wheels]]",
        "[packages.wheels]",
        "packages[0].wheels: expected a list of tables",
    ),
    "a target nobody knows": ("cpu-linux-x86_64-cp311;", "cpu-amiga;", "tool.accelinstall.target"),
    "roots that are no texts": ('    "six",\n]\n', "    3,\n]\n", "tool.accelinstall.roots[0]: expected a text"),
    "no schema": ("schema = 1\n", "", "tool.accelinstall.schema: is missing"),
    "packages that are no tables": (
        render_lock(LOCK)[render_lock(LOCK).index("[[packages]]") : render_lock(LOCK).index("[tool.")],
        "packages = [1]\n",
        "packages[0]: expected a table",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_lock_is_told_with_file_and_place(old: str, new: str, told: str) -> None:
    text = render_lock(LOCK)
    assert old in text
    with pytest.raises(MalformedLock) as caught:
        parse_lock(text.replace(old, new, 1), where="app/pylock.toml")
    assert caught.value.message.startswith("app/pylock.toml: ")
    assert told in caught.value.message
    assert "accelinstall lock" in caught.value.hint


def test_two_wheels_for_one_package_are_not_ours() -> None:
    text = render_lock(LOCK)
    wheels = text[text.index("[[packages.wheels]]") : text.index("[tool.")]
    with pytest.raises(MalformedLock, match=r"packages\[0\]\.wheels: one wheel is expected, there are 2"):
        parse_lock(text.replace(wheels, wheels * 2), where="pylock.toml")


@pytest.mark.parametrize(
    ("old", "new"), [('lock-version = "1.0"', 'lock-version = "2.0"'), ("schema = 1", "schema = 2")]
)
def test_a_lock_of_a_later_standard_is_refused(old: str, new: str) -> None:
    with pytest.raises(UnsupportedLock, match="2"):
        parse_lock(render_lock(LOCK).replace(old, new), where="pylock.toml")


def test_a_later_minor_version_of_the_standard_is_read() -> None:
    text = render_lock(LOCK).replace('lock-version = "1.0"', 'lock-version = "1.7"')
    assert parse_lock(text, where="pylock.toml") == LOCK


def test_a_lock_with_wrong_line_ends_is_read() -> None:
    text = render_lock(LOCK).replace("\n", "\r\n")
    assert parse_lock(text, where="pylock.toml") == LOCK
    header = read_header(text, where="pylock.toml")
    assert header is not None
    assert header.input_hash == "abc"


def test_reading_our_own_lock_imports_no_heavy_library() -> None:
    program = (
        "import sys; from accelinstall.lockfile import parse_lock; parse_lock(sys.stdin.read(), where='x');"
        "heavy = {'packaging.pylock', 'packaging.version', 'tomli_w', 'tomlkit', 'resolvelib', 'msgspec'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=render_lock(LOCK), capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
