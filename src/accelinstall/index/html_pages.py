"""Simple-API pages in HTML (PEP 503, 592, 629, 658, 714) and find-links pages.

Most indexes write one plain ``<a>`` per line, and one regular expression reads those three times faster than a parser.
Whatever it cannot account for to the last link goes to a real HTML parser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping

from accelinstall.index.links import Link, filename_of, hex_sha256, joiner, sha256_in

_ANCHOR = re.compile(
    r'<a\s+href="([^"#]*)(?:#([^"]*))?"((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*>([^<]*)</a>',
)
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?', re.IGNORECASE)
_OPENING = re.compile(r"<a[\s>]", re.IGNORECASE)
# Where these occur, text that looks like a link need not be one, or means something else.
_SUBTLE = re.compile(
    r"<!--|<base|<script|<style|<template|<textarea|<title[^>]*>[^<]*<a|<noscript|<svg|<xmp|<!\[", re.I
)
_VERSION = re.compile(r'<meta\s+name="pypi:repository-version"\s+content="([^"]*)"', re.IGNORECASE)
_ARCHIVE = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")


def parse_html(body: bytes, *, url: str) -> tuple[str, list[Link]]:
    """The repository version the page states (empty for none) and its links, made absolute against *url*."""
    text = body.decode("utf-8", "replace")
    if not _SUBTLE.search(text):
        anchors = _ANCHOR.findall(text)
        if len(anchors) == len(_OPENING.findall(text)):
            version = _VERSION.search(text)
            return html.unescape(version[1]) if version else "", list(_plain_links(anchors, url))
    return _parse_with_lexbor(text, url)


def _plain_links(anchors: Iterable[tuple[str, str, str, str]], base: str) -> Iterator[Link]:
    join = joiner(base)
    unescaped: dict[str, str] = {}
    for href, fragment, rest, text in anchors:
        if "&" in href:
            href = html.unescape(href)
            if "#" in href:
                href, _, fragment = href.partition("#")
        attributes: dict[str, str] = {}
        if rest:
            for name, value in _ATTRIBUTE.findall(rest):
                if "&" in value:
                    if value not in unescaped:
                        unescaped[value] = html.unescape(value)
                    value = unescaped[value]
                attributes.setdefault(name.lower(), value)
        link = _link(join(href.strip()), fragment, attributes, text)
        if link is not None:
            yield link


def _parse_with_lexbor(text: str, base: str) -> tuple[str, list[Link]]:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    version = ""
    for meta in tree.css('meta[name="pypi:repository-version"]'):
        version = meta.attributes.get("content") or ""
    for element in tree.css("base[href]")[:1]:
        base = joiner(base)((element.attributes["href"] or "").strip()) or base
    join, links = joiner(base), []
    for anchor in tree.css("a[href]"):
        attributes = {name: value or "" for name, value in anchor.attributes.items()}
        href, _, fragment = attributes["href"].strip().partition("#")
        link = _link(join(href), fragment, attributes, anchor.text())
        if link is not None:
            links.append(link)
    return version, links


def _link(url: str, fragment: str, attributes: Mapping[str, str], text: str) -> Link | None:
    if not url:
        return None
    filename = filename_of(url)
    if not filename.endswith(_ARCHIVE):
        # Some servers hand files out by number, and only the text names them.
        filename = html.unescape(text).strip()
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
