"""What a source offers, as links: one project's page, a folder, or a find-links place read once for all projects."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from accelinstall.index.errors import SourceRefusesLogin, SourceUnreachable
from accelinstall.index.filenames import SDIST_SUFFIXES, VARIANTS_SUFFIX, parse_wheel_name
from accelinstall.index.links import Link, PageLinks
from accelinstall.index.pages import ACCEPT, parse_page
from accelinstall.model.project import Source
from accelinstall.model.variants import split_label
from accelinstall.net import CredentialsRefused, HttpClient, HttpError, NotFound
from accelinstall.net.addresses import file_address, without_credentials
from accelinstall.net.origins import path_of
from accelinstall.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Links and the page they stand on; *page* is the base that relative links were joined to."""

    page: str
    links: PageLinks = field(default_factory=lambda: PageLinks.of(()))


@dataclass(slots=True)
class Shelf:
    """A find-links place sorted by project: wheels by canonical name, everything else together."""

    page: str
    wheels: dict[str, list[Link]] = field(default_factory=lambda: defaultdict(list))
    archives: list[Link] = field(default_factory=list)

    def links_for(self, project: str) -> PageLinks:
        """The wheels of *project* (canonical), and every file that is no wheel."""
        return PageLinks.of((*self.wheels.get(project, ()), *self.archives))


def read_project_page(http: HttpClient, source: Source, url: str, name: str) -> Listing:
    """The page of project *name* (canonical) below the simple-API root *url*; without links when it is not known.

    :raises SourceUnreachable: when the index cannot be read; :class:`PageMalformed` when it answers nonsense.
    """
    root = url.rstrip("/")
    if root.startswith("file:"):
        return _read_local_project(source, root, name)
    page = f"{root}/{name}/"
    try:
        response = http.get(page, headers={"Accept": ACCEPT})
    except NotFound:
        return Listing(page=page)
    except HttpError as error:
        raise unreachable(source, error) from error
    kind = response.headers.get("content-type", "")
    links = parse_page(response.body, content_type=kind, url=response.url, source=source.name)
    return Listing(page=response.url, links=links)


def read_shelf(http: HttpClient, source: Source, url: str) -> Shelf:
    """A find-links folder or page at *url*, sorted by project.

    :raises SourceUnreachable: when it cannot be read; :class:`PageMalformed` when it is no page of links.
    """
    try:
        path = path_of(url) if url.startswith("file:") else ""
        if path and os.path.isdir(path):
            links: Iterable[Link] = _read_folder(source, url, path)
        elif path.endswith((".whl", *SDIST_SUFFIXES)):
            links = [_local_link(url, os.path.basename(path), os.stat(path).st_size)]
        else:
            response = http.get(url, headers={"Accept": ACCEPT})
            kind, url = response.headers.get("content-type", ""), response.url
            links = _with_sizes(parse_page(response.body, content_type=kind, url=url, source=source.name))
    except HttpError as error:
        raise unreachable(source, error) from error
    except OSError as error:
        raise _unreadable(source, url, error) from None
    shelf = Shelf(page=url)
    for link in links:
        if not link.filename.endswith(".whl"):
            shelf.archives.append(link)
        elif (parsed := parse_wheel_name(split_label(link.filename)[0])) is not None:
            shelf.wheels[parsed[0]].append(link)
    return shelf


def unreachable(source: Source, error: HttpError) -> SourceUnreachable:
    """*error* as this room tells it."""
    kind = SourceRefusesLogin if isinstance(error, CredentialsRefused) else SourceUnreachable
    return kind(source=source.name, url=error.url, reason=error.reason, hint=error.hint)


def _read_local_project(source: Source, root: str, name: str) -> Listing:
    try:
        folder = os.path.join(path_of(root), name)
        if not os.path.isdir(folder):
            if not os.path.isdir(path_of(root)):
                raise FileNotFoundError(2, "no such folder")
            return Listing(page=f"{root}/{name}/")
        page, index = f"{root}/{name}/", os.path.join(folder, "index.html")
        if not os.path.isfile(index):
            return Listing(page=page, links=PageLinks.of(_read_folder(source, page, folder)))
        with open(index, "rb") as stream:
            links = parse_page(stream.read(), content_type="text/html", url=page, source=source.name)
    except HttpError as error:
        raise unreachable(source, error) from error
    except OSError as error:
        raise _unreadable(source, root, error) from None
    return Listing(page=page, links=PageLinks.of(_with_sizes(links)))


def _read_folder(source: Source, url: str, path: str) -> list[Link]:
    with os.scandir(path) as entries:
        found = [
            _local_link(url.rstrip("/") + file_address("/" + entry.name)[7:], entry.name, entry.stat().st_size)
            for entry in entries
            if entry.name.endswith((".whl", VARIANTS_SUFFIX, *SDIST_SUFFIXES)) and entry.is_file()
        ]
    # Folders list themselves in any order; ours must not depend on it.
    return sorted(found, key=lambda link: link.filename)


def _local_link(url: str, filename: str, size: int) -> Link:
    return Link(filename=filename, url=url, size=size)


def _with_sizes(links: Iterable[Link]) -> Iterable[Link]:
    """Links to local files with the sizes the file system tells."""
    for link in links:
        if link.size is None and link.url.startswith("file:"):
            # A page may name files that are not there.
            with suppress(OSError, ValueError, HttpError):
                link = link._replace(size=os.stat(path_of(link.url)).st_size)
        yield link


def _unreadable(source: Source, url: str, error: OSError) -> SourceUnreachable:
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return SourceUnreachable(
        source=source.name, url=without_credentials(url), reason=reason, hint="check the path and its permissions"
    )
