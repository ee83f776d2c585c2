"""What resolution needs from the outside: one port, and what each of its calls costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from accelinstall.model.index import CoreMetadata, IndexFile, ProjectStatus, SourceTree, VariantWheel
from accelinstall.model.project import Source
from accelinstall.model.variants import ReleaseVariants

UNREACHABLE = "source-unreachable"
"""The ``code`` of the :class:`~accelinstall.errors.SourceError` that says a source did not answer at all.

Resolution recognises it by this code, so that it need not know the room that raises it.
"""


REFUSES = "source-refuses-login"
"""The ``code`` of the error for a page that a source shows to nobody, or not to us (401, 403).

For a name that only follows its family this means that the source does not have it: pytorch's index answers 403 for
names it does not know.  For every other name it is an error.
"""


class PackageFinder(Protocol):
    """Package indexes, find-links folders and the metadata of their files.

    Every answer is kept: asking twice costs a dictionary look-up.  All errors are
    :class:`~accelinstall.errors.SourceError`.
    """

    def releases(self, source: Source, name: str) -> Mapping[str, tuple[IndexFile, ...]]:
        """Everything *source* offers under the canonical *name*, by version as written; empty when it knows none.

        Cost: one request (up to megabytes) unless prefetched, then only the wait for it; the files of a version are
        made when it is looked at, for a page may hold ten thousand.  Raises an error with the
        code ``source-unreachable`` when the source does not answer, another one when it answers nonsense.
        """

    def status(self, source: Source, name: str) -> ProjectStatus | None:
        """What *source* said of the whole project when its releases were read; ``None`` for an active one.

        Cost: nothing.
        """

    def metadata(self, file: IndexFile) -> CoreMetadata:
        """What the wheel *file* says of itself; a direct URL comes with an empty ``source``.

        Cost: one small request when there is a ``.metadata`` file, two ranged reads of the wheel's tail when not, and
        the whole wheel when its server knows no ranges.
        """

    def prefetch(self, requests: Iterable[tuple[Source, str]]) -> None:
        """Starts fetching pages and returns at once; errors wait for the matching :meth:`releases`."""

    def prefetch_metadata(self, files: Iterable[IndexFile]) -> None:
        """Starts fetching metadata and returns at once; errors wait for the matching :meth:`metadata`."""

    def variants(self, file: VariantWheel) -> ReleaseVariants | None:
        """What the release of *file* says of its variants; ``None`` when it says nothing.

        Cost: one small request per release; called only when :meth:`releases` offers variant wheels.
        """

    def sha256(self, file: IndexFile) -> str:
        """The hash of *file*, lower-case hex.

        Cost: nothing when the index names it, else the whole file is read; called for selected files only.
        """


@runtime_checkable
class Foreseeing(Protocol):
    """What a finder that reads in the background can also say; neither call waits for anything."""

    def has_releases(self, source: Source, name: str) -> bool:
        """Whether :meth:`PackageFinder.releases` would answer at once, with an error too."""

    def has_metadata(self, file: IndexFile) -> bool:
        """Whether :meth:`PackageFinder.metadata` would answer at once, with an error too."""


class SourceReader(Protocol):
    """What wheels can be built from.

    Every answer is kept.  All errors are :class:`~accelinstall.errors.BuildError` or
    :class:`~accelinstall.errors.SourceError`.
    """

    def find(self, url: str, *, name: str, where: str) -> SourceTree:
        """The archive, folder (``file:``) or commit (``git+...``) that *url* names for the package *name*.

        Cost: the whole archive, a clone of the repository, or a few files of a folder; a build where its metadata is
        nowhere written down.

        :param where: the place that asks for it, for messages.
        """

    def metadata(self, file: IndexFile) -> CoreMetadata:
        """What the archive *file* of an index, or what :meth:`find` gave, says of itself.

        Cost: the whole archive; a build where it does not say.
        """
