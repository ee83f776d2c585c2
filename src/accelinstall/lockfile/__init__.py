"""Locks as text: PEP 751's ``pylock.<target>.toml``.

Enter: a :class:`~accelinstall.model.lock.Lock`, or the text of a lock file of ours or of another tool, ``uv.lock`` too.
Leave: text, a lock, or an error that names file and key.  It refuses to know where files lie, how packages were chosen,
and what is installed.
"""

from accelinstall.lockfile.changes import LockChange, diff_locks
from accelinstall.lockfile.errors import LockDoesNotFit, LockNeedsTarget, MalformedLock, UnsupportedLock, UnwritableLock
from accelinstall.lockfile.names import lock_filename
from accelinstall.lockfile.reading import LockHeader, parse_lock, read_header
from accelinstall.lockfile.rendering import CREATED_BY, SCHEMA, environment_marker, render_lock

__all__ = [
    "CREATED_BY",
    "SCHEMA",
    "LockChange",
    "LockDoesNotFit",
    "LockHeader",
    "LockNeedsTarget",
    "MalformedLock",
    "UnsupportedLock",
    "UnwritableLock",
    "diff_locks",
    "environment_marker",
    "lock_filename",
    "parse_lock",
    "read_header",
    "render_lock",
]
