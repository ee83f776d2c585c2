"""The one boundary where foreign exceptions become ours."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from accelinstall.net.errors import (
    AnswerBroken,
    CertificateRefused,
    ConnectionFailed,
    ConnectionLost,
    ConnectTimedOut,
    CredentialsRefused,
    HostUnknown,
    HttpError,
    InvalidAddress,
    NotFound,
    ProxyFailed,
    RangeRefused,
    ServerFailed,
    SetupUnreadable,
    StatusRefused,
    TimedOut,
    TooManyRequests,
)

_LATER = frozenset({408, 425, 500, 502, 503, 504, 520, 522, 524})
# The server cannot do that at all (501, 505), so asking again is no use.
_NEVER = frozenset({501, 505})
# Seconds: a longer wish of the server is worth telling.
_NOTABLE = 60
# How OpenSSL calls what befalls bytes on their way, or a server's own trouble: neither is about certificates.
_SPOILED = ("decode error", "internal error", "bad record mac")
_LOST = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)


@contextmanager
def mapped(url: str) -> Iterator[None]:
    """Let nothing but :class:`HttpError` (and interrupts) out of the block; *url* is what was being read."""
    try:
        yield
    except (HttpError, KeyboardInterrupt, GeneratorExit, MemoryError):
        raise
    except Exception as error:
        ours = http_error(error, url)
        if ours is None:
            raise
        # The foreign text may hold a login, so it is not chained into tracebacks.
        raise ours from None


def http_error(error: BaseException, url: str) -> HttpError | None:
    """*error* of urllib3, ssl, socket or http.client as ours; ``None`` for what is a bug of our own."""
    import http.client
    import ssl

    import urllib3.exceptions as foreign

    if isinstance(error, foreign.ProxyError):
        return ProxyFailed(url, f"the proxy failed: {_root_reason(error)}")
    if isinstance(error, foreign.MaxRetryError) and error.reason is not None:
        return http_error(error.reason, url)
    if isinstance(error, (foreign.ReadTimeoutError, TimeoutError)):
        return TimedOut(url, "the server stopped answering")
    if isinstance(error, foreign.NameResolutionError):
        return HostUnknown(url, "the host's name does not resolve")
    if isinstance(error, foreign.NewConnectionError):
        return ConnectionFailed(url, _root_reason(error))
    if isinstance(error, foreign.ConnectTimeoutError):
        return ConnectTimedOut(url, "no connection in time")
    if _ended_inside_tls(error):
        return ConnectionLost(url, "the connection ended inside TLS")
    if isinstance(error, (foreign.SSLError, ssl.SSLError)):
        reason = _tls_reason(error)
        return (ConnectionLost if reason.endswith(_SPOILED) else CertificateRefused)(url, reason)
    if isinstance(error, (foreign.ProxySchemeUnknown, foreign.ProxySchemeUnsupported)):
        return SetupUnreadable(url, "the proxy's scheme is not supported", hint="use an http:// or https:// proxy")
    if isinstance(error, (foreign.LocationValueError, foreign.URLSchemeUnknown, UnicodeError)):
        return InvalidAddress(url, "it is not a valid address")
    if isinstance(error, (foreign.IncompleteRead, foreign.InvalidChunkLength, http.client.IncompleteRead)):
        return ConnectionLost(url, "the answer ended early")
    if isinstance(error, (foreign.ProtocolError, http.client.RemoteDisconnected)):
        return ConnectionLost(url, _root_reason(error))
    if isinstance(error, (foreign.HTTPError, http.client.HTTPException)):
        return AnswerBroken(url, f"the answer cannot be read ({type(error).__name__})")
    if isinstance(error, OSError):
        return _of_os(error, url)
    return None


def status_error(url: str, status: int, headers: Mapping[str, str], *, now: float) -> StatusRefused:
    """What the client raises for an answer with *status* >= 400; *now* in epoch seconds judges a Retry-After date."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    reason = f"the server answered {status} {phrase}".rstrip()
    kind = {404: NotFound, 410: NotFound, 401: CredentialsRefused, 403: CredentialsRefused}.get(status)
    kind = kind or {407: CredentialsRefused, 416: RangeRefused, 429: TooManyRequests}.get(status)
    kind = kind or (ServerFailed if status >= 500 or status in _LATER else StatusRefused)
    wait = parse_retry_after(headers.get("retry-after", ""), now=now)
    if wait is not None and wait > _NOTABLE:
        reason += f" and asks to be left alone for {wait:.0f} s"
    error = kind(url, reason, status=status, retry_after=wait)
    if status in _NEVER:
        error.attempts = 1
    return error


def parse_retry_after(text: str, *, now: float) -> float | None:
    """Seconds to wait that a ``Retry-After`` value asks for, as a number or as a date; ``None`` for neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:18])
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _of_os(error: OSError, url: str) -> HttpError:
    import socket

    if isinstance(error, socket.gaierror):
        return HostUnknown(url, "the host's name does not resolve")
    if error.errno in _LOST:
        return ConnectionLost(url, os.strerror(error.errno).lower())
    return ConnectionFailed(url, _root_reason(error))


def _root_reason(error: BaseException) -> str:
    """The system's own words for what lies under *error*, without addresses and logins."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno and type(seen).__module__ != "ssl":
            return os.strerror(seen.errno).lower() if seen.errno > 0 else "the host's name does not resolve"
        if isinstance(seen, OSError) and str(seen).startswith("Tunnel connection failed"):
            return str(seen).lower()
        inner = next((value for value in seen.args if isinstance(value, BaseException)), None)
        inner = inner or getattr(seen, "original_error", None)
        seen = inner or seen.__cause__ or seen.__context__
    return "the connection ended"


def _ended_inside_tls(error: BaseException) -> bool:
    """A server or middlebox that hangs up, which says nothing about certificates and may pass."""
    import ssl

    return any(isinstance(one, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) for one in (error, *error.args))


def _tls_reason(error: BaseException) -> str:
    import ssl

    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {seen.verify_message}"
        inner = next((value for value in seen.args if isinstance(value, BaseException)), None)
        if inner is None and isinstance(seen, ssl.SSLError) and getattr(seen, "reason", None):
            return f"TLS failed: {seen.reason.replace('_', ' ').lower()}"
        seen = inner or seen.__cause__ or seen.__context__
    return "TLS failed"
