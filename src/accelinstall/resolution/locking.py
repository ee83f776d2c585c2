"""From a resolution to a lock."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.resolution.ports import PackageFinder
from accelinstall.resolution.result import Resolution, ResolvedPackage
from accelinstall.resolution.standards import parse_range


def lock_of(
    resolution: Resolution,
    *,
    target: Target,
    finder: PackageFinder,
    groups: Sequence[str] = (),
    input_hash: str = "",
    requires_python: str = "",
) -> Lock:
    """The lock of *resolution*: the same packages give the same value.

    Cost: a hash per selected file whose index names none.

    :param requires_python: of the project; empty = the target's Python and later.
    """
    return Lock(
        target=target,
        packages=tuple(_locked(package, finder) for package in resolution.packages),
        roots=resolution.roots,
        groups=tuple(groups),
        requires_python=requires_python or f">={target.python_version}",
        input_hash=input_hash,
        degraded=resolution.degraded,
        overridden=resolution.overridden,
    )


def _locked(package: ResolvedPackage, finder: PackageFinder) -> LockedPackage:
    file, source = package.file, package.source
    path = local_path(file.url)
    return LockedPackage(
        name=file.name,
        version=file.version,
        filename=file.filename,
        sha256=file.sha256 or finder.sha256(file),
        url="" if path else file.url,
        path=path,
        size=file.size or package.metadata.wheel_size,
        source=source.url if source and source.kind == "index" else "",
        requires_python=_readable(file.requires_python or package.metadata.requires_python),
        requires=package.requires,
        direct=source is None,
    )


def _readable(requires_python: str) -> str:
    """The same text unless it is no specifier set: it refused nothing, and a lock may not hold it."""
    return requires_python if parse_range(requires_python) is not None else ""


def local_path(url: str) -> str:
    """The path a ``file://`` URL names; empty for any other URL."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return ""
    path = unquote(parts.path)
    # file:///C:/x on Windows.
    return path[1:] if len(path) > 2 and path[0] == "/" and path[2] == ":" else path
