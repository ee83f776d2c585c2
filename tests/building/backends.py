"""Wheels of the build backends that the tests' own environment holds, so that builds need no network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

BACKENDS = (
    *("flit-core", "setuptools", "poetry-core", "hatchling", "editables"),
    *("packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers"),
)
# What installers write themselves.
_OWN = {"INSTALLER", "REQUESTED", "direct_url.json", "RECORD"}


def wheel_of(name: str, directory: Path) -> Path:
    """The installed distribution *name* as the wheel it came from, without its scripts."""
    found = distribution(name)
    version = found.version
    stem = f"{found.metadata['Name'].replace('-', '_')}-{version}"
    path = directory / f"{stem}-py3-none-any.whl"
    if path.exists():
        return path
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for inner, content in _files(found):
            archive.writestr(inner, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.append(f"{inner},sha256={digest},{len(content)}")
        info = next(inner for inner, _ in _files(found) if inner.endswith(".dist-info/METADATA")).partition("/")[0]
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return path


def _files(found: Distribution) -> list[tuple[str, bytes]]:
    kept = []
    for file in found.files or ():
        inner = file.as_posix()
        if inner.startswith("..") or inner.endswith(".pyc") or (".dist-info/" in inner and file.name in _OWN):
            continue
        kept.append((inner, Path(str(file.locate())).read_bytes()))
    return kept
