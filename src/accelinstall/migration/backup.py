"""Files as they were, kept beside the project until they are wanted back.

``.migration_backup/`` holds a copy of every file of the project that was read or would be changed, a manifest with
their hashes, and ``restore.sh`` for machines without accelinstall.  The folder appears at once and whole; what it holds
is on the disk before anything else is changed.  A second migration adds to it, so that it always leads back to where
the first began.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from accelinstall import fs
from accelinstall.errors import AccelinstallError

FOLDER = ".migration_backup"
_SCHEMA = 1
_KEPT = ".after-migration"


class NoBackup(AccelinstallError):
    """There is nothing to restore."""

    code = "no-backup"

    def __init__(self, directory: str) -> None:
        super().__init__(
            f"{os.path.join(directory, FOLDER)} is not there", hint="only `accelinstall migrate` makes one"
        )


class BackupDamaged(AccelinstallError):
    """A copy in the backup is not what it was; nothing was restored."""

    code = "backup-damaged"

    def __init__(self, path: str, *, reason: str) -> None:
        super().__init__(f"{path}: {reason}; nothing was restored", hint="take the file from version control instead")


class BackupFailed(AccelinstallError):
    """The backup could not be written; nothing was changed."""

    code = "backup-failed"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"{error.filename or FOLDER} cannot be written: {error.strerror}; nothing was changed",
            hint="make the project's folder writable",
        )


class RestoreFailed(AccelinstallError):
    """A file could not be put back; the backup stays as it is."""

    code = "restore-failed"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"{error.filename or FOLDER} cannot be put back: {error.strerror}; the backup is still there",
            hint="make the file and its folder writable, and run `accelinstall migrate --restore` again",
        )


def back_up(directory: str, paths: Iterable[str], written: Mapping[str, bytes | None]) -> None:
    """Copies of *paths* (relative), and a note of what is about to be *written* where (``None``: not known yet).

    What lies outside the folder is only read, never changed, so no copy is made of it.

    :raises BackupFailed: and nothing has been changed.
    """
    place = os.path.join(directory, FOLDER)
    making = place if os.path.isdir(place) else f"{place}.{os.getpid()}.tmp"
    try:
        _sweep(directory)
        manifest: dict[str, Any] = {"schema": _SCHEMA, "files": {}}
        if making == place:
            manifest = _read_manifest(directory)
        os.makedirs(making, exist_ok=True)
        for path in sorted({*filter(_is_inside, paths), *written}):
            if path not in manifest["files"]:
                manifest["files"][path] = _copied(directory, path, making)
        for path, content in written.items():
            manifest["files"][path]["written"] = hashlib.sha256(content).hexdigest() if content is not None else ""
        script = os.path.join(making, "restore.sh")
        fs.write_atomic(script, _script(manifest).encode(), fsync=True, mode=0o755)
        # What it names is there by now.
        document = json.dumps(manifest, indent=1, sort_keys=True).encode()
        fs.write_atomic(os.path.join(making, "manifest.json"), document, fsync=True)
        fs.sync_directory(making)
        if making != place:
            os.rename(making, place)
        fs.sync_directory(directory)
    except OSError as error:
        raise BackupFailed(error) from error


def restore(directory: str, *, dry_run: bool = False) -> tuple[str, ...]:
    """Every file as it was before the first migration; the backup is gone afterwards.  The paths that changed.

    A file that was edited after the migration is kept beside as ``NAME.after-migration``.  Interrupted, it is done
    again.

    :param dry_run: only tell what would change.
    :raises NoBackup: when there is none.
    :raises BackupDamaged: when a copy is not what it was; nothing has been changed then.
    :raises RestoreFailed: when the system refuses; done again, it goes on.
    """
    place = os.path.join(directory, FOLDER)
    if not os.path.isdir(place):
        if os.path.isdir(directory) and not dry_run:
            with suppress(OSError):
                _sweep(directory)
        raise NoBackup(directory)
    files: dict[str, dict[str, Any]] = _read_manifest(directory)["files"]
    for path, was in files.items():
        copy = os.path.join(place, "files", path)
        if was["sha256"] and _sha256(copy) != was["sha256"]:
            raise BackupDamaged(copy, reason="is not the copy that was made")
    changed = tuple(path for path, was in sorted(files.items()) if _differs(directory, path, was))
    if dry_run:
        return changed
    try:
        _sweep(directory)
        for path in changed:
            _put_back(directory, path, files[path])
        _sweep_beside(directory, files)
        done = f"{place}.{os.getpid()}.tmp"
        os.rename(place, done)
        shutil.rmtree(done)
    except OSError as error:
        raise RestoreFailed(error) from error
    return changed


def _differs(directory: str, path: str, was: Mapping[str, Any]) -> bool:
    """Whether the file is another than it was."""
    place = os.path.join(directory, path)
    return (_sha256(place), _link(place), _mode(place)) != (was["sha256"], was["link"], was["mode"])


def _put_back(directory: str, path: str, was: Mapping[str, Any]) -> None:
    """One file that differs."""
    place = os.path.join(directory, path)
    now, same_link = _sha256(place), _link(place) == was["link"]
    if now and now not in (was["sha256"], was.get("written", "")):
        _keep_beside(place)
    if was["link"]:
        if not same_link:
            _unlink(place)
            os.symlink(was["link"], place)
        place = os.path.realpath(place)
    elif os.path.islink(place):
        os.unlink(place)
    if not was["sha256"]:
        _unlink(place)
        return
    with open(os.path.join(directory, FOLDER, "files", path), "rb") as file:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        fs.write_atomic(place, file.read(), fsync=True, mode=was["mode"] & 0o777)
    os.chmod(place, was["mode"])


def _keep_beside(place: str) -> None:
    """A copy of the file at *place* under the first name that nothing else has."""
    with open(place, "rb") as file:
        content = file.read()
    numbers = itertools.count(2)
    name = place + _KEPT
    while os.path.lexists(name):
        if _sha256(name) == hashlib.sha256(content).hexdigest():
            return
        name = f"{place}{_KEPT}-{next(numbers)}"
    fs.write_atomic(name, content, fsync=True, mode=_mode(place) & 0o777)


def _is_inside(path: str) -> bool:
    """Whether *path* names a place in the folder it is relative to."""
    return not os.path.isabs(path) and os.path.normpath(path).split(os.sep)[0] != os.pardir


def _copied(directory: str, path: str, making: str) -> dict[str, Any]:
    """The manifest's entry of one file, which has been copied."""
    place = os.path.join(directory, path)
    link = _link(place)
    if not os.path.isfile(place):
        return {"sha256": "", "mode": 0, "link": link}
    copy = os.path.join(making, "files", path)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(place, "rb") as file:
        content = file.read()
    # As closed as the file itself: it may hold the login of an index.
    fs.write_atomic(copy, content, fsync=True, mode=_mode(place) & 0o777 | 0o400)
    return {"sha256": hashlib.sha256(content).hexdigest(), "mode": _mode(place), "link": link}


