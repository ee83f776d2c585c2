"""From a lock to the text of a ``pylock`` file (PEP 751)."""

from __future__ import annotations

import re
from typing import Any

from accelinstall.lockfile.errors import UnwritableLock
from accelinstall.lockfile.names import relative_path
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.model.target import Target
from accelinstall.model.variants import split_label
from accelinstall.values import replace

SCHEMA = 1
"""Version of ``[tool.accelinstall]``; readers refuse a higher one."""
CREATED_BY = "accelinstall"
_INTRODUCTION = "# Written by accelinstall; do not edit. Install it with `accelinstall sync`{peers}.\n\n"


def render_lock(lock: Lock, *, directory: str = "") -> str:
    """The file's text: the same lock gives the same bytes.

    Keys stand in the order of the standard; packages are sorted by name.  What the standard has no word for stands
    under ``[tool.accelinstall]``.

    :param directory: absolute folder the file will stand in; what the project names by path is written from there.
        Empty = absolute.
    :raises UnwritableLock: when the standard does not allow what was chosen.
    """
    import tomli_w
    from packaging.pylock import Pylock, PylockValidationError

    document = _document(lock, directory)
    # The names of wheel variants (PEP 825) are none to packaging, and so to pip; they are checked without their labels.
    plain = tuple(replace(package, filename=split_label(package.filename)[0]) for package in lock.packages)
    try:
        Pylock.from_dict(_document(replace(lock, packages=plain), directory))
    except PylockValidationError as error:
        key = error.context or ""
        index = re.match(r"packages\[(\d+)\]", key)
        name = document["packages"][int(index[1])]["name"] if index else ""
        raise UnwritableLock(error.message[:1].lower() + error.message[1:], key=key, package=name) from error
    return _INTRODUCTION.format(peers=_peers(lock, plain)) + tomli_w.dumps(document)


def _peers(lock: Lock, plain: tuple[LockedPackage, ...]) -> str:
    """Who else installs the lock: nobody knows variants, and pip refuses what it cannot hash beside what it can."""
    if plain != lock.packages:
        return ""
    trees = any(item.origin is not None and item.origin.kind != "sdist" for item in lock.packages)
    return " or uv" if trees else ", pip or uv"


def environment_marker(target: Target) -> str:
    """The PEP 508 marker that holds on machines of *target*'s platform and Python, and on no others."""
    values = target.markers()
    names = ("implementation_name", "platform_machine", "python_version", "sys_platform")
    return " and ".join(f"{name} == '{values[name]}'" for name in names)


def _document(lock: Lock, directory: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "lock-version": "1.0",
        "environments": [environment_marker(lock.target)],
    }
    if lock.requires_python:
        document["requires-python"] = lock.requires_python
    document["created-by"] = CREATED_BY
    packages = sorted(lock.packages, key=lambda item: item.name)
    document["packages"] = [_package(package, directory) for package in packages]
    document["tool"] = {CREATED_BY: _tool(lock)}
    return document


def _tool(lock: Lock) -> dict[str, Any]:
    table: dict[str, Any] = {
        "schema": SCHEMA,
        "target": str(lock.target),
        "input-hash": lock.input_hash,
        "groups": list(lock.groups),
        "roots": list(lock.roots),
    }
    if lock.workspace:
        table["workspace"] = lock.workspace
    if lock.degraded:
        table["degraded"] = list(lock.degraded)
    if lock.overridden:
        table["overridden"] = list(lock.overridden)
    if lock.group_roots:
        table["group-roots"] = {group: list(names) for group, names in lock.group_roots}
    return table


def _package(package: LockedPackage, directory: str) -> dict[str, Any]:
    origin = package.origin
    table: dict[str, Any] = {"name": package.name}
    if origin is None or origin.kind != "directory":
        # The standard: a folder may have another version tomorrow.
        table["version"] = package.version
    if package.requires_python:
        table["requires-python"] = package.requires_python
    if package.requires:
        table["dependencies"] = [{"name": name} for name in package.requires]
    if origin is not None and origin.kind == "directory":
        return {**table, **_directory(package, origin, directory)}
    if origin is not None and origin.kind == "vcs":
        return {**table, "vcs": _commit(origin)}
    if package.direct:
        table["archive"] = _file(package, directory)
        if origin is not None and origin.subdirectory:
            table["archive"]["subdirectory"] = origin.subdirectory
        return table
    if package.source:
        table["index"] = package.source
    file = {"name": package.filename, **_file(package, "")}
    return {**table, "wheels": [file]} if origin is None else {**table, "sdist": file}


def _directory(package: LockedPackage, origin: Origin, directory: str) -> dict[str, Any]:
    place: dict[str, Any] = {"path": relative_path(origin.path, directory), "editable": origin.editable}
    if origin.subdirectory:
        place["subdirectory"] = origin.subdirectory
    tool = {"version": package.version, "digest": origin.digest}
    return {"directory": place, "tool": {CREATED_BY: tool}}


def _commit(origin: Origin) -> dict[str, Any]:
    table = {"type": "git", "url": origin.url}
    if origin.revision:
        table["requested-revision"] = origin.revision
    table["commit-id"] = origin.commit
    if origin.subdirectory:
        table["subdirectory"] = origin.subdirectory
    return table


def _file(package: LockedPackage, directory: str) -> dict[str, Any]:
    path = relative_path(package.path, directory) if package.path else ""
    table: dict[str, Any] = {"path": path} if path else {"url": package.url}
    if package.size is not None:
        table["size"] = package.size
    table["hashes"] = {"sha256": package.sha256}
    return table
