"""The client: redirects, logins, attempts, ranges and the page cache around one transport."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from accelinstall.net.addresses import without_credentials
from accelinstall.net.cache import PageCache
from accelinstall.net.credentials import CredentialBook, Login
from accelinstall.net.errors import (
    AnswerBroken,
    AnswerTooLarge,
    HttpError,
    InvalidAddress,
    Offline,
    RedirectRefused,
    WrongRange,
)
from accelinstall.net.local import open_local, read_local
from accelinstall.net.lookups import LookUp
from accelinstall.net.mapping import mapped, status_error
from accelinstall.net.origins import Origin, origin_of
from accelinstall.net.ranges import ByteRange, explain_mismatch, parse_content_range
from accelinstall.net.responses import Response, Stream
from accelinstall.net.retries import RetryPolicy
from accelinstall.net.throttle import Throttle
from accelinstall.net.transport import Settings, Transport

if TYPE_CHECKING:
    import urllib3

_T = TypeVar("_T")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
# Headers that belong to one host and stay there.
_PRIVATE = frozenset({"authorization", "cookie", "proxy-authorization"})
USER_AGENT = "accelinstall"
# The largest pages of public indexes have 40 MB.
MOST_BYTES = 100_000_000
_PIECE = 8 << 20


class HttpClient:
    """Reads addresses for every room: pooled, thread-safe, patient within limits.

    A failed request is repeated on 429, 5xx, a lost connection or a timeout.  A server that could not be reached at
    all is not asked again by this client: further addresses there fail at once with the same reason.

    :param offline: refuse everything but ``file://`` and kept pages, before any socket.
    :param timeout: seconds without any byte; connecting is given at most 10.
    :param proxy: pip's ``proxy``; without it the environment's proxies hold.
    :param cert: trusted certificates (pip's ``cert``); *client_cert* and *trusted_hosts* as pip means them.
    :param credentials: address prefix -> login.
    :param cache: where :meth:`get` keeps pages; ``None`` keeps none.
    :param connections: kept open per host.
    :param rate: bytes per second that all :meth:`open` streams bring together; 0 = no limit.
    :param environ: ``os.environ`` unless given.
    :param look_up: host and port -> addresses; the system's resolver unless given.
    :param wait: called with seconds between attempts; the default also wakes up when the client is closed.
    """

    def __init__(
        self,
        *,
        offline: bool = False,
        timeout: float = 30.0,
        proxy: str = "",
        cert: str = "",
        client_cert: str = "",
        trusted_hosts: Iterable[str] = (),
        credentials: Mapping[str, Login] | None = None,
        keyring: bool = True,
        cache: PageCache | None = None,
        connections: int = 64,
        rate: int = 0,
        retries: RetryPolicy | None = None,
        environ: Mapping[str, str] | None = None,
        wait: Callable[[float], object] | None = None,
        user_agent: str = USER_AGENT,
        look_up: LookUp | None = None,
    ) -> None:
        environ = os.environ if environ is None else environ
        self.is_offline, self.cache = offline, cache
        self._retries = retries or RetryPolicy()
        self._user_agent = user_agent
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._book = CredentialBook(credentials or {}, environ=environ, keyring=keyring)
        settings = Settings(
            environ=environ,
            proxy=proxy,
            cert=cert,
            client_cert=client_cert,
            trusted_hosts=tuple(trusted_hosts),
            connect_timeout=min(timeout, 10.0),
            read_timeout=timeout,
            connections=connections,
        )
        self._throttle = Throttle(rate, wait=self._wait) if rate else None
        self._look_up = look_up
        self._transport = Transport(settings, look_up=look_up)
        self._reached: set[Origin] = set()
        self._unreachable: dict[Origin, HttpError] = {}

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def round_trip(self) -> float | None:
        """Seconds a packet takes there and back at best: of the quickest connecting; ``None`` while unknown."""
        return self._transport.round_trip

    def close(self) -> None:
        """Close idle connections and end every wait between attempts; later calls fail."""
        self._closed.set()
        self._transport.close()

    @property
    def is_limited(self) -> bool:
        """Whether all streams together may bring so much a second only."""
        return self._throttle is not None

    def renew(self) -> None:
        """Use no connection that is open: in a forked process they belong to the one it came from."""
        self._transport = Transport(self._transport.settings, look_up=self._look_up)
        self._book.renew()

    def learn_credentials(self, url: str) -> str:
        """*url* without its login; the login is used from now on for addresses below it and on its host."""
        return self._book.learn(url)

    def learn_keyring_service(self, url: str, service: str) -> None:
        """Ask the keyring for *service* too, when an address below *url* wants a login."""
        self._book.name_service(url, service)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, keep: bool = True) -> Response:
        """The whole answer at *url*, decoded and in memory: for pages and other small things.

        A kept page is used while it is fresh, and confirmed with the server after that.

        :param keep: whether the cache has to do with it at all.
        :raises HttpError: see :mod:`accelinstall.net.errors`.
        """
        url = self._book.learn(url)
        if url.startswith("file:"):
            return read_local(url)
        accept = (headers or {}).get("Accept", "")
        cache = self.cache if keep else None
        page = cache.find(url, accept) if cache else None
        if cache and page and (self.is_offline or cache.is_fresh(page)):
            return page.response()
        asked = {"Accept-Encoding": "gzip", **(headers or {}), **(page.validators if page else {})}
        response = self._attempt(url, asked, lambda answer, final: _whole(answer, final))
        if cache and page and response.status == 304:
            return cache.confirm(page, response.headers).response()
        if cache:
            cache.store(url, accept, response)
        return response

    def open(
        self,
        url: str,
        *,
        start: int = 0,
        stop: int | None = None,
        tail: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Stream:
        """The bytes at *url* as they are stored, from *start* up to, not including, *stop*; or the last *tail* bytes.

        Attempts are repeated until the answer starts; see :meth:`Stream.chunks` for what comes after.  A server that
        ignores ranges gives ``status`` 200 and the whole file from byte 0.

        :raises HttpError: :class:`WrongRange` when other bytes come than those asked for, and its kin.
        """
        url = self._book.learn(url)
        wanted = ByteRange(start=start, stop=stop, tail=tail)
        if url.startswith("file:"):
            return open_local(url, wanted)
        asked = {"Accept-Encoding": "identity", **(headers or {})}
        if wanted.header:
            asked["Range"] = wanted.header
        return self._attempt(url, asked, lambda answer, final: _stream(answer, final, wanted, self._throttle))

    def _attempt(self, url: str, headers: Mapping[str, str], take: Callable[[urllib3.BaseHTTPResponse, str], _T]) -> _T:
        """What *take* makes of the answer; the whole exchange is repeated while that is worth it."""
        import random

        for attempt in range(1, self._retries.attempts + 1):
            try:
                return self._exchange(url, headers, take)
            except HttpError as error:
                delay = self._retries.delay(error, attempt=attempt, chance=random.random())
                if delay is None or self._closed.is_set():
                    self._remember(error)
                    raise
            self._wait(delay)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(
        self, url: str, headers: Mapping[str, str], take: Callable[[urllib3.BaseHTTPResponse, str], _T]
    ) -> _T:
        """Ask, follow redirects, show a login where one is wanted, and hand the final answer to *take*."""
        headers, keyring_asked = {"User-Agent": self._user_agent, **headers}, False
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._send(url, headers)
            location = answer.headers.get("location")
            if answer.status in _REDIRECTS and location:
                answer.drain_conn()
                url, headers = self._redirected(url, location, headers)
                continue
            if answer.status == 401 and not keyring_asked and "Authorization" not in headers:
                keyring_asked = True
                known = self._book.login_for(url)
                login = self._book.ask_keyring(url, user=known.user if known else "")
                if login is not None:
                    answer.drain_conn()
                    self._book.add(url, login)
                    continue
            if answer.status in _REDIRECTS or answer.status in (300, 305, 306):
                answer.drain_conn()
                raise RedirectRefused(url, f"it redirects (status {answer.status}) without saying where")
            if answer.status >= 400:
                answer.drain_conn()
                raise status_error(url, answer.status, _lower(answer), now=time.time())
            _ensure_measured(answer, url)
            return take(answer, url)
        raise RedirectRefused(url, f"more than {_MOST_REDIRECTS} redirects")

    def _send(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        origin = origin_of(url)
        if self.is_offline:
            raise Offline(url, "the network is switched off")
        if self._closed.is_set():
            raise HttpError(url, "the client is closed")
        if origin in self._unreachable:
            raise self._unreachable[origin].elsewhere(url)
        login = None if any(name.lower() == "authorization" for name in headers) else self._book.login_for(url)
        answer = self._transport.send(url, {**headers, "Authorization": login.header} if login else headers)
        self._reached.add(origin)
        return answer

    def _remember(self, error: HttpError) -> None:
        """Keep the reason when a server was never reached, so that a hundred packages do not each wait for it."""
        if error.is_unreachable:
            origin = origin_of(error.url)
            if origin not in self._reached:
                self._unreachable.setdefault(origin, error)

    def _redirected(self, url: str, location: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Address and headers of the next request."""
        with mapped(url):
            try:
                target = self._book.learn(urljoin(url, location))
            except ValueError:
                raise RedirectRefused(url, "it redirects to something that is no address") from None
        try:
            old, new = origin_of(url), origin_of(target)
        except InvalidAddress as error:
            raise RedirectRefused(url, f"it redirects to {error.url}: {error.reason}") from None
        if old.scheme == "https" and new.scheme == "http" and not self._transport.settings.trusts(new):
            raise RedirectRefused(
                url,
                f"it redirects to {without_credentials(target)}, which is not encrypted",
                hint=f"if that is meant: pip config set global.trusted-host {new.host}",
            )
        if old == new:
            return target, dict(headers)
        return target, {name: value for name, value in headers.items() if name.lower() not in _PRIVATE}


def _lower(answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _ensure_measured(answer: urllib3.BaseHTTPResponse, url: str) -> None:
    """:raises AnswerBroken: when nobody can tell where the answer ends: it would be waited for until time is up."""
    length = answer.headers.get("content-length", "")
    if length and _length(answer) is None and "transfer-encoding" not in answer.headers:
        answer.close()
        raise AnswerBroken(url, f"its Content-Length is `{length[:20]}`")


def _length(answer: urllib3.BaseHTTPResponse) -> int | None:
    """Bytes of the body as announced, ``None`` without a number of them."""
    # A header that is there twice counts once; two that differ have been refused by now.
    text = next(iter(answer.headers.getlist("content-length")), "").strip()
    return int(text) if len(text) < 19 and text.isascii() and text.isdigit() else None


def _whole(answer: urllib3.BaseHTTPResponse, url: str) -> Response:
    # Counted unpacked: a few kilobytes of gzip may hold gigabytes.
    pieces, arrived = list[bytes](), 0
    announced = _length(answer) or 0
    with mapped(url):
        while max(announced, arrived) <= MOST_BYTES and (piece := answer.read(_PIECE, decode_content=True)):
            pieces.append(piece)
            arrived += len(piece)
    if max(announced, arrived) > MOST_BYTES:
        answer.close()
        raise AnswerTooLarge(url, f"its page has more than {MOST_BYTES // 1_000_000} MB")
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return Response(status=answer.status, headers=_lower(answer), body=body, url=without_credentials(url))


def _stream(answer: urllib3.BaseHTTPResponse, url: str, wanted: ByteRange, throttle: Throttle | None) -> Stream:
    headers = _lower(answer)
    length = _length(answer)
    start, stop, total = 0, length, length
    if answer.status not in (200, 203, 206):
        answer.close()
        raise AnswerBroken(url, f"the server answered {answer.status} without the file")
    if answer.status == 206:
        answered = parse_content_range(headers.get("content-range", ""))
        reason = "a part without a readable Content-Range" if answered is None else explain_mismatch(wanted, answered)
        if answered is None or reason or not wanted.header:
            answer.close()
            raise WrongRange(url, reason or "a part, though the whole file was asked for")
        start, stop, total = answered.start, answered.stop, answered.total

    def read(size: int) -> Iterator[bytes]:
        with mapped(url):
            if throttle is None:
                yield from answer.stream(size, decode_content=False)
                return
            for piece in answer.stream(min(size, throttle.piece), decode_content=False):
                throttle.take(len(piece))
                yield piece

    def close() -> None:
        # Unread bytes would be the next request's answer, so such a connection is not used again.
        if answer.length_remaining != 0:
            answer.close()
        answer.release_conn()

    return Stream(
        url=url, status=answer.status, headers=headers, start=start, stop=stop, total=total, read=read, close=close
    )
