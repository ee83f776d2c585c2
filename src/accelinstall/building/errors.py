"""What can stand against a wheel being built; all are :class:`~accelinstall.errors.BuildError`.

``BuildFailed``        a hook of the build backend failed
``BuildsForbidden``    something would have to be built and may not be
``BuildCycle``         what a build needs has to be built with what is being built
``NotAProject``        a folder or archive holds nothing that could be built
``OriginUnreadable``   a folder, archive or repository cannot be read
``ArchiveRefused``     an archive would write outside its folder, or is no archive
``ArchiveChanged``     an archive has not the hash it is locked or listed with
``WrongProject``       what was read or built is another project or version than was asked for
``GitFailed``          a command of Git failed
``WorkFailed``         the system refuses what a build needs: room, rights
"""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.errors import BuildError


class BuildFailed(BuildError):
    """A hook of the build backend failed.

    :ivar hook: such as ``build_wheel``; ``output`` the last lines of what the backend wrote.
    """

    code = "build-failed"

    def __init__(
        self, *, package: str, source: str, hook: str, backend: str, reason: str, output: Sequence[str] = ()
    ) -> None:
        lines = "".join(f"\n  {line}" for line in output)
        super().__init__(f"`{package}` cannot be built from {source}: `{hook}` of {backend} {reason}{lines}")
        self.package, self.source, self.hook, self.output = package, source, hook, tuple(output)

    @property
    def hint(self) -> str:
        """What helps most often, by what the output tells."""
        said = " ".join(self.output)
        if any(word in said for word in ("gcc", "cc1", "clang", "cmake", "cl.exe", "Python.h", "rustc", "cargo")):
            return "install the compiler and headers it asks for, or choose a version that has a wheel with --no-build"
        if "No module named" in said or "ModuleNotFoundError" in said:
            return "the project forgets to list what its build needs in `[build-system] requires`; report it there"
        return f"choose a version of `{self.package}` that has a wheel, or forbid building with --no-build"


class BuildsForbidden(BuildError):
    """Something would have to be built, which ``--no-build`` forbids."""

    code = "builds-forbidden"

    def __init__(self, *, package: str, source: str) -> None:
        super().__init__(
            f"`{package}` would have to be built from {source}, and nothing may be built",
            hint=f"leave out --no-build, or take a version of `{package}` that has a wheel",
        )
        self.package, self.source = package, source


class BuildCycle(BuildError):
    """What a build needs has itself to be built with what is being built."""

    code = "build-cycle"

    def __init__(self, chain: Sequence[str]) -> None:
        super().__init__(
            f"building needs itself: {' -> '.join(chain)}",
            hint="name a folder that holds a wheel of one of them with --find-links",
        )
        self.chain = tuple(chain)


class NotAProject(BuildError):
    """A folder or archive holds neither ``pyproject.toml`` nor ``setup.py``, or a broken one."""

    code = "not-a-project"

    def __init__(self, *, package: str, source: str, reason: str) -> None:
        super().__init__(f"`{package}` cannot be built from {source}: {reason}", hint="check the path it is named by")
        self.package, self.source = package, source


class OriginUnreadable(BuildError):
    """A folder, an archive or a repository cannot be read."""

    code = "origin-unreadable"

    def __init__(self, *, package: str, source: str, reason: str, where: str = "", hint: str = "") -> None:
        place = f"{where}: " if where else ""
        super().__init__(
            f"{place}`{package}` is named as {source}, which cannot be read: {reason}",
            hint=hint or "check the path or the address",
        )
        self.package, self.source, self.reason = package, source, reason


class ArchiveRefused(BuildError):
    """An archive would write outside its folder, unpacks out of all proportion, or is no archive.

    :ivar member: the entry that is refused, empty when it is the archive as a whole.
    """

    code = "archive-refused"

    def __init__(self, *, filename: str, reason: str, member: str = "") -> None:
        entry = f"`{member}` " if member else ""
        super().__init__(
            f"{filename} is refused: {entry}{reason}",
            hint="an archive made by a build backend never does that: find out where it comes from",
        )
        self.filename, self.member, self.reason = filename, member, reason


class ArchiveChanged(BuildError):
    """An archive has not the hash it is locked or listed with."""

    code = "archive-changed"

    def __init__(self, *, filename: str, source: str, expected: str, found: str) -> None:
        super().__init__(
            f"{filename} from {source} has the sha256 {found}, expected is {expected}",
            hint="find out who changed the file; if it may differ, `accelinstall lock --upgrade`",
        )
        self.filename, self.expected, self.found = filename, expected, found


class WrongProject(BuildError):
    """What was read or built is another project or version than was asked for."""

    code = "wrong-project"

    def __init__(self, *, package: str, source: str, found: str) -> None:
        super().__init__(
            f"{source} is asked for as `{package}`, but is {found}",
            hint="correct the name in the requirement, or lock anew",
        )
        self.package, self.found = package, found


class GitFailed(BuildError):
    """A command of Git failed, or there is no Git."""

    code = "git-failed"

    def __init__(self, *, package: str, repository: str, reason: str, hint: str = "") -> None:
        super().__init__(f"`{package}` cannot be read from {repository}: {reason}", hint=hint)
        self.package, self.repository, self.reason = package, repository, reason


class WorkFailed(BuildError):
    """The system refuses what a build needs, such as room on the disk."""

    code = "build-work-failed"

    def __init__(self, *, doing: str, error: OSError) -> None:
        place = f" ({error.filename})" if error.filename else ""
        super().__init__(
            f"{doing} failed: {error.strerror or error}{place}",
            hint="make room, or move the cache with ACCELINSTALL_CACHE_DIR",
        )
        self.errno = error.errno
