"""Whether a folder is still what it was: digests of what it holds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

# What the metadata of nearly every project depends on.
_METADATA_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
# What builds, tests and version control leave behind is no part of the project.
_LEFT_OUT = frozenset(
    (".git", ".hg", ".svn", "__pycache__", ".venv", "venv", "build", "dist", "node_modules", ".nox", ".tox", ".idea")
)
_LEFT_OUT_ENDINGS = (".egg-info", ".dist-info", "_cache", ".pyc")


def metadata_digest(folder: str) -> str:
    """Changes with the files that say what the project in *folder* is and needs; empty when it has none of them.

    A version or dependency that the backend reads from elsewhere does not count: ``lock --upgrade`` looks anew.
    """
    digest, found = hashlib.sha256(), False
    try:
        # Listed rather than tried one by one: whoever remembers what was read then sees one that is new.
        there = set(os.listdir(folder))
    except OSError:
        return ""
    for name in (name for name in _METADATA_FILES if name in there):
        try:
            with open(os.path.join(folder, name), "rb") as stream:
                content = stream.read()
        except OSError:
            continue
        found = True
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest() if found else ""


def name_of_project(folder: str) -> str:
    """What the project in *folder* calls itself; empty where only a build would tell."""
    import tomllib

    try:
        with open(os.path.join(folder, "pyproject.toml"), "rb") as stream:
            data = tomllib.load(stream)
        tables = (data.get("project"), data.get("tool", {}).get("poetry"))
        names = [table.get("name") for table in tables if isinstance(table, dict)]
    except (OSError, ValueError, AttributeError):
        return ""
    return next((name for name in names if isinstance(name, str) and name), "")


def content_digest(folder: str) -> str:
    """Changes with any file of the project in *folder*; what builds, tests and version control leave does not count.

    Costs a reading of every file.
    """
    digest = hashlib.sha256()
    for path in _files(folder):
        full = os.path.join(folder, path)
        try:
            status = os.lstat(full)
            if os.path.islink(full):
                content = os.readlink(full).encode("utf-8", "surrogateescape")
            else:
                with open(full, "rb") as stream:
                    content = stream.read()
        except OSError:
            continue
        executable = bool(status.st_mode & 0o100)
        digest.update(f"{path}\0{executable}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _files(folder: str) -> Iterator[str]:
    """Paths of the project's files below *folder*, in an order that depends on their names alone."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _LEFT_OUT
            and not name.endswith(_LEFT_OUT_ENDINGS)
            and not os.path.exists(os.path.join(parent, name, "pyvenv.cfg"))
        )
        for name in sorted(names):
            if not name.endswith(_LEFT_OUT_ENDINGS) and not name.startswith("pylock."):
                yield os.path.relpath(os.path.join(parent, name), folder)
