"""What a wheel has to be built from, and the document that tells so in an environment (PEP 610)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from accelinstall.values import dataclass

if TYPE_CHECKING:
    from accelinstall.model.lock import LockedPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A source archive, a commit or a folder.

    :ivar kind: ``sdist`` an archive, ``vcs`` a commit of a Git repository, ``directory`` a folder of this machine.
    :ivar url: of the archive or the repository, credentials stripped; empty when ``path`` is set.
    :ivar path: of the folder or the local archive, absolute; empty when ``url`` is set.
    :ivar sha256: of the archive, lower-case hex; empty for the others.
    :ivar subdirectory: of archive or repository that holds the project; empty = its top.
    :ivar revision: the branch, tag or commit that was asked for, perhaps empty; ``commit`` is the one that is meant.
    :ivar editable: installed so that the folder itself is what is imported (PEP 660).
    :ivar digest: of the files a folder's metadata depends on, when it was locked; empty for the others.
    """

    kind: Literal["sdist", "vcs", "directory"]
    url: str = ""
    path: str = ""
    sha256: str = ""
    subdirectory: str = ""
    revision: str = ""
    commit: str = ""
    editable: bool = False
    digest: str = ""

    @property
    def folder(self) -> str:
        """Of a directory: where the project lies."""
        return f"{self.path}/{self.subdirectory}" if self.subdirectory else self.path


def direct_url_of(package: LockedPackage) -> dict[str, Any]:
    """PEP 610's document for a package that was named by URL or path; credentials in the URL are left out."""
    origin = package.origin
    if origin is None:
        address = _address(package.url, package.path)
        return {"archive_info": {"hashes": {"sha256": package.sha256}}, "url": address}
    document: dict[str, Any] = {"url": _address(origin.url, origin.path)}
    if origin.kind == "directory":
        document["dir_info"] = {"editable": True} if origin.editable else {}
    elif origin.kind == "vcs":
        asked = {"requested_revision": origin.revision} if origin.revision else {}
        document["vcs_info"] = {"vcs": "git", "commit_id": origin.commit, **asked}
    else:
        document["archive_info"] = {"hashes": {"sha256": origin.sha256}}
    if origin.subdirectory:
        document["subdirectory"] = origin.subdirectory
    return document


def origin_from(document: dict[str, Any]) -> Origin:
    """The origin that a document of :func:`direct_url_of` tells of a package that was built."""
    url = str(document.get("url", ""))
    path = _path(url) if url.startswith("file:") else ""
    place: dict[str, Any] = {"path": path} if path else {"url": url}
    place["subdirectory"] = str(document.get("subdirectory", ""))
    if "dir_info" in document:
        return Origin(kind="directory", editable=bool(document["dir_info"].get("editable")), **place)
    if "vcs_info" in document:
        info = document["vcs_info"]
        place.update(url=url, path="")
        return Origin(kind="vcs", revision=info.get("requested_revision", ""), commit=info["commit_id"], **place)
    return Origin(kind="sdist", sha256=document["archive_info"]["hashes"]["sha256"], **place)


def render_direct_url(package: LockedPackage) -> bytes:
    """``direct_url.json`` of *package*."""
    return json.dumps(direct_url_of(package)).encode()


def _address(url: str, path: str) -> str:
    if path:
        from pathlib import Path

        return Path(path).as_uri()
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    # `git@` of an SSH address is no secret but the name everybody logs in with.
    user = "git@" if parts.netloc.startswith("git@") else ""
    return parts._replace(netloc=user + parts.netloc.rpartition("@")[2], fragment="").geturl()


def _path(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    path = unquote(urlsplit(url).path)
    # file:///C:/x on Windows.
    return path[1:] if len(path) > 2 and path[0] == "/" and path[2] == ":" else path
