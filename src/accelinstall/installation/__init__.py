"""Changing an environment, completely or not at all.

Enter a :class:`~accelinstall.model.installation.Transaction`, the unpacked wheels it needs and the interpreter it is
for; leaves a :class:`~accelinstall.model.installation.Receipt`.  Everything is laid out in a staging folder first; the
change itself is a short run of renames under a journal that the next command completes or undoes.  Refuses to know
why these packages were chosen, how their files were obtained and whether they work.
"""

from accelinstall.installation.errors import (
    CommitFailed,
    EnvironmentChanged,
    JournalUnreadable,
    NoRecord,
    NoSpace,
    NothingToRollBack,
    PathRefused,
    PathsCollide,
    ReadOnlyTarget,
    RollbackIncomplete,
    StoreEntryGone,
    WriteFailed,
)
from accelinstall.installation.execution import execute
from accelinstall.installation.recovery import recover
from accelinstall.installation.rollback import rollback
from accelinstall.installation.space import ensure_space
from accelinstall.installation.state import Hold, hold_environment, latest_receipt, lock_hash, read_receipts

__all__ = [
    "CommitFailed",
    "EnvironmentChanged",
    "Hold",
    "JournalUnreadable",
    "NoRecord",
    "NoSpace",
    "NothingToRollBack",
    "PathRefused",
    "PathsCollide",
    "ReadOnlyTarget",
    "RollbackIncomplete",
    "StoreEntryGone",
    "WriteFailed",
    "ensure_space",
    "execute",
    "hold_environment",
    "latest_receipt",
    "lock_hash",
    "read_receipts",
    "recover",
    "rollback",
]
