"""Addresses as text: which part may be shown, which part is a login."""

from __future__ import annotations

import os
from urllib.parse import quote, unquote, urlsplit, urlunsplit


def without_credentials(url: str) -> str:
    """*url* without user, password, query and fragment: the form that errors and logs may show."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://..."
    if "@" in url and parts.scheme != "file" and _is_torn(parts.netloc):
        return "...@" + url.rpartition("@")[2]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _is_torn(netloc: str) -> bool:
    """Whether a login stands elsewhere in the address: without ``//``, or cut at a ``/``, ``?`` or ``#`` in it."""
    port = netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    return not netloc or (port != "" and not port.isdigit())


def split_credentials(url: str) -> tuple[str, str, str]:
    """*url* without user and password (query kept), the user and the password, percent-decoded."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=host)), unquote(user), unquote(password)


def join_credentials(url: str, user: str, password: str) -> str:
    """*url* with the login in it; the inverse of splitting them."""
    parts = urlsplit(url)
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))


def file_address(path: str) -> str:
    """The ``file://`` address of an absolute local *path*; folders keep their final slash."""
    if os.name == "nt":  # pragma: no cover
        from urllib.request import pathname2url

        return "file:" + pathname2url(path)
    return "file://" + quote(path)
