"""What can go wrong between here and a server.

``HttpError``               code, address without credentials, reason, hint
    ``InvalidAddress``      not an address that can be asked
    ``SetupUnreadable``     a certificate or key file cannot be used
    ``Offline``             the network was needed and is switched off
    ``HostUnknown``         the name does not resolve
    ``ConnectionFailed``    nobody answers at that address
    ``ProxyFailed``         the proxy does not let us through
    ``CertificateRefused``  the server's certificate is not trusted
    ``TimedOut``            no answer in time
    ``ConnectionLost``      the connection ended inside an answer
    ``AnswerBroken``        the answer breaks the protocol or cannot be decoded
    ``AnswerTooLarge``      a page of more bytes than any page has
    ``WrongRange``          other bytes than those asked for
    ``RedirectRefused``     too many redirects, or one to a forbidden place
    ``StatusRefused``       the server says no
        ``NotFound`` ``CredentialsRefused`` ``TooManyRequests`` ``ServerFailed`` ``RangeRefused``
"""

from __future__ import annotations

from typing import Self

from accelinstall.errors import SourceError
from accelinstall.net.addresses import without_credentials


class HttpError(SourceError):
    """An address could not be read.

    :ivar url: without user, password, query and fragment.
    :ivar reason: one factual clause.
    :ivar attempts: how often it is worth trying in all; ``None`` leaves it to the client.
    :ivar is_unreachable: the server was not even reached, so other addresses there will fail alike.
    """

    code = "http"
    attempts: int | None = 1
    is_unreachable = False
    default_hint = "try again later"

    def __init__(self, url: str, reason: str, *, hint: str = "") -> None:
        self.url, self.reason = without_credentials(url), reason
        super().__init__(f"{self.url}: {reason}", hint=hint or self.default_hint)

    def elsewhere(self, url: str) -> Self:
        """The same refusal for another address on the same server, not worth another attempt."""
        again = type(self)(url, self.reason, hint=self._hint)
        again.attempts = 1
        return again


class InvalidAddress(HttpError):
    """The text is not an address that can be asked."""

    code = "invalid-address"
    default_hint = "write https://host/simple/ for an index, file:///absolute/path for a folder; in a login, %23 for #"


class SetupUnreadable(HttpError):
    """A certificate, key or proxy setting cannot be used."""

    code = "http-setup-unreadable"
    default_hint = "check `cert`, `client-cert` and `proxy` in pip's configuration, and SSL_CERT_FILE"


class Offline(HttpError):
    """The network was needed although it is switched off."""

    code = "offline"
    default_hint = "run once without --offline, or point --find-links at a folder that holds the files"


class HostUnknown(HttpError):
    """The host's name does not resolve."""

    code = "host-unknown"
    attempts = 2
    is_unreachable = True
    default_hint = "check the spelling, the network and whether a proxy is needed (HTTPS_PROXY)"


class ConnectionFailed(HttpError):
    """Nobody answers at that address."""

    code = "connection-failed"
    attempts = 2
    is_unreachable = True
    default_hint = "check that the server runs and whether a proxy is needed (HTTPS_PROXY)"


class ProxyFailed(HttpError):
    """The proxy cannot be reached or does not let us through."""

    code = "proxy-failed"
    attempts = 2
    is_unreachable = True
    default_hint = "check `proxy` in pip's configuration, HTTPS_PROXY and NO_PROXY"


class CertificateRefused(HttpError):
    """The server's certificate is not trusted, or TLS failed."""

    code = "certificate-refused"
    is_unreachable = True
    default_hint = "name your organisation's certificates: pip config set global.cert /path/to/ca.pem"


class TimedOut(HttpError):
    """No answer in time, while connecting or while reading."""

    code = "timed-out"
    attempts: int | None = None
    default_hint = "try again, or allow more time: pip config set global.timeout 120"


class ConnectTimedOut(TimedOut):
    """No connection in time."""

    attempts = 2
    is_unreachable = True


class ConnectionLost(HttpError):
    """The connection ended before the answer did."""

    code = "connection-lost"
    attempts = None
    default_hint = "try again; a proxy or firewall may cut long downloads"


class AnswerBroken(HttpError):
    """The answer breaks the protocol or cannot be decoded."""

    code = "answer-broken"
    default_hint = "try again; a proxy may have changed what was sent"


class AnswerTooLarge(HttpError):
    """A page goes on beyond the limit, so no more of it is read."""

    code = "answer-too-large"
    default_hint = "name the index itself: `--index-url` takes the address that ends in /simple/"


class WrongRange(HttpError):
    """The server sent other bytes than those asked for."""

    code = "wrong-range"
    default_hint = "try again, or use a mirror: this server cannot be trusted with parts of files"


class RedirectRefused(HttpError):
    """Too many redirects, or one to a place that must not be asked."""

    code = "redirect-refused"
    default_hint = "name the place it should lead to, or use a mirror"


class StatusRefused(HttpError):
    """The server answered with an error.

    :ivar status: HTTP status.
    :ivar retry_after: seconds the server asks to wait, ``None`` when it does not say.
    """

    code = "http-status"
    default_hint = "open the address in a browser, or use a mirror"

    def __init__(
        self, url: str, reason: str, *, hint: str = "", status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(url, reason, hint=hint)
        self.status, self.retry_after = status, retry_after


class NotFound(StatusRefused):
    """There is nothing at that address (404, 410, or no such file)."""

    code = "not-found"
    default_hint = (
        "check the address; where a publisher took the file away, `accelinstall lock --upgrade` takes another"
    )


class CredentialsRefused(StatusRefused):
    """The server wants a login, or another one (401, 403, 407)."""

    code = "credentials-refused"
    default_hint = "give the login in ~/.netrc, in the index URL of pip's configuration, or in keyring"


class TooManyRequests(StatusRefused):
    """The server asks to come back later (429)."""

    code = "too-many-requests"
    attempts = None
    default_hint = "wait a little and try again"


class ServerFailed(StatusRefused):
    """The server failed (5xx)."""

    code = "server-failed"
    attempts = None
    default_hint = "try again later, or use a mirror"


class RangeRefused(StatusRefused):
    """The asked range lies outside the file (416)."""

    code = "range-refused"
