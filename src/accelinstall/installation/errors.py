"""Why an environment was not changed.

``InstallationError``
    ``NoRecord``            a distribution cannot be removed: nobody wrote down its files
    ``PathRefused``         a wheel wants to write where no wheel may
        ``PathReserved``    over the interpreter, the scripts that enter the environment, or our own memory
        ``PathTwice``       two of its files to one place
    ``PathsCollide``        two distributions of which only one may be there share a path
    ``StoreEntryGone``      an unpacked wheel, or a file of it, is not there any more
    ``EnvironmentChanged``  somebody else changed the environment after the transaction was planned
    ``ReadOnlyTarget``      the environment cannot be written to
    ``NoSpace``             the environment's file system is full
    ``WriteFailed``         anything else the operating system refused while files were laid out
    ``CommitFailed``        a rename failed; what had been done was undone
    ``JournalUnreadable``   a journal is there and cannot be read
    ``NothingToRollBack``   no transaction of ours to undo
    ``RollbackIncomplete``  what the earlier state needs is not there any more
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from accelinstall.errors import InstallationError


class NoRecord(InstallationError):
    """A distribution without RECORD must be removed."""

    code = "no-record"

    def __init__(self, name: str, version: str, *, path: str) -> None:
        super().__init__(
            f"{name} {version} cannot be removed: `{path}` holds no RECORD of its files",
            hint=f"remove it with the tool that installed it (pip uninstall {name}), or start afresh with --venv DIR",
        )
        self.name, self.version, self.path = name, version, path


class PathRefused(InstallationError):
    """A wheel wants to write where no wheel may."""

    code = "path-refused"

    def __init__(self, name: str, version: str, source: str, *, path: str, reason: str) -> None:
        origin = f" from {source}" if source else ""
        super().__init__(
            f"{name} {version}{origin} is not installed: its file `{path}` {reason}",
            hint="report it to the package's maintainers, or lock another version",
        )
        self.name, self.version, self.source, self.path = name, version, source, path


class PathReserved(PathRefused):
    """A wheel would replace what the environment or accelinstall itself lives by."""

    code = "path-reserved"

    def __init__(self, name: str, version: str, source: str, *, path: str) -> None:
        reason = "would replace the environment's own interpreter, settings, scripts or records"
        super().__init__(name, version, source, path=path, reason=reason)


class PathTwice(PathRefused):
    """Two files of one wheel become one."""

    code = "path-twice"

    def __init__(self, name: str, version: str, source: str, *, path: str, target: str) -> None:
        reason = f"is there twice: two of its files become `{target}`"
        super().__init__(name, version, source, path=path, reason=reason)


class PathsCollide(InstallationError):
    """Two distributions that exclude each other bring different content for one path."""

    code = "paths-collide"

    def __init__(self, names: Sequence[str], *, path: str) -> None:
        first, second = names
        super().__init__(
            f"{first} and {second} both bring `{path}` with different content; only one of them can work",
            hint=f"require only one of {first} and {second}",
        )
        self.names, self.path = tuple(names), path


class StoreEntryGone(InstallationError):
    """An unpacked wheel vanished between its download and its use."""

    code = "store-entry-gone"

    def __init__(self, name: str, version: str, *, path: str) -> None:
        super().__init__(
            f"the unpacked wheel of {name} {version} is not in the store any more: `{path}`",
            hint="run the same command again; it is downloaded anew",
        )
        self.name, self.version, self.path = name, version, path


class EnvironmentChanged(InstallationError):
    """The environment is not what the transaction was planned for."""

    code = "environment-changed"

    def __init__(self, detail: str, *, hint: str = "run the same command again") -> None:
        super().__init__(f"the environment changed meanwhile: {detail}", hint=hint)


class ReadOnlyTarget(InstallationError):
    """The environment cannot be written to."""

    code = "read-only-target"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"`{path}` cannot be written to; the environment is as before",
            hint="install into an environment of your own: --venv DIR",
        )
        self.path = path


class NoSpace(InstallationError):
    """The environment's file system is full."""

    code = "no-space"

    def __init__(self, path: str, *, needed: int | None = None, free: int | None = None) -> None:
        numbers = f": {_megabytes(needed)} are needed, {_megabytes(free or 0)} are free" if needed is not None else ""
        super().__init__(
            f"no space left in `{path}`{numbers}; the environment is as before",
            hint="free some space, or install into another disk: --venv DIR",
        )
        self.path, self.needed, self.free = path, needed, free


class WriteFailed(InstallationError):
    """The operating system refused to write a file."""

    code = "write-failed"

    def __init__(self, path: str, *, reason: str) -> None:
        super().__init__(
            f"`{path}` cannot be written: {reason}; the environment is as before",
            hint="check that disk, or install into another environment: --venv DIR",
        )
        self.path = path


class CommitFailed(InstallationError):
    """A rename of the commit failed and everything was put back."""

    code = "commit-failed"

    def __init__(self, path: str, *, reason: str, undone: bool) -> None:
        state = "the environment is as before" if undone else "its journal is kept and the next command goes on"
        super().__init__(
            f"`{path}` could not be moved: {reason}; {state}",
            hint="close programs that use the environment, then run the same command again",
        )
        self.path = path


class JournalUnreadable(InstallationError):
    """An interrupted installation left a journal that cannot be read."""

    code = "journal-unreadable"

    def __init__(self, path: str, *, problem: str) -> None:
        super().__init__(
            f"an installation was interrupted and its journal `{path}` cannot be read: {problem}",
            hint="remove the environment and install anew",
        )
        self.path = path


class NothingToRollBack(InstallationError):
    """No transaction of ours is on record."""

    code = "nothing-to-roll-back"

    def __init__(self, prefix: str) -> None:
        super().__init__(
            f"nothing to roll back: `{prefix}` has no receipt of an earlier transaction",
            hint="name the environment that was changed: --venv DIR",
        )


class RollbackIncomplete(InstallationError):
    """The earlier state needs wheels that are not there any more."""

    code = "rollback-incomplete"

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"the earlier state cannot be restored: neither stored nor to be fetched are {', '.join(missing)}",
            hint="install the earlier lock again: accelinstall sync PYLOCK",
        )
        self.missing = tuple(missing)


def from_os_error(error: OSError, *, path: str) -> InstallationError:
    """What an error of the operating system about *path* means to the user; nothing has been committed."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NoSpace(path)
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return ReadOnlyTarget(path)
    return WriteFailed(str(error.filename2 or error.filename or path), reason=error.strerror or str(error))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