def _sweep(directory: str) -> None:
    """Without the folders that killed runs were making or taking away."""
    for name in os.listdir(directory):
        if name.startswith(f"{FOLDER}.") and name.endswith(".tmp"):
            shutil.rmtree(os.path.join(directory, name))


def _sweep_beside(directory: str, paths: Iterable[str]) -> None:
    """Without what killed runs had written of *paths* and not yet put in their places."""
    for folder in {os.path.dirname(path) for path in paths}:
        names = {re.escape(os.path.basename(path)) for path in paths if os.path.dirname(path) == folder}
        unfinished = re.compile(rf"(?:{'|'.join(sorted(names))})\.\d+-[0-9a-f]+\.tmp")
        place = os.path.join(directory, folder)
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if unfinished.fullmatch(name):
                os.unlink(os.path.join(place, name))


def _read_manifest(directory: str) -> dict[str, Any]:
    path = os.path.join(directory, FOLDER, "manifest.json")
    try:
        with open(path, "rb") as file:
            manifest = json.load(file)
        if manifest["schema"] != _SCHEMA:
            raise BackupDamaged(path, reason=f"its schema is {manifest['schema']}, not {_SCHEMA}")
        for name, entry in manifest["files"].items():
            _ = (entry["sha256"], entry["mode"] & 0o7777, entry["link"] + "")
            if not _is_inside(name):
                raise BackupDamaged(path, reason=f"it names {name}, which is outside the project")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupDamaged(path, reason="cannot be read") from error
    return dict(manifest)


def _script(manifest: Mapping[str, Any]) -> str:
    """Plain POSIX shell that does what :func:`restore` does, but for what was edited since."""
    lines = [
        "#!/bin/sh",
        "# Puts every file back as it was before `accelinstall migrate`; needs nothing but a shell.",
        "set -eu",
        # Files are made before their mode is set.
        "umask 077",
        'cd "$(dirname "$0")/.."',
    ]
    for path, was in sorted(manifest["files"].items()):
        target, copy = shlex.quote(f"./{path}"), shlex.quote(f"./{FOLDER}/files/{path}")
        if was["link"]:
            lines.append(f"rm -f {target} && ln -s {shlex.quote(was['link'])} {target}")
        if was["sha256"]:
            # A read-only file cannot be written over, but it can be replaced; through a link only its content is.
            place = target if was["link"] else shlex.quote(f"./{path}.restoring")
            lines.append(f"cat {copy} > {place} && chmod {was['mode']:o} {place}")
            if not was["link"]:
                lines.append(f"mv -f {place} {target}")
        elif not was["link"]:
            lines.append(f"rm -f {target}")
    # Renamed first: a folder of half a backup could be restored no more, nor added to.
    lines += [f"mv ./{FOLDER} ./{FOLDER}.$$.tmp", f"rm -rf ./{FOLDER}.$$.tmp", 'echo "restored"', ""]
    return "\n".join(lines)


def _sha256(path: str) -> str:
    """Of a file's content, through a link; empty where there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""


def _link(path: str) -> str:
    return os.readlink(path) if os.path.islink(path) else ""


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode & 0o7777
    except OSError:
        return 0


def _unlink(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)
