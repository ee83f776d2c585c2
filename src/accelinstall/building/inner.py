"""Folders that a project inside an archive or a repository needs from beside it: named so that they are found again.

The files a project was read from are gone when it has been read.  Requirements on folders among them are kept as
``within:`` addresses and spelled out, by the origin they are in, when they are used.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

from accelinstall.building.backend import Tree
from accelinstall.model.index import CoreMetadata
from accelinstall.model.origin import Origin
from accelinstall.values import replace

_WITHIN = "within:"


def named_within(metadata: CoreMetadata, tree: Tree) -> CoreMetadata:
    """*metadata* with the folders it names inside of *tree* as ``within:`` addresses.

    :raises NotAProject: when it names one outside: nobody else has that.
    """
    top = os.path.realpath(tree.top)

    def moved(url: str) -> str:
        if not url.startswith("file:"):
            return url
        path = os.path.relpath(os.path.realpath(unquote(urlsplit(url).path)), top).replace(os.sep, "/")
        if path == ".." or path.startswith("../"):
            raise tree.refused(f"it needs the folder `{path}`, which is outside of it")
        return _WITHIN + quote(path)

    return _with_urls(metadata, moved)


def spelled_out(metadata: CoreMetadata, origin: Origin) -> CoreMetadata:
    """*metadata* with ``within:`` addresses as those of folders in *origin*."""

    def moved(url: str) -> str:
        if not url.startswith(_WITHIN):
            return url
        path = posixpath.normpath(unquote(url.removeprefix(_WITHIN)))
        subdirectory = "" if path == "." else f"subdirectory={quote(path)}"
        if origin.kind == "vcs":
            return f"git+{origin.url}@{origin.commit}" + (f"#{subdirectory}" if subdirectory else "")
        address = origin.url or "file://" + quote(origin.path)
        return f"{address}#" + "&".join(filter(None, (f"sha256={origin.sha256}", subdirectory)))

    return _with_urls(metadata, moved)


def _with_urls(metadata: CoreMetadata, moved: Callable[[str], str]) -> CoreMetadata:
    texts = (_with_url(text, moved) if "@" in text else text for text in metadata.requires_dist)
    return replace(metadata, requires_dist=tuple(texts))


def _with_url(text: str, moved: Callable[[str], str]) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return text  # whoever uses it tells
    url = moved(requirement.url) if requirement.url else None
    if url == requirement.url:
        return text
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras} @ {url}{marker}"
