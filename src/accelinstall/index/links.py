"""Links of any page as plain values, before it is known whose files they are; both are made when looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Self
from urllib.parse import unquote, urljoin, urlsplit

from accelinstall.index.filenames import SDIST_SUFFIXES, is_name_of, is_version, parse_sdist_name, parse_wheel_name
from accelinstall.model.index import IndexFile, ProjectStatus
from accelinstall.values import dataclass, replace

_SUFFIXES = (".whl", *SDIST_SUFFIXES)
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
    """The links of one page.

    The pages of a hundred packages hold a hundred thousand links, and a resolution looks at some hundreds: only what
    their names begin with is known beforehand.

    :ivar groups: :func:`head_of` their file names -> places of these links, ascending.
    :ivar make: place -> link; ``None`` for one whose address is none.
    :ivar status: what the page says of its whole project; ``None`` for an active one.
    """

    groups: Mapping[str, Sequence[int]]
    make: Callable[[int], Link | None]
    status: ProjectStatus | None = None

    @classmethod
    def of(cls, links: Iterable[Link]) -> Self:
        """Links that are there already."""
        rows = tuple(links)
        return cls(groups=grouped(link.filename for link in rows), make=rows.__getitem__)

    def __iter__(self) -> Iterator[Link]:
        return self.at(self.groups)

    def __len__(self) -> int:
        return sum(map(len, self.groups.values()))

    def at(self, heads: Iterable[str]) -> Iterator[Link]:
        """The links whose names begin with one of *heads*, in page order."""
        places = sorted(chain.from_iterable(self.groups[head] for head in heads))
        return (link for link in map(self.make, places) if link is not None)

    def moved(self, address: Callable[[str], str]) -> PageLinks:
        """The same links at other addresses."""

        def make(place: int) -> Link | None:
            link = self.make(place)
            return None if link is None else link._replace(url=address(link.url))

        return replace(self, make=make)


class PageHead(NamedTuple):
    """What a page says of itself and its project, empty for nothing: API version, status marker and its reason."""

    version: str = ""
    status: str = ""
    reason: str = ""


def head_of(filename: str) -> str:
    """What the names of a version's wheels have in common, ``name-version``; for everything else the whole name."""
    if filename.endswith(".whl") and filename.count("-") == 4:
        return filename[: filename.find("-", filename.find("-") + 1)]
    return filename


def grouped(filenames: Iterable[str]) -> dict[str, list[int]]:
    """The places of *filenames* by their heads."""
    groups: dict[str, list[int]] = {}
    for place, filename in enumerate(filenames):
        groups.setdefault(head_of(filename), []).append(place)
    return groups


class Releases(Mapping[str, tuple[IndexFile, ...]]):
    """Version text -> the wheels and source archives of *project* (canonical), in page order, made when looked at.

    A version whose links all turn out to be unusable has no files.
    """

    def __init__(self, links: PageLinks, *, project: str, source: str, page: str) -> None:
        self._links, self._project, self._source, self._page = links, project, source, page
        self._heads: dict[str, list[str]] = {}
        self._made: dict[str, tuple[IndexFile, ...]] = {}
        for head in links.groups:
            version = _version_of(head, project)
            if version:
                self._heads.setdefault(version, []).append(head)

    def __getitem__(self, version: str) -> tuple[IndexFile, ...]:
        if version not in self._made:
            links = self._links.at(self._heads[version])
            self._made[version] = files_of(
                links, project=self._project, source=self._source, page=self._page, version=version
            )
        return self._made[version]

    def __iter__(self) -> Iterator[str]:
        return iter(self._heads)

    def __len__(self) -> int:
        return len(self._heads)


def _version_of(head: str, project: str) -> str:
    """The version of *project* that files with this head are of; empty for anything else."""
    if head.endswith(SDIST_SUFFIXES):
        return parse_sdist_name(head, project) or ""
    if head.endswith(".whl"):
        parsed = parse_wheel_name(head)
        return parsed[1] if parsed and parsed[0] == project else ""
    name, _, version = head.partition("-")
    return version if is_name_of(name, project) and is_version(version) else ""


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


def files_of(
    links: Iterable[Link], *, project: str, source: str, page: str, version: str = ""
) -> tuple[IndexFile, ...]:
    """The links that are wheels or source archives of *project* (canonical), in page order.

    :param version: what all the file names are known to say.

    Logins in addresses are removed, and pages of a server cannot point at local files.
    """
    allowed = ("https://", "http://", "file://") if page.startswith("file:") else ("https://", "http://")
    files: list[IndexFile] = []
    for link in links:
        filename, url = link.filename, link.url
        found = version or (_version_of(head_of(filename), project) if filename.endswith(_SUFFIXES) else "")
        if not found or not url.startswith(allowed) or "/" in filename or "\\" in filename:
            continue
        # Only brackets make an address that nobody can split.
        if ("@" in url or "[" in url) and not (url := _without_login(url)):
            continue
        files.append(
            IndexFile(
                filename=filename,
                url=url,
                name=project,
                version=found,
                source=source,
                is_wheel=filename.endswith(".whl"),
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
    """*url* without user and password; empty when it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url
