"""``init``: which groups and sources a project's file is to have, for the targets it is to serve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall.errors import SelectionError, UsageError
from accelinstall.model.edits import FileEdit
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import ENVIRONMENTS
from accelinstall.model.project import MAIN, Project, Source
from accelinstall.model.selection import Wish
from accelinstall.model.target import Target, TargetSyntaxError, environment_of
from accelinstall.pipeline.planning import expand_target, read_hardware
from accelinstall.pipeline.reading import read_file, read_project
from accelinstall.values import dataclass, replace

if TYPE_CHECKING:
    from accelinstall.catalog import Backend, Catalog
    from accelinstall.model.installation import Interpreter
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session
    from accelinstall.project.placing import Placement, Spelling

# Frameworks whose builds differ so much between environments that one main dependency cannot serve them all.
_HEADS = ("torch", "tensorflow", "onnxruntime", "jax")
# Released with torch, but for CUDA and ROCm only: pytorch's index for the CPU has no xformers (2026-11).
_NOT_EVERYWHERE = frozenset({"xformers"})
# Where an environment lives when this platform has no builds of it.
_ELSEWHERE = {"mps": "macos-arm64", "cuda": "linux-x86_64", "rocm": "linux-x86_64", "xpu": "linux-x86_64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialisation:
    """What ``init`` would write.

    :ivar targets: as they are written; ``groups`` environment -> group.
    """

    edit: FileEdit
    targets: tuple[str, ...]
    groups: dict[str, str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """One target to be served: as it is written, what it means, and torch's build for it."""

    text: str
    target: Target
    backend: Backend


def plan_init(request: Request, *, pip_index: bool = False) -> Initialisation:
    """The edit of ``pyproject.toml`` for ``request.targets``, by default this machine's and ``cpu``; writes nothing.

    :param pip_index: declare the index of pip's configuration as a source, which Poetry does not read by itself.
    :raises ProjectError: when the file is missing, wrong or cannot be edited.
    :raises UsageError: for a target that does not exist.
    """
    from accelinstall.pipeline.session import Session

    request = replace(request, requirements=(), inline=())
    with Session(request) as session:
        return _plan(request, session, pip_index=pip_index)


def usual_targets(request: Request) -> tuple[str, ...]:
    """The targets the project names; else this machine's backend, those its sources serve, and ``cpu``."""
    from accelinstall.pipeline.places import read_interpreter
    from accelinstall.pipeline.session import Session

    with Session(request) as session:
        return _usual_targets(request, session, project=read_project(request), interpreter=read_interpreter(request))


def _plan(request: Request, session: Session, *, pip_index: bool) -> Initialisation:
    from accelinstall.pipeline.cataloguing import read_catalog
    from accelinstall.pipeline.places import read_interpreter
    from accelinstall.project.initialising import initialised, movable_names

    project = read_project(request)
    catalog = read_catalog(request, project)
    interpreter = read_interpreter(request)
    names = frozenset(name for name in movable_names(project) if _is_framework(name, catalog)) - _pulled(project)
    texts = request.targets or _usual_targets(request, session, project=project, interpreter=interpreter)
    chosen = [_chosen(text, request, session, interpreter, catalog) for text in texts]
    placements, findings = _placements(chosen, names, project, catalog)
    before = read_file(str(Path(project.directory, "pyproject.toml")))
    done = initialised(
        before,
        placements=placements,
        targets=tuple(dict.fromkeys(item.text for item in chosen)),
        frameworks=names,
        kind=lambda name: _kind(name, catalog),
        default="" if any(_left_alone(project, catalog)) else "torch",
        sources=_pip_source(session, project) if pip_index else (),
    )
    edit = FileEdit(path="pyproject.toml", before=before, after=done.after)
    said = (*findings, *done.findings, *_left_alone(project, catalog), *_about_poetry(request, session, edit))
    return Initialisation(
        edit=edit,
        targets=tuple(item.text for item in chosen),
        groups={str(environment): name for environment, name in done.groups.items()},
        findings=tuple(dict.fromkeys(said)),
    )


def _usual_targets(
    request: Request, session: Session, *, project: Project, interpreter: Interpreter | None
) -> tuple[str, ...]:
    from accelinstall.catalog import load_catalog
    from accelinstall.selection import backend_of_source, choose_environment, select

    if project.settings.targets:
        return project.settings.targets
    report = read_hardware(request, session, interpreter=interpreter)
    environment = choose_environment(report, overrides=request.overrides)
    catalog = load_catalog()
    best = select(report, (), catalog=catalog, environment=environment, backend=request.overrides.backend)
    slugs = ["edge" if environment == "edge" else best.candidates[0].target.backend]
    for source in project.sources:
        slug = backend_of_source(source.url, catalog) if source.url else ""
        if slug and environment_of(slug) not in map(environment_of, slugs):
            slugs.append(slug)
    return tuple(dict.fromkeys([*slugs, "cpu"]))


