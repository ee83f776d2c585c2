"""What somebody asks the pipeline to do, as one value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from accelinstall.model.hardware import Overrides
from accelinstall.model.installation import LinkMode
from accelinstall.model.selection import Preference
from accelinstall.model.target import Target
from accelinstall.values import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """Command-line indexes, as DESIGN's *Decisions: Indexes* means them.

    :ivar index_url: replaces every index of project, catalog and pip; empty = none given.
    :ivar extra_index_urls: added; ``find_links`` folders or pages, added.
    """

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOptions:
    """Which groups, as Poetry's options of the same names."""

    profile: str = ""
    with_: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run's wishes; every field has the default of the command line.

    :ivar project: folder of the ``pyproject.toml``; ``requirements`` are requirements files read instead of it,
        ``constraints`` files of bounds for whatever is installed.
    :ivar inline: PEP 508 texts given directly (``explain torch``).
    :ivar host: folder of a recorded host to be judged instead of this machine.
    :ivar targets: slugs or abbreviations (``cu130``) to lock for; empty = the detected one.
    :ivar workspace: all projects of the workspace, in agreement.
    :ivar target: the one target this request is about, when it is not this machine's.
    :ivar lock_file: a lock to be installed as it is.
    :ivar prefer: what decides between candidates.
    :ivar config_directory: where the user's ``catalog.toml`` stands; empty = ``ACCELINSTALL_CONFIG_DIR``,
        else the platform's folder for settings.
    :ivar frozen: take the lock without asking whether it is fresh.
    :ivar upgrade: keep no version that was locked before; ``upgrade_packages``: only those of these names.
    :ivar preferences: canonical name -> version to be kept where it fits, beside what is locked already.
    :ivar resolution: ``lowest-direct`` = what the project itself names takes its lowest version that fits.
    :ivar ignore_poetry_lock: choose versions as if Poetry had locked none.
    :ivar experimental_variants: wheel variants (PEP 825) are candidates too.
    :ivar root: install the project itself too, where it is a package.
    :ivar no_build: wheels only: no source archive is a candidate, and what has to be built is refused.
    :ivar build_timeout: seconds one call of a build backend may take; 0 = any.
    :ivar exclude_newer: ISO date or time; files uploaded later do not exist.
    :ivar link_mode: how files get from the store into the environment; ``None`` = found by trial.
    :ivar connections: to one host at a time, 0 = as many as pay; ``limit_rate``: bytes per second, 0 = no limit.
    :ivar processes: that fetch side by side; more than one for a program that may be forked, as ours may.
    :ivar cache_directory: empty = ``ACCELINSTALL_CACHE_DIR``, else the platform's cache folder.
    """

    project: str = "."
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    host: str = ""
    overrides: Overrides = Overrides()
    groups: GroupOptions = GroupOptions()
    index: IndexOptions = IndexOptions()
    targets: tuple[str, ...] = ()
    all_targets: bool = False
    workspace: bool = False
    target: Target | None = None
    lock_file: str = ""
    output: str = ""
    python: str = ""
    venv: str = ""
    pre: bool = False
    no_build: bool = False
    build_timeout: float = 0.0
    exclude_newer: str = ""
    experimental_variants: bool = False
    upgrade: bool = False
    upgrade_packages: tuple[str, ...] = ()
    preferences: Mapping[str, str] = field(default_factory=dict)
    resolution: Literal["highest", "lowest-direct"] = "highest"
    ignore_poetry_lock: bool = False
    prefer: Preference = "newest"
    frozen: bool = False
    offline: bool = False
    dry_run: bool = False
    exact: bool = True
    prove: bool = True
    root: bool = True
    compile_bytecode: bool | None = None
    link_mode: LinkMode | None = None
    connections: int = 0
    limit_rate: int = 0
    processes: int = 1
    cache_directory: str = ""
    config_directory: str = ""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def for_installing(self) -> Request:
        """The request as ``sync`` and ``optimize`` carry it out: the profile ``ci`` never locks."""
        return replace(self, frozen=True) if self.groups.profile == "ci" else self
