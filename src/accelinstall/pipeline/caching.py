"""The store as a user sees it: how large, still whole, and what may go."""

from __future__ import annotations

import os
import time

from accelinstall import events
from accelinstall.building.cache import discard, kept_bytes
from accelinstall.model.receipts import RECEIPTS_FOLDER, STATE_FOLDER, parse_receipt
from accelinstall.pipeline.outcomes import CacheState
from accelinstall.pipeline.request import Request
from accelinstall.pipeline.session import cache_directory
from accelinstall.store import Store
from accelinstall.store.environments import known_environments
from accelinstall.store.upkeep import Damage, prune, remove_abandoned, verify_all

_DAY = 86_400


def keep_cache(
    request: Request, *, action: str, older_than_days: float | None, max_size: int | None, progress: events.Progress
) -> CacheState:
    """The state of the store, and of what building keeps, after ``size`` (nothing), ``verify``, ``prune`` or ``clear``.

    ``verify`` reads every byte and removes the wheels whose files are not what they were; they are downloaded anew
    when they are needed.  ``prune`` removes what nobody used for *older_than_days* (30 when nothing is said), and then
    the least recently used down to *max_size* bytes, sparing what the receipts of known environments name.
    """
    store = Store(cache_directory(request))
    before = store.size() + kept_bytes(store.root)
    removed, spared = 0, frozenset[str]()
    damage: tuple[Damage, ...] = ()
    if action == "clear":
        removed = sum(map(store.evict, store.keys()))
        store.discard_partial()
        discard(store.root)
    elif action == "prune":
        if older_than_days is None and max_size is None:
            older_than_days = 30.0
        moment = None if older_than_days is None else time.time() - older_than_days * _DAY
        if moment is not None:
            discard(store.root, unused_since=moment)
        spared = frozenset().union(*map(_needed_by, known_environments(store)))
        removed = prune(store, spared=spared, unused_since=moment, max_size=max_size)
    elif action == "verify":
        damage = verify_all(store, progress=progress)
        removed = sum(store.evict(key) for key in sorted({one.sha256 for one in damage}))
    if action in ("clear", "prune"):
        remove_abandoned(store.root, before=time.time() - _DAY)
    after = store.size() + kept_bytes(store.root)
    broken = {one.sha256 for one in damage}
    return CacheState(
        directory=cache_directory(request),
        wheels=len(store.keys()),
        bytes=after,
        removed=removed,
        removed_bytes=before - after,
        spared=len(spared.intersection(store.keys())),
        damaged=tuple(map(str, damage)),
        affected=tuple(purelib for purelib in known_environments(store) if broken and broken & _needed_by(purelib)),
    )


def _needed_by(purelib: str) -> frozenset[str]:
    """The wheels that the environment with the library folder *purelib* holds, or would go back to by a rollback."""
    folder = os.path.join(purelib, STATE_FOLDER, RECEIPTS_FOLDER)
    found: set[str] = set()
    try:
        names = sorted((name for name in os.listdir(folder) if name.endswith(".json")), reverse=True)
    except OSError:
        return frozenset()
    changed = False
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                receipt = parse_receipt(file.read())
        except (OSError, ValueError):
            continue
        found.update(row[2] for row in receipt.installed)
        if changed:
            break
        changed = bool(receipt.changes)
    return frozenset(found)
