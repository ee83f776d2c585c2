"""What is installed: a scan of the two library folders, cheap enough for every run."""

from __future__ import annotations

import os
import re

from accelinstall import events
from accelinstall.model.installation import InstalledDistribution, Interpreter, Inventory
from accelinstall.model.receipts import RECEIPTS_FOLDER, STATE_FOLDER, newest_receipt_file, parse_receipt

# What the store writes for itself: anything else may be another tool's wheel of the same version.
_OURS = "accelinstall"
# One dash and no more: dashes inside names are written as underscores.
_FOLDER = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-(?P<version>[^-\s]+)\.(?:dist|egg)-info")
# METADATA's headers stand first; nobody needs the description that follows them.
_HEAD = 4096


def read_inventory(interpreter: Interpreter, *, progress: events.Progress = events.ignore) -> Inventory:
    """Everything installed in the interpreter's environment, sorted by name; a name there twice is listed twice.

    Costs one listing per library folder and one small read per distribution; wheel hashes come from the newest
    receipt, for distributions that are still ours.  What cannot be read is told as a warning and left out.
    """
    folders = dict.fromkeys(os.path.realpath(interpreter.schemes[key]) for key in ("purelib", "platlib"))
    ours = _received(interpreter.schemes["purelib"], progress)
    found = []
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if entry.name.endswith(("-info", ".egg-link"))]
        except FileNotFoundError:
            continue
        for name in names:
            distribution = _read(folder, name, ours, progress)
            if distribution:
                found.append(distribution)
    found.sort(key=lambda item: (item.name, item.version, item.dist_info))
    return Inventory(distributions=tuple(found))


def _read(
    folder: str, entry: str, ours: dict[tuple[str, str], str], progress: events.Progress
) -> InstalledDistribution | None:
    if not entry.endswith((".dist-info", ".egg-info")) or entry.startswith("~"):
        # pip renames what it is about to remove to `~name`; a leftover of that is no distribution.
        return None
    path = os.path.join(folder, entry)
    identity = _identity(path, entry)
    if identity is None:
        message = f"`{path}` says neither a name nor a version and is passed over"
        progress(events.Note(level="warning", code="broken-distribution", message=message, hint=f"rm -r {path!r}"))
        return None
    name, version = identity
    # An egg-info may be a single file, which has no room for an INSTALLER.
    installer = _first_line(os.path.join(path, "INSTALLER"))
    return InstalledDistribution(
        name=name,
        version=version,
        location=folder,
        dist_info=entry,
        installer=installer,
        sha256=ours.get((name, version), "") if installer == _OURS else "",
    )


def _identity(path: str, entry: str) -> tuple[str, str] | None:
    """The canonical name and the version: from the folder's name where it is well formed, else from METADATA."""
    match = _FOLDER.fullmatch(entry)
    if match and entry.endswith(".dist-info"):
        # An empty folder is what an interrupted removal leaves behind.
        known = os.path.exists(os.path.join(path, "METADATA")) or os.path.exists(os.path.join(path, "RECORD"))
        return (_canonical(match["name"]), match["version"]) if known else None
    places = (os.path.join(path, "METADATA"), os.path.join(path, "PKG-INFO"), path)
    for place in places:
        try:
            with open(place, encoding="utf-8", errors="replace") as file:
                head = file.read(_HEAD)
        except OSError:
            continue
        name = re.search(r"^Name:[ \t]*(\S+)", head, re.MULTILINE | re.IGNORECASE)
        version = re.search(r"^Version:[ \t]*(\S+)", head, re.MULTILINE | re.IGNORECASE)
        return (_canonical(name[1]), version[1]) if name and version else None
    return None


def _canonical(name: str) -> str:
    """PEP 503, without ``packaging``, whose import costs more than the whole scan."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _first_line(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 100).decode("utf-8", "replace").strip()
    finally:
        os.close(descriptor)


def _received(purelib: str, progress: events.Progress) -> dict[tuple[str, str], str]:
    """(name, version) -> wheel hash, as the newest receipt tells."""
    folder = os.path.join(purelib, STATE_FOLDER, RECEIPTS_FOLDER)
    try:
        newest = newest_receipt_file(os.listdir(folder))
    except OSError:
        return {}
    if newest is None:
        return {}
    path = os.path.join(folder, newest)
    try:
        with open(path, encoding="utf-8") as file:
            receipt = parse_receipt(file.read())
    except (OSError, ValueError) as error:
        message = f"the receipt `{path}` cannot be read, so wheel hashes are unknown: {error}"
        progress(events.Note(level="warning", code="receipt-unreadable", message=message))
        return {}
    return {(name, version): sha256 for name, version, sha256 in receipt.installed}
