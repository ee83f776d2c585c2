"""Metadata and wheels of whatever is no wheel."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, unquote, urldefrag, urlsplit

from accelinstall import events
from accelinstall.building.archives import SUFFIXES, unpacked
from accelinstall.building.backend import Backend, Kind, Tree, scratch
from accelinstall.building.cache import BuildCache, BuiltWheel
from accelinstall.building.environments import EnvironmentOpener
from accelinstall.building.errors import (
    BuildCycle,
    BuildsForbidden,
    NotAProject,
    OriginUnreadable,
    WrongProject,
)
from accelinstall.building.fetching import Archives
from accelinstall.building.git import GitAddress, Repositories, parse_git_address
from accelinstall.building.processes import Processes
from accelinstall.building.reading import metadata_of_archive, metadata_of_project, metadata_of_wheel
from accelinstall.building.trees import content_digest, metadata_digest
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
        self._archives = Archives(self._cache, http=http, address=address)
        self._git = Repositories(cache_directory, processes=self._processes, environ=environ, offline=offline)
        self._turn = threading.RLock()
        self._chain: list[str] = []
        self._known: dict[tuple[str, ...], object] = {}
        self._commits: dict[tuple[str, str], str] = {}
        self.guessed: set[str] = set()
        """``name version`` of everything whose metadata a build on this machine made up."""

    def close(self) -> None:
        """Ends whatever is being built."""
        self._processes.stop()

    def keep_commits(self, packages: Iterable[LockedPackage], *, upgraded: Collection[str] = ()) -> None:
        """Branches and tags mean from now on the commits they are locked with, but for packages to be *upgraded*."""
        for package in packages:
            origin = package.origin
            if origin is not None and origin.kind == "vcs" and package.name not in upgraded:
                self._commits.setdefault((origin.url, origin.revision), origin.commit)

    # -- what resolution asks ------------------------------------------------------------------------------------

    def find(self, url: str, *, name: str, where: str) -> SourceTree:
        """The archive, folder (``file:``) or commit (``git+...``) that *url* names for the package *name*.

        :raises BuildError: when it cannot be read, is another project, or would have to be built and may not.
        """
        return self._once(("find", url, name), lambda: self._find(url, name=name, where=where))

    def metadata(self, file: IndexFile) -> CoreMetadata:
        """What the archive *file* of an index, or what :meth:`find` gave, says of itself.

        :raises BuildError: when it cannot be read, or would have to be built and may not.
        """
        if isinstance(file, SourceTree):
            return self._read(file.origin, filename=file.filename, package=file.name)
        found = self._metadata_of_archive(file)
        _ensure_right(found, name=file.name, version=file.version, source=file.filename)
        return found

    # -- what installing asks ------------------------------------------------------------------------------------

    def identify(self, package: LockedPackage) -> LockedPackage:
        """*package* with the identity of what it would be built from now; reads the files of a folder."""
        return replace(package, build_id=self._build_id(package.origin)) if package.origin else package

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
        with self._tree(origin, filename=package.filename, package=package.name) as tree, self._session(tree) as work:
            with self._backend(tree, work, kind) as backend:
                path = backend.wheel(work, kind)
                metadata = metadata_of_wheel(_metadata_inside(path, tree))
            version = "" if origin.kind == "directory" else package.version
            _ensure_right(metadata, name=package.name, version=version, source=tree.source)
            wheel = self._cache.keep_wheel(package.build_id, path, name=package.name, version=_normal(metadata.version))
        return _with_wheel(package, wheel)

    # -- how -----------------------------------------------------------------------------------------------------

    def _find(self, url: str, *, name: str, where: str) -> SourceTree:
        if "+" in url.partition("://")[0]:
            return self._find_commit(url, name=name, where=where)
        address, fragment = urldefrag(url)
        options = {key: values[0] for key, values in parse_qs(fragment).items()}
        path = _local_path(address)
        if path and os.path.isdir(path):
            origin = Origin(kind="directory", path=path, digest=metadata_digest(path))
            return self._source_tree(url, origin, name=name, filename="", where=where)
        filename = unquote(urlsplit(address).path.rpartition("/")[2])
        if not filename.lower().endswith(SUFFIXES):
            reason = "there is no such folder" if path else "it names neither a wheel nor a source archive"
            raise OriginUnreadable(package=name, source=path or address, reason=reason, where=where)
        if path:
            archive, sha256 = self._archives.local(path, package=name, where=where)
        else:
            wanted = options.get("sha256", "").lower()
            archive, sha256 = self._archives.fetch(address, filename=filename, sha256=wanted, package=name, where=where)
        origin = Origin(
            kind="sdist",
            url="" if path else address,
            path=path,
            sha256=sha256,
            subdirectory=_inside(options, name, url),
        )
        size = os.stat(archive).st_size
        return self._source_tree(url, origin, name=name, filename=filename, where=where, size=size)

    def _find_commit(self, url: str, *, name: str, where: str) -> SourceTree:
        address = parse_git_address(url)
        if address is None:
            reason = "only `git+https`, `git+http`, `git+ssh`, `git+file` addresses are read"
            raise OriginUnreadable(package=name, source=url, reason=reason, where=where)
        key = (address.url, address.revision)
        if key not in self._commits:
            self._commits[key] = self._git.commit_of(address, package=name)
        origin = Origin(
            kind="vcs",
            url=address.url,
            subdirectory=_inside({"subdirectory": address.subdirectory}, name, url),
            revision=address.revision,
            commit=self._commits[key],
        )
        return self._source_tree(url, origin, name=name, filename="", where=where)

    def _source_tree(
        self, url: str, origin: Origin, *, name: str, filename: str, where: str, size: int | None = None
    ) -> SourceTree:
        metadata = self._read(origin, filename=filename, package=name)
        source = f"{where}: {url}" if where else url
        _ensure_right(metadata, name=name, version="", source=source)
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

    def _metadata_of_archive(self, file: IndexFile) -> CoreMetadata:
        """Of an index's archive; what is kept by its hash spares the download."""
        path = _local_path(file.url)

        def read() -> CoreMetadata:
            sha256 = file.sha256
            if not sha256 and path:
                sha256 = self._archives.local(path, package=file.name)[1]
            elif not sha256:
                sha256 = self._archives.fetch(file.url, filename=file.filename, sha256="", package=file.name)[1]
            origin = Origin(kind="sdist", url="" if path else file.url, path=path, sha256=sha256)
            return self._read(origin, filename=file.filename, package=file.name)

        return self._once(("archive", file.url, file.sha256), read)

    def _read(self, origin: Origin, *, filename: str, package: str) -> CoreMetadata:
        key = (origin.kind, origin.url, origin.path, origin.sha256, origin.commit, origin.subdirectory)
        return self._once(("metadata", *key), lambda: self._read_metadata(origin, filename, package))

    def _read_metadata(self, origin: Origin, filename: str, package: str) -> CoreMetadata:
        """From the cache, from what is written down, else by a build."""
        is_folder = origin.kind == "directory"
        build_id = "" if is_folder else self._build_id(origin)
        kept = self._cache.metadata(build_id) if build_id else None
        if kept is not None:
            return kept
        with self._tree(origin, filename=filename, package=package) as tree:
            found = _written_down(tree, trusts_archive=origin.kind == "sdist" and not origin.subdirectory)
            if found is None:
                build_id = build_id or self._build_id(replace(origin, editable=False))
                found = self._cache.metadata(build_id) or self._build_metadata(tree)
                self.guessed.add(f"{package} {found.version}")
            elif is_folder:
                return found
        self._cache.keep_metadata(build_id, found)
        return found

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

    @contextmanager
    def _tree(self, origin: Origin, *, filename: str, package: str) -> Iterator[Tree]:
        """The origin's files, laid out."""
        if origin.kind == "directory":
            folder = origin.folder
            if not os.path.isdir(folder):
                raise OriginUnreadable(package=package, source=folder, reason="there is no such folder")
            yield Tree(folder=folder, package=package, source=folder)
            return
        if origin.kind == "vcs":
            with scratch(self._cache.scratch()) as place:
                folder = os.path.join(place, "repository")
                address = GitAddress(url=origin.url, revision=origin.revision)
                self._git.checkout(address, origin.commit, folder, package=package)
                source = f"{origin.url} at {origin.commit[:12]}"
                yield _sub(Tree(folder=folder, package=package, source=source), origin.subdirectory)
            return
        if origin.path:
            archive, _ = self._archives.local(origin.path, package=package)
        else:
            archive, _ = self._archives.fetch(origin.url, filename=filename, sha256=origin.sha256, package=package)
        with unpacked(archive, filename=filename, folder=self._cache.scratch()) as folder:
            tree = Tree(folder=folder, package=package, source=origin.url or origin.path)
            yield _sub(tree, origin.subdirectory)

    def _build_id(self, origin: Origin) -> str:
        """Tells one state of an origin from another; of an editable folder only its metadata counts."""
        facts = [origin.kind, origin.url, origin.commit, origin.sha256, origin.subdirectory]
        if origin.kind == "sdist":
            facts[1] = ""  # whatever mirror it came from
        if origin.kind == "directory":
            state = metadata_digest(origin.folder) if origin.editable else content_digest(origin.folder)
            facts += [origin.path, "editable" if origin.editable else "", state]
        return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()

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
    found = None if text is None else metadata_of_project(text, directory=tree.folder)
    # A folder named by a relative path inside an archive would be gone when the archive is.
    moves = trusts_archive and found is not None and any("file://" in item for item in found.requires_dist)
    return None if moves else found


