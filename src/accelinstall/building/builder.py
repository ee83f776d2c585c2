"""Metadata and wheels of whatever is no wheel."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from accelinstall import events
from accelinstall.building.backend import Backend, Kind, Tree, scratch
from accelinstall.building.cache import BuildCache, BuiltWheel, KeptMetadata
from accelinstall.building.environments import EnvironmentOpener
from accelinstall.building.errors import BuildCycle, BuildsForbidden, WrongProject
from accelinstall.building.inner import named_within, spelled_out
from accelinstall.building.origins import Origins, build_id
from accelinstall.building.processes import Processes
from accelinstall.building.reading import metadata_of_archive, metadata_of_project, metadata_of_wheel
from accelinstall.model.index import CoreMetadata, IndexFile, SourceTree
from accelinstall.model.installation import Interpreter
from accelinstall.model.lock import LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.net import HttpClient

_T = TypeVar("_T")


class Builder:
    """Reads and builds for one interpreter; whatever was asked once is kept, and on disk too where it cost a build.

    Several threads may ask; builds take turns.

    :param open_environment: opens the environment of a build.
    :param http: opens the client when something has to come over the network.
    :param address: rewrites addresses at fetch time, for mirrors.
    :param forbidden: nothing may be built; what is written down is still read.
    :param timeout: seconds one call of a backend may take; 0 = any.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        cache_directory: str,
        *,
        open_environment: EnvironmentOpener,
        http: Callable[[], HttpClient],
        environ: Mapping[str, str],
        address: Callable[[str], str] = lambda url: url,
        progress: events.Progress = events.ignore,
        forbidden: bool = False,
        offline: bool = False,
        timeout: float = 0.0,
    ) -> None:
        self.interpreter, self._open, self._environ = interpreter, open_environment, environ
        self._progress, self._forbidden = progress, forbidden
        self._processes = Processes(timeout=timeout)
        self._cache = BuildCache(cache_directory, interpreter)
        self._origins = Origins(
            self._cache,
            cache_directory,
            processes=self._processes,
            http=http,
            address=address,
            environ=environ,
            offline=offline,
        )
        self._turn = threading.RLock()
        self._chain: list[str] = []
        self._known: dict[tuple[str, ...], object] = {}
        self.guessed: set[str] = set()
        """``name version`` of everything whose metadata a build on this machine made up."""

    def close(self) -> None:
        """Ends whatever is being built."""
        self._processes.stop()

    def keep_commits(self, packages: Iterable[LockedPackage], *, upgraded: Collection[str] = ()) -> None:
        """Branches and tags mean from now on the commits they are locked with, but for packages to be *upgraded*."""
        self._origins.keep_commits(packages, upgraded=upgraded)

    # -- what resolution asks ------------------------------------------------------------------------------------

    def find(self, url: str, *, name: str, where: str) -> SourceTree:
        """The archive, folder (``file:``) or commit (``git+...``) that *url* names for the package *name*.

        :raises BuildError: when it cannot be read, is another project, or would have to be built and may not.
        """
        return self._once(("find", url, name), lambda: self._find(url, name, where))

    def metadata(self, file: IndexFile) -> CoreMetadata:
        """What the archive *file* of an index, or what :meth:`find` gave, says of itself.

        :raises BuildError: when it cannot be read, or would have to be built and may not.
        """
        if isinstance(file, SourceTree):
            return self._read(file.origin, filename=file.filename, package=file.name)

        def read() -> CoreMetadata:
            return self._read(self._origins.of_archive(file), filename=file.filename, package=file.name)

        found = self._once(("archive", file.url, file.sha256), read)
        _ensure_right(found, name=file.name, version=file.version, source=file.filename)
        return found

    # -- what installing asks ------------------------------------------------------------------------------------

    def identify(self, package: LockedPackage) -> LockedPackage:
        """*package* with the identity of what it would be built from now; reads the files of a folder."""
        return replace(package, build_id=build_id(package.origin)) if package.origin else package

    def built(self, package: LockedPackage) -> LockedPackage | None:
        """*package*, identified, with the wheel that was built before; ``None`` when none is kept."""
        wheel = self._cache.wheel(package.build_id)
        return None if wheel is None else _with_wheel(package, wheel)

    def build(self, package: LockedPackage) -> LockedPackage:
        """*package* with a wheel for the interpreter.

        :raises BuildError: when it cannot be built, or the wheel is another project or version.
        """
        package = package if package.build_id else self.identify(package)
        known = self.built(package)
        if known is not None:
            return known
        origin = package.origin
        assert origin is not None, "what has no origin is a wheel"
        kind: Kind = "editable" if origin.editable else "wheel"
        with (
            self._origins.laid_out(origin, filename=package.filename, package=package.name) as tree,
            self._session(tree) as work,
        ):
            with self._backend(tree, work, kind) as backend:
                path = backend.wheel(work, kind)
                metadata = _metadata_inside(path, tree)
            version = "" if origin.kind == "directory" else package.version
            _ensure_right(metadata, name=package.name, version=version, source=tree.source)
            wheel = self._cache.keep_wheel(package.build_id, path, name=package.name, version=_normal(metadata.version))
        return _with_wheel(package, wheel)

    # -- how -----------------------------------------------------------------------------------------------------

    def _find(self, url: str, name: str, where: str) -> SourceTree:
        origin, filename, size = self._origins.locate(url, name=name, where=where)
        metadata = self._read(origin, filename=filename, package=name)
        source = f"{where}: {url}" if where else url
        _ensure_right(metadata, name=name, version="", source=source)
        if not _is_version(metadata.version):
            found = f"`{metadata.version}`, which is no version that PEP 440 knows"
            raise WrongProject(package=name, source=source, found=found)
        return SourceTree(
            filename=filename,
            url=url,
            name=name,
            version=_normal(metadata.version),
            source="",
            is_wheel=False,
            sha256=origin.sha256,
            size=size,
            requires_python=metadata.requires_python,
            origin=origin,
        )

    def _read(self, origin: Origin, *, filename: str, package: str) -> CoreMetadata:
        key = (origin.kind, origin.url, origin.path, origin.sha256, origin.commit, origin.subdirectory)
        found = self._once(("metadata", *key), lambda: self._read_metadata(origin, filename, package))
        return spelled_out(found, origin)

    def _read_metadata(self, origin: Origin, filename: str, package: str) -> CoreMetadata:
        """From the cache, from what is written down, else by a build."""
        if origin.kind == "directory":
            return self._read_folder(origin, package)
        key = build_id(origin)
        kept = self._cache.metadata(key)
        if kept is None:
            with self._origins.laid_out(origin, filename=filename, package=package) as tree:
                written = _written_down(tree, trusts_archive=origin.kind == "sdist" and not origin.subdirectory)
                found = named_within(written or self._build_metadata(tree), tree)
            kept = KeptMetadata(metadata=found, is_built=written is None)
            self._cache.keep_metadata(key, kept)
        return self._told(package, kept)

    def _read_folder(self, origin: Origin, package: str) -> CoreMetadata:
        with self._origins.laid_out(origin, filename="", package=package) as tree:
            written = _written_down(tree, trusts_archive=False)
            if written is not None:
                return written
            key = build_id(replace(origin, editable=False))
            kept = self._cache.metadata(key)
            if kept is None:
                kept = KeptMetadata(metadata=self._build_metadata(tree), is_built=True)
                self._cache.keep_metadata(key, kept)
        return self._told(package, kept)

    def _told(self, package: str, kept: KeptMetadata) -> CoreMetadata:
        if kept.is_built:
            self.guessed.add(f"{package} {_normal(kept.metadata.version)}")
        return kept.metadata

    def _build_metadata(self, tree: Tree) -> CoreMetadata:
        with self._session(tree) as work, self._backend(tree, work, "wheel") as backend:
            path = backend.metadata(work)
            try:
                with open(path, "rb") as stream:
                    return metadata_of_wheel(stream.read())
            except (OSError, ValueError) as error:
                raise tree.refused(f"its backend's metadata cannot be read: {error}") from error

    @contextmanager
    def _session(self, tree: Tree) -> Iterator[str]:
        """A scratch folder for one build, alone among all threads.

        :raises BuildsForbidden: when nothing may be built.
        """
        if self._forbidden:
            raise BuildsForbidden(package=tree.package, source=tree.source)
        with self._turn:
            if tree.source in self._chain:
                raise BuildCycle([*self._chain[self._chain.index(tree.source) :], tree.source])
            self._chain.append(tree.source)
            started = time.monotonic()
            self._progress(events.PhaseStarted(phase="build", detail=tree.package))
            try:
                with scratch(self._cache.scratch()) as work:
                    yield work
            finally:
                self._chain.pop()
            self._progress(events.PhaseFinished(phase="build", seconds=time.monotonic() - started, detail=tree.package))

    @contextmanager
    def _backend(self, tree: Tree, work: str, kind: Kind) -> Iterator[Backend]:
        system = tree.build_system()
        with self._open(system.requires) as environment:
            backend = Backend(
                tree,
                system,
                environment=environment,
                processes=self._processes,
                environ=self._environ,
                log=os.path.join(work, "backend.log"),
            )
            more = backend.requires(kind)
            if more:
                environment.install(more)
            yield backend

    def _once(self, key: tuple[str, ...], work: Callable[[], _T]) -> _T:
        with self._turn:
            if key not in self._known:
                self._known[key] = work()
            return self._known[key]  # type: ignore[return-value]


