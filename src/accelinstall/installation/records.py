"""RECORD files: the rows that say which files belong to a distribution."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from accelinstall.model.installation import InstalledDistribution

Row = tuple[str, str, str]
"""Path as written, hash as written (``sha256=...`` or empty), size as written."""


def parse_record(text: str) -> list[Row]:
    """The rows of a RECORD, malformed ones with what they have; never raises."""
    if '"' in text:
        import csv
        import io

        found = [(*row, "", "", "")[:3] for row in csv.reader(io.StringIO(text, newline="")) if row and row[0]]
        return [(path, digest, size) for path, digest, size in found]
    rows = []
    # `splitlines` would also split at signs that file names may hold.
    for line in text.split("\n"):
        parts = line.rstrip("\r").rsplit(",", 2)
        if parts[0]:
            rows.append((parts[0], parts[1] if len(parts) > 1 else "", parts[2] if len(parts) > 2 else ""))
    return rows


def render_record(rows: Iterable[Row]) -> str:
    """The text of a RECORD; paths that CSV would misread are quoted."""
    return "".join([f"{quoted(path)},{digest},{size}\n" for path, digest, size in rows])


def render_rows(base: str, rows: Mapping[str, tuple[str, str]]) -> str:
    """The text of a RECORD in *base* for *rows* of absolute path -> hash and size; one pass, for thousands of them."""
    inside = f"{base}/"
    cut = len(inside)
    paths = [target[cut:] if target.startswith(inside) else record_path(base, target) for target in rows]
    names = "".join(paths)
    if "," in names or '"' in names or "\n" in names or "\r" in names:
        paths = list(map(quoted, paths))
    return "".join([f"{path},{digest},{size}\n" for path, (digest, size) in zip(paths, rows.values(), strict=True)])


def quoted(path: str) -> str:
    """*path* as a CSV field."""
    if "," in path or '"' in path or "\n" in path or "\r" in path:
        return '"' + path.replace('"', '""') + '"'
    return path


def slashed(path: str, *, separator: str = os.sep) -> str:
    """*path* with forward slashes, which every system reads: the one form in which this room compares paths."""
    return path if separator == "/" else path.replace(separator, "/")


def record_path(base: str, target: str) -> str:
    """How the RECORD of a distribution in *base* names the file *target*; both absolute."""
    if target.startswith(base) and target[len(base) : len(base) + 1] == "/":
        return target[len(base) + 1 :]
    return slashed(os.path.relpath(target, base))


def absolute_path(base: str, path: str) -> str:
    """The file a row's *path* names, for a distribution in *base*; links are not followed."""
    path = slashed(path)
    if path.startswith((".", "/")) or "/." in path or "//" in path or ":" in path:
        return slashed(os.path.normpath(os.path.join(base, path)))
    return f"{base}/{path}"


def read_record(distribution: InstalledDistribution) -> list[Row] | None:
    """The rows of an installed distribution; ``None`` when it has no RECORD."""
    path = f"{distribution.location}/{distribution.dist_info}/RECORD"
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return parse_record(file.read())
    except OSError:
        return None
