"""Names a room offers, imported when they are first asked for: a run uses a few of its hundred modules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence

__all__ = ["lazily"]


def lazily(room: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """A ``__getattr__`` for the package *room*.

    :param homes: module inside the room -> the names that come from it.
    """
    known = {name: f"{room}.{module}" for module, names in homes.items() for name in names}

    def __getattr__(name: str) -> object:  # noqa: N807 - PEP 562 calls it so
        home = known.get(name)
        if home is None:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(home), name)
        setattr(sys.modules[room], name, value)
        return value

    return __getattr__
