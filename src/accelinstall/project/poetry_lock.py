"""``poetry.lock`` 1.x and 2.x: which versions Poetry has chosen, for which groups and markers, from which files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from accelinstall.errors import ProjectError
from accelinstall.project.content_hash import content_hash
from accelinstall.project.document import dotted
from accelinstall.project.markers import settle_extras
from accelinstall.project.positions import Path, Positions
from accelinstall.project.requirement import canonical
from accelinstall.values import dataclass, field

POETRY_LOCK = "poetry.lock"
_GENERATOR = re.compile(r"#[^\n]*\bPoetry (\d+(?:\.\d+)*)")
_PACKAGES = re.compile(r"^\[\[package\]\].*?(?=^\[(?:extras|metadata)\])", re.MULTILINE | re.DOTALL)
_IGNORE = f"leave {POETRY_LOCK} aside with `--ignore-poetry-lock`"
# The project itself says where these are, and what is there may have moved on since.
_DIRECT = {"directory", "file", "git", "url"}

T = TypeVar("T")


class MalformedPoetryLock(ProjectError):
    """A ``poetry.lock`` that cannot be read, such as one with the marks of a merge in it."""

    code = "malformed-poetry-lock"

    def __init__(self, reason: str, *, where: str) -> None:
        super().__init__(f"{where}: {reason}", hint=f"write it anew with `poetry lock`, or {_IGNORE}")
        self.where = where


class UnsupportedPoetryLock(ProjectError):
    """A ``poetry.lock`` of a format that is not known."""

    code = "unsupported-poetry-lock"

    def __init__(self, version: str) -> None:
        super().__init__(f"{POETRY_LOCK} has the lock-version {version}; known are 1.x and 2.x", hint=_IGNORE)
        self.version = version


class StalePoetryLock(ProjectError):
    """``pyproject.toml`` has changed since Poetry wrote its lock."""

    code = "stale-poetry-lock"

    def __init__(self, *, generator: str) -> None:
        writer = f", which Poetry {generator} wrote," if generator else ""
        super().__init__(f"{POETRY_LOCK}{writer} is not for this pyproject.toml", hint=f"poetry lock\nor {_IGNORE}")
        self.generator = generator


@dataclass(frozen=True, slots=True, kw_only=True)
class PoetryPackage:
    """One version of one package.

    :ivar name: canonical.
    :ivar groups: canonical names; empty before lock-version 2.1, which does not tell.
    :ivar markers: where it is wanted: group -> marker, the group ``""`` = all others; absent = everywhere.
    :ivar source: ``legacy``, ``git``, ``url``...; empty for the default index.  ``source_url`` its address.
    :ivar hashes: file name -> ``sha256:...`` of every file of it.
    """

    name: str
    version: str
    groups: tuple[str, ...] = ()
    markers: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    source_url: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoetryLock:
    """A ``poetry.lock``, read whole.

    :ivar generator: the Poetry that wrote it, empty when it does not say.
    """

    lock_version: str
    content_hash: str
    generator: str = ""
    packages: tuple[PoetryPackage, ...] = ()

    def is_made_from(self, pyproject: Mapping[str, Any]) -> bool:
        """Whether it was made from the ``pyproject.toml`` read as *pyproject*, as the Poetry that wrote it judges."""
        generator = tuple(map(int, self.generator.split("."))) if self.generator else ()
        known = {content_hash(pyproject)}
        if generator < (2, 3):
            known.add(content_hash(pyproject, dependency_groups=False))
        if generator < (2,):
            known.add(content_hash(pyproject, project=False))
        return self.content_hash in known

    def chosen(
        self, *, groups: Collection[str], environment: Mapping[str, str], extras: Collection[str] = ()
    ) -> tuple[PoetryPackage, ...]:
        """The packages it means for *groups* of the project and an *environment* of markers, by name.

        Of a name with several versions whose markers do not tell them apart none is chosen, and none that the
        project names by its address.
        """
        from packaging.markers import Marker

        asked = {canonical(name) for name in groups}
        wanted_extras = {canonical(name) for name in extras}

        def holds(text: str) -> bool:
            settled = settle_extras(text, wanted_extras) if "extra" in text else text
            return settled == "" or (settled is not None and Marker(settled).evaluate(dict(environment)))

        by_name: dict[str, list[PoetryPackage]] = {}
        for package in self.packages:
            mine = asked.intersection(package.groups)
            markers = {package.markers.get(group, package.markers.get("", "")) for group in mine or ("",)}
            if (mine or not package.groups) and any(map(holds, markers)):
                by_name.setdefault(package.name, []).append(package)
        only = (packages[0] for _, packages in sorted(by_name.items()) if len(packages) == 1)
        return tuple(package for package in only if package.source not in _DIRECT)


def packages_digest(text: str) -> str:
    """The sha256 (hex) of what a ``poetry.lock`` says of packages; costs no reading of TOML.

    Who wrote it and from which ``pyproject.toml`` does not count.
    """
    import hashlib

    found = _PACKAGES.search(text)
    return hashlib.sha256((found[0] if found else text).strip().encode()).hexdigest()


def parse_poetry_lock(text: str) -> PoetryLock:
    """The lock that *text* spells.

    :raises MalformedPoetryLock: with the line.
    :raises UnsupportedPoetryLock: for a format later than 2.x.
    """
    import tomllib

    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedPoetryLock(f"not valid TOML: {error}", where=POETRY_LOCK) from None
    reader = _Reader(text, data)
    version = reader.get(("metadata", "lock-version"), str, "1.0")
    if version.partition(".")[0] not in {"1", "2"}:
        raise UnsupportedPoetryLock(version)
    generator = _GENERATOR.match(text)
    return PoetryLock(
        lock_version=version,
        content_hash=reader.get(("metadata", "content-hash"), str, ""),
        generator=generator[1] if generator else "",
        packages=tuple(
            _package(reader, ("package", number)) for number in range(len(reader.get(("package",), list, [])))
        ),
    )


def _package(reader: _Reader, path: Path) -> PoetryPackage:
    name = reader.get((*path, "name"), str)
    # Before lock-version 2 the files of all packages stand together.
    files: Path = (*path, "files")
    if reader.get(files, list, None) is None:
        files = ("metadata", "files", name)
    numbers = range(len(reader.get(files, list, [])))
    return PoetryPackage(
        name=canonical(name),
        version=_version(reader, (*path, "version")),
        groups=tuple(
            canonical(reader.get((*path, "groups", number), str))
            for number in range(len(reader.get((*path, "groups"), list, [])))
        ),
        markers=_markers(reader, (*path, "markers")),
        source=reader.get((*path, "source", "type"), str, ""),
        source_url=reader.get((*path, "source", "url"), str, ""),
        hashes={
            reader.get((*files, number, "file"), str): reader.get((*files, number, "hash"), str) for number in numbers
        },
    )


def _version(reader: _Reader, path: Path) -> str:
    from packaging.version import InvalidVersion, Version

    text = reader.get(path, str)
    try:
        return str(Version(text))
    except InvalidVersion:
        raise reader.wrong(path, f"`{text}` is not a version") from None


def _markers(reader: _Reader, path: Path) -> dict[str, str]:
    from packaging.markers import InvalidMarker, Marker

    if isinstance(reader.value(path), dict):
        found = {canonical(group): reader.get((*path, group), str) for group in reader.get(path, dict, {})}
    else:
        found = {"": text} if (text := reader.get(path, str, "")) else {}
    for text in found.values():
        try:
            Marker(text)
        except InvalidMarker:
            raise reader.wrong(path, f"`{text}` is not a marker") from None
    return found


class _Reader:
    """Typed values of a TOML file; the line of one that is wrong is looked up only then."""

    def __init__(self, text: str, data: Mapping[str, Any]) -> None:
        self._text, self._data = text, data

    def value(self, path: Path) -> object:
        found: Any = self._data
        for depth, step in enumerate(path):
            if isinstance(found, dict):
                found = found.get(str(step))
            elif isinstance(found, list) and isinstance(step, int):
                found = found[step]
            elif found is not None:
                raise self.wrong(path[:depth], f"`{dotted(path[:depth])}` must be a table")
        return found

    def get(self, path: Path, kind: type[T], *absent: T | None) -> T:
        found = self.value(path)
        if isinstance(found, kind):
            return found
        if found is None and absent:
            return absent[0]  # type: ignore[return-value]
        raise self.wrong(
            path, f"`{dotted(path)}` is missing" if found is None else f"`{dotted(path)}` is of a wrong type"
        )

    def wrong(self, path: Path, reason: str) -> MalformedPoetryLock:
        line = Positions(self._text).line(*path)
        return MalformedPoetryLock(reason, where=f"{POETRY_LOCK}:{line}" if line else POETRY_LOCK)
