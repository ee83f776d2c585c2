"""What the lock file of a target is called."""

from __future__ import annotations

import posixpath
import re

from accelinstall.model.target import Target


def lock_filename(target: Target) -> str:
    """``pylock.<slug>.toml``; PEP 751 allows no dots in the name, and slugs have none."""
    return f"pylock.{target.slug.replace('.', '-')}.toml"


def last_component(address: str) -> str:
    """The file name at the end of a URL (decoded) or path."""
    from urllib.parse import unquote, urlsplit

    if "://" in address:
        address = unquote(urlsplit(address).path)
    return re.split(r"[/\\]", address)[-1]


def relative_path(path: str, directory: str) -> str:
    """*path* as a file in *directory* names it, with forward slashes; as it is when no relative path leads there."""
    if not directory:
        return path
    path, directory = path.replace("\\", "/"), directory.replace("\\", "/")
    drives = [re.match(r"[A-Za-z]:", text) for text in (path, directory)]
    if any(drives) and (not all(drives) or path[:2].lower() != directory[:2].lower()):
        return path
    return posixpath.relpath(path, directory)


def absolute_path(path: str, directory: str) -> str:
    """What :func:`relative_path` wrote, absolute again; no link is looked at."""
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return path
    return posixpath.normpath(posixpath.join(directory.replace("\\", "/"), path))
