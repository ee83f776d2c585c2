"""The content-addressed store: each wheel is downloaded, verified and unpacked once, then shared by environments.

Enter locked packages (name, address, sha256); leave :class:`~accelinstall.model.store.StoreEntry` values whose files
are complete and proved against the wheel's RECORD.  Refuses to know indexes, locks and what environments hold.

Layout below the cache folder::

    store-v1/<sha256>/tree/...      the files of the wheel, read-only on POSIX
    store-v1/<sha256>/manifest      their paths, sizes, hashes and modes; written last
    store-v1/.partial/<sha256>.*    downloads to resume and trees under way
    store-v1/.locks/<sha256>        one process works on a wheel, others wait
    store-v1/.environments/*        the library folders of environments that have files from here

A folder named after a hash is complete: it gets its name by a rename once everything is in it.
"""

from accelinstall.store.cache import Store
from accelinstall.store.errors import (
    CacheNotWritable,
    DiskFull,
    DownloadFailed,
    FarTooLarge,
    HashMismatch,
    HashUnusable,
    LocalWheelUnreadable,
    NotInStore,
    StoreVanished,
)
from accelinstall.store.unpacking.refusals import WheelRefused

__all__ = [
    "CacheNotWritable",
    "DiskFull",
    "DownloadFailed",
    "FarTooLarge",
    "HashMismatch",
    "HashUnusable",
    "LocalWheelUnreadable",
    "NotInStore",
    "Store",
    "StoreVanished",
    "WheelRefused",
]
