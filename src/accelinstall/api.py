"""The verbs as functions: the same story as the command line, returning values.

Every function raises :class:`~accelinstall.errors.AccelinstallError` and nothing else for what a user, a file or a
network can cause.  *progress* is called with the values of :mod:`accelinstall.events`, possibly from several threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelinstall import events, pipeline
from accelinstall.model.hardware import Overrides
from accelinstall.pipeline.request import GroupOptions, IndexOptions, Request

if TYPE_CHECKING:
    import os

    from accelinstall.model.hardware import HardwareReport
    from accelinstall.pipeline.outcomes import Downloaded, Explanation, Locked, Optimized, Synced

    Path = str | os.PathLike[str]


def detect(*, host: Path = "", overrides: Overrides = Overrides()) -> HardwareReport:
    """The hardware of this machine, or of the recorded one in the folder *host*; under 100 ms without a GPU.

    :raises DetectionError: when *host* is no record.
    """
    return pipeline.detect(Request(host=str(host), overrides=overrides)).report


def explain(
    *requirements: str, project: Path = ".", host: Path = "", overrides: Overrides = Overrides()
) -> Explanation:
    """Which builds fit, and why the others do not; for *requirements*, else for what *project* asks for.

    :raises SelectionError: when nothing fits; it carries every verdict.
    """
    return pipeline.explain(Request(inline=requirements, project=str(project), host=str(host), overrides=overrides))


def lock(
    project: Path = ".",
    *,
    requirements: Sequence[Path] = (),
    constraints: Sequence[Path] = (),
    targets: Sequence[str] = (),
    overrides: Overrides = Overrides(),
    index: IndexOptions = IndexOptions(),
    upgrade: bool = False,
    upgrade_packages: Sequence[str] = (),
    ignore_poetry_lock: bool = False,
    offline: bool = False,
    no_build: bool = False,
    progress: events.Progress = events.ignore,
) -> tuple[Locked, ...]:
    """One lock per target, written beside the project; a fresh one costs no network.

    :param constraints: files of bounds for whatever is installed, as pip's ``-c``.
    :param targets: slugs such as ``cu130``; none = the target of this machine.
    :param upgrade: newest versions of everything; *upgrade_packages*: of these names only.
    :param no_build: wheels only; what would have to be built is refused.
    :raises AccelinstallError: of the first target that cannot be locked; the others are written.
    """
    request = Request(
        project=str(project),
        requirements=tuple(map(str, requirements)),
        constraints=tuple(map(str, constraints)),
        targets=tuple(targets),
        overrides=overrides,
        index=index,
        upgrade=upgrade,
        upgrade_packages=tuple(upgrade_packages),
        ignore_poetry_lock=ignore_poetry_lock,
        offline=offline,
        no_build=no_build,
    )
    done, failed = pipeline.lock(request, progress=progress)
    if failed:
        raise failed[0][1]
    return done


def sync(
    project: Path = ".",
    *,
    lock_file: Path = "",
    target: str = "",
    venv: Path = "",
    python: Path = "",
    groups: GroupOptions = GroupOptions(),
    frozen: bool = False,
    exact: bool = True,
    dry_run: bool = False,
    offline: bool = False,
    no_build: bool = False,
    prove: bool = True,
    root: bool = True,
    progress: events.Progress = events.ignore,
) -> Synced:
    """An environment that is exactly what the lock says.

    :param exact: remove what the lock does not name (pip, setuptools and wheel are spared).
    :param root: install the project itself too, editable, when it is a package and the profile is not for production.
    :raises AccelinstallError: and the environment is as before.
    """
    request = Request(
        project=str(project),
        lock_file=str(lock_file),
        targets=(target,) if target else (),
        venv=str(venv),
        python=str(python),
        groups=groups,
        frozen=frozen,
        exact=exact,
        dry_run=dry_run,
        offline=offline,
        no_build=no_build,
        prove=prove,
        root=root,
    )
    return pipeline.sync(request, progress=progress)


def optimize(
    project: Path = ".",
    *,
    requirements: Sequence[Path] = (),
    overrides: Overrides = Overrides(),
    groups: GroupOptions = GroupOptions(),
    index: IndexOptions = IndexOptions(),
    venv: Path = "",
    python: Path = "",
    dry_run: bool = False,
    offline: bool = False,
    no_build: bool = False,
    prove: bool = True,
    root: bool = True,
    progress: events.Progress = events.ignore,
) -> Optimized:
    """Detects, chooses, locks, installs and proves; a second call with nothing changed does nothing.

    :raises AccelinstallError: and the environment is as before.
    """
    request = Request(
        project=str(project),
        requirements=tuple(map(str, requirements)),
        overrides=overrides,
        groups=groups,
        index=index,
        venv=str(venv),
        python=str(python),
        dry_run=dry_run,
        offline=offline,
        no_build=no_build,
        prove=prove,
        root=root,
    )
    return pipeline.optimize(request, progress=progress)


def download(
    folder: Path,
    project: Path = ".",
    *,
    lock_file: Path = "",
    targets: Sequence[str] = (),
    groups: GroupOptions = GroupOptions(),
    index: IndexOptions = IndexOptions(),
    frozen: bool = False,
    progress: events.Progress = events.ignore,
) -> Downloaded:
    """Every wheel of the lock in *folder*, hashes checked, for a machine without network.

    :param groups: only what these need; by default everything that is locked.
    :raises AccelinstallError: the first failure; what was complete stays.
    """
    request = Request(
        project=str(project),
        lock_file=str(lock_file),
        targets=tuple(targets),
        groups=groups,
        index=index,
        frozen=frozen,
    )
    return pipeline.download(request, str(folder), progress=progress)


def rollback(
    project: Path = ".", *, venv: Path = "", python: Path = "", progress: events.Progress = events.ignore
) -> Synced:
    """The environment as it was before the last change of ours.

    :raises InstallationError: when there is nothing to go back to.
    """
    return pipeline.rollback(Request(project=str(project), venv=str(venv), python=str(python)), progress=progress)
