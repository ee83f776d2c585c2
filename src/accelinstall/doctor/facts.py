"""What the files of a project and the machine say, before anything is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from accelinstall.model.finding import Finding
from accelinstall.values import dataclass, field

LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One cell of the table.

    :ivar fact: ``python``, ``poetry``, ``cuda``, ``base-image``, ``environment``, ``owner`` or ``package:<name>``.
    :ivar place: ``poetry.lock``, ``Dockerfile:builder``, ``.github/workflows/ci.yml:test``, ``environment``...
    :ivar value: as it is meant: variables filled in, ``latest`` for whatever comes.
    :ivar where: ``path:line``; empty for what no file says.
    :ivar given: as it is written on that line, when that differs from the value's text.
    """

    fact: str
    place: str
    value: str
    where: str = ""
    given: str = ""

    @property
    def written(self) -> str:
        """The text on the line that an edit would replace."""
        return self.given or self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a shell command, without its quotes, and the line it starts on."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command or pipeline of a shell script.

    :ivar place: as in :class:`Fact`.
    :ivar words: never empty; pipes stand among them as ``|``.
    """

    place: str
    path: str
    words: tuple[Word, ...]

    @property
    def line(self) -> int:
        """Where it starts."""
        return self.words[0].line

    @property
    def texts(self) -> tuple[str, ...]:
        """Its words without their lines."""
        return tuple(word.text for word in self.words)

    @property
    def where(self) -> str:
        """``path:line``."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable or build argument that a file sets."""

    place: str
    name: str
    value: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder of the host inside a compose service.

    :ivar source: as written; ``target`` the folder in the container.
    :ivar covered: targets of the service that other volumes stand over.
    :ivar after: line below which one line may be added to the list, with ``indent`` before its dash; 0 where the list
        stands on one line, in which ``raw`` is the entry as written.
    """

    place: str
    source: str
    target: str
    path: str
    line: int
    covered: frozenset[str] = frozenset()
    after: int = 0
    indent: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A ``COPY`` or ``ADD`` of a Dockerfile.

    :ivar stage: number of its stage, from 0; ``origin`` the stage or image copied from, empty for the build context.
    """

    place: str
    stage: int
    origin: str
    sources: tuple[str, ...]
    target: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a Dockerfile.

    :ivar line: of its ``FROM``; ``last_line`` the last line of that instruction.
    :ivar text: everything in it, to be searched.
    :ivar user: the user in force where Poetry first installs; empty = root.
    """

    place: str
    path: str
    line: int
    last_line: int
    text: str
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that a file starts from, with variables filled in; empty when one is not known."""

    place: str
    reference: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one file says.

    :ivar findings: what is wrong with the file itself.
    """

    facts: tuple[Fact, ...] = ()
    commands: tuple[Command, ...] = ()
    variables: tuple[Variable, ...] = ()
    mounts: tuple[Mount, ...] = ()
    copies: tuple[Copy, ...] = ()
    stages: tuple[Stage, ...] = ()
    images: tuple[Image, ...] = ()
    findings: tuple[Finding, ...] = ()


def joined(readings: Iterable[Reading]) -> Reading:
    """Everything *readings* say, in their order."""
    every = tuple(readings)
    return Reading(
        facts=tuple(fact for one in every for fact in one.facts),
        commands=tuple(command for one in every for command in one.commands),
        variables=tuple(variable for one in every for variable in one.variables),
        mounts=tuple(mount for one in every for mount in one.mounts),
        copies=tuple(copy for one in every for copy in one.copies),
        stages=tuple(stage for one in every for stage in one.stages),
        images=tuple(image for one in every for image in one.images),
        findings=tuple(finding for one in every for finding in one.findings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEnvironment:
    """The environment a command of ours would use here, perhaps not made yet.

    :ivar path: absolute; ``reason`` why this one, as a part of a sentence.
    :ivar problem: why its interpreter does not answer; empty when it does.
    :ivar made_with: the version it was made with, empty when it does not say.
    :ivar owner: user id, ``None`` where the system has none.
    :ivar python: ``3.11.7``; empty when unknown.
    :ivar in_use: whether Poetry and we use it; unset for a ``.venv`` that settings pass over.
    :ivar packages: canonical name -> version.
    :ivar markers: PEP 508 marker environment of its Python.
    :ivar changed: when its library folder changed last, seconds; ``None`` when unknown.
    """

    path: str
    exists: bool
    reason: str = ""
    problem: str = ""
    made_with: str = ""
    owner: int | None = None
    python: str = ""
    in_use: bool = True
    packages: Mapping[str, str] = field(default_factory=dict)
    markers: Mapping[str, str] = field(default_factory=dict)
    changed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """This machine, as far as the project is concerned.

    :ivar environment: ``None`` when it could not be told which; ``leftover`` a ``.venv`` that is passed over.
    :ivar user: the effective user id, ``None`` where there is none.
    :ivar commands: ``python``, ``python3``, ``poetry``, ``docker`` -> path; absent = not there.
    :ivar poetry: version of the Poetry on PATH, empty when there is none.
    :ivar settings: what Poetry is told about environments by variables, ``poetry.toml`` and the user's own
        configuration together: ``in-project``, ``create``, ``path``.
    :ivar lock_changed: when ``poetry.lock`` changed last, seconds.
    """

    environment: LocalEnvironment | None = None
    leftover: LocalEnvironment | None = None
    user: int | None = None
    commands: Mapping[str, str] = field(default_factory=dict)
    poetry: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    lock_changed: float | None = None
    problem: str = ""
