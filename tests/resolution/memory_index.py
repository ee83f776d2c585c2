"""Package indexes that live in memory, described as TOML, with a count of every call."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from accelinstall.errors import SourceError
from accelinstall.model.index import CoreMetadata, IndexFile, ProjectStatus
from accelinstall.model.project import Source
from accelinstall.resolution import REFUSES, UNREACHABLE

DEFAULT_INDEX = "https://index.test/simple/"


class Unreachable(SourceError):
    """A source that does not answer."""

    code = UNREACHABLE


class Refused(SourceError):
    """A page that is shown to nobody."""

    code = REFUSES


class Malformed(SourceError):
    """Metadata nobody can read."""

    code = "malformed-metadata"


class MemoryIndex:
    """A ``PackageFinder`` over dictionaries.

    :ivar pages: source name -> package name -> files, in the order they are offered.
    :ivar asked: (call, subject) -> how often.
    """

    def __init__(
        self,
        sources: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        unreachable: Iterable[str] = (),
        refused: Iterable[str] = (),
    ) -> None:
        self.pages: dict[str, dict[str, list[IndexFile]]] = {}
        self._metadata: dict[str, CoreMetadata | SourceError] = {}
        self._statuses: dict[tuple[str, str], ProjectStatus] = {}
        self.unreachable, self.refused = set(unreachable), set(refused)
        self.asked: Counter[tuple[str, str]] = Counter()
        for source, packages in sources.items():
            self.pages[source] = {}
            for package in packages:
                self._add(source, package)

    def releases(self, source: Source, name: str) -> dict[str, tuple[IndexFile, ...]]:
        self.asked["files", f"{source.name}/{name}"] += 1
        if source.name in self.unreachable:
            raise Unreachable(f"source `{source.name}` cannot be reached")
        if f"{source.name}/{name}" in self.refused:
            raise Refused(f"source `{source.name}` answers 403 for `{name}`")
        by_version: dict[str, tuple[IndexFile, ...]] = {}
        for file in self.pages.get(source.name, {}).get(name, ()):
            by_version[file.version] = (*by_version.get(file.version, ()), file)
        return by_version

    def status(self, source: Source, name: str) -> ProjectStatus | None:
        return self._statuses.get((source.name, name))

    def metadata(self, file: IndexFile) -> CoreMetadata:
        self.asked["metadata", file.filename] += 1
        found = self._metadata[file.url]
        if isinstance(found, SourceError):
            raise found
        return found

    def prefetch(self, requests: Iterable[tuple[Source, str]]) -> None:
        for source, name in requests:
            self.asked["prefetch", f"{source.name}/{name}"] += 1

    def prefetch_metadata(self, files: Iterable[IndexFile]) -> None:
        for file in files:
            self.asked["prefetch_metadata", file.filename] += 1

    def sha256(self, file: IndexFile) -> str:
        self.asked["sha256", file.filename] += 1
        return hashlib.sha256(file.filename.encode()).hexdigest()

    def count(self, call: str) -> int:
        """How often *call* was made."""
        return sum(number for (name, _), number in self.asked.items() if name == call)

    def _add(self, source: str, package: Mapping[str, Any]) -> None:
        name = canonicalize_name(package["name"])
        if "status" in package:
            status = ProjectStatus(marker=package["status"], reason=package.get("status_reason", ""))
            self._statuses[source, name] = status
        for version in package.get("versions", [package.get("version", "1.0")]):
            for filename in _filenames(package, version):
                file = self._file(source, name, version, filename, package)
                self.pages[source].setdefault(name, []).append(file)
                self._metadata[file.url] = self._read(name, version, package)

    @staticmethod
    def _file(source: str, name: str, version: str, filename: str, package: Mapping[str, Any]) -> IndexFile:
        scheme = {"project-links": "file:///project/wheels"}.get(source, f"https://{source}.test/files")
        return IndexFile(
            filename=filename,
            url=f"{scheme}/{filename}",
            name=name,
            version=version,
            source=source,
            is_wheel=filename.endswith(".whl"),
            sha256="" if package.get("unhashed") else hashlib.sha256(f"{source}/{filename}".encode()).hexdigest(),
            size=1000,
            requires_python=package.get("file_requires_python", package.get("requires_python", "")),
            yanked=package.get("yanked"),
            upload_time=package.get("uploaded", ""),
        )

    @staticmethod
    def _read(name: str, version: str, package: Mapping[str, Any]) -> CoreMetadata | SourceError:
        if package.get("malformed"):
            return Malformed(f"the metadata of {name} {version} cannot be read")
        return CoreMetadata(
            name=package.get("metadata_name", name),
            version=package.get("metadata_version", version),
            requires_dist=tuple(text.replace("{version}", version) for text in package.get("requires", ())),
            requires_python=package.get("requires_python", ""),
            provides_extra=tuple(package.get("extras", ())),
        )


def _filenames(package: Mapping[str, Any], version: str) -> list[str]:
    base = f"{package['name'].replace('-', '_')}-{version}"
    if package.get("sdist") is True:
        return [f"{base}.tar.gz"]
    names = [f"{base}-{tag}.whl" for tag in package.get("tags", ["py3-none-any"])]
    return [*names, f"{base}.tar.gz"] if package.get("sdist") == "too" else names
