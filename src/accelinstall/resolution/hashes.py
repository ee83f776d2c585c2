"""Which files a project's ``--hash`` options allow on one target."""

from __future__ import annotations

from collections.abc import Iterable

from accelinstall.model.project import Wanted
from accelinstall.resolution.standards import Markers, canonical

_ALGORITHM = "sha256:"


def listed_hashes(items: Iterable[Wanted], markers: Markers) -> dict[str, frozenset[str]]:
    """Canonical name -> the sha256 texts one of which its file must have, in lower-case hex.

    Lines whose marker fails list nothing, nor do those that list other algorithms only, for indexes tell none of
    them; of several lines on one name all must hold, so what they share counts.
    """
    found: dict[str, frozenset[str]] = {}
    for item in items:
        if item.hashes and markers.applies(item.requirement):
            name = canonical(item.requirement.name)
            listed = frozenset(text.removeprefix(_ALGORITHM) for text in item.hashes if text.startswith(_ALGORITHM))
            if listed:
                found[name] = found[name] & listed if name in found else listed
    return found
