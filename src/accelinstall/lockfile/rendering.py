"""From a lock to the text of a ``pylock`` file (PEP 751)."""

from __future__ import annotations

import re
from typing import Any

from accelinstall.lockfile.errors import UnwritableLock
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.model.variants import split_label
from accelinstall.values import replace

SCHEMA = 1
"""Version of ``[tool.accelinstall]``; readers refuse a higher one."""
CREATED_BY = "accelinstall"
_INTRODUCTION = "# Written by accelinstall; do not edit. Install it with `accelinstall sync`{peers}.\n\n"


def render_lock(lock: Lock) -> str:
    """The file's text: the same lock gives the same bytes.

    Keys stand in the order of the standard; packages are sorted by name.  What the standard has no word for stands
    under ``[tool.accelinstall]``.

    :raises UnwritableLock: when the standard does not allow what was chosen.
    """
    import tomli_w
    from packaging.pylock import Pylock, PylockValidationError

    document = _document(lock)
    # The names of wheel variants (PEP 825) are none to packaging, and so to pip; they are checked without their labels.
    plain = tuple(replace(package, filename=split_label(package.filename)[0]) for package in lock.packages)
    try:
        Pylock.from_dict(_document(replace(lock, packages=plain)))
    except PylockValidationError as error:
        key = error.context or ""
        index = re.match(r"packages\[(\d+)\]", key)
        name = document["packages"][int(index[1])]["name"] if index else ""
        raise UnwritableLock(error.message[:1].lower() + error.message[1:], key=key, package=name) from error
    peers = ", pip or uv" if plain == lock.packages else ""
    return _INTRODUCTION.format(peers=peers) + tomli_w.dumps(document)


def environment_marker(target: Target) -> str:
    """The PEP 508 marker that holds on machines of *target*'s platform and Python, and on no others."""
    values = target.markers()
    names = ("implementation_name", "platform_machine", "python_version", "sys_platform")
    return " and ".join(f"{name} == '{values[name]}'" for name in names)


def _document(lock: Lock) -> dict[str, Any]:
    document: dict[str, Any] = {
        "lock-version": "1.0",
        "environments": [environment_marker(lock.target)],
    }
    if lock.requires_python:
        document["requires-python"] = lock.requires_python
    document["created-by"] = CREATED_BY
    document["packages"] = [_package(package) for package in sorted(lock.packages, key=lambda item: item.name)]
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
    if lock.degraded:
        table["degraded"] = list(lock.degraded)
    if lock.overridden:
        table["overridden"] = list(lock.overridden)
    if lock.group_roots:
        table["group-roots"] = {group: list(names) for group, names in lock.group_roots}
    return table


def _package(package: LockedPackage) -> dict[str, Any]:
    table: dict[str, Any] = {"name": package.name, "version": package.version}
    if package.requires_python:
        table["requires-python"] = package.requires_python
    if package.requires:
        table["dependencies"] = [{"name": name} for name in package.requires]
    if package.direct:
        table["archive"] = _file(package)
        return table
    if package.source:
        table["index"] = package.source
    table["wheels"] = [{"name": package.filename, **_file(package)}]
    return table


def _file(package: LockedPackage) -> dict[str, Any]:
    table: dict[str, Any] = {"path": package.path} if package.path else {"url": package.url}
    if package.size is not None:
        table["size"] = package.size
    table["hashes"] = {"sha256": package.sha256}
    return table
