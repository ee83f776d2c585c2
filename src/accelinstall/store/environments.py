"""Which environments have files from a store: what eviction asks before it takes anything away."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress

from accelinstall import fs
from accelinstall.store.cache import Store

_FOLDER = ".environments"


def remember_environment(store: Store, purelib: str) -> None:
    """Note that the environment with the library folder *purelib* has files from *store*; once, later calls are free.

    Where the store cannot be written, nothing is noted: then nothing can be evicted there either.
    """
    # The name that `accelinstall.shortcut` gives it too.
    key = hashlib.blake2b(os.fsencode(purelib), digest_size=20).hexdigest()
    note = os.path.join(store.directory, _FOLDER, key)
    if os.path.exists(note):
        return
    with suppress(OSError):
        os.makedirs(os.path.dirname(note), exist_ok=True)
        fs.write_atomic(note, os.fsencode(purelib))


def known_environments(store: Store) -> tuple[str, ...]:
    """The library folders of environments that have files from *store* and are still there, sorted; others are
    forgotten."""
    folder = os.path.join(store.directory, _FOLDER)
    found = []
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with suppress(OSError):
            with open(f"{folder}/{name}", "rb") as stream:
                purelib = os.fsdecode(stream.read())
            if os.path.isdir(purelib):
                found.append(purelib)
            else:
                os.unlink(f"{folder}/{name}")
    return tuple(sorted(found))
