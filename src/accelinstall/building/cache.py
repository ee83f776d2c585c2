"""What was built and downloaded for building, kept below the cache folder; processes may share it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from accelinstall import fs
from accelinstall.model.index import CoreMetadata
from accelinstall.model.installation import Interpreter
from accelinstall.values import dataclass

BUILDS, SOURCES, REPOSITORIES = "builds-v1", "sources-v1", "git-v1"
"""Folders of what was built, and of the archives and repositories it was built from."""
_WORK = ".work"
# Seconds: no build that still runs was begun so long ago.
_ABANDONED = 2 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWheel:
    """A wheel that was built here; ``path`` is absolute, ``sha256`` that of the file."""

    path: str
    sha256: str
    name: str
    version: str

    @property
    def filename(self) -> str:
        """The wheel's name."""
        return os.path.basename(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMetadata:
    """What a project says; ``is_built`` = a build on this machine said so."""

    metadata: CoreMetadata
    is_built: bool


class BuildCache:
    """Wheels and metadata by what they were built from and for; a damaged entry is not there.

    :param interpreter: what is built is built for it.
    """

    def __init__(self, directory: str, interpreter: Interpreter) -> None:
        self.root = os.path.join(directory, BUILDS)
        self.sources = os.path.join(directory, SOURCES)
        self._kind = f"{interpreter.python}\0{interpreter.platform}\0{interpreter.libc}"

    def scratch(self) -> str:
        """A folder on the same disk for work under way, made when missing."""
        folder = os.path.join(self.root, _WORK)
        os.makedirs(folder, exist_ok=True)
        return folder

    def wheel(self, build_id: str) -> BuiltWheel | None:
        """The wheel built from that."""
        folder = self._place(build_id, "wheel")
        try:
            with open(os.path.join(folder, "wheel.json"), encoding="utf-8") as stream:
                values = json.load(stream)
            found = BuiltWheel(path=os.path.join(folder, values.pop("filename")), **values)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        with suppress(OSError):
            os.utime(folder)
        return found if os.path.isfile(found.path) else None

    def keep_wheel(self, build_id: str, path: str, *, name: str, version: str) -> BuiltWheel:
        """The wheel at *path* kept; where another process was faster, the one it has kept."""
        folder = self._place(build_id, "wheel")
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        fresh = tempfile.mkdtemp(prefix="wheel-", dir=self.scratch())
        try:
            target = os.path.join(fresh, os.path.basename(path))
            shutil.move(path, target)
            values = {"filename": os.path.basename(path), "sha256": file_sha256(target), "name": name}
            text = json.dumps({**values, "version": version})
            fs.write_atomic(os.path.join(fresh, "wheel.json"), text.encode())
            # Where another process was faster, its wheel is as good; what is damaged makes way.
            with suppress(OSError):
                os.rename(fresh, folder)
            if self.wheel(build_id) is None:
                fs.remove_tree(folder)
                os.rename(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        kept = self.wheel(build_id)
        assert kept is not None, "it was there, or has just been put there"
        return kept

    def metadata(self, build_id: str) -> KeptMetadata | None:
        """What was found out about that."""
        try:
            with open(self._place(build_id, "metadata"), encoding="utf-8") as stream:
                return _decoded(json.load(stream))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep_metadata(self, build_id: str, kept: KeptMetadata) -> None:
        """*kept* on disk; one that is full or read-only costs the cache, not the run."""
        path = self._place(build_id, "metadata")
        with suppress(OSError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            fs.write_atomic(path, json.dumps({**asdict(kept.metadata), "is_built": kept.is_built}).encode())

    def archive(self, sha256: str, filename: str) -> str:
        """Where the archive with that hash is kept, perhaps not there."""
        return os.path.join(self.sources, sha256, os.path.basename(filename))

    def _place(self, build_id: str, kind: str) -> str:
        key = hashlib.sha256(f"{build_id}\0{self._kind}".encode()).hexdigest()
        return os.path.join(self.root, kind, key[:2], key[2:])


def kept_bytes(directory: str) -> int:
    """Bytes of everything that building keeps below the cache folder *directory*."""
    total = 0
    for folder in _folders(directory):
        for parent, _, names in os.walk(folder):
            for name in names:
                with suppress(OSError):
                    total += os.lstat(os.path.join(parent, name)).st_size
    return total


def discard(directory: str, *, unused_since: float | None = None) -> None:
    """Remove what building keeps below *directory*: all, or what was neither made nor asked for since that moment.

    What a running build works on stays; what a killed one left goes after two days.
    """
    work = os.path.join(directory, BUILDS, _WORK)
    for entry in (os.path.join(work, name) for name in _listed(work)):
        with suppress(OSError):
            if os.stat(entry).st_mtime < time.time() - _ABANDONED:
                fs.remove_tree(entry)
    for folder in _folders(directory):
        for entry in _entries(folder):
            with suppress(OSError):
                if unused_since is None or os.stat(entry).st_mtime < unused_since:
                    fs.remove_tree(entry) if os.path.isdir(entry) else os.unlink(entry)


def _folders(directory: str) -> tuple[str, ...]:
    return tuple(os.path.join(directory, name) for name in (BUILDS, SOURCES, REPOSITORIES))


def _entries(folder: str) -> list[str]:
    """What is kept or left as a whole in one of the folders."""
    if os.path.basename(folder) != BUILDS:
        return [os.path.join(folder, name) for name in _listed(folder)]
    kinds = [os.path.join(folder, kind) for kind in ("wheel", "metadata")]
    shelves = [os.path.join(kind, name) for kind in kinds for name in _listed(kind)]
    return [os.path.join(shelf, name) for shelf in shelves for name in _listed(shelf)]


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def file_sha256(path: str) -> str:
    """Of the file at *path*, lower-case hex."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _decoded(values: dict[str, Any]) -> KeptMetadata:
    is_built = bool(values.pop("is_built"))
    for key in ("requires_dist", "provides_extra"):
        values[key] = tuple(map(str, values[key]))
    return KeptMetadata(metadata=CoreMetadata(**values), is_built=is_built)