def _written_down(tree: Tree, *, trusts_archive: bool) -> CoreMetadata | None:
    """What the tree says of itself without a build, if it does."""
    if trusts_archive:
        with suppress(OSError), open(os.path.join(tree.folder, "PKG-INFO"), "rb") as stream:
            found = metadata_of_archive(stream.read())
            if found is not None:
                return found
    text = tree.pyproject()
    return None if text is None else metadata_of_project(text, directory=tree.folder)


def _metadata_inside(wheel: str, tree: Tree) -> CoreMetadata:
    import zipfile

    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(
                name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1
            )
            return metadata_of_wheel(archive.read(name))
    except (OSError, zipfile.BadZipFile, StopIteration, RuntimeError, ValueError) as error:
        raise tree.refused(f"its backend made no wheel: {error}") from error


def _with_wheel(package: LockedPackage, wheel: BuiltWheel) -> LockedPackage:
    return replace(
        package,
        version=wheel.version,
        filename=wheel.filename,
        sha256=wheel.sha256,
        url="",
        path=wheel.path,
        size=os.stat(wheel.path).st_size,
    )


def _ensure_right(metadata: CoreMetadata, *, name: str, version: str, source: str) -> None:
    from packaging.utils import canonicalize_name

    if canonicalize_name(metadata.name) != canonicalize_name(name):
        raise WrongProject(package=name, source=source, found=f"`{metadata.name}` {metadata.version}")
    if version and _normal(metadata.version) != _normal(version):
        raise WrongProject(package=f"{name} {version}", source=source, found=f"{metadata.name} {metadata.version}")


def _normal(version: str) -> str:
    from packaging.version import Version

    return str(Version(version)) if _is_version(version) else version


def _is_version(text: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
