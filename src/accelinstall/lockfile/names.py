"""What the lock file of a target is called."""

from __future__ import annotations

from accelinstall.model.target import Target


def lock_filename(target: Target) -> str:
    """``pylock.<slug>.toml``; PEP 751 allows no dots in the name, and slugs have none."""
    return f"pylock.{target.slug.replace('.', '-')}.toml"
