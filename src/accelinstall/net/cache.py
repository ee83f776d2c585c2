"""Pages kept on disk between runs, as RFC 9111 allows."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from accelinstall.net.responses import Response
from accelinstall.values import dataclass, field, replace

_KEPT = ("content-type", "etag", "last-modified", "cache-control", "date", "x-pypi-last-serial")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One kept answer.

    :ivar stored: epoch seconds when it was last fetched or confirmed.
    :ivar age: seconds it had already spent in other caches then.
    """

    url: str
    final_url: str
    accept: str
    stored: float
    age: float
    length: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def validators(self) -> dict[str, str]:
        """Request headers that ask whether it is still right; empty when the server gave no means to ask."""
        pairs = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
        return {name: self.headers[kept] for name, kept in pairs if self.headers.get(kept)}

    def is_fresh(self, *, now: float) -> bool:
        """Whether it may be used at *now* (epoch seconds) without asking."""
        return -60 <= now - self.stored < _lifetime(self.headers) - self.age

    def response(self) -> Response:
        """It as an answer."""
        return Response(status=200, headers=self.headers, body=self.body, url=self.final_url, is_cached=True)


class PageCache:
    """A folder of pages, keyed by address and ``Accept``; processes may share it.

    Pages are written aside and renamed into place, so readers see a whole old or a whole new one.  A page that is
    damaged or cannot be written is simply not there.  ``hits``, ``confirmed`` (304) and ``stored`` count this
    object's work.

    :param clock: epoch seconds.
    """

    def __init__(self, directory: str, *, clock: Callable[[], float] = time.time) -> None:
        self._directory, self._clock = directory, clock
        self._lock = threading.Lock()
        self.hits = self.confirmed = self.stored = 0

    def find(self, url: str, accept: str) -> Page | None:
        """The kept page, fresh or stale."""
        try:
            with open(self._path(url, accept), "rb") as stream:
                head, _, body = stream.read().partition(b"\n")
            page = Page(**{**json.loads(head), "body": body})
            if (page.url, page.accept, page.length) != (url, accept, len(body)):
                return None
        except (OSError, ValueError, TypeError):
            return None
        return page

    def is_fresh(self, page: Page) -> bool:
        """Whether *page* may be used without asking the server; counts a hit when it may."""
        fresh = page.is_fresh(now=self._clock())
        if fresh:
            self._count("hits")
        return fresh

    def store(self, url: str, accept: str, response: Response) -> None:
        """Keep *response* when its headers allow it and there will be a use for it."""
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        directives = _directives(headers.get("cache-control", ""))
        useful = _lifetime(headers) > 0 or "etag" in headers or "last-modified" in headers
        if response.status != 200 or "no-store" in directives or not useful:
            return
        page = Page(
            url=url,
            final_url=response.url,
            accept=accept,
            stored=self._clock(),
            age=_seconds(response.headers.get("age", "")),
            length=len(response.body),
            headers=headers,
            body=response.body,
        )
        self._write(page)
        self._count("stored")

    def confirm(self, page: Page, headers: Mapping[str, str]) -> Page:
        """*page* after the server answered 304 with *headers*: its clock starts again."""
        merged = {**page.headers, **{name: headers[name] for name in _KEPT if name in headers}}
        fresh = replace(page, headers=merged, stored=self._clock(), age=_seconds(headers.get("age", "")))
        self._write(fresh)
        self._count("confirmed")
        return fresh

    def _count(self, what: str) -> None:
        with self._lock:
            setattr(self, what, getattr(self, what) + 1)

    def _path(self, url: str, accept: str) -> str:
        key = hashlib.sha256(f"{url}\0{accept}".encode("utf-8", "surrogatepass")).hexdigest()
        return os.path.join(self._directory, key)

    def _write(self, page: Page) -> None:
        head = {name: getattr(page, name) for name in Page.__slots__ if name != "body"}
        content = json.dumps(head).encode() + b"\n" + page.body
        path = self._path(page.url, page.accept)
        # A full or read-only disk costs the cache, not the run.
        with suppress(OSError):
            try:
                _put(path, content)
            except FileNotFoundError:
                os.makedirs(self._directory, mode=0o700, exist_ok=True)
                _put(path, content)


def _put(path: str, content: bytes) -> None:
    """Written aside and renamed into place."""
    temporary = f"{path}.{os.getpid()}-{time.monotonic_ns():x}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _directives(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.lower().split(","))
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _lifetime(headers: Mapping[str, str]) -> float:
    directives = _directives(headers.get("cache-control", ""))
    return 0.0 if "no-cache" in directives else _seconds(directives.get("max-age", ""))


def _seconds(text: str) -> float:
    return float(min(int(text), 31_536_000)) if text.isascii() and text.isdigit() and len(text) < 16 else 0.0
