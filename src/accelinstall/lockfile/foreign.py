"""Locks that other tools wrote, read by PEP 751's own rules for one target."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockUnsupportedVersionError,
    PylockValidationError,
)

from accelinstall.lockfile.errors import LockDoesNotFit, MalformedLock, UnsupportedLock
from accelinstall.lockfile.names import last_component
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target


def select_lock(values: Mapping[str, Any], *, where: str, target: Target) -> Lock:
    """What the lock *values* installs on *target*: default groups, no extras, wheels only.

    :raises MalformedLock: when it breaks the standard, with the key.
    :raises LockDoesNotFit: when the standard forbids to install it on *target*, a package has no wheel for it, or a
        file has no SHA-256.
    """
    try:
        pylock = Pylock.from_dict(values)
    except PylockUnsupportedVersionError as error:
        raise UnsupportedLock(where=where, what="lock-version", found=values["lock-version"], known="1.x") from error
    except PylockValidationError as error:
        reason = error.message[:1].lower() + error.message[1:]
        raise MalformedLock(reason, where=where, key=error.context or "") from error
    try:
        environment: Any = target.markers()
        chosen = list(pylock.select(environment=environment, tags=target.tags()))
    except PylockSelectError as error:
        raise LockDoesNotFit(where=where, problems=[str(error)]) from error
    return _lock(pylock, chosen, where=where, target=target)


def _lock(pylock: Pylock, chosen: list[tuple[Package, Any]], *, where: str, target: Target) -> Lock:
    names = {package.name for package, _ in chosen}
    packages: list[LockedPackage] = []
    problems: list[str] = []
    for package, file in chosen:
        problem = _refuse(package, file)
        if problem:
            problems.append(problem)
        else:
            packages.append(_locked(package, file, names=names, where=where))
    if problems:
        raise LockDoesNotFit(where=where, problems=problems)
    needed = {name for package in packages for name in package.requires}
    return Lock(
        target=target,
        packages=tuple(sorted(packages, key=lambda package: package.name)),
        roots=tuple(sorted(names - needed)),
        groups=tuple(pylock.default_groups or ()),
        requires_python=str(pylock.requires_python or ""),
    )


def _refuse(package: Package, file: object) -> str:
    """Why *file* cannot be taken as it is; empty when it can."""
    if isinstance(file, PackageWheel) or (isinstance(file, PackageArchive) and _filename(file).endswith(".whl")):
        return "" if "sha256" in file.hashes else f"`{package.name}` has no SHA-256 in the lock"
    kind = {"PackageVcs": "a VCS address", "PackageDirectory": "a folder"}.get(type(file).__name__, "a source archive")
    return f"`{package.name}` is {kind}, which has to be built"


def _locked(package: Package, file: PackageWheel | PackageArchive, *, names: set[Any], where: str) -> LockedPackage:
    filename = _filename(file)
    url = file.url or ""
    return LockedPackage(
        name=package.name,
        version=str(package.version) if package.version else filename.split("-")[1],
        filename=filename,
        sha256=file.hashes["sha256"].lower(),
        url=url,
        path="" if url else _absolute(file.path or "", where),
        size=file.size,
        source=package.index or "",
        requires_python=str(package.requires_python or ""),
        requires=tuple(sorted({row["name"] for row in package.dependencies or () if row.get("name") in names})),
        direct=isinstance(file, PackageArchive),
    )


def _filename(file: PackageWheel | PackageArchive) -> str:
    if isinstance(file, PackageWheel):
        return file.filename
    return last_component(file.url or file.path or "")


def _absolute(path: str, where: str) -> str:
    """*path* from the folder of the lock file, as the standard says."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(where), path))