def _metadata_inside(wheel: str, tree: Tree) -> bytes:
    import zipfile

    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(
                name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1
            )
            return archive.read(name)
    except (OSError, zipfile.BadZipFile, StopIteration, RuntimeError) as error:
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
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _local_path(address: str) -> str:
    """The path a ``file:`` address names; empty for any other."""
    if not address.startswith("file:"):
        return ""
    from accelinstall.net.origins import path_of

    return path_of(address)


def _inside(options: Mapping[str, str], name: str, url: str) -> str:
    """The subdirectory that *options* name, if it stays inside."""
    path = options.get("subdirectory", "").strip("/")
    if ".." in path.replace("\\", "/").split("/") or os.path.isabs(path):
        raise OriginUnreadable(package=name, source=url, reason=f"`{path}` leads outside of it")
    return path


def _sub(tree: Tree, subdirectory: str) -> Tree:
    if not subdirectory:
        return tree
    folder = os.path.join(tree.folder, *subdirectory.split("/"))
    inside = os.path.realpath(folder).startswith(os.path.realpath(tree.folder) + os.sep)
    if not inside or not os.path.isdir(folder):
        raise NotAProject(package=tree.package, source=tree.source, reason=f"it has no folder `{subdirectory}`")
    return replace(tree, folder=folder, source=f"{tree.source} ({subdirectory})")
