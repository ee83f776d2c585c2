"""HTTP for every hand that needs it.

Enter: addresses, credentials, proxies, certificates.  Leave: whole answers (:meth:`HttpClient.get`) and streams of
bytes (:meth:`HttpClient.open`), or one error of the :class:`HttpError` family.  What the bytes mean is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.lazily import lazily

if TYPE_CHECKING:
    from accelinstall.net.addresses import join_credentials, without_credentials
    from accelinstall.net.cache import PageCache
    from accelinstall.net.client import HttpClient
    from accelinstall.net.credentials import Login
    from accelinstall.net.errors import (
        AnswerBroken,
        AnswerTooLarge,
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
    "AnswerTooLarge",
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

__getattr__ = lazily(
    __name__,
    {
        "addresses": (
            "join_credentials",
            "without_credentials",
        ),
        "cache": ("PageCache",),
        "client": ("HttpClient",),
        "credentials": ("Login",),
        "errors": (
            "AnswerBroken",
            "AnswerTooLarge",
            "CertificateRefused",
            "ConnectionFailed",
            "ConnectionLost",
            "CredentialsRefused",
            "HostUnknown",
            "HttpError",
            "InvalidAddress",
            "NotFound",
            "Offline",
            "ProxyFailed",
            "RangeRefused",
            "RedirectRefused",
            "ServerFailed",
            "SetupUnreadable",
            "StatusRefused",
            "TimedOut",
            "TooManyRequests",
            "WrongRange",
        ),
        "responses": (
            "Response",
            "Stream",
        ),
    },
)
