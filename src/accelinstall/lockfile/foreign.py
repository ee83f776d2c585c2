"""Locks that other tools wrote, read by PEP 751's own rules for one target."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockUnsupportedVersionError,
    PylockValidationError,
)

from accelinstall.lockfile.errors import LockDoesNotFit, MalformedLock, UnsupportedLock
from accelinstall.lockfile.names import absolute_path, last_component
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.model.target import Target

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def select_lock(values: Mapping[str, Any], *, where: str, target: Target) -> Lock:
    """What the lock *values* installs on *target*: default groups, no extras.

    :raises MalformedLock: when it breaks the standard, with the key.
    :raises LockDoesNotFit: when the standard forbids to install it on *target*, a package has no file for it, or a
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
    if isinstance(file, (PackageWheel, PackageArchive, PackageSdist)) and "sha256" not in file.hashes:
        return f"`{package.name}` has no SHA-256 in the lock"
    if isinstance(file, PackageVcs) and file.type != "git":
        return f"`{package.name}` is kept in {file.type}, and only Git is known"
    if isinstance(file, PackageVcs) and not _COMMIT.fullmatch(file.commit_id):
        return f"`{package.name}` has `{file.commit_id}` in place of a commit"
    return ""


def _locked(package: Package, file: object, *, names: set[Any], where: str) -> LockedPackage:
    shared: dict[str, Any] = {
        "name": package.name,
        "version": str(package.version or ""),
        "requires_python": str(package.requires_python or ""),
        "requires": tuple(sorted({row["name"] for row in package.dependencies or () if row.get("name") in names})),
    }
    if isinstance(file, (PackageVcs, PackageDirectory)):
        tree = _tree(file, where)
        return LockedPackage(filename="", sha256="", url=tree.url, path=tree.path, direct=True, origin=tree, **shared)
    assert isinstance(file, (PackageWheel, PackageArchive, PackageSdist)), "the standard knows no other"
    filename, url = _filename(file), file.url or ""
    path = "" if url else absolute_path(file.path or "", posixpath.dirname(where))
    sha256 = file.hashes["sha256"].lower()
    is_wheel = filename.endswith(".whl")
    subdirectory = (file.subdirectory or "") if isinstance(file, PackageArchive) else ""
    origin = None if is_wheel else Origin(kind="sdist", url=url, path=path, sha256=sha256, subdirectory=subdirectory)
    if is_wheel and not shared["version"]:
        shared["version"] = filename.split("-")[1]
    return LockedPackage(
        filename=filename,
        sha256=sha256,
        url=url,
        path=path,
        size=file.size,
        source=package.index or "",
        direct=isinstance(file, PackageArchive),
        origin=origin,
        **shared,
    )


def _tree(file: PackageVcs | PackageDirectory, where: str) -> Origin:
    subdirectory = file.subdirectory or ""
    if isinstance(file, PackageDirectory):
        path = absolute_path(file.path, posixpath.dirname(where))
        return Origin(kind="directory", path=path, subdirectory=subdirectory, editable=bool(file.editable))
    url = file.url or "file://" + absolute_path(file.path or "", posixpath.dirname(where))
    revision = file.requested_revision or ""
    return Origin(kind="vcs", url=url, subdirectory=subdirectory, revision=revision, commit=file.commit_id)


def _filename(file: PackageWheel | PackageArchive | PackageSdist) -> str:
    if not isinstance(file, PackageArchive):
        return file.filename
    return last_component(file.url or file.path or "")
