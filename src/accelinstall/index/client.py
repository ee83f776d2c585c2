"""The index client: every page and every file's metadata read once, early where that was asked for."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import TracebackType
from typing import Any, Self

from accelinstall.index.errors import (
    MetadataChanged,
    MetadataNeedsBuild,
    MetadataUnreadable,
    VariantsUnreadable,
)
from accelinstall.index.filenames import canonical
from accelinstall.index.jobs import Job, Workers
from accelinstall.index.links import Releases
from accelinstall.index.listings import Shelf, read_project_page, read_shelf, unreachable
from accelinstall.index.metadata_cache import MetadataCache
from accelinstall.index.metadata_text import parse_metadata
from accelinstall.index.mirrors import Mirrors
from accelinstall.index.wheel_metadata import read_wheel_metadata
from accelinstall.index.wheel_tail import TailMalformed
from accelinstall.model.index import CoreMetadata, IndexFile, ProjectStatus, VariantWheel
from accelinstall.model.project import Source
from accelinstall.model.variants import ReleaseVariants
from accelinstall.net import HttpClient, HttpError, NotFound
from accelinstall.net.origins import path_of
from accelinstall.values import replace

# Parsing takes turns, so near an index more threads only open more connections; far from one, waiting is what counts.
THREADS_NEAR, THREADS_FAR = 12, 32
_FAR_SECONDS = 0.005


class IndexClient:
    """Reads package indexes and find-links places; thread-safe, and a context manager.

    Whatever was asked once is kept for the life of the client, errors too.  ``prefetch`` starts reading in the
    background, and a question about something on its way waits for it: nothing is fetched twice.

    :param cache_dir: folder for metadata that outlives the run; empty keeps none.
    :param threads: read at once in the background; by default as many as the distance to the index makes worth while.
    :param mirrors: addresses rewritten when fetching; what is returned carries the canonical ones.
    :param variants: wheel variants (PEP 825) are files like any other; without it nobody sees them.
    """

    def __init__(
        self,
        http: HttpClient,
        cache_dir: str = "",
        *,
        threads: int | None = None,
        mirrors: Mirrors | None = None,
        variants: bool = False,
    ) -> None:
        self._http, self._mirrors, self._sees_variants = http, mirrors or Mirrors(), variants
        self._kept = MetadataCache(cache_dir) if cache_dir else None
        self._threads, self._workers = threads, Workers(threads or THREADS_NEAR)
        self._lock = threading.Lock()
        self._releases: dict[tuple[Source, str], Job[Mapping[str, tuple[IndexFile, ...]]]] = {}
        self._statuses: dict[tuple[Source, str], ProjectStatus] = {}
        self._shelves: dict[Source, Job[Shelf]] = {}
        self._metadata: dict[tuple[str, str], Job[CoreMetadata]] = {}
        self._hashes: dict[str, Job[str]] = {}
        self._variants: dict[str, Job[ReleaseVariants]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def rest(self, patience: float) -> None:
        """Let idle threads end; see :meth:`Workers.rest <accelinstall.index.jobs.Workers.rest>`."""
        self._workers.rest(patience)

    def close(self) -> None:
        """Drop what is queued; the HTTP client stays with its owner."""
        self._workers.close()

    def releases(self, source: Source, name: str) -> Mapping[str, tuple[IndexFile, ...]]:
        """Version text -> wheels and source archives of project *name* in *source*; empty when it is not known.

        Files are made when their version is looked at.

        :raises SourceUnreachable: when the source cannot be read; :class:`PageMalformed` when it answers nonsense.
        """
        return self._releases_job(source, name).result()

    def status(self, source: Source, name: str) -> ProjectStatus | None:
        """What *source* says of the whole project *name*; ``None`` for an active one, and before it was read."""
        return self._statuses.get((source, canonical(name)))

    def files(self, source: Source, name: str) -> tuple[IndexFile, ...]:
        """All :meth:`releases`, one version's files after the other's, each in page order."""
        return tuple(chain.from_iterable(self.releases(source, name).values()))

    def metadata(self, file: IndexFile) -> CoreMetadata:
        """The metadata of *file*: kept from before, from its ``.metadata`` file, or out of the wheel itself.

        :raises MetadataUnreadable: and its kin; :class:`SourceUnreachable` when the file cannot be fetched.
        """
        return self._metadata_job(file).result()

    def variants(self, file: VariantWheel) -> ReleaseVariants | None:
        """What the release of *file* says of its variants; ``None`` when its page links no such file.

        :raises VariantsUnreadable: when it is nonsense; :class:`SourceUnreachable` when it cannot be fetched.
        """
        if not file.properties_url:
            return None
        with self._lock:
            job = self._variants.setdefault(file.properties_url, Job(lambda: self._read_variants(file)))
        return job.result()

    def prefetch(self, requests: Iterable[tuple[Source, str]]) -> None:
        """Start reading pages in the background; errors show when :meth:`releases` is asked."""
        self._submit([self._releases_job(source, name) for source, name in requests])

    def prefetch_metadata(self, files: Iterable[IndexFile]) -> None:
        """Start reading metadata in the background; errors show when :meth:`metadata` is asked."""
        self._submit([self._metadata_job(file) for file in files])

    def has_releases(self, source: Source, name: str) -> bool:
        """Whether :meth:`releases` would answer at once, with an error too."""
        job = self._releases.get((source, canonical(name)))
        return job is not None and job.is_done

    def has_metadata(self, file: IndexFile) -> bool:
        """Whether :meth:`metadata` would answer at once, with an error too."""
        job = self._metadata.get((file.url, file.sha256))
        return job is not None and job.is_done

    def sha256(self, file: IndexFile) -> str:
        """Lower-case hex hash of *file*; when the index has none, the whole file is read to compute it.

        :raises SourceUnreachable: when it cannot be fetched.
        """
        if file.sha256:
            return file.sha256
        with self._lock:
            job = self._hashes.setdefault(file.url, Job(lambda: self._compute_sha256(file)))
        return job.result()

    def _submit(self, jobs: Sequence[Job[Any]]) -> None:
        if self._threads is None and (self._http.round_trip or 0.0) > _FAR_SECONDS:
            self._workers.most = THREADS_FAR
        self._workers.submit(jobs)

    def _releases_job(self, source: Source, name: str) -> Job[Mapping[str, tuple[IndexFile, ...]]]:
        name = canonical(name)
        with self._lock:
            key = (source, name)
            if key not in self._releases:
                self._releases[key] = Job(lambda: self._read_releases(source, name))
            return self._releases[key]

    def _metadata_job(self, file: IndexFile) -> Job[CoreMetadata]:
        with self._lock:
            key = (file.url, file.sha256)
            if key not in self._metadata:
                self._metadata[key] = Job(lambda: self._read_metadata(file))
            return self._metadata[key]

    def _read_releases(self, source: Source, name: str) -> Mapping[str, tuple[IndexFile, ...]]:
        address = self._mirrors.fetched(source.url.rstrip("/") + "/") if self._mirrors.pairs else source.url
        if source.kind == "find-links":
            with self._lock:
                if source not in self._shelves:
                    self._shelves[source] = Job(lambda: read_shelf(self._http, source, address))
                shelf = self._shelves[source]
            page, links = shelf.result().page, shelf.result().links_for(name)
        else:
            listing = read_project_page(self._http, source, address, name)
            page, links = listing.page, listing.links
            if links.status is not None:
                self._statuses[source, name] = links.status
        if self._mirrors.pairs:
            links = links.moved(self._mirrors.canonical)
        releases = Releases(links, project=name, source=source.name, page=page)
        if not self._sees_variants:
            return releases
        from accelinstall.index.variants import variant_wheels

        merged = dict(releases)
        for wheel in variant_wheels(links, project=name, source=source.name, page=page):
            merged[wheel.version] = (*merged.get(wheel.version, ()), wheel)
        return merged

    def _read_variants(self, file: VariantWheel) -> ReleaseVariants:
        from accelinstall.index.variants import parse_variants

        url = file.properties_url
        try:
            body = self._http.get(self._mirrors.fetched(url)).body
        except HttpError as error:
            raise unreachable(Source(name=file.source, url=url), error) from error
        if file.properties_sha256 and hashlib.sha256(body).hexdigest() != file.properties_sha256:
            raise VariantsUnreadable(url=url, reason="it has another hash than its page says")
        try:
            return parse_variants(body)
        except ValueError as error:
            raise VariantsUnreadable(url=url, reason=str(error)) from None

    def _read_metadata(self, file: IndexFile) -> CoreMetadata:
        stamp = _stamp(file)
        found = self._kept.find(file, stamp=stamp) if self._kept else None
        if found is not None:
            return found
        try:
            content, size = self._metadata_file(file), None
            if content is None:
                content, size = self._metadata_inside(file)
        except HttpError as error:
            raise unreachable(Source(name=file.source, url=file.url), error) from error
        metadata = replace(_checked(file, content), wheel_size=size)
        if self._kept:
            self._kept.store(file, metadata, stamp=stamp)
        return metadata

    def _metadata_file(self, file: IndexFile) -> bytes | None:
        """The ``.metadata`` file's bytes, checked; ``None`` when there is none after all."""
        if file.metadata_sha256 is None:
            return None
        url = self._mirrors.fetched(file.url) + ".metadata"
        try:
            # What it says is kept for good by others; without them the pages' cache does.
            content = self._http.get(url, keep=self._kept is None).body
        except NotFound:
            # Mirrors copy the page's promise without the file.
            return None
        if file.metadata_sha256 and hashlib.sha256(content).hexdigest() != file.metadata_sha256:
            raise MetadataChanged(
                filename=file.filename,
                url=url,
                reason="its `.metadata` file has another hash than its page says",
                hint=f"the index `{file.source}` contradicts itself: try again later or use a mirror",
            )
        return content

    def _metadata_inside(self, file: IndexFile) -> tuple[bytes, int]:
        """METADATA out of the wheel, and the wheel's size."""
        if not file.is_wheel:
            raise MetadataNeedsBuild(
                filename=file.filename,
                url=file.url,
                reason="it is a source archive, and only building it would tell",
                hint=f"choose a version of `{file.name}` that has a wheel",
            )
        try:
            return read_wheel_metadata(self._http, self._mirrors.fetched(file.url), project=file.name, size=file.size)
        except TailMalformed as error:
            raise MetadataUnreadable(filename=file.filename, url=file.url, reason=str(error)) from None

    def _compute_sha256(self, file: IndexFile) -> str:
        digest = hashlib.sha256()
        try:
            with self._http.open(self._mirrors.fetched(file.url)) as stream:
                for chunk in stream.chunks():
                    digest.update(chunk)
        except HttpError as error:
            raise unreachable(Source(name=file.source, url=file.url), error) from error
        return digest.hexdigest()


def _stamp(file: IndexFile) -> str:
    """The state of a local file that has no hash; empty for all others, which never change."""
    if file.sha256 or not file.url.startswith("file:"):
        return ""
    try:
        facts = os.stat(path_of(file.url))
    except (OSError, ValueError, HttpError):
        return "missing"
    return f"{facts.st_size}-{facts.st_mtime_ns}"


def _checked(file: IndexFile, content: bytes) -> CoreMetadata:
    """*content* parsed, when it speaks of *file*."""
    try:
        metadata = parse_metadata(content)
    except ValueError as error:
        raise MetadataUnreadable(filename=file.filename, url=file.url, reason=str(error)) from None
    if canonical(metadata.name) != file.name or not _same_version(metadata.version, file.version):
        raise MetadataUnreadable(
            filename=file.filename,
            url=file.url,
            reason=f"it says {metadata.name} {metadata.version}",
            hint=f"the file at `{file.source}` is mislabelled: choose another version",
        )
    return metadata


def _same_version(left: str, right: str) -> bool:
    if left == right:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(left) == Version(right)
    except InvalidVersion:
        return False
