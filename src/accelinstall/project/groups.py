"""Which groups a run takes: main, the hardware's group, and what the profile and the user add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from accelinstall.model.hardware import ENVIRONMENTS, Environment
from accelinstall.model.project import MAIN, GroupChoice, Project
from accelinstall.project.errors import (
    AmbiguousHardwareGroup,
    ConflictingHardwareGroups,
    UnknownGroup,
    UnknownProfile,
)
from accelinstall.project.requirement import canonical

_CONVENTION: tuple[tuple[re.Pattern[str], Environment], ...] = (
    (re.compile(r"ml-gpu|gpu|(?:ml-)?cuda.*"), "cuda"),
    (re.compile(r"(?:ml-)?cpu"), "cpu"),
    (re.compile(r"(?:ml-)?mps"), "mps"),
    (re.compile(r"(?:ml-)?rocm"), "rocm"),
    (re.compile(r"(?:ml-)?xpu"), "xpu"),
    (re.compile(r"edge"), "edge"),
)
PROFILES = ("production", "development", "ci", "edge")
# What a production image leaves out.
_TOOLING = re.compile(r"(?:dev|development|tests?|testing|docs?|documentation|lint|linting|linters|typing|types)")


def environment_of_group(name: str) -> Environment | None:
    """The environment a group is for by the convention of its name; ``None`` for any other group."""
    for pattern, environment in _CONVENTION:
        if pattern.fullmatch(canonical(name)):
            return environment
    return None


def hardware_groups(project: Project) -> Mapping[str, tuple[Environment, ...]]:
    """Group name -> the environments it is for, of every group that only its hardware takes."""
    found = {group.name: _environments_of(project, group.name) for group in project.groups}
    return {name: environments for name, environments in found.items() if environments}


def environment_from_groups(
    project: Project, with_: Sequence[str] = (), only: Sequence[str] = (), *, profile: str = ""
) -> Environment | None:
    """The environment that groups named by the user fix, ``None`` when they leave it to detection.

    :param profile: its groups count where the user names no hardware group.
    :raises UnknownGroup: when the project has no such group.
    :raises UnknownProfile: when there is no such profile.
    :raises ConflictingHardwareGroups: when the groups are for different environments.
    """
    custom = _profile(project, profile) if profile else {}
    named = _hardware_named(project, only or with_)
    if not named and not only:
        named = _hardware_named(project, [*custom.get("only", ()), *custom.get("with", ())])
    if not named:
        return None
    common = set.intersection(*(set(environments) for _, environments in named))
    return common.pop() if len(common) == 1 else None


def choose_groups(
    project: Project,
    *,
    environment: Environment,
    profile: str = "development",
    with_: Sequence[str] = (),
    without: Sequence[str] = (),
    only: Sequence[str] = (),
) -> GroupChoice:
    """Main, the hardware group, and the groups of *profile*, then ``with_``, ``without`` and ``only`` as in Poetry.

    ``only`` overrides the others and leaves main out unless it names it; ``without`` wins over ``with_``.  A hardware
    group that is not the chosen one is never taken, optional or not; one that is named replaces the one that fits.

    :raises UnknownGroup: when a named group does not exist.
    :raises UnknownProfile: when *profile* is neither built in nor in the project's settings.
    :raises AmbiguousHardwareGroup: when two groups fit *environment* and none is named.
    :raises ConflictingHardwareGroups: when the named ones are for different environments.
    """
    custom = _profile(project, profile)
    if only:
        return _choice(project, _known(project, only), hardware=_hardware_named(project, only))
    dropped = set(_known(project, [*custom.get("without", ()), *without]))
    added = _known(project, [*custom.get("with", ()), *with_])
    exact = custom.get("only", ())
    # What the command line names outweighs what the profile names.
    named = _hardware_named(project, with_) or _hardware_named(project, [*exact, *custom.get("with", ())])
    if not named and not exact:
        found = _hardware_group(project, "edge" if profile == "edge" else environment, dropped)
        named = [(found, ())] if found else []
    base = _known(project, exact) if exact else [MAIN, *_of_profile(project, profile)]
    chosen = [name for name in (*base, *added) if not _environments_of(project, name)]
    chosen += [name for name, _ in named]
    return _choice(project, set(chosen) - dropped, hardware=named)


def _choice(
    project: Project, chosen: Iterable[str], *, hardware: Sequence[tuple[str, Sequence[Environment]]]
) -> GroupChoice:
    names = set(chosen)
    groups = tuple(group.name for group in project.groups if group.name in names)
    return GroupChoice(groups=groups, hardware=next((name for name, _ in hardware if name in names), ""))


def _profile(project: Project, profile: str) -> Mapping[str, tuple[str, ...]]:
    custom = project.settings.profiles
    if profile not in custom and profile not in PROFILES:
        raise UnknownProfile(profile, known=dict.fromkeys((*PROFILES, *custom)))
    return custom.get(profile, {})


def _of_profile(project: Project, profile: str) -> Iterable[str]:
    """The groups that are neither optional nor for hardware, as *profile* takes them."""
    if profile == "edge":
        return
    for group in project.groups:
        if group.optional or _environments_of(project, group.name):
            continue
        if profile == "production" and _TOOLING.fullmatch(canonical(group.name)):
            continue
        yield group.name


def _hardware_group(project: Project, environment: Environment, dropped: set[str]) -> str:
    """The group for *environment*, empty when none fits: main alone then."""
    written = project.settings.groups.get(environment)
    fitting = _known(project, [written]) if written else _fitting_by_convention(project, environment)
    fitting = [name for name in fitting if name not in dropped]
    if len(fitting) > 1:
        raise AmbiguousHardwareGroup(environment, groups=fitting)
    if not fitting and environment == "mps":
        # PyTorch's macOS wheel serves both, so a project without a group of its own for Macs has it under `ml-cpu`.
        return _hardware_group(project, "cpu", dropped)
    return fitting[0] if fitting else ""


def _fitting_by_convention(project: Project, environment: Environment) -> list[str]:
    return [group.name for group in project.groups if environment in _environments_of(project, group.name)]


def _environments_of(project: Project, name: str) -> tuple[Environment, ...]:
    """What the group *name* is for: by the settings when they name it, else by convention."""
    chosen = project.settings.groups
    key = canonical(name)
    written = tuple(item for item in ENVIRONMENTS if canonical(chosen.get(item, "")) == key)
    if written:
        return written
    by_convention = environment_of_group(name)
    return (by_convention,) if by_convention else ()


def _hardware_named(project: Project, names: Sequence[str]) -> list[tuple[str, tuple[Environment, ...]]]:
    """The hardware groups among *names* with their environments."""
    found = [(name, _environments_of(project, name)) for name in _known(project, names)]
    named = [(name, environments) for name, environments in found if environments]
    if named and not set.intersection(*(set(environments) for _, environments in named)):
        raise ConflictingHardwareGroups(groups=[name for name, _ in named])
    return named


def _known(project: Project, names: Iterable[str]) -> list[str]:
    """*names* as the project writes them."""
    written = {canonical(group.name): group.name for group in project.groups}
    for name in names:
        if canonical(name) not in written:
            raise UnknownGroup(name, known=[group.name for group in project.groups])
    return [written[canonical(name)] for name in names]
