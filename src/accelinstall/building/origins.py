"""Where source comes from: folders, archives and commits, located, told apart and laid out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, unquote, urldefrag, urlsplit

from accelinstall.building.archives import SUFFIXES, unpacked
from accelinstall.building.backend import Tree, scratch
from accelinstall.building.cache import BuildCache
from accelinstall.building.errors import ArchiveChanged, NotAProject, OriginUnreadable
from accelinstall.building.fetching import Archives
from accelinstall.building.git import GitAddress, Repositories, parse_git_address
from accelinstall.building.processes import Processes
from accelinstall.building.trees import content_digest, metadata_digest
from accelinstall.model.index import IndexFile
from accelinstall.model.lock import LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.net import HttpClient


class Located(NamedTuple):
    """An origin; of an archive also its file name and size in bytes."""

    origin: Origin
    filename: str = ""
    size: int | None = None


class Origins:
    """Reads origins, each archive and repository kept below the cache folder.

    :param http: opens the client when something has to come over the network.
    :param address: rewrites addresses at fetch time, for mirrors.
    """

    def __init__(
        self,
        cache: BuildCache,
        cache_directory: str,
        *,
        processes: Processes,
        http: Callable[[], HttpClient],
        address: Callable[[str], str],
        environ: Mapping[str, str],
        offline: bool,
    ) -> None:
        self._cache = cache
        self._archives = Archives(cache, http=http, address=address)
        self._git = Repositories(cache_directory, processes=processes, environ=environ, offline=offline)
        self._commits: dict[tuple[str, str], str] = {}

    def keep_commits(self, packages: Iterable[LockedPackage], *, upgraded: Collection[str] = ()) -> None:
        """Branches and tags mean from now on the commits they are locked with, but for packages to be *upgraded*."""
        for package in packages:
            origin = package.origin
            if origin is not None and origin.kind == "vcs" and package.name not in upgraded:
                self._commits.setdefault((origin.url, origin.revision), origin.commit)

    def locate(self, url: str, *, name: str, where: str) -> Located:
        """What *url* names for the package *name*; an archive is brought here for its hash, a repository fetched.

        :raises BuildError: when it cannot be read.
        """
        if "+" in url.partition("://")[0]:
            return Located(self._locate_commit(url, name=name, where=where))
        address, fragment = urldefrag(url)
        options = {key: values[0] for key, values in parse_qs(fragment).items()}
        path = local_path(address)
        if path and os.path.isdir(path):
            origin = Origin(kind="directory", path=path, digest=metadata_digest(path))
            return Located(origin)
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
        return Located(origin, filename, os.stat(archive).st_size)

    def _locate_commit(self, url: str, *, name: str, where: str) -> Origin:
        address = parse_git_address(url)
        if address is None:
            reason = "only `git+https`, `git+http`, `git+ssh`, `git+file` addresses are read"
            raise OriginUnreadable(package=name, source=url, reason=reason, where=where)
        key = (address.url, address.revision)
        if key not in self._commits:
            self._commits[key] = self._git.commit_of(address, package=name)
        return Origin(
            kind="vcs",
            url=address.url,
            subdirectory=_inside({"subdirectory": address.subdirectory}, name, url),
            revision=address.revision,
            commit=self._commits[key],
        )

    def of_archive(self, file: IndexFile) -> Origin:
        """The archive that an index offers; brought here when only that tells its hash."""
        path, sha256 = local_path(file.url), file.sha256
        if not sha256 and path:
            sha256 = self._archives.local(path, package=file.name)[1]
        elif not sha256:
            sha256 = self._archives.fetch(file.url, filename=file.filename, sha256="", package=file.name)[1]
        return Origin(kind="sdist", url="" if path else file.url, path=path, sha256=sha256)

    @contextmanager
    def laid_out(self, origin: Origin, *, filename: str, package: str) -> Iterator[Tree]:
        """The files of *origin*, gone when the block ends unless they are a folder's own."""
        if origin.kind == "directory":
            folder = origin.folder
            if not os.path.isdir(folder):
                raise OriginUnreadable(package=package, source=folder, reason="there is no such folder")
            yield Tree(folder=folder, top=folder, package=package, source=folder)
            return
        if origin.kind == "vcs":
            with scratch(self._cache.scratch()) as place:
                folder = os.path.join(place, "repository")
                address = GitAddress(url=origin.url, revision=origin.revision)
                self._git.checkout(address, origin.commit, folder, package=package)
                source = f"{origin.url} at {origin.commit[:12]}"
                yield _sub(Tree(folder=folder, top=folder, package=package, source=source), origin.subdirectory)
            return
        if origin.path:
            archive, found = self._archives.local(origin.path, package=package)
            if found != origin.sha256:
                raise ArchiveChanged(filename=filename, source=origin.path, expected=origin.sha256, found=found)
        else:
            archive, _ = self._archives.fetch(origin.url, filename=filename, sha256=origin.sha256, package=package)
        with unpacked(archive, filename=filename, folder=self._cache.scratch()) as folder:
            tree = Tree(folder=folder, top=folder, package=package, source=origin.url or origin.path)
            yield _sub(tree, origin.subdirectory)


def build_id(origin: Origin) -> str:
    """Tells one state of an origin from another; of an editable folder only its metadata counts."""
    facts = [origin.kind, origin.url, origin.commit, origin.sha256, origin.subdirectory]
    if origin.kind == "sdist":
        facts[1] = ""  # whatever mirror it came from
    if origin.kind == "directory":
        state = metadata_digest(origin.folder) if origin.editable else content_digest(origin.folder)
        facts += [origin.path, "editable" if origin.editable else "", state]
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()


def local_path(address: str) -> str:
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
