"""Every foreign exception becomes one of ours at one boundary."""

import errno
import http.client
import inspect
import socket
import ssl

import pytest
import urllib3.exceptions as foreign

from accelinstall.errors import SourceError
from accelinstall.net import (
    CertificateRefused,
    ConnectionFailed,
    ConnectionLost,
    HostUnknown,
    HttpError,
    ProxyFailed,
    TimedOut,
)
from accelinstall.net.mapping import http_error, mapped, parse_retry_after, status_error

URL = "https://me:secret@host/path?token=12345"
NETWORK = [
    kind
    for _, kind in inspect.getmembers(foreign, inspect.isclass)
    if issubclass(kind, foreign.HTTPError) and not issubclass(kind, Warning)
]


def made(kind):
    """An instance of *kind* without going through its constructor, whose arguments differ from class to class."""
    error = kind.__new__(kind)
    Exception.__init__(error, "me:secret@host token=12345")
    for name in ("reason", "original_error"):
        if not hasattr(error, name):
            setattr(error, name, None)
    return error


@pytest.mark.parametrize("kind", NETWORK, ids=lambda kind: kind.__name__)
def test_every_exception_of_urllib3_is_mapped(kind):
    ours = http_error(made(kind), URL)
    assert isinstance(ours, HttpError)
    assert isinstance(ours, SourceError)
    assert "secret" not in ours.message + ours.hint + ours.url
    assert "12345" not in ours.message + ours.hint + ours.url


def test_urllib3_still_has_the_exceptions_this_was_written_for():
    assert len(NETWORK) >= 25


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] x")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), HostUnknown, "does not resolve"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), ConnectionFailed, "connection refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), ConnectionLost, "connection reset by peer"),
        (BrokenPipeError(errno.EPIPE, "x"), ConnectionLost, "broken pipe"),
        (OSError(errno.ENETUNREACH, "x"), ConnectionFailed, "network is unreachable"),
        (TimeoutError("timed out"), TimedOut, "stopped answering"),
        (http.client.IncompleteRead(b""), ConnectionLost, "ended early"),
        (http.client.BadStatusLine("x"), HttpError, "cannot be read"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), ConnectionLost, "inside TLS"),
        (foreign.SSLError(ssl.SSLEOFError(8, "EOF")), ConnectionLost, "inside TLS"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), CertificateRefused, "TLS failed"),
        (foreign.SSLError(tls_error("TLSV1_ALERT_DECODE_ERROR")), ConnectionLost, "tlsv1 alert decode error"),
        (tls_error("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), ConnectionLost, "bad record mac"),
        (tls_error("TLSV1_ALERT_UNKNOWN_CA"), CertificateRefused, "unknown ca"),
        (foreign.ProxyError("x", OSError("Tunnel connection failed: 407 Nope")), ProxyFailed, "407 nope"),
        (foreign.ProtocolError("x", ConnectionResetError(errno.ECONNRESET, "x")), ConnectionLost, "connection reset"),
    ],
)
def test_the_reason_is_the_systems_own_word(error, kind, reason):
    ours = http_error(error, URL)
    assert isinstance(ours, kind)
    assert reason in ours.reason


def test_our_own_bugs_and_interrupts_are_not_disguised():
    with pytest.raises(ZeroDivisionError), mapped(URL):
        1 / 0  # noqa: B018
    with pytest.raises(KeyboardInterrupt), mapped(URL):
        raise KeyboardInterrupt
    with pytest.raises(HttpError) as caught, mapped(URL):
        raise foreign.DecodeError("me:secret@host")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("\x0b" * 18 + "7", 7.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text, seconds):
    assert parse_retry_after(text, now=10.0) == seconds


def test_a_date_in_the_past_means_now():
    assert parse_retry_after("Thu, 01 Jan 1970 00:00:01 GMT", now=10.0) == 0.0


def test_every_status_has_a_code_and_says_its_number():
    for status in range(400, 600):
        error = status_error("http://host/", status, {}, now=0)
        assert error.status == status
        assert str(status) in error.message
        assert error.code not in ("error", "http")
