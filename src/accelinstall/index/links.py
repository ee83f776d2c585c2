"""A link of any page as a plain value, before it is known whose file it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from accelinstall.index.filenames import parse_sdist_name, parse_wheel_name
from accelinstall.model.index import IndexFile

_SHA256 = frozenset("0123456789abcdef")


class Link(NamedTuple):
    """One link; fields as in :class:`~accelinstall.model.index.IndexFile`."""

    filename: str
    url: str
    sha256: str = ""
    size: int | None = None
    requires_python: str = ""
    yanked: str | None = None
    upload_time: str = ""
    metadata_sha256: str | None = None


def joiner(base: str) -> Callable[[str], str]:
    """A function that makes an address absolute against *base*; folders are joined once and remembered.

    It gives an empty text for what cannot be joined.
    """
    folders: dict[str, str] = {}

    def join(href: str) -> str:
        if href.startswith(("https://", "http://")):
            return href
        folder, slash, file = href.rpartition("/")
        # A query or a scheme makes it no plain relative path, and a lone `..` moves.
        if "?" in href or ":" in href or file in ("", ".", ".."):
            return _join(base, href)
        if folder not in folders:
            folders[folder] = _join(base, folder + slash + "x")[:-1]
        return folders[folder] + file if folders[folder] else ""

    return join


def _join(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return ""


def filename_of(url: str) -> str:
    """The decoded last part of an address' path."""
    name = url.partition("#")[0].partition("?")[0].rpartition("/")[2]
    return unquote(name) if "%" in name else name


def sha256_in(fragment: str) -> str:
    """The lower-case hex in a fragment such as ``sha256=...``; empty when there is none."""
    for part in fragment.split("&"):
        name, _, value = part.partition("=")
        if name == "sha256":
            return hex_sha256(value)
    return ""


def hex_sha256(value: object) -> str:
    """*value* when it is a SHA-256 in hex, in lower case; else empty."""
    text = value.lower() if isinstance(value, str) else ""
    return text if len(text) == 64 and _SHA256.issuperset(text) else ""


def files_of(links: Iterable[Link], *, project: str, source: str, page: str) -> tuple[IndexFile, ...]:
    """The links that are wheels or source archives of *project* (canonical), in page order.

    Logins in addresses are removed, and pages of a server cannot point at local files.
    """
    allowed = ("https://", "http://", "file://") if page.startswith("file:") else ("https://", "http://")
    names: dict[str, tuple[str, str] | None] = {}
    files: list[IndexFile] = []
    for link in links:
        filename, is_wheel = link.filename, link.filename.endswith(".whl")
        if is_wheel:
            key = filename[: filename.find("-", filename.find("-") + 1)]
            parsed = names.get(key, ()) if filename.count("-") == 4 else parse_wheel_name(filename)
            if parsed == ():
                parsed = names[key] = parse_wheel_name(filename)
            if not parsed or parsed[0] != project:
                continue
            version = parsed[1]
        else:
            found = parse_sdist_name(filename, project)
            if found is None:
                continue
            version = found
        url = link.url
        if not url.startswith(allowed) or "/" in filename or "\\" in filename:
            continue
        if "@" in url:
            url = _without_login(url)
        files.append(
            IndexFile(
                filename=filename,
                url=url,
                name=project,
                version=version,
                source=source,
                is_wheel=is_wheel,
                sha256=link.sha256,
                size=link.size,
                requires_python=link.requires_python,
                yanked=link.yanked,
                upload_time=link.upload_time,
                metadata_sha256=link.metadata_sha256,
            )
        )
    return tuple(files)


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url
