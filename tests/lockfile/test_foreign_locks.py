"""Locks that other tools wrote."""

from __future__ import annotations

import pytest

from accelinstall.lockfile import (
    LockDoesNotFit,
    LockNeedsTarget,
    MalformedLock,
    UnsupportedLock,
    parse_lock,
    read_header,
)
from accelinstall.model.origin import Origin
from accelinstall.model.target import Target

SHA = "0123456789abcdef" * 4
CPU = Target.parse("cpu-linux-x86_64-cp311;libc=glibc-2.39")

FOREIGN = f"""\
lock-version = "1.0"
created-by = "other"
requires-python = ">=3.10"

[[packages]]
name = "app"
version = "1.0"
dependencies = [{{ name = "fast" }}, {{ name = "winonly" }}]
[[packages.wheels]]
url = "https://files.test/app-1.0-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}

[[packages]]
name = "fast"
version = "2.0"
index = "https://index.test/simple"
sdist = {{ url = "https://files.test/fast-2.0.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}
[[packages.wheels]]
name = "fast-2.0-cp311-cp311-win_amd64.whl"
url = "https://files.test/fast-2.0-cp311-cp311-win_amd64.whl"
hashes = {{ sha256 = "{SHA}" }}
[[packages.wheels]]
name = "fast-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"
path = "wheels/fast-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"
size = 7
hashes = {{ sha256 = "{SHA.upper()}" }}

[[packages]]
name = "direct"
version = "3.0"
archive = {{ url = "https://files.test/direct-3.0-py3-none-any.whl", hashes = {{ sha256 = "{SHA}" }} }}

[[packages]]
name = "winonly"
version = "1.0"
marker = "sys_platform == 'win32'"
[[packages.wheels]]
url = "https://files.test/winonly-1.0-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}
"""


def test_another_tools_lock_is_read_for_a_target() -> None:
    lock = parse_lock(FOREIGN, where="/srv/app/pylock.toml", target=CPU)
    assert [package.name for package in lock.packages] == ["app", "direct", "fast"]
    fast = lock.package("fast")
    assert fast is not None
    assert fast.path == "/srv/app/wheels/fast-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert (fast.url, fast.size, fast.sha256, fast.source) == ("", 7, SHA, "https://index.test/simple")
    assert lock.roots == ("app", "direct")
    assert [package.name for package in lock.packages if package.direct] == ["direct"]
    assert [package.requires for package in lock.packages if package.name == "app"] == [("fast",)]
    assert read_header(FOREIGN, where="x") is None


def test_another_tools_lock_needs_a_target() -> None:
    with pytest.raises(LockNeedsTarget, match="written by other"):
        parse_lock(FOREIGN, where="pylock.toml")


def test_what_another_tool_locks_from_source_is_built() -> None:
    fast = parse_lock(FOREIGN.replace("manylinux_2_17", "manylinux_2_99"), where="p", target=CPU).package("fast")
    assert fast is not None and fast.is_unbuilt and fast.origin is not None and not fast.direct
    assert (fast.origin.kind, fast.origin.sha256) == ("sdist", fast.sha256)
    trees = """
[[packages]]
name = "folder"
directory = { path = "../folder", editable = true }

[[packages]]
name = "commit"
version = "3.0"
vcs = { type = "git", url = "https://forge.test/x", requested-revision = "v3", commit-id = "%s", subdirectory = "py" }
"""
    lock = parse_lock(FOREIGN + trees % ("a" * 40), where="/srv/app/pylock.toml", target=CPU)
    folder, commit = lock.package("folder"), lock.package("commit")
    assert folder is not None and commit is not None and folder.direct and commit.direct
    assert folder.origin == Origin(kind="directory", path="/srv/folder", editable=True)
    assert commit.origin == Origin(
        kind="vcs", url="https://forge.test/x", revision="v3", commit="a" * 40, subdirectory="py"
    )


FOREIGN_BROKEN = {
    "no wheel fits": ("-py3-none-any.whl", "-py2-none-any.whl", LockDoesNotFit, "No wheel found"),
    "an old Python": ('requires-python = ">=3.10"', 'requires-python = ">=3.12"', LockDoesNotFit, "3.12"),
    "another hash": (f'sha256 = "{SHA}"', 'md5 = "0"', LockDoesNotFit, "no SHA-256"),
    "a name that is not normalised": ('name = "app"', 'name = "App"', MalformedLock, "packages[0].name"),
    "a later standard": ('lock-version = "1.0"', 'lock-version = "2.0"', UnsupportedLock, "2.0"),
}


@pytest.mark.parametrize(("old", "new", "kind", "told"), FOREIGN_BROKEN.values(), ids=FOREIGN_BROKEN)
def test_another_tools_lock_that_cannot_be_installed(old: str, new: str, kind: type[Exception], told: str) -> None:
    assert old in FOREIGN
    with pytest.raises(kind) as caught:
        parse_lock(FOREIGN.replace(old, new), where="pylock.toml", target=CPU)
    assert told in str(caught.value)