def _chosen(
    text: str, request: Request, session: Session, interpreter: Interpreter | None, catalog: Catalog
) -> _Chosen:
    """:raises UsageError: for a text that is no target, and for a backend that the catalog does not know."""
    from accelinstall.selection import UnknownBackend

    text = text.strip().replace(".", "-")
    environment = environment_of(text)
    if environment not in ENVIRONMENTS:
        raise TargetSyntaxError(text)
    target = expand_target(text, request, interpreter, session)
    home = _ELSEWHERE.get(target.environment, target.platform)
    if "-linux-" not in text and "-macos-" not in text and (home == "macos-arm64") != (target.system == "macos"):
        # Abbreviations mean this platform, where such a target does not exist.
        text = f"{text}-{home}-{target.python}"
        target = expand_target(text, request, interpreter, session)
    slug = "cpu" if target.environment == "edge" else target.backend
    backend = catalog.backend(slug)
    if backend is None:
        raise UnknownBackend(slug, choices=[item.slug for item in catalog.backends if not item.l4t])
    return _Chosen(text=text, target=target, backend=backend)


def _placements(
    chosen: Sequence[_Chosen], names: frozenset[str], project: Project, catalog: Catalog
) -> tuple[list[Placement], list[Finding]]:
    """One per environment, in the order of the targets."""
    by_environment: dict[str, list[_Chosen]] = {}
    for item in chosen:
        by_environment.setdefault(item.target.environment, []).append(item)
    if not by_environment:
        raise UsageError("no target is named", hint="--targets cpu,cu130")
    macs = "mps" in by_environment and len(by_environment) > 1
    findings: list[Finding] = []
    placements = []
    for environment, mine in by_environment.items():
        # Poetry can lock two sources of one package when no platform takes both.
        platforms = (("darwin",) if environment == "mps" else ("linux", "win32")) if macs else ()
        placements.append(_placement(mine, names, project, catalog, platforms=platforms))
        findings += _doubts(mine, names, project, catalog)
    return placements, findings


def _placement(
    mine: Sequence[_Chosen], names: frozenset[str], project: Project, catalog: Catalog, *, platforms: tuple[str, ...]
) -> Placement:
    from accelinstall.project.placing import Placement

    first = mine[0]
    alone = len({item.backend.slug for item in mine}) == 1
    source = _source_for(first.backend, first.target, project, catalog) if alone else None
    served = {name for name in (*names, "torch") if _head_of(name, catalog) == "torch" and name not in catalog.plain}
    return Placement(
        environment=first.target.environment,
        source=source,
        served=frozenset(served),
        label=first.backend.local if alone else "",
        platforms=platforms,
        spellings={name: _spelling(name, first, project, catalog) for name in sorted(names - served)},
    )


def _source_for(backend: Backend, target: Target, project: Project, catalog: Catalog) -> Source | None:
    """The project's own source of that build, else the catalog's; ``None`` when the default index serves it."""
    from accelinstall.selection import backend_of_source

    if not backend.has_index(target.platform):
        return None
    own = [item for item in project.sources if item.url and backend_of_source(item.url, catalog) == backend.slug]
    named = [item for item in project.sources if item.name.lower() == backend.source]
    catalogued = Source(name=backend.source, url=backend.url, priority="explicit")
    return next(iter((*own, *named)), catalogued)


def _spelling(name: str, chosen: _Chosen, project: Project, catalog: Catalog) -> Spelling:
    from accelinstall.project.placing import Spelling
    from accelinstall.selection import report_for, spelled_for

    wish = next(iter(_wishes(project, {name})), Wish(name=name))
    cuda = chosen.target.environment == "cuda" and chosen.backend.version
    spelled, extras = spelled_for(
        wish,
        report_for(chosen.target),
        catalog=catalog,
        environment=chosen.target.environment,
        cuda_major=cuda[0] if cuda else 0,
    )
    return Spelling(name=spelled, extras=extras)


