"""Room for a transaction, asked before its first byte is fetched."""

from __future__ import annotations

import os
from collections.abc import Callable

from accelinstall import fs
from accelinstall.installation.errors import NoSpace


def ensure_space(environment: str, *, store: str, needed: Callable[[], int]) -> None:
    """Refuse an environment whose disk cannot take *needed* bytes; on the store's own disk links cost next to nothing.

    :param environment: its folder, perhaps not made yet; ``store`` the folder its files come from.
    :param needed: asked only when it matters.
    :raises NoSpace: with both numbers.
    """
    place, source = _nearest(environment), _nearest(store)
    if os.stat(place).st_dev == os.stat(source).st_dev:
        return
    size, free = needed(), fs.free_bytes(place)
    if size > free:
        raise NoSpace(environment, needed=size, free=free)


def _nearest(path: str) -> str:
    """*path*, or its nearest folder that exists."""
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path
