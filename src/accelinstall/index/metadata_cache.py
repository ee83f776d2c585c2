"""Metadata kept on disk for good: a published file never changes."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import Any

from accelinstall.fs import write_atomic
from accelinstall.model.index import CoreMetadata, IndexFile

_LAYOUT = "metadata-v3"


class MetadataCache:
    """A folder of metadata, keyed by address and hash; processes may share it.

    An entry that is damaged or cannot be written is simply not there.
    """

    def __init__(self, directory: str) -> None:
        self._directory = os.path.join(directory, _LAYOUT)

    def find(self, file: IndexFile, *, stamp: str = "") -> CoreMetadata | None:
        """The kept metadata of *file*; *stamp* distinguishes the states of a local file."""
        try:
            with open(self._path(file, stamp), "rb") as stream:
                return _decoded(json.loads(stream.read()))
        except (OSError, ValueError, TypeError, LookupError):
            return None

    def store(self, file: IndexFile, metadata: CoreMetadata, *, stamp: str = "") -> None:
        """Keep *metadata*; written aside and renamed into place."""
        path = self._path(file, stamp)
        content = json.dumps({name: getattr(metadata, name) for name in CoreMetadata.__slots__}).encode()
        # A full or read-only disk costs the cache, not the run.
        with suppress(OSError):
            try:
                write_atomic(path, content, mode=0o600)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                write_atomic(path, content, mode=0o600)

    def _path(self, file: IndexFile, stamp: str) -> str:
        key = hashlib.sha256(f"{file.url}\0{file.sha256}\0{stamp}".encode("utf-8", "surrogatepass")).hexdigest()
        return os.path.join(self._directory, key)


def _decoded(values: dict[str, Any]) -> CoreMetadata:
    kept = {
        **values,
        "requires_dist": tuple(values["requires_dist"]),
        "provides_extra": tuple(values["provides_extra"]),
    }
    texts = (kept["name"], kept["version"], kept["requires_python"], *kept["requires_dist"], *kept["provides_extra"])
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("not texts")
    return CoreMetadata(**kept)
