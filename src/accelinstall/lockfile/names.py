"""What the lock file of a target is called."""

from __future__ import annotations

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
