"""What can go wrong, as one tree.

``AccelinstallError``
    ``UsageError``            the command line or an argument is wrong (exit code 2)
    ``DetectionError``        the hardware could not be read at all
    ``CatalogError``          a compatibility table is malformed
    ``SelectionError``        no build fits the hardware
    ``ProjectError``          a project file is missing, malformed or contradicts itself
    ``SourceError``           a package index cannot be read or answers nonsense
    ``ResolutionError``       no set of packages satisfies every requirement
    ``LockError``             a lock is malformed, stale or made for another target
    ``InterpreterError``      the target environment cannot be used
    ``StoreError``            a wheel cannot be downloaded, verified or unpacked
    ``BuildError``            a wheel cannot be built from source
    ``InstallationError``     the environment could not be changed

Concrete classes live in the room that raises them; each has a kebab-case ``code``, a factual message, and a
``hint`` that is a command to paste where one exists.  ``cli`` renders them and nobody else does.
"""

from __future__ import annotations


class AccelinstallError(Exception):
    """Root of every error that a user, a file, a machine or a network can cause.

    :ivar code: stable kebab-case identifier, the same in text and JSON.
    :ivar exit_code: what the process returns when this error ends it.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self._hint = hint

    @property
    def message(self) -> str:
        """The factual sentence, without markup and without a final full stop."""
        return str(self)

    @property
    def hint(self) -> str:
        """What the user can do, a command where possible; empty when there is nothing to say."""
        return self._hint


class UsageError(AccelinstallError):
    """The command line, an environment variable or an argument is wrong."""

    code = "usage"
    exit_code = 2


class DetectionError(AccelinstallError):
    """The hardware could not be read at all."""

    code = "detection"


class CatalogError(AccelinstallError):
    """A compatibility table is malformed."""

    code = "catalog"


class SelectionError(AccelinstallError):
    """No build fits the hardware."""

    code = "selection"


class ProjectError(AccelinstallError):
    """A project file is missing, malformed or contradicts itself."""

    code = "project"


class SourceError(AccelinstallError):
    """A package index cannot be read or answers nonsense."""

    code = "source"


class ResolutionError(AccelinstallError):
    """No set of packages satisfies every requirement."""

    code = "resolution"


class LockError(AccelinstallError):
    """A lock is malformed, stale or made for another target."""

    code = "lock"


class InterpreterError(AccelinstallError):
    """The target environment cannot be used."""

    code = "interpreter"


class StoreError(AccelinstallError):
    """A wheel cannot be downloaded, verified or unpacked."""

    code = "store"


class BuildError(AccelinstallError):
    """A wheel cannot be built from source, or what it is built from cannot be read."""

    code = "build"


class InstallationError(AccelinstallError):
    """The environment could not be changed."""

    code = "installation"