def _doubts(mine: Sequence[_Chosen], names: frozenset[str], project: Project, catalog: Catalog) -> Iterator[Finding]:
    """What does not fit although it can be written down."""
    from accelinstall.selection import report_for, select

    if len({item.backend.slug for item in mine}) > 1:
        listed = " and ".join(f"`{item.backend.slug}`" for item in mine)
        yield Finding(
            id="several-backends",
            level="info",
            message=f"{listed} share one group, so it names no source: each lock takes the backend of its target",
        )
    for item in mine:
        wishes = [wish for wish in _wishes(project, names) if _head_of(wish.name, catalog) == "torch"]
        report, target = report_for(item.target), item.target
        try:
            select(report, wishes, catalog=catalog, environment=target.environment, backend=target.backend)
        except SelectionError as error:
            yield Finding(
                id="no-build-for-target",
                level="warning",
                message=f"{item.text}: {error.message}",
                hint=error.hint.replace("--backend ", "--targets ", 1),
            )


def _wishes(project: Project, names: frozenset[str] | set[str]) -> list[Wish]:
    """What the project asks of *names*, in main first, without any source."""
    from packaging.utils import canonicalize_name

    found: dict[str, Wish] = {}
    for group in project.groups:
        for item in group.wanted:
            name = canonicalize_name(item.requirement.name)
            if name in names:
                # A local label is one build's; here any build is asked about.
                specifier = re.sub(r"\+[\w.]+", "", str(item.requirement.specifier))
                wish = Wish(name=name, specifier=specifier, extras=tuple(sorted(item.requirement.extras)))
                found.setdefault(name, wish)
    return list(found.values())


def _pip_source(session: Session, project: Project) -> tuple[Source, ...]:
    """pip's ``index-url`` as a primary source; nothing where pip has none or the project has a primary source.

    :raises UsageError: when pip has none.
    """
    from accelinstall.project.sources import without_secret

    if not session.pip.index_url:
        raise UsageError("pip's configuration names no index-url", hint="leave `--pip-index` out")
    if any(source.priority == "primary" for source in project.sources):
        return ()
    return (Source(name="pip-index", url=without_secret(session.pip.index_url)[0]),)


def _left_alone(project: Project, catalog: Catalog) -> Iterator[Finding]:
    """Frameworks in groups and extras that ``init`` leaves alone."""
    from packaging.utils import canonicalize_name

    from accelinstall.project import hardware_groups

    hardware = hardware_groups(project)
    for group in project.groups:
        for item in group.wanted if group.name not in hardware else ():
            name = canonicalize_name(item.requirement.name)
            of_its_own = item.path or item.requirement.url or "extra" in str(item.requirement.marker)
            stays = group.name != MAIN or of_its_own or name in _pulled(project)
            if stays and _head_of(name, catalog) in _HEADS:
                place = "an extra or an address of its own" if group.name == MAIN else f"the group `{group.name}`"
                yield Finding(
                    id="framework-elsewhere",
                    level="info",
                    message=f"{name} stands in {place} too, which is left as it is",
                    where=item.where,
                )


def _pulled(project: Project) -> set[str]:
    """What extras name: Poetry wants it among the main dependencies."""
    return {name for names in project.extras.values() for name in names}


def _about_poetry(request: Request, session: Session, edit: FileEdit) -> Iterator[Finding]:
    import tomllib

    from accelinstall.project.initialising import is_poetrys

    data = tomllib.loads((edit.after or b"").decode("utf-8-sig"))
    if not is_poetrys(data):
        return
    if edit.is_change and Path(request.project, "poetry.lock").is_file():
        yield Finding(
            id="poetry-lock-stale",
            level="info",
            message="poetry.lock was made from the file as it was",
            hint="poetry lock; where Poetry cannot lock the layout, remove poetry.lock or give --ignore-poetry-lock",
        )
    sources = data.get("tool", {}).get("poetry", {}).get("source", [])
    if session.pip.index_url and not any(item.get("priority", "primary") == "primary" for item in sources):
        yield Finding(
            id="poetry-ignores-pip-index",
            level="info",
            message="pip's configuration names an index, which Poetry does not read: it asks PyPI",
            hint="accelinstall init --pip-index declares it as a source",
        )


def _is_framework(name: str, catalog: Catalog) -> bool:
    """Whether every environment has a build of *name*, or something instead of it."""
    head = _head_of(name, catalog)
    if head == "torch":
        return name == head or (name in catalog.companions and name not in _NOT_EVERYWHERE)
    return head in _HEADS


def _head_of(name: str, catalog: Catalog) -> str:
    """The head of the family *name* is built with; empty for what is only mirrored beside it (``nvidia-*``)."""
    family = catalog.family_of(name)
    return family.head if family is not None and (name == family.head or name in family.members) else ""


def _kind(name: str, catalog: Catalog) -> str:
    """What is asked for once in a group: the family where its members exclude each other, else the name."""
    family = catalog.family_of(name)
    return family.head if family is not None and family.exclusive else name
