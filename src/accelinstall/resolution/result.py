"""What a search found, before anything is pinned to hashes."""

from __future__ import annotations

from accelinstall.model.finding import Finding
from accelinstall.model.index import CoreMetadata, IndexFile
from accelinstall.model.project import Source
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedPackage:
    """One chosen wheel.

    :ivar requires: canonical names of the chosen packages it needs on this target, sorted.
    :ivar extras: the extras of it that somebody asked for, sorted.
    :ivar source: where it was found; ``None`` when a URL or path named it directly.
    """

    file: IndexFile
    metadata: CoreMetadata
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    source: Source | None = None

    @property
    def name(self) -> str:
        """Canonical name."""
        return self.file.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Packages that satisfy every requirement.

    :ivar packages: sorted by name.
    :ivar roots: canonical names the project itself asks for on this target, sorted.
    :ivar notes: what the user should know of it, sorted by id and message.
    :ivar degraded: one sentence per source whose place the default index took.
    :ivar overridden: one sentence per package whose requirements an override replaced.
    :ivar visited: candidates the search tried, repeats counted; ``metadata_read`` files whose metadata it had to know.
    """

    packages: tuple[ResolvedPackage, ...] = ()
    roots: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()
    degraded: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    visited: int = 0
    metadata_read: int = 0

    def package(self, name: str) -> ResolvedPackage | None:
        """The package called *name* (canonical), if chosen."""
        return next((package for package in self.packages if package.name == name), None)
