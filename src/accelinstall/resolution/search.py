"""From requirements to packages: one call, pure but for the port."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.version import Version
from resolvelib import BaseReporter
from resolvelib import ResolutionImpossible as Impossible
from resolvelib import ResolutionTooDeep as TooDeep

from accelinstall.errors import ResolutionError, UsageError
from accelinstall.events import PhaseAdvanced, Progress, ignore
from accelinstall.model.index import IndexFile, SourceTree
from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.model.variants import VariantSupport
from accelinstall.resolution.dependencies import Dependencies
from accelinstall.resolution.hashes import listed_hashes
from accelinstall.resolution.inquiry import Witness, explain_conflict
from accelinstall.resolution.needs import Need, Pin
from accelinstall.resolution.notes import degraded_sentences, notes_on, override_sentences
from accelinstall.resolution.ports import PackageFinder, SourceReader
from accelinstall.resolution.provider import Provider
from accelinstall.resolution.result import Resolution, ResolvedPackage
from accelinstall.resolution.routing import Routing
from accelinstall.resolution.searching import Search
from accelinstall.resolution.shelf import FileJudge, parse_time
from accelinstall.resolution.standards import Markers, Wheels, canonical, parse_requirement, parse_version
from accelinstall.resolution.stock import Stock
from accelinstall.resolution.variants import VariantJudge
from accelinstall.resolution.walking import read_ahead, walk_ahead
from accelinstall.values import replace

if TYPE_CHECKING:
    from resolvelib.resolvers import Criterion

MAX_ROUNDS = 50_000
"""Decisions a search may take; real projects of 500 packages take about a thousand."""


class SourcesDisagree(ResolutionError):
    """One name is bound to two sources on the same target."""

    code = "sources-disagree"

    def __init__(self, *, package: str, sources: Sequence[str], places: Sequence[str]) -> None:
        super().__init__(
            f"`{package}` is bound to {' and '.join(f'`{name}`' for name in sources)} at once"
            + (f" ({', '.join(places)})" if places else ""),
            hint="give the requirements markers or groups that exclude each other, or one source",
        )
        self.package, self.sources = package, tuple(sources)


class ResolutionTooDeep(ResolutionError):
    """The search was given up."""

    code = "resolution-too-deep"

    def __init__(self, *, rounds: int, busiest: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in busiest)
        super().__init__(
            f"no answer after {rounds} decisions" + (f"; most conflicts were about {names}" if names else ""),
            hint="pin one of them in the project" if names else "",
        )
        self.rounds, self.busiest = rounds, tuple(busiest)


def resolve(
    wanted: Sequence[Wanted],
    *,
    target: Target,
    routing: Routing,
    finder: PackageFinder,
    sources: SourceReader | None = None,
    only_wheels: bool = False,
    constraints: Sequence[Requirement] = (),
    hashed: Sequence[Wanted] = (),
    overrides: Sequence[str] = (),
    preferences: Mapping[str, str] | None = None,
    prereleases: bool = False,
    lowest_direct: bool = False,
    exclude_newer: str = "",
    variants: VariantSupport | None = None,
    python_full_version: str = "",
    directory: str = "",
    max_rounds: int = MAX_ROUNDS,
    progress: Progress = ignore,
) -> Resolution:
    """Packages for *target* that satisfy every one of *wanted*; the order of the inputs does not matter.

    :param sources: reads archives, folders and commits, so that they can be candidates too; ``None`` = wheels only.
    :param only_wheels: no archive that an index offers is a candidate; what is named by its address still is.
    :param constraints: bounds for names that something else asks for; *hashed* those among them that list hashes.
    :param overrides: PEP 508 texts that replace every other requirement on their names.
    :param preferences: canonical name -> version to be kept where it fits, such as the one locked before.
    :param lowest_direct: what *wanted* names takes its lowest version that fits, whatever is preferred; the rest the
        highest.  So a library sees whether its lower bounds are true.
    :param exclude_newer: ISO 8601 date (that whole day still counts) or time; files uploaded later do not exist.
    :param variants: what the machine supports of wheel variants, for a *finder* that offers them.
    :param python_full_version: ``3.11.7``; empty = the first release of the target's Python.
    :param directory: absolute folder that relative paths start from.
    :raises ResolutionImpossible: requirements contradict each other.
    :raises NothingMatches: no file satisfies one single requirement.
    :raises SourceError: a source cannot be reached or answers nonsense, and nothing may stand in for it.
    :raises BuildError: what has to be built to know its requirements cannot be.
    """
    environment = target.markers(python_full_version=python_full_version)
    markers = Markers(environment)
    wanted = [item for item in wanted if markers.applies(item.requirement)]
    judge = FileJudge(
        wheels=Wheels({str(tag): rank for rank, tag in enumerate(target.tags())}),
        python=Version(environment["python_full_version"]),
        until=_until(exclude_newer),
        variants=VariantJudge(variants, finder.variants) if variants is not None else None,
        hashes=listed_hashes((*wanted, *hashed), markers),
        builds=sources is not None and not only_wheels,
    )
    dependencies = Dependencies(
        markers, overrides=_requirements(overrides), directory=directory, builds=sources is not None
    )
    roots = dependencies.of_project(wanted)
    stock = Stock(finder, routing, judge, named=_named(wanted))
    provider = Provider(
        finder=finder,
        sources=sources,
        stock=stock,
        judge=judge,
        dependencies=dependencies,
        constraints=dependencies.of_constraints(constraints),
        preferences=_versions(preferences or {}),
        prereleases=prereleases,
        lowest={need.name for need in roots} if lowest_direct else (),
    )
    reporter = _Reporter(provider, progress)
    pins = _pins(roots, provider=provider, stock=stock, reporter=reporter, max_rounds=max_rounds)
    return _resolution(
        _reached(pins, roots, provider),
        roots,
        provider=provider,
        stock=stock,
        dependencies=dependencies,
        reporter=reporter,
    )


def _pins(
    roots: Sequence[Need], *, provider: Provider, stock: Stock, reporter: _Reporter, max_rounds: int
) -> Mapping[str, Pin]:
    """What the search decided on, after pages and metadata were asked for ahead of it; a dead end is explained."""
    provider.start(roots)
    if provider.foreseeing is not None:
        read_ahead(roots, provider)
    walk_ahead(roots, provider)
    try:
        return Search(provider, reporter).resolve(roots, max_rounds=max_rounds).mapping
    except Impossible as error:
        witness = Witness(provider=provider, stock=stock, wants=reporter.wants)
        raise explain_conflict(error.causes, witness) from None
    except TooDeep as error:
        busiest = sorted(provider.conflicts, key=lambda name: (-provider.conflicts[name], name))[:3]
        raise ResolutionTooDeep(rounds=error.round_count, busiest=busiest) from None


class _Reporter(BaseReporter[Need, Pin, str]):
    """Counts what is tried, and remembers who asked for what."""

    def __init__(self, provider: Provider, progress: Progress) -> None:
        self._provider, self._progress = provider, progress
        self.visited = 0
        self.wants: dict[str, dict[tuple[Need, Pin | None], None]] = {}

    def adding_requirement(self, requirement: Need, parent: Pin | None) -> None:
        self.wants.setdefault(requirement.identifier, {})[(requirement, parent)] = None

    def rejecting_candidate(self, criterion: Criterion[Need, Pin], candidate: Pin) -> None:
        self._count(candidate)
        conflicts = self._provider.conflicts
        for name in {candidate.identifier, *(item.requirement.identifier for item in criterion.information)}:
            conflicts[name] = conflicts.get(name, 0) + 1

    def pinning(self, candidate: Pin) -> None:
        self._count(candidate)
        self._progress(PhaseAdvanced(phase="resolve", amount=1, detail=str(candidate)))

    def _count(self, candidate: Pin) -> None:
        if not candidate.extra:
            self.visited += 1


def _reached(mapping: Mapping[str, Pin], roots: Sequence[Need], provider: Provider) -> dict[str, Pin]:
    """The pins the project leads to; the search also holds pins of parents it has given up.

    ``resolvelib`` would tell them apart itself, but 1.2.1 recurses for ever when those it gave up need each other.
    """
    reached: dict[str, Pin] = {}
    waiting = [need.identifier for need in roots]
    while waiting:
        identifier = waiting.pop()
        if identifier not in reached:
            reached[identifier] = mapping[identifier]
            waiting += (need.identifier for need in provider.get_dependencies(mapping[identifier]))
    return dict(sorted(reached.items()))


def _resolution(
    pins: Mapping[str, Pin],
    roots: Sequence[Need],
    *,
    provider: Provider,
    stock: Stock,
    dependencies: Dependencies,
    reporter: _Reporter,
) -> Resolution:
    bases = {pin.name: pin for pin in pins.values() if not pin.extra}
    needs = [*roots, *(need for pin in pins.values() for need in provider.get_dependencies(pin))]
    # A folder that anybody wants editable is that for all.
    editable = {need.url for need in needs if need.editable}
    extras: dict[str, list[str]] = {}
    requires: dict[str, set[str]] = {}
    for pin in pins.values():
        names = {need.name for need in provider.get_dependencies(pin)}
        requires.setdefault(pin.name, set()).update(name for name in names if name in bases and name != pin.name)
        if pin.extra:
            extras.setdefault(pin.name, []).append(pin.extra)
    packages = tuple(
        ResolvedPackage(
            file=_as_wanted(pin.file, editable),
            metadata=provider.metadata_of(pin),
            requires=tuple(sorted(requires[name])),
            extras=tuple(sorted(extras.get(name, ()))),
            source=pin.place.source if pin.place else None,
        )
        for name, pin in sorted(bases.items())
    )
    chosen = tuple(bases[name] for name in sorted(bases))
    return Resolution(
        packages=packages,
        roots=tuple(sorted({need.name for need in roots})),
        notes=notes_on(chosen, provider=provider, stock=stock, overridden=dependencies.overridden),
        degraded=degraded_sentences(chosen, stock),
        overridden=override_sentences(chosen, dependencies.overridden),
        visited=reporter.visited,
        metadata_read=provider.metadata_read,
    )


def _as_wanted(file: IndexFile, editable: Collection[str]) -> IndexFile:
    if isinstance(file, SourceTree) and file.origin.kind == "directory" and file.url in editable:
        return replace(file, origin=replace(file.origin, editable=True))
    return file


def _named(wanted: Sequence[Wanted]) -> dict[str, str]:
    """Canonical name -> the source it is bound to."""
    named: dict[str, dict[str, str]] = {}
    for item in wanted:
        if item.source:
            named.setdefault(canonical(item.requirement.name), {}).setdefault(item.source, item.where)
    for name, sources in sorted(named.items()):
        if len(sources) > 1:
            places = [where for where in sorted(sources.values()) if where]
            raise SourcesDisagree(package=name, sources=sorted(sources), places=places)
    return {name: next(iter(sources)) for name, sources in named.items()}


def _requirements(texts: Sequence[str]) -> list[Requirement]:
    found = []
    for text in sorted(texts):
        requirement = parse_requirement(text)
        if requirement is None:
            raise UsageError(f"the override `{text}` is not a requirement", hint='such as "numpy<2"')
        found.append(requirement)
    return found


def _versions(preferences: Mapping[str, str]) -> dict[str, Version]:
    parsed = ((name, parse_version(text)) for name, text in preferences.items())
    return {name: version for name, version in parsed if version is not None}


def _until(exclude_newer: str) -> datetime | None:
    if not exclude_newer:
        return None
    moment = parse_time(exclude_newer)
    if moment is None:
        raise UsageError(f"`{exclude_newer}` is not a date", hint="such as 2026-05-31 or 2026-05-31T12:00:00Z")
    return moment + timedelta(days=1) if len(exclude_newer) == len("2026-05-31") else moment
