"""Where an address leads: to a server, or to a file."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from accelinstall.net.errors import InvalidAddress
from accelinstall.values import dataclass

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case) and port: what a connection, a login and a certificate belong to."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """Where *url* leads.

    :raises InvalidAddress: when it has no host or a scheme other than ``http`` and ``https``.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        # The exception may quote a part of a login.
        raise InvalidAddress(url, "it is not a valid address" if "@" in url else str(error)) from None
    if parts.scheme not in _PORTS:
        found = f"scheme `{parts.scheme}` is not" if parts.netloc else "it does not begin with"
        raise InvalidAddress(url, f"{found} http, https or file")
    if not host or any(ord(letter) <= 32 for letter in url):
        raise InvalidAddress(url, "it names no host" if not host else "it contains a space or control character")
    return Origin(parts.scheme, host.lower(), _PORTS[parts.scheme] if port is None else port)


def path_of(url: str) -> str:
    """The local path a ``file://`` address names.

    :raises InvalidAddress: when it names another host.
    """
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") and os.name != "nt":
        raise InvalidAddress(url, f"`{parts.netloc}` is another machine")
    if os.name == "nt":  # pragma: no cover - drive letters and UNC shares
        from urllib.request import url2pathname

        share = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
        return url2pathname(share + parts.path)
    path = unquote(parts.path)
    if "\0" in path:
        raise InvalidAddress(url, "it contains a NUL character")
    return path
