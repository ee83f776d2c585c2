"""HTTP for every hand that needs it.

Enter: addresses, credentials, proxies, certificates.  Leave: whole answers (:meth:`HttpClient.get`) and streams of
bytes (:meth:`HttpClient.open`), or one error of the :class:`HttpError` family.  What the bytes mean is not known here.
"""

from accelinstall.net.addresses import join_credentials, without_credentials
from accelinstall.net.cache import PageCache
from accelinstall.net.client import HttpClient
from accelinstall.net.credentials import Login
from accelinstall.net.errors import (
    AnswerBroken,
    CertificateRefused,
    ConnectionFailed,
    ConnectionLost,
    CredentialsRefused,
    HostUnknown,
    HttpError,
    InvalidAddress,
    NotFound,
    Offline,
    ProxyFailed,
    RangeRefused,
    RedirectRefused,
    ServerFailed,
    SetupUnreadable,
    StatusRefused,
    TimedOut,
    TooManyRequests,
    WrongRange,
)
from accelinstall.net.responses import Response, Stream

__all__ = [
    "AnswerBroken",
    "CertificateRefused",
    "ConnectionFailed",
    "ConnectionLost",
    "CredentialsRefused",
    "HostUnknown",
    "HttpClient",
    "HttpError",
    "InvalidAddress",
    "Login",
    "NotFound",
    "Offline",
    "PageCache",
    "ProxyFailed",
    "RangeRefused",
    "RedirectRefused",
    "Response",
    "ServerFailed",
    "SetupUnreadable",
    "StatusRefused",
    "Stream",
    "TimedOut",
    "TooManyRequests",
    "WrongRange",
    "join_credentials",
    "without_credentials",
]
