"""What the loopback index offers, written as simple-API pages."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One file of the index and what the page says about it.

    :ivar sha256: as the page prints it (may be wrong), empty for none.
    :ivar metadata: bytes of the ``.metadata`` file, ``None`` for none; *metadata_sha256* as the page prints it.
    """

    path: Path
    sha256: str = ""
    size: int | None = None
    requires_python: str = ""
    yanked: str | None = None
    upload_time: str = ""
    metadata: bytes | None = None
    metadata_sha256: str = ""

    @property
    def filename(self) -> str:
        """The file's name on the page."""
        return self.path.name

    @property
    def project(self) -> str:
        """Canonical project name, read from the file name."""
        stem = self.filename.removesuffix(".tar.gz").removesuffix(".zip")
        is_escaped = self.filename.endswith((".whl", "-variants.json"))
        name = stem.split("-")[0] if is_escaped else stem.rpartition("-")[0]
        return re.sub(r"[-_.]+", "-", name).lower()


def sha256_of(path: Path) -> str:
    """Lower-case hex hash of a file, read in constant memory."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def render_html(name: str, offers: Iterable[Offer], *, files_url: str, version: str = "1.1") -> bytes:
    """A PEP 503 page with the attributes of PEP 592, 629, 658 and 714."""
    lines = [
        "<!DOCTYPE html>",
        f'<html><head><meta name="pypi:repository-version" content="{html.escape(version)}">',
        f"<title>Links for {html.escape(name)}</title></head><body>",
    ]
    for offer in offers:
        fragment = f"#sha256={offer.sha256}" if offer.sha256 else ""
        attributes = [f'href="{files_url}{quote(offer.filename)}{fragment}"']
        if offer.requires_python:
            attributes.append(f'data-requires-python="{html.escape(offer.requires_python)}"')
        if offer.yanked is not None:
            attributes.append(f'data-yanked="{html.escape(offer.yanked)}"')
        if offer.upload_time:
            attributes.append(f'data-upload-time="{html.escape(offer.upload_time)}"')
        if offer.metadata is not None:
            value = f"sha256={offer.metadata_sha256}" if offer.metadata_sha256 else "true"
            attributes += [f'data-core-metadata="{value}"', f'data-dist-info-metadata="{value}"']
        lines.append(f"<a {' '.join(attributes)}>{html.escape(offer.filename)}</a><br/>")
    return "\n".join([*lines, "</body></html>"]).encode()


def render_json(name: str, offers: Iterable[Offer], *, files_url: str, version: str = "1.1") -> bytes:
    """A PEP 691 document with the fields of PEP 700 and 714."""
    files = []
    for offer in offers:
        file: dict[str, object] = {
            "filename": offer.filename,
            "url": files_url + quote(offer.filename),
            "hashes": {"sha256": offer.sha256} if offer.sha256 else {},
            "yanked": False if offer.yanked is None else offer.yanked or True,
        }
        if offer.requires_python:
            file["requires-python"] = offer.requires_python
        if offer.size is not None:
            file["size"] = offer.size
        if offer.upload_time:
            file["upload-time"] = offer.upload_time
        if offer.metadata is not None:
            file["core-metadata"] = {"sha256": offer.metadata_sha256} if offer.metadata_sha256 else True
        files.append(file)
    return json.dumps({"meta": {"api-version": version}, "name": name, "files": files}).encode()
