"""Simple-API pages in HTML (PEP 503, 592, 629, 658, 714) and find-links pages.

Most indexes write one plain ``<a>`` per line, and one regular expression reads those three times faster than a parser.
Whatever it cannot account for to the last link goes to a real HTML parser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from urllib.parse import unquote

from accelinstall.index.links import Link, PageHead, PageLinks, filename_of, grouped, hex_sha256, joiner, sha256_in

_ANCHOR = re.compile(r'<a\s+href="([^"]*)"((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*>([^<]*)</a>')
# The same without groups: texts are cheaper to make, and to keep, than tuples of texts.
_PLAIN = re.compile(re.sub(r"\((?!\?)", "(?:", _ANCHOR.pattern))
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?', re.IGNORECASE)
# Before the first link and after the last, these would change what the links mean.
_SUBTLE = re.compile(r"<!--|<!\[|<(?:base|script|style|te|no|svg|math|xmp|plaintext|iframe|a[\s/>])", re.IGNORECASE)
_META = re.compile(r'<meta\s+name="pypi:([a-z-]+)"\s+content="([^"]*)"', re.IGNORECASE)
_ARCHIVE = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", "-variants.json")


def parse_html(body: bytes, *, url: str) -> tuple[PageHead, PageLinks]:
    """What the page states of itself, and its links, made absolute against *url*."""
    text = body.decode("utf-8", "replace")
    first, last = text.find("<a "), text.rfind("</a>") + 4
    if first < 0 or last < first:
        first = last = len(text)
    around = text[:first] + text[last:]
    if not _SUBTLE.search(around) and _is_outside_tags(text, first):
        anchors = _PLAIN.findall(text, first, last)
        if text.count("<", first, last) - 2 * len(anchors) in _between(text, first, last):
            stated = {name.lower(): html.unescape(value) for name, value in _META.findall(around)}
            return _head(stated), _plain_links(anchors, url)
    head, links = _parse_with_lexbor(text, url)
    return head, PageLinks.of(links)


def _head(stated: Mapping[str, str]) -> PageHead:
    return PageHead(
        version=stated.get("repository-version", ""),
        status=stated.get("project-status", ""),
        reason=stated.get("project-status-reason", ""),
    )


def _is_outside_tags(text: str, position: int) -> bool:
    """Whether *position* is neither inside a tag nor inside the title, where a link is mere text."""
    if text.count("<title", 0, position) != text.count("</title", 0, position):
        return False
    return text.rfind("<", 0, position) <= text.rfind(">", 0, position)


def _between(text: str, first: int, last: int) -> Iterator[int]:
    """How many tags stand between plain links: breaks alone, then with lists and paragraphs; counted when asked."""
    found = sum(text.count(tag, first, last) for tag in ("<br/>", "<br>", "<br />"))
    yield found
    yield found + sum(text.count(tag, first, last) for tag in ("<li>", "</li>", "<p>", "</p>"))


def _plain_links(anchors: list[str], base: str) -> PageLinks:
    """Only names are read here; a link is taken apart when it is made, unless its name is hard to tell."""
    join, unescape = joiner(base), cache(html.unescape)
    filenames: list[str] = []
    rows: list[str | Link] = []
    for anchor in anchors:
        href = anchor.split('"', 2)[1]
        url = href.partition("#")[0]
        filename = url[url.rfind("/") + 1 :]
        if "&" not in href and "?" not in url and filename.endswith(_ARCHIVE):
            filenames.append(unquote(filename) if "%" in filename else filename)
            rows.append(anchor)
        elif (link := _plain_link(anchor, join, unescape)) is not None:
            filenames.append(link.filename)
            rows.append(link)

    def make(place: int) -> Link | None:
        row = rows[place]
        return row if isinstance(row, Link) else _plain_link(row, join, unescape)

    return PageLinks(groups=grouped(filenames), make=make)


def _plain_link(anchor: str, join: Callable[[str], str], unescape: Callable[[str], str]) -> Link | None:
    match = _ANCHOR.fullmatch(anchor)
    assert match is not None, "both patterns match the same"
    href, attributes, text = match.groups()
    url, _, fragment = unescape(href).partition("#")
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(attributes):
        found.setdefault(name.lower(), unescape(value))
    return _link(join(url.strip()), fragment, found, unescape(text))


def _parse_with_lexbor(text: str, base: str) -> tuple[PageHead, list[Link]]:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    stated = {
        (meta.attributes.get("name") or "").lower().removeprefix("pypi:"): meta.attributes.get("content") or ""
        for meta in tree.css('meta[name^="pypi:"]')
    }
    for element in tree.css("base[href]")[:1]:
        base = joiner(base)((element.attributes["href"] or "").strip()) or base
    join, links = joiner(base), []
    for anchor in tree.css("a[href]"):
        attributes = {name: value or "" for name, value in anchor.attributes.items()}
        href, _, fragment = attributes["href"].strip().partition("#")
        link = _link(join(href), fragment, attributes, anchor.text())
        if link is not None:
            links.append(link)
    return _head(stated), links


def _link(url: str, fragment: str, attributes: Mapping[str, str], text: str) -> Link | None:
    if not url:
        return None
    filename = filename_of(url)
    if not filename.endswith(_ARCHIVE):
        # Some servers hand files out by number, and only the text names them.
        filename = text.strip()
        if not filename.endswith(_ARCHIVE):
            return None
    metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    return Link(
        filename=filename,
        url=url,
        sha256=sha256_in(fragment),
        requires_python=attributes.get("data-requires-python", ""),
        yanked=attributes.get("data-yanked"),
        upload_time=attributes.get("data-upload-time", ""),
        metadata_sha256=_metadata_sha256(metadata),
    )


def _metadata_sha256(text: str | None) -> str | None:
    """``None`` = no file, empty = a file without a hash we know."""
    if text is None or text.lower() == "false":
        return None
    return hex_sha256(text.removeprefix("sha256=")) if text.startswith("sha256=") else ""
