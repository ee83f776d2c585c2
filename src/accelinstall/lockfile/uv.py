"""``uv.lock``: what it installs on one target, by walking from the project through the dependencies that apply."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from accelinstall.lockfile.errors import LockDoesNotFit, UnsupportedLock
from accelinstall.lockfile.names import last_component
from accelinstall.lockfile.tables import Table
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.model.project import MAIN
from accelinstall.model.target import Target

_FORMAT = 1
# What uv installs beside the project's own dependencies unless told otherwise.
_DEFAULT_GROUPS = ("dev",)
_LOCAL = {"virtual", "editable", "directory"}
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_Wanted = tuple[Table, str]


def select_uv_lock(document: Table, *, where: str, target: Target) -> Lock:
    """What the ``uv.lock`` in *document* installs on *target*: the project's dependencies and its group ``dev``.

    The project itself is not among them, nor are its extras.

    :raises MalformedLock: with the place.
    :raises UnsupportedLock: when it is of a later format.
    :raises LockDoesNotFit: when *target* cannot install it.
    """
    version = document.number("version")
    if version != _FORMAT:
        raise UnsupportedLock(where=where, what="version", found=version, known=str(_FORMAT))
    walk = _Walk(document, where=where, target=target)
    walk.check_python(document)
    groups: dict[str, tuple[str, ...]] = {}
    for root in walk.roots:
        names = walk.reach(root.tables("dependencies", required=False))
        groups[MAIN] = tuple(sorted({*groups.get(MAIN, ()), *names}))
        more = root.table("dev-dependencies")
        for group in (name for name in _DEFAULT_GROUPS if name in more):
            groups[group] = tuple(sorted({*groups.get(group, ()), *walk.reach(more.tables(group))}))
    packages = walk.locked()
    return Lock(
        target=target,
        packages=packages,
        roots=tuple(sorted({name for names in groups.values() for name in names})),
        groups=tuple(groups),
        requires_python=document.optional_text("requires-python"),
        group_roots=tuple(groups.items()),
    )


class _Walk:
    """Which packages are reached, with which extras, and what stands against them."""

    def __init__(self, document: Table, *, where: str, target: Target) -> None:
        self._where = where
        self._markers: Mapping[str, str] = {**target.markers(), "extra": ""}
        self._ranks = {tag: rank for rank, tag in enumerate(target.tags())}
        self._by_name: dict[str, list[Table]] = {}
        for row in document.tables("package"):
            self._by_name.setdefault(canonicalize_name(row.text("name")), []).append(row)
        self._reached: dict[str, Table] = {}
        self._needs: dict[str, set[str]] = {}
        self._problems: dict[str, None] = {}

    @property
    def roots(self) -> list[Table]:
        """The project in the lock's own folder, else every project of the workspace."""
        own = [row for rows in self._by_name.values() for row in rows if row.table("source").values.keys() & _LOCAL]
        here = [row for row in own if "." in row.table("source").values.values()]
        return here or own

    def check_python(self, document: Table) -> None:
        """Notes when the target's Python is not among those the lock is for."""
        text = document.optional_text("requires-python")
        try:
            allowed = SpecifierSet(text)
        except InvalidSpecifier:
            raise document.wrong("requires-python", f"`{text}` is not a Python requirement") from None
        if not allowed.contains(self._markers["python_full_version"], prereleases=True):
            self._problems[f"it is for Python {text}, not {self._markers['python_version']}"] = None

    def reach(self, dependencies: list[Table]) -> tuple[str, ...]:
        """The names that *dependencies* lead to themselves; all that those need is reached too."""
        found = list(self._applying(dependencies))
        waiting = list(found)
        met: set[tuple[str, str]] = set()
        while waiting:
            row, extra = waiting.pop()
            name = canonicalize_name(row.text("name"))
            if self._reached.setdefault(name, row) is not row:
                self._problems[f"`{name}` is wanted in two versions at once"] = None
                continue
            if (name, extra) in met:
                continue
            met.add((name, extra))
            more = row.table("optional-dependencies").tables(extra, required=False) if extra else None
            needed = list(self._applying(row.tables("dependencies", required=False) if more is None else more))
            self._needs.setdefault(name, set()).update(canonicalize_name(need.text("name")) for need, _ in needed)
            waiting += needed
        return tuple(canonicalize_name(row.text("name")) for row, _ in found)

    def _applying(self, dependencies: list[Table]) -> Iterator[_Wanted]:
        """(package, extra) of every dependency whose marker holds; the extra is empty for the package itself."""
        for item in dependencies:
            if not self._holds(item, "marker", item.optional_text("marker")):
                continue
            row = self._package(item)
            yield row, ""
            yield from ((row, extra) for extra in item.texts("extra"))

    def _holds(self, table: Table, key: str, text: str) -> bool:
        try:
            return not text or Marker(text).evaluate(dict(self._markers))
        except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
            raise table.wrong(key, f"`{text}` is not a marker") from None

    def _package(self, item: Table) -> Table:
        """The package a dependency means: by version and source where it names them, else by the forks' markers."""
        name = item.text("name")
        rows = self._by_name.get(canonicalize_name(name), [])
        for key in ("version", "source"):
            if key in item:
                rows = [row for row in rows if row.values.get(key) == item.values[key]]
        if len(rows) > 1:
            rows = [row for row in rows if self._is_for_target(row)]
        if len(rows) != 1:
            found = "is not among the packages" if not rows else f"could be {len(rows)} of the packages"
            raise item.wrong("name", f"`{name}` {found}")
        return rows[0]

    def _is_for_target(self, row: Table) -> bool:
        forks = row.texts("resolution-markers")
        return not forks or any(self._holds(row, "resolution-markers", text) for text in forks)

    def locked(self) -> tuple[LockedPackage, ...]:
        """Everything reached, by name.

        :raises LockDoesNotFit: with every reason against it.
        """
        found = [self._locked(name, row) for name, row in sorted(self._reached.items())]
        if self._problems:
            raise LockDoesNotFit(where=self._where, problems=list(self._problems))
        return tuple(package for package in found if package is not None)

    def _locked(self, name: str, row: Table) -> LockedPackage | None:
        source = row.table("source")
        kind = next(iter(source.values), "")
        if kind == "virtual":
            return None  # no package, only what it needs
        requires = tuple(sorted(self._needs.get(name, set()) & self._reached.keys()))
        shared: dict[str, Any] = {"name": name, "version": row.optional_text("version"), "requires": requires}
        if kind in {"git", "directory", "editable"}:
            origin = self._tree(source, kind)
            return LockedPackage(
                filename="", sha256="", url=origin.url, path=origin.path, direct=True, origin=origin, **shared
            )
        found = self._best(row) or self._archive(row)
        if found is None:
            self._problems[f"`{name}` {shared['version']} has neither a wheel nor an archive for the target"] = None
            return None
        return self._of_file(*found, source=source, shared=shared)

    def _of_file(self, filename: str, file: Table, *, source: Table, shared: dict[str, Any]) -> LockedPackage | None:
        algorithm, _, digest = file.optional_text("hash").partition(":")
        if algorithm != "sha256" or not _SHA256.fullmatch(digest):
            self._problems[f"`{shared['name']}` has no SHA-256 in the lock"] = None
            return None
        registry = source.optional_text("registry")
        url = file.optional_text("url") or source.optional_text("url")
        path = "" if url else self._path(registry, file.optional_text("path") or source.optional_text("path"))
        is_wheel = filename.endswith(".whl")
        if is_wheel and not shared["version"]:
            shared["version"] = filename.split("-")[1]
        subdirectory = source.optional_text("subdirectory")
        return LockedPackage(
            filename=filename,
            sha256=digest,
            url=url,
            path=path,
            size=file.optional_number("size"),
            source=registry if "://" in registry else "",
            direct=not registry,
            origin=None
            if is_wheel
            else Origin(kind="sdist", url=url, path=path, sha256=digest, subdirectory=subdirectory),
            **shared,
        )

    def _archive(self, row: Table) -> tuple[str, Table] | None:
        """(file name, row) of the source archive, where there is one."""
        if "sdist" not in row:
            return None
        file, source = row.table("sdist"), row.table("source")
        address = file.optional_text("url") or file.optional_text("path")
        return last_component(address or source.optional_text("url") or source.optional_text("path")), file

    def _tree(self, source: Table, kind: str) -> Origin:
        if kind != "git":
            path = self._path("", source.text(kind))
            return Origin(kind="directory", path=path, editable=kind == "editable")
        address, _, commit = source.text("git").partition("#")
        url, _, query = address.partition("?")
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        revision = next((asked[key] for key in ("tag", "branch", "rev") if key in asked), "")
        if not _COMMIT.fullmatch(commit):
            raise source.wrong("git", f"`{commit}` is not a commit in lower-case hexadecimal")
        return Origin(kind="vcs", url=url, revision=revision, commit=commit, subdirectory=asked.get("subdirectory", ""))

    def _best(self, row: Table) -> tuple[str, Table] | None:
        """(file name, row) of the wheel that fits best."""
        fitting = []
        for file in row.tables("wheels", required=False):
            address = file.optional_text("filename") or file.optional_text("url") or file.optional_text("path")
            filename = last_component(address)
            try:
                project, version, build, tags = parse_wheel_filename(filename)
            except InvalidWheelFilename:
                continue  # a variant, or a name that no installer takes
            if not _is_of(row, project, version):
                raise file.wrong("", f"`{filename}` is not a wheel of {row.text('name')}")
            ranks = [self._ranks[tag] for tag in tags if tag in self._ranks]
            if ranks:
                fitting.append((-min(ranks), build, filename, file))
        if not fitting:
            return None
        *_, filename, file = max(fitting, key=lambda one: one[:3])
        return filename, file

    def _path(self, registry: str, path: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(self._where), registry, path))


def _is_of(row: Table, project: str, version: Version) -> bool:
    text = row.optional_text("version")
    try:
        return canonicalize_name(row.text("name")) == project and (not text or Version(text) == version)
    except InvalidVersion:
        raise row.wrong("version", f"`{text}` is not a version") from None
