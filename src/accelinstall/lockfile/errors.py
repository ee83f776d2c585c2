"""What can be wrong with a lock file."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.errors import LockError


class MalformedLock(LockError):
    """A lock file is not TOML, or not what PEP 751 says.

    :ivar where: the file; ``key`` the place inside, such as ``packages[3].wheels[0].hashes``, or ``line 7, column 2``.
    """

    code = "malformed-lock"

    def __init__(self, reason: str, *, where: str, key: str = "") -> None:
        super().__init__(
            f"{where}: {f'{key}: ' if key else ''}{reason}",
            hint="lock again with `accelinstall lock`, or restore the file from version control",
        )
        self.reason, self.where, self.key = reason, where, key


class UnwritableLock(LockError):
    """What was chosen cannot be written as a lock that the standard allows, such as a wheel with a broken name."""

    code = "unwritable-lock"

    def __init__(self, reason: str, *, key: str, package: str = "") -> None:
        subject = f"`{package}` cannot be locked" if package else "the lock cannot be written"
        super().__init__(f"{subject}: {reason} ({key})")
        self.reason, self.key, self.package = reason, key, package


class UnsupportedLock(LockError):
    """A lock file of a later standard or a later accelinstall."""

    code = "unsupported-lock"

    def __init__(self, *, where: str, what: str, found: object, known: str) -> None:
        super().__init__(
            f"{where}: {what} {found} is not known, only {known}",
            hint="update accelinstall, or lock anew with `accelinstall lock --upgrade`",
        )
        self.where, self.found = where, found


class LockNeedsTarget(LockError):
    """A lock that another tool wrote says nothing of targets, and none was given."""

    code = "lock-needs-target"

    def __init__(self, *, where: str, created_by: str) -> None:
        super().__init__(
            f"{where} was written by {created_by}; which of its packages are meant depends on the target",
            hint="name one with --target",
        )
        self.where, self.created_by = where, created_by


class LockDoesNotFit(LockError):
    """A lock that another tool wrote cannot be installed on the target.

    :ivar problems: one sentence per package or rule that stands against it.
    """

    code = "lock-does-not-fit"

    def __init__(self, *, where: str, problems: Sequence[str]) -> None:
        super().__init__(
            "\n  ".join([f"{where} does not fit the target:", *problems]),
            hint="lock again for this target, with the tool that wrote it or with `accelinstall lock`",
        )
        self.where, self.problems = where, tuple(problems)
