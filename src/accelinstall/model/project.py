"""What a project asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from accelinstall.model.finding import Finding
from accelinstall.values import dataclass, field

if TYPE_CHECKING:
    from packaging.requirements import Requirement

Priority = Literal["primary", "supplemental", "explicit"]
MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A package index a project, the catalog or pip's configuration names.

    :ivar url: simple-API root, ``https://``, ``http://`` or ``file://``; credentials stripped.
    :ivar priority: as Poetry means it.
    :ivar kind: ``find-links`` = a folder of files or one page of links; ``url`` is then that folder or page.
    """

    name: str
    url: str
    priority: Priority = "primary"
    kind: Literal["index", "find-links"] = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One requirement and where it was asked for.

    :ivar requirement: PEP 508; Poetry's carets and tildes are already translated.
    :ivar local: the local-version label a Poetry constraint carries (``^2.1.0+cpu`` -> ``cpu``): PEP 440 forbids it
        beside ``>=``, so the requirement has it stripped and the label stands here.
    :ivar source: the source it is bound to, or ``None``.
    :ivar group: the group it stands in.
    :ivar where: ``pyproject.toml:12``.
    :ivar path: for a path dependency, the directory or archive, relative to the project; else ``None``.
    :ivar editable: ``develop = true`` or ``-e``.
    :ivar is_guessed: the requirement's name is that of its folder, for nothing says how the project in it is called.
    :ivar hashes: ``sha256:...`` texts of a requirements file, one of which the file that is taken must have.
    """

    requirement: Requirement
    local: str = ""
    source: str | None = None
    group: str = MAIN
    where: str = ""
    path: str | None = None
    editable: bool = False
    is_guessed: bool = False
    prereleases: bool = False
    hashes: tuple[str, ...] = ()

    @property
    def listed(self) -> tuple[str, ...]:
        """``hashes``, and the one that its address may hold."""
        found = re.search("[#&]sha256=([0-9a-f]{64})(?:&|$)", (self.requirement.url or "").lower())
        return (*self.hashes, f"sha256:{found[1]}") if found else self.hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of requirements; ``optional`` groups are installed only when asked for."""

    name: str
    wanted: tuple[Wanted, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSettings:
    """``[tool.accelinstall.workspace]`` of the root of several projects that are locked together.

    :ivar members: folders relative to the root, ``*`` and ``**`` allowed; empty = every project below it.
    :ivar exclude: folders that are no members, written alike.
    :ivar may_differ: canonical names that need not have one version in all members.
    :ivar shared_groups: groups of the root that every member has too.
    """

    members: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    may_differ: tuple[str, ...] = ()
    shared_groups: tuple[str, ...] = ()


ExportFormat = Literal["requirements", "constraints", "pylock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One file that says for other tools what a lock holds.

    :ivar output: path relative to the project; ``{target}`` in it stands for each target's slug.
    :ivar target: slug or abbreviation; empty = ``cpu`` where that is a target of the project, else its first one, else
        this machine's.
    :ivar profile: ``with_``, ``without`` and ``only`` groups, as on the command line; empty = ``production``.
    :ivar hashes: every file's sha256 is written; ``index``: the sources packages come from are.
    :ivar where: ``pyproject.toml:12``.
    """

    output: str
    format: ExportFormat = "requirements"
    target: str = ""
    profile: str = ""
    with_: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    hashes: bool = True
    index: bool = True
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``[tool.accelinstall]``; keys as in ``docs/configuration.md``.

    :ivar groups: environment -> group name.
    :ivar mirrors: source name -> URL that replaces it at fetch time.
    :ivar fallback: ``("pypi",)`` allows the default index's wheel when a source cannot be reached and the catalog
        calls that wheel the same backend.
    :ivar profiles: profile name -> {``with``, ``without``, ``only``} group names.
    :ivar workspace: set at the root of several projects.
    """

    targets: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    mirrors: Mapping[str, str] = field(default_factory=dict)
    fallback: tuple[str, ...] = ()
    backends: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    export: tuple[Export, ...] = ()
    validate: Mapping[str, object] = field(default_factory=dict)
    workspace: WorkspaceSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A ``pyproject.toml`` or a set of requirements files, read whole.

    :ivar directory: absolute path of the folder that holds it.
    :ivar is_package: can be installed itself: it has a build system, and a name.
    :ivar requires_python: PEP 440 specifier text, empty for any.
    :ivar groups: in file order; ``main`` first, always present.
    :ivar extras: extra name -> canonical names of the optional requirements it pulls in.
    :ivar sources: everything declared, under ``[tool.poetry]`` and in the settings; a source called ``pypi`` has no URL
        and stands for the default index.
    :ivar constraints: bounds of ``-c`` files: they hold for what is installed, and install nothing by themselves.
    :ivar requires_hashes: the line of a requirements file that wants one of every file, such as ``base.txt:1``.
    :ivar logins: the addresses that were written with a user and a password, as they were written; they stand nowhere
        else in it.
    :ivar findings: mistakes that do not stop the reading (an extra that does not exist...).
    """

    directory: str
    name: str = ""
    version: str = ""
    is_package: bool = False
    requires_python: str = ""
    groups: tuple[Group, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    uses_default_index: bool = True
    settings: Settings = field(default_factory=Settings)
    constraints: tuple[Wanted, ...] = ()
    requires_hashes: str = ""
    logins: tuple[str, ...] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()

    def group(self, name: str) -> Group | None:
        """The group called *name*, if there is one."""
        return next((group for group in self.groups if group.name == name), None)

    def source(self, name: str) -> Source | None:
        """The source called *name*, if there is one."""
        return next((source for source in self.sources if source.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChoice:
    """Which groups a run takes.

    :ivar groups: group names in the project's order, ``main`` first unless ``only`` left it out.
    :ivar hardware: the hardware group among them, or empty.
    """

    groups: tuple[str, ...]
    hardware: str = ""
