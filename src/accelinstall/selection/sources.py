"""Which build an index address stands for."""

from __future__ import annotations

from urllib.parse import urlsplit

from accelinstall.catalog import Catalog

# Folders that mirrors and pip's own layout put behind the label.
_ENDINGS = {"simple", "index.html"}


def backend_of_source(url: str, catalog: Catalog) -> str:
    """The slug of the backend that the index at *url* serves: ``.../whl/cu121`` -> ``cu121``; empty when unknown.

    The last path segment decides, so that mirrors count, and so do the ``test`` and ``nightly`` channels.
    """
    known = {backend.url.rstrip("/"): backend.slug for backend in catalog.backends if backend.url}
    if url.rstrip("/") in known:
        return known[url.rstrip("/")]
    try:
        segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    except ValueError:
        return ""
    while segments and segments[-1] in _ENDINGS:
        segments.pop()
    label = segments[-1] if segments else ""
    return next((backend.slug for backend in catalog.backends if backend.local and backend.local == label), "")


def backend_slug(text: str) -> str:
    """``rocm7.2`` -> ``rocm7-2``, ``CU130`` -> ``cu130``: how people write a backend, as a slug."""
    return text.strip().lower().replace(".", "-").replace("_", "-")
