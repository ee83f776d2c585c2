"""Locks of uv's own format."""

from __future__ import annotations

import re

import pytest

from accelinstall.lockfile import LockDoesNotFit, LockNeedsTarget, MalformedLock, UnsupportedLock, parse_lock
from accelinstall.model.lock import Lock
from accelinstall.model.target import Target

SHA = "0123456789abcdef" * 4
LINUX = Target.parse("cpu-linux-x86_64-cp311;libc=glibc-2.39")
WINDOWS = Target.parse("cpu-windows-x86_64-cp311")


def package(name: str, version: str, *lines: str, tags: tuple[str, ...] = ("py3-none-any",)) -> str:
    wheels = "".join(
        f'    {{ url = "https://files.test/{name}-{version}-{tag}.whl", hash = "sha256:{SHA}", size = 7 }},\n'
        for tag in tags
    )
    head = (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "https://index.test/simple" }}\n'
    )
    return head + "".join(f"{line}\n" for line in lines) + f"wheels = [\n{wheels}]\n\n"


LOCK = (
    'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n'
    '[[package]]\nname = "demo"\nversion = "1"\nsource = { virtual = "." }\n'
    'dependencies = [\n    { name = "web", extra = ["fast"] },\n'
    '    { name = "winonly", marker = "sys_platform == \'win32\'" },\n'
    '    { name = "forked", version = "1.0", marker = "sys_platform == \'win32\'" },\n'
    '    { name = "forked", version = "2.0", marker = "sys_platform != \'win32\'" },\n]\n\n'
    '[package.optional-dependencies]\nextra = [{ name = "unasked" }]\n\n'
    '[package.dev-dependencies]\ndev = [{ name = "checker" }]\ndocs = [{ name = "unasked" }]\n\n'
    + package("web", "2.0", 'dependencies = [{ name = "wire" }]', 'optional-dependencies.fast = [{ name = "quick" }]')
    + package("wire", "1.5", 'dependencies = [{ name = "web" }]')
    + package("quick", "1.0", tags=("cp311-cp311-win_amd64", "cp311-cp311-manylinux_2_17_x86_64", "py3-none-any"))
    + package("winonly", "1.0")
    + package("forked", "1.0")
    + package("forked", "2.0")
    + package("checker", "3.0")
    + package("unasked", "1.0")
)


def read(text: str = LOCK, target: Target = LINUX) -> Lock:
    return parse_lock(text, where="/srv/app/uv.lock", target=target)


def names(lock: Lock) -> dict[str, str]:
    return {one.name: one.version for one in lock.packages}


def test_what_the_project_reaches_on_the_target_is_read() -> None:
    lock = read()
    assert names(lock) == {"web": "2.0", "wire": "1.5", "quick": "1.0", "forked": "2.0", "checker": "3.0"}
    assert names(read(target=WINDOWS)) == names(lock) | {"forked": "1.0", "winonly": "1.0"}
    assert lock.group_roots == (("main", ("forked", "web")), ("dev", ("checker",)))
    assert lock.requires_python == ">=3.11"


def test_the_best_wheel_of_each_is_taken_with_its_place() -> None:
    quick = read().package("quick")
    assert quick is not None
    assert quick.filename == "quick-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert (quick.url, quick.sha256, quick.size) == (f"https://files.test/{quick.filename}", SHA, 7)
    assert quick.source == "https://index.test/simple"
    web = read().package("web")
    assert web is not None and web.requires == ("quick", "wire")


def test_files_of_a_folder_and_direct_wheels_are_found() -> None:
    text = LOCK.replace(
        'name = "wire"\nversion = "1.5"\nsource = { registry = "https://index.test/simple" }',
        'name = "wire"\nversion = "1.5"\nsource = { registry = "wheels" }',
    )
    text = text.replace('url = "https://files.test/wire-1.5', 'path = "wire-1.5')
    text = text.replace(
        'name = "checker"\nversion = "3.0"\nsource = { registry = "https://index.test/simple" }',
        'name = "checker"\nversion = "3.0"\nsource = { url = "https://files.test/checker-3.0-py3-none-any.whl" }',
    )
    wire, checker = read(text).package("wire"), read(text).package("checker")
    assert wire is not None and checker is not None
    assert (wire.path, wire.url, wire.source) == ("/srv/app/wheels/wire-1.5-py3-none-any.whl", "", "")
    assert checker.direct and checker.url.startswith("https://files.test/checker")


def test_it_needs_a_target() -> None:
    with pytest.raises(LockNeedsTarget, match="written by uv"):
        parse_lock(LOCK, where="uv.lock")


BROKEN = {
    "a later format": ("version = 1\n", "version = 2\n", UnsupportedLock, "version 2"),
    "a newer Python": ('">=3.11"', '">=3.12"', LockDoesNotFit, "it is for Python >=3.12, not 3.11"),
    "no Python at all": ('">=3.11"', '"three"', MalformedLock, "requires-python"),
    "no wheel": ("wire-1.5-py3", "wire-1.5-py2", LockDoesNotFit, "`wire` 1.5 has neither a wheel nor"),
    "another package's file": ("wire-1.5-py3", "wine-1.5-py3", MalformedLock, "not a wheel of wire"),
    "another version's file": ("wire-1.5-py3", "wire-1.6-py3", MalformedLock, "not a wheel of wire"),
    "another hash": (f"sha256:{SHA}", "md5:0", LockDoesNotFit, "no SHA-256"),
    "a torn hash": (f"sha256:{SHA}", f"sha256:{SHA[:9]}", LockDoesNotFit, "no SHA-256"),
    "a repository": (
        'name = "wire"\nversion = "1.5"\nsource = { registry = "https://index.test/simple" }',
        'name = "wire"\nversion = "1.5"\nsource = { git = "https://forge.test/wire" }',
        MalformedLock,
        "not a commit",
    ),
    "a package that is not there": ('[{ name = "wire" }]', '[{ name = "gone" }]', MalformedLock, "`gone` is not among"),
    "two versions at once": (
        'version = "1.0", marker = "sys_platform == \'win32\'"',
        'version = "1.0"',
        LockDoesNotFit,
        "`forked` is wanted in two versions",
    ),
    "a broken marker": ("sys_platform != 'win32'", "sys_platform is not", MalformedLock, "is not a marker"),
}


@pytest.mark.parametrize(("old", "new", "kind", "told"), BROKEN.values(), ids=BROKEN)
def test_one_that_cannot_be_installed_says_why(old: str, new: str, kind: type[Exception], told: str) -> None:
    assert old in LOCK
    with pytest.raises(kind, match=re.escape(told)):
        read(LOCK.replace(old, new))
