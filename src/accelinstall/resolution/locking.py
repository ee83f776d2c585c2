"""From a resolution to a lock."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from accelinstall.model.index import SourceTree
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import Origin
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
    origin = file.origin if isinstance(file, SourceTree) else None
    if origin is not None and origin.kind != "sdist":
        return LockedPackage(
            name=file.name,
            version=file.version,
            filename="",
            sha256="",
            url=origin.url,
            path=origin.path,
            requires_python=_readable(package.metadata.requires_python),
            requires=package.requires,
            direct=True,
            origin=origin,
        )
    path = local_path(file.url) if origin is None else origin.path
    url = "" if path else file.url if origin is None else origin.url
    sha256 = file.sha256 or finder.sha256(file)
    if not file.is_wheel and origin is None:
        origin = Origin(kind="sdist", url=url, path=path, sha256=sha256)
    return LockedPackage(
        name=file.name,
        version=file.version,
        filename=file.filename,
        sha256=sha256,
        url=url,
        path=path,
        size=file.size or package.metadata.wheel_size,
        source=source.url if source and source.kind == "index" else "",
        requires_python=_readable(file.requires_python or package.metadata.requires_python),
        requires=package.requires,
        direct=source is None,
        origin=origin,
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
