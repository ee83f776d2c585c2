"""From the text of a ``pylock`` file or a ``uv.lock`` to a lock: ours by ``tomllib`` alone, others by ``packaging``."""

from __future__ import annotations

import posixpath
import re
import tomllib
from typing import Any

from accelinstall.errors import AccelinstallError
from accelinstall.lockfile.errors import LockNeedsTarget, MalformedLock, UnsupportedLock
from accelinstall.lockfile.names import absolute_path, last_component
from accelinstall.lockfile.rendering import CREATED_BY, SCHEMA
from accelinstall.lockfile.tables import Table
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.model.target import Target
from accelinstall.values import dataclass, replace

_PLACE = re.compile(r"\s*\(at (line \d+, column \d+|end of document)\)$")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILENAME = re.compile(r"[\w.!+-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SEPARATORS = re.compile(r"[-_.]+")
_HEADER = re.compile(rf"^\[tool\.{CREATED_BY}\]\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHeader:
    """What is needed to see whether a lock is fresh."""

    target: Target
    input_hash: str
    groups: tuple[str, ...] = ()
    workspace: str = ""


def parse_lock(text: str, *, where: str, target: Target | None = None, directory: str = "") -> Lock:
    """The lock that *text* spells.

    Cost: one pass of ``tomllib`` for a lock of ours (a millisecond per ten packages); 60 ms more for another tool's,
    whose packages are chosen for *target*.

    :param where: the file, for messages.
    :param directory: absolute path of its folder, which relative paths start from; empty = as *where* says.
    :raises MalformedLock: with the place inside the file.
    :raises UnsupportedLock: when it is of a later standard or a later accelinstall.
    :raises LockNeedsTarget: for another tool's lock when no *target* is given.
    :raises LockDoesNotFit: for another tool's lock that *target* cannot install.
    """
    document = _load(text, where)
    if document.optional_text("created-by") == CREATED_BY and CREATED_BY in document.table("tool"):
        return _own_lock(document, where, directory or posixpath.dirname(where))
    is_uvs = "lock-version" not in document and "version" in document and "package" in document
    if target is None:
        raise LockNeedsTarget(where=where, created_by="uv" if is_uvs else document.text("created-by"))
    if is_uvs:
        from accelinstall.lockfile.uv import select_uv_lock

        return select_uv_lock(document, where=where, target=target)
    from accelinstall.lockfile.foreign import select_lock

    return select_lock(document.values, where=where, target=target)


def read_header(text: str, *, where: str) -> LockHeader | None:
    """Target and input hash of a lock of ours, without reading its packages; ``None`` for another tool's lock.

    :raises MalformedLock: when the header is broken.
    """
    found = _HEADER.search(text)
    if found is None:
        return None
    table = _load(text[found.start() :], where).table("tool").table(CREATED_BY)
    _check_schema(table, where)
    return LockHeader(
        target=_target(table),
        input_hash=table.text("input-hash"),
        groups=table.texts("groups"),
        workspace=table.optional_text("workspace"),
    )


def _load(text: str, where: str) -> Table:
    try:
        return Table(tomllib.loads(text), where=where)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        reason = _PLACE.sub("", message)
        raise MalformedLock(reason[:1].lower() + reason[1:], where=where, key=place[1] if place else "") from error
    except RecursionError:
        raise MalformedLock("nested too deeply", where=where, key="") from None
    except ValueError as error:
        # A number of thousands of digits.
        raise MalformedLock("not valid TOML", where=where, key="") from error


def _own_lock(document: Table, where: str, directory: str) -> Lock:
    version = document.text("lock-version")
    if version.partition(".")[0] != "1":
        raise UnsupportedLock(where=where, what="lock-version", found=version, known="1.x")
    tool = document.table("tool").table(CREATED_BY)
    _check_schema(tool, where)
    reached = tool.table("group-roots")
    return Lock(
        target=_target(tool),
        packages=tuple(_package(row, directory) for row in document.tables("packages")),
        roots=tool.texts("roots"),
        groups=tool.texts("groups"),
        requires_python=document.optional_text("requires-python"),
        input_hash=tool.text("input-hash"),
        degraded=tool.texts("degraded"),
        overridden=tool.texts("overridden"),
        workspace=tool.optional_text("workspace"),
        group_roots=tuple((group, reached.texts(group)) for group in reached.values),
    )


def _check_schema(table: Table, where: str) -> None:
    schema = table.number("schema")
    if schema != SCHEMA:
        raise UnsupportedLock(where=where, what="[tool.accelinstall] schema", found=schema, known=str(SCHEMA))


def _target(table: Table) -> Target:
    text = table.text("target")
    try:
        return Target.parse(text)
    except AccelinstallError as error:
        raise table.wrong("target", error.message) from error


def _package(row: Table, directory: str) -> LockedPackage:
    shared: dict[str, Any] = {
        "name": row.text("name"),
        "requires_python": row.optional_text("requires-python"),
        "requires": tuple(item.text("name") for item in row.tables("dependencies", required=False)),
    }
    if "directory" in row:
        return _of_directory(row, directory, shared)
    if "vcs" in row:
        return _of_commit(row, shared)
    direct, built = "archive" in row, "sdist" in row
    file = row.table("archive") if direct else row.table("sdist") if built else _only_wheel(row)
    url, path = file.optional_text("url"), file.optional_text("path")
    if bool(url) is bool(path):
        raise file.wrong("", "needs either url or path")
    filename = last_component(url or path) if direct else file.text("name")
    name, version, size = shared["name"], row.text("version"), file.optional_number("size")
    if not direct and not built and not _names(filename, name=name, version=version):
        raise file.wrong("name", f"`{filename}` is not a wheel of {name} {version}")
    if size is not None and size < 0:
        raise file.wrong("size", f"{size} is not a size in bytes")
    package = LockedPackage(
        version=version,
        filename=filename,
        sha256=_sha256(file),
        url=url,
        path=absolute_path(path, directory) if path else "",
        size=size,
        source=row.optional_text("index"),
        direct=direct,
        **shared,
    )
    return package if filename.endswith(".whl") else replace(package, origin=_of_archive(package, file))


def _of_archive(package: LockedPackage, file: Table) -> Origin:
    if not _FILENAME.fullmatch(package.filename):
        raise file.wrong("name", f"`{package.filename}` is not the name of a file")
    subdirectory = file.optional_text("subdirectory")
    return Origin(kind="sdist", url=package.url, path=package.path, sha256=package.sha256, subdirectory=subdirectory)


def _of_directory(row: Table, directory: str, shared: dict[str, Any]) -> LockedPackage:
    folder, known = row.table("directory"), row.table("tool").table(CREATED_BY)
    path = absolute_path(folder.text("path"), directory)
    origin = Origin(
        kind="directory",
        path=path,
        subdirectory=folder.optional_text("subdirectory"),
        editable=folder.flag("editable"),
        digest=known.text("digest"),
    )
    return LockedPackage(
        version=known.text("version"), filename="", sha256="", path=path, direct=True, origin=origin, **shared
    )


def _of_commit(row: Table, shared: dict[str, Any]) -> LockedPackage:
    table = row.table("vcs")
    kind, commit = table.text("type"), table.text("commit-id")
    if kind != "git":
        raise table.wrong("type", f"`{kind}` is not known, only git")
    if not _COMMIT.fullmatch(commit):
        raise table.wrong("commit-id", f"`{commit}` is not a commit in lower-case hexadecimal")
    origin = Origin(
        kind="vcs",
        url=table.text("url"),
        subdirectory=table.optional_text("subdirectory"),
        revision=table.optional_text("requested-revision"),
        commit=commit,
    )
    return LockedPackage(
        version=row.text("version"), filename="", sha256="", url=origin.url, direct=True, origin=origin, **shared
    )


def _names(filename: str, *, name: str, version: str) -> bool:
    """Whether *filename* is that of a wheel of *name* and *version*, and a name rather than a path."""
    parts = filename.removesuffix(".whl").split("-")
    if not filename.endswith(".whl") or len(parts) < 5 or not _FILENAME.fullmatch(filename):
        return False
    if _SEPARATORS.sub("-", parts[0]).lower() != name:
        return False
    if parts[1] == version:
        return True
    from packaging.version import Version

    try:
        return Version(parts[1]) == Version(version)
    except ValueError:
        return False


def _only_wheel(row: Table) -> Table:
    wheels = row.tables("wheels")
    if len(wheels) != 1:
        raise row.wrong("wheels", f"one wheel is expected, there are {len(wheels)}")
    return wheels[0]


def _sha256(file: Table) -> str:
    value = file.table("hashes").text("sha256")
    if not _SHA256.fullmatch(value):
        raise file.wrong("hashes.sha256", f"`{value}` is not a SHA-256 in lower-case hexadecimal")
    return value
