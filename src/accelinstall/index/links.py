"""Links of any page as plain values, before it is known whose files they are; both are made when looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple, Self
from urllib.parse import unquote, urljoin, urlsplit

from accelinstall.index.filenames import parse_sdist_name, parse_wheel_name
from accelinstall.model.index import IndexFile
from accelinstall.values import dataclass

_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_SHA256_FRAGMENT = re.compile(r"sha256=[0-9a-f]{64}").fullmatch


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLinks:
    """The links of one page, in its order.

    The pages of a hundred packages hold a hundred thousand links, and a resolution looks at some hundreds: only the
    file names are known beforehand.

    :ivar rows: what the page says of each link, in a form of its own; as many as *filenames*.
    :ivar make: row -> link; ``None`` for one whose address is none.
    """

    filenames: Sequence[str]
    rows: Sequence[Any]
    make: Callable[[Any], Link | None]

    @classmethod
    def of(cls, links: Iterable[Link]) -> Self:
        """Links that are there already."""
        rows = tuple(links)
        return cls(filenames=[link.filename for link in rows], rows=rows, make=lambda link: link)

    def __iter__(self) -> Iterator[Link]:
        return (link for link in map(self.make, self.rows) if link is not None)

    def __len__(self) -> int:
        return len(self.rows)

    def moved(self, address: Callable[[str], str]) -> PageLinks:
        """The same links at other addresses."""

        def make(row: Any) -> Link | None:
            link = self.make(row)
            return None if link is None else link._replace(url=address(link.url))

        return PageLinks(filenames=self.filenames, rows=self.rows, make=make)


class Releases(Mapping[str, tuple[IndexFile, ...]]):
    """Version text -> the wheels and source archives of *project* (canonical), in page order, made when looked at.

    A version whose links all turn out to be unusable has no files.
    """

    def __init__(self, links: PageLinks, *, project: str, source: str, page: str) -> None:
        self._make, self._project, self._source, self._page = links.make, project, source, page
        self._rows: dict[str, list[Any]] = {}
        self._made: dict[str, tuple[IndexFile, ...]] = {}
        seen: dict[str, str] = {}
        for filename, row in zip(links.filenames, links.rows, strict=True):
            is_wheel = filename.endswith(".whl")
            version = _wheel_version(filename, project, seen) if is_wheel else parse_sdist_name(filename, project)
            if version:
                self._rows.setdefault(version, []).append(row)

    def __getitem__(self, version: str) -> tuple[IndexFile, ...]:
        if version not in self._made:
            links = (link for link in map(self._make, self._rows[version]) if link is not None)
            self._made[version] = files_of(links, project=self._project, source=self._source, page=self._page)
        return self._made[version]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


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
    if _SHA256_FRAGMENT(fragment):
        return fragment[7:]
    for part in fragment.split("&"):
        name, _, value = part.partition("=")
        if name == "sha256":
            return hex_sha256(value)
    return ""


def hex_sha256(value: object) -> str:
    """*value* when it is a SHA-256 in hex, in lower case; else empty."""
    text = value.lower() if isinstance(value, str) else ""
    return text if _SHA256(text) else ""


def files_of(links: Iterable[Link], *, project: str, source: str, page: str) -> tuple[IndexFile, ...]:
    """The links that are wheels or source archives of *project* (canonical), in page order.

    Logins in addresses are removed, and pages of a server cannot point at local files.
    """
    allowed = ("https://", "http://", "file://") if page.startswith("file:") else ("https://", "http://")
    versions: dict[str, str] = {}
    files: list[IndexFile] = []
    for filename, url, sha256, size, requires_python, yanked, upload_time, metadata_sha256 in links:
        is_wheel = filename.endswith(".whl")
        version = _wheel_version(filename, project, versions) if is_wheel else parse_sdist_name(filename, project)
        if not version or not url.startswith(allowed) or "/" in filename or "\\" in filename:
            continue
        if "@" in url and not (url := _without_login(url)):
            continue
        files.append(
            _file(
                filename,
                url,
                project,
                version,
                source,
                is_wheel,
                sha256,
                size,
                requires_python,
                yanked,
                upload_time,
                metadata_sha256,
            )
        )
    return tuple(files)


def _wheel_version(filename: str, project: str, seen: dict[str, str]) -> str:
    """The version of *project*'s wheel, empty for anything else; *seen* remembers names and versions."""
    if filename.count("-") != 4:
        parsed = parse_wheel_name(filename)
        return parsed[1] if parsed and parsed[0] == project else ""
    key = filename[: filename.find("-", filename.find("-") + 1)]
    if key not in seen:
        parsed = parse_wheel_name(filename)
        seen[key] = parsed[1] if parsed and parsed[0] == project else ""
    return seen[key]


# Frozen dataclasses are slow to make: 2.3 us by their constructor, 0.5 us by their slots, and an install reads a
# hundred thousand links.
_new = object.__new__
(
    _put_filename,
    _put_url,
    _put_name,
    _put_version,
    _put_source,
    _put_is_wheel,
    _put_sha256,
    _put_size,
    _put_requires_python,
    _put_yanked,
    _put_upload_time,
    _put_metadata_sha256,
) = (getattr(IndexFile, field.name).__set__ for field in fields(IndexFile))


def _file(
    filename: str,
    url: str,
    name: str,
    version: str,
    source: str,
    is_wheel: bool,
    sha256: str,
    size: int | None,
    requires_python: str,
    yanked: str | None,
    upload_time: str,
    metadata_sha256: str | None,
) -> IndexFile:
    """``IndexFile(...)`` of the same values."""
    file = _new(IndexFile)
    _put_filename(file, filename)
    _put_url(file, url)
    _put_name(file, name)
    _put_version(file, version)
    _put_source(file, source)
    _put_is_wheel(file, is_wheel)
    _put_sha256(file, sha256)
    _put_size(file, size)
    _put_requires_python(file, requires_python)
    _put_yanked(file, yanked)
    _put_upload_time(file, upload_time)
    _put_metadata_sha256(file, metadata_sha256)
    return file


def _without_login(url: str) -> str:
    """*url* without user and password; empty when it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url
