"""A page's bytes as links, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable

from accelinstall.index.errors import PageMalformed, PageTooNew
from accelinstall.index.links import Link, PageLinks
from accelinstall.model.index import ProjectStatus
from accelinstall.values import replace

# JSON first, because it carries sizes and metadata hashes; HTML is what many mirrors have.
ACCEPT = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1, "
    "application/json;q=0.05"
)


def parse_page(body: bytes, *, content_type: str, url: str, source: str) -> PageLinks:
    """Every link of a simple-API or find-links page that could be a distribution.

    :raises PageMalformed: when it is neither HTML nor JSON of that kind; :class:`PageTooNew` for a newer major version.
    """
    kind = content_type.partition(";")[0].strip().lower()
    beginning = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if "json" in kind or ("html" not in kind and beginning == b"{"):
        from accelinstall.index.json_pages import parse_json

        def refused(error: ValueError) -> PageMalformed:
            return PageMalformed(source=source, url=url, reason=f"its JSON is not a simple-API page: {error}")

        try:
            head, links = parse_json(body, url=url)
        except ValueError as error:
            raise refused(error) from None
        links = _refusing(links, refused)
    elif "html" in kind or kind in ("", "text/plain", "application/octet-stream"):
        if body and beginning != b"<" and "html" not in kind:
            raise PageMalformed(source=source, url=url, reason="its page is neither HTML nor JSON")
        from accelinstall.index.html_pages import parse_html

        head, links = parse_html(body, url=url)
    else:
        raise PageMalformed(source=source, url=url, reason=f"its page has the type `{kind}`")
    major = head.version.partition(".")[0]
    if major.isdecimal() and int(major[:9]) > 1:
        raise PageTooNew(source=source, url=url, version=head.version)
    if head.status in ("", "active"):
        return links
    return replace(links, status=ProjectStatus(marker=head.status, reason=head.reason))


def _refusing(links: PageLinks, refused: Callable[[ValueError], PageMalformed]) -> PageLinks:
    """The same links, of which some may turn out to be malformed when they are made."""

    def make(place: int) -> Link | None:
        try:
            return links.make(place)
        except ValueError as error:
            raise refused(error) from None

    return replace(links, make=make)
