"""What can be wrong with a project file, or with what is asked of a project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accelinstall.errors import ProjectError, UsageError
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file.

    :ivar where: ``pyproject.toml:12``, or the file name alone when the line is not known.
    :ivar hint: the edit that mends it, or empty.
    """

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class ProjectNotFound(ProjectError):
    """There is no ``pyproject.toml`` where one was looked for."""

    code = "project-not-found"

    def __init__(self, directory: str) -> None:
        super().__init__(
            f"there is no pyproject.toml in {directory}",
            hint="name the project with `--project DIR`, or requirements files with `-r FILE`",
        )
        self.directory = directory


class InvalidToml(ProjectError):
    """A file that is not TOML.

    :ivar line: 1-based; ``column`` likewise, 0 when the parser named none.
    """

    code = "invalid-toml"

    def __init__(self, *, filename: str, line: int, column: int, reason: str, hint: str = "") -> None:
        place = f"{filename}:{line}:{column}" if column else f"{filename}:{line}"
        super().__init__(f"{place}: {reason}", hint=hint or f"correct line {line} of {filename}")
        self.filename, self.line, self.column = filename, line, column


class InvalidProject(ProjectError):
    """A project file with mistakes, every one of them named.

    :ivar problems: in file order.
    """

    code = "invalid-project"

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = f"{len(problems)} problems: " if len(problems) > 1 else ""
        super().__init__(count + "; ".join(map(str, problems)))
        self.problems = tuple(problems)

    @property
    def hint(self) -> str:
        """The edits that mend the file, one a line."""
        hints = dict.fromkeys(problem.hint for problem in self.problems if problem.hint)
        return "\n".join(hints) or f"correct {self.problems[0].where}"


class UnknownGroup(UsageError):
    """A group was named that the project does not have."""

    code = "unknown-group"

    def __init__(self, name: str, *, known: Iterable[str]) -> None:
        names = tuple(known)
        super().__init__(
            f"the project has no group `{name}`{did_you_mean(name, names)}",
            hint=f"groups of the project: {', '.join(names)}",
        )
        self.name, self.known = name, names


class UnknownExtra(UsageError):
    """An extra was named that the project does not have."""

    code = "unknown-extra"

    def __init__(self, name: str, *, known: Iterable[str]) -> None:
        names = tuple(known)
        listing = f"extras of the project: {', '.join(names)}" if names else "the project has no extras"
        super().__init__(f"the project has no extra `{name}`{did_you_mean(name, names)}", hint=listing)
        self.name, self.known = name, names


class UnknownProfile(UsageError):
    """A profile was named that is neither built in nor written in the project."""

    code = "unknown-profile"

    def __init__(self, name: str, *, known: Iterable[str]) -> None:
        names = tuple(known)
        super().__init__(
            f"there is no profile `{name}`{did_you_mean(name, names)}", hint=f"profiles: {', '.join(names)}"
        )
        self.name, self.known = name, names


class AmbiguousHardwareGroup(ProjectError):
    """Two groups of the project fit the environment and nothing says which."""

    code = "ambiguous-hardware-group"

    def __init__(self, environment: str, *, groups: Sequence[str]) -> None:
        listing = " and ".join(f"`{name}`" for name in groups)
        super().__init__(
            f"the groups {listing} fit the environment `{environment}`",
            hint=f'[tool.accelinstall.groups]\n{environment} = "{groups[0]}"',
        )
        self.environment, self.groups = environment, tuple(groups)


class ConflictingHardwareGroups(UsageError):
    """Groups of two different environments were asked for at once."""

    code = "conflicting-hardware-groups"

    def __init__(self, *, groups: Sequence[str]) -> None:
        super().__init__(
            f"the groups {' and '.join(f'`{name}`' for name in groups)} are for different hardware",
            hint=f"keep one of them: `--with {groups[0]}`",
        )
        self.groups = tuple(groups)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``: did you mean `ml-gpu`?`` when one of *known* is close to *name*, else empty."""
    import difflib

    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""
