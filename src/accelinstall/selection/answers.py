"""From a ranked backend to the candidate that the pipeline resolves, and to the rows that ``explain`` prints."""

from __future__ import annotations

from accelinstall.catalog import Backend, Release
from accelinstall.model.hardware import Environment
from accelinstall.model.selection import Candidate, Choice, Selected, Wish
from accelinstall.model.target import Target, backends_from
from accelinstall.selection.demand import HEAD
from accelinstall.selection.machine import Machine
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import Ranked
from accelinstall.selection.rules import judge
from accelinstall.values import replace

# Backends whose wheels have no version floor: releases newer than the catalog are welcome.
_OPEN_ENDED = ("cpu", "mps")


def candidate_for(ranked: Ranked, question: Question) -> Candidate:
    """The target and the choices of one backend."""
    served = tuple(device for device, good in zip(question.machine.devices, ranked.served, strict=False) if good)
    target = _target(ranked.backend, replace(question.machine, devices=served), question)
    return Candidate(target=target, choices=_choices(ranked.backend, ranked.releases, question))


def bare_candidate(question: Question) -> Candidate | None:
    """A candidate although no known release fits: for releases newer than the catalog, or for projects without torch.

    ``None`` when torch or a companion is wished and the machine itself stands against every build.
    """
    for backend in question.backends:
        if _is_open_ended(backend, question):
            return Candidate(
                target=_target(backend, question.machine, question), choices=_choices(backend, (), question)
            )
    if question.demand.wishes:
        return None
    return Candidate(target=_target(question.backends[0], question.machine, question))


def selected_for(candidate: Candidate, ranked: Ranked | None, question: Question) -> tuple[Selected, ...]:
    """One row per answered wish."""
    from_source = _needs_source(candidate, ranked)
    return tuple(
        _selected(wish, choice, ranked, question, from_source=from_source)
        for wish in question.demand.wishes
        for choice in [candidate.choice(wish.name)]
        if choice is not None
    )


def _target(backend: Backend, machine: Machine, question: Question) -> Target:
    environment: Environment = question.environment if question.environment == "edge" else backend.environment
    slug = "edge" if environment == "edge" else backend.slug
    architectures = {device.architecture for device in machine.devices if device.architecture}
    return Target(
        environment=environment,
        backend=slug,
        backends=backends_from({HEAD: backend.slug}, head=slug),
        platform=machine.platform,
        python=machine.python,
        libc=question.report.platform.libc_slug,
        architectures=tuple(sorted(architectures)),
    )


def _choices(backend: Backend, releases: tuple[Release, ...], question: Question) -> tuple[Choice, ...]:
    """One for torch and one for each companion, wished or not: something else may require them."""
    platform = question.machine.platform
    indexed = backend.has_index(platform)
    on_default = [release for release in releases if _is_default(release, backend, question.machine)]
    head = Choice(
        package=HEAD,
        backend=backend.slug,
        versions=() if _is_open_ended(backend, question) else tuple(release.version for release in releases),
        default_index_versions=tuple(release.version for release in on_default),
        source=backend.source if indexed else "",
        source_url=backend.url if indexed else "",
        local=backend.local if indexed else "",
    )
    # Plain companions have no opinion: the default index's wheel is right for every backend.
    names = sorted(question.catalog.companions - question.catalog.plain)
    return (head, *(_companion(name, head, on_default) for name in names))


def _companion(name: str, head: Choice, on_default: list[Release]) -> Choice:
    """As the head, any release: which one belongs to the head's is in the packages' own requirements."""
    versions = dict.fromkeys(version for release in on_default for version in release.companions.get(name, ()))
    return replace(head, package=name, versions=(), default_index_versions=tuple(versions))


def _is_default(release: Release, backend: Backend, machine: Machine) -> bool:
    return not backend.l4t and backend.slug in release.default_index.get(machine.platform, ())


def _is_open_ended(backend: Backend, question: Question) -> bool:
    """Whether releases newer than the catalog may be taken: the newest known one runs here, whatever is wished."""
    if backend.slug not in _OPEN_ENDED and not backend.provisional:
        return False
    return judge(backend, question.newest, question.machine, catalog=question.catalog).verdict.accepted


def _selected(wish: Wish, choice: Choice, ranked: Ranked | None, question: Question, *, from_source: bool) -> Selected:
    extras = f"[{','.join(wish.extras)}]" if wish.extras else ""
    return Selected(
        name=wish.name,
        requirement=f"{wish.name}{extras}{wish.specifier}",
        version=question.demand.pinned(wish.name) or _series(wish.name, ranked),
        backend=choice.backend,
        source_url=choice.source_url if from_source else "",
        group=wish.group,
    )


def _series(name: str, ranked: Ranked | None) -> str:
    if ranked is None:
        return ""
    newest = ranked.releases[0]
    version = newest.version if name == HEAD else next(iter(newest.companions.get(name, ())), "")
    return ".".join(version.split(".")[:2])


def _needs_source(candidate: Candidate, ranked: Ranked | None) -> bool:
    """Whether the answer comes from the backend's own index: not when the default index's wheel is that build.

    The head decides for its companions, so that all come from one place.
    """
    head = candidate.choice(HEAD)
    return ranked is None or head is None or ranked.releases[0].version not in head.default_index_versions
