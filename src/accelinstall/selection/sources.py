"""Which build an index address stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from accelinstall.catalog import Backend, Catalog
from accelinstall.model.finding import Finding
from accelinstall.model.selection import Wish
from accelinstall.selection.rules import dotted_driver
from accelinstall.values import replace

# Folders that mirrors and pip's own layout put behind the label.
_ENDINGS = {"simple", "index.html"}
_CUDA = re.compile(r"cu(\d{2})(\d)")


def backend_of_source(url: str, catalog: Catalog) -> str:
    """The slug of the backend that the index at *url* serves: ``.../whl/cu121`` -> ``cu121``; empty when unknown.

    The last path segment decides, so that mirrors count, and so do the ``test`` and ``nightly`` channels.  A CUDA
    version newer than the catalog's newest is answered too; :func:`with_learned` says what it is taken for.
    """
    by_url = {backend.url.rstrip("/"): backend.slug for backend in catalog.backends if backend.url}
    if url.rstrip("/") in by_url:
        return by_url[url.rstrip("/")]
    try:
        segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    except ValueError:
        return ""
    while segments and segments[-1] in _ENDINGS:
        segments.pop()
    label = segments[-1] if segments else ""
    known = (backend.slug for backend in catalog.backends if backend.local and backend.local == label)
    return next(known, label if _is_newer(label, catalog) else "")


def backend_slug(text: str) -> str:
    """``rocm7.2`` -> ``rocm7-2``, ``CU130`` -> ``cu130``: how people write a backend, as a slug."""
    return text.strip().lower().replace(".", "-").replace("_", "-")


def major_of(slug: str, catalog: Catalog) -> int:
    """12 for ``cu12``: the CUDA major that a framework's slug names; 0 when it is no such slug."""
    match = re.fullmatch(r"cu(\d{2})", slug)
    return int(match[1]) if match and int(match[1]) in catalog.drivers.floors else 0


def with_learned(catalog: Catalog, wishes: Sequence[Wish]) -> tuple[Catalog, tuple[Finding, ...]]:
    """The catalog with a backend for each newer CUDA that a wish's source names, and a word on each.

    It is taken for a newer version of the newest backend known: the same architectures, its major's driver floor.
    A major the catalog has no driver floor for is not refused for its driver.
    """
    slugs = dict.fromkeys(backend_slug(wish.backend) for wish in wishes if wish.backend)
    found = [item for slug in slugs if _is_newer(slug, catalog) for item in [_provisional(slug, catalog)]]
    if not found:
        return catalog, ()
    findings = []
    for backend in found:
        floor = catalog.drivers.floors.get(backend.version[0])
        needs = f"needs driver {dotted_driver(floor.linux)} or newer" if floor else "needs a driver nobody has named"
        findings.append(
            Finding(
                id="backend-newer-than-catalog",
                level="info",
                message=f"{backend.slug} is not in the catalog of {catalog.serial}; it is taken for {backend.toolkit}, "
                f"which {needs}",
                hint=f"describe it under [tool.accelinstall.backends.{backend.slug}]",
            )
        )
    return replace(catalog, backends=(*found, *catalog.backends)), tuple(findings)


def _is_newer(slug: str, catalog: Catalog) -> bool:
    match = _CUDA.fullmatch(slug)
    if match is None or catalog.backend(slug) is not None:
        return False
    version = (int(match[1]), int(match[2]))
    newest = max(backend.version for backend in catalog.backends if backend.environment == "cuda")
    # A number far beyond is no CUDA version but something else that looks like one.
    return version > newest and version[0] <= newest[0] + 1


def _provisional(slug: str, catalog: Catalog) -> Backend:
    servers = [item for item in catalog.backends if item.environment == "cuda" and not item.l4t]
    like = max(servers, key=lambda item: item.version)
    version = (int(slug[2:4]), int(slug[4]))
    url = like.url.replace(like.local, slug)
    return replace(like, slug=slug, version=version, local=slug, source=f"pytorch-{slug}", url=url, provisional=True)
