"""Catalog and machine in, ordered candidates with every verdict out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accelinstall.catalog import Backend, Catalog, Release
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import ENVIRONMENTS, Environment, HardwareReport
from accelinstall.model.selection import Candidate, Preference, Selected, Selection, Verdict, Wish
from accelinstall.model.target import environment_of
from accelinstall.selection.advice import framework_findings, refuse_framework, shared_finding
from accelinstall.selection.answers import bare_candidate, candidate_for, selected_for
from accelinstall.selection.builds import Site
from accelinstall.selection.demand import HEAD, Demand, demand_of
from accelinstall.selection.findings import findings_for
from accelinstall.selection.frameworks import Answer, answer, asked_of
from accelinstall.selection.machine import machine_of
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import Ranked, backends_for, rank
from accelinstall.selection.refusals import BackendNeeded, UnknownBackend
from accelinstall.selection.rules import Judgement
from accelinstall.selection.sources import backend_slug, major_of, with_learned
from accelinstall.selection.together import Combination, combine, selected_rows, sizes_of_torch
from accelinstall.selection.unfit import refuse
from accelinstall.values import replace

MOST_CANDIDATES = 8
_ABOUT_TORCH = {
    "driver-would-allow",
    "forward-compatibility",
    "gpu-override-possible",
    "last-build-for-gpu",
    "python-would-allow",
    "vendor-index",
    "version-lowered-for-gpu",
}
# Environments whose builds differ by version: without a device or a claim there is nothing to choose by.
_AMBIGUOUS: dict[Environment, str] = {"cuda": "sm_90", "rocm": "gfx942"}


def select(
    report: HardwareReport,
    wishes: Sequence[Wish],
    *,
    catalog: Catalog,
    environment: Environment,
    backend: str = "",
    prefer: Preference = "newest",
) -> Selection:
    """The ordered candidates for *environment* on the machine of *report*, with a verdict for every build considered.

    Wishes for names the catalog does not know are not answered.  Without any wish for torch or a companion the
    candidates are those of torch all the same, so that what is pulled in indirectly follows the hardware too.
    The backend that a wish's source fixes is law; *backend* (a slug) counts where no source fixes one; a CUDA major
    (``cu12``) leaves the choice among its versions.

    :raises NoBuildFits: when a framework is wished and no build of it runs; carries the verdicts.
    :raises BackendNeeded: when the environment leaves several backends, and neither a device nor a claim decides.
    :raises UnknownBackend: when *backend* is not in the catalog.
    """
    catalog, learned = with_learned(catalog, wishes)
    demand = demand_of(wishes, catalog)
    fixed, by_source = _fixed_backend(demand, backend, catalog)
    major = major_of(fixed, catalog)
    question = Question(
        report=report,
        environment=environment,
        machine=machine_of(report, _environment_of(fixed, environment)),
        demand=demand,
        catalog=catalog,
        fixed="" if major else fixed,
        by_source=by_source,
        major=major,
    )
    site = Site(
        machine=machine_of(report, environment),
        environment="cpu" if environment == "edge" else environment,
        catalog=catalog,
        ceiling=_ceiling(question),
    )
    answers = tuple(answer(asked, site) for asked in asked_of(wishes, site))
    needs_torch = bool(demand.wishes) or not answers or any(_brings_torch(item) for item in answers)
    _check_decidable(question, answers, needs_torch=needs_torch)
    torch, verdicts, warnings = _torch(question, demand, backend, fixed)
    verdicts = (*verdicts, *(row for item in answers for row in item.verdicts))
    for item in answers:
        if not item.options and not item.unknown:
            raise refuse_framework(item, site, verdicts)
    found = combine(torch, answers, needs_torch=needs_torch, environment=environment, prefer=prefer)
    best = found[0]
    findings = (
        *learned,
        *_of_interest(warnings if best.ranked is torch[0][1] else _warnings(question, best.ranked), needs_torch),
        *framework_findings(answers, best, site),
        *shared_finding(best, found),
    )
    return Selection(
        candidates=tuple(item.candidate for item in found[:MOST_CANDIDATES]),
        selected=_selected(best, question),
        verdicts=verdicts,
        warnings=tuple(sorted(findings, key=lambda finding: finding.level != "warning")),
    )


def _torch(
    question: Question, demand: Demand, backend: str, fixed: str
) -> tuple[tuple[tuple[Candidate, Ranked | None], ...], tuple[Verdict, ...], tuple[Finding, ...]]:
    """Torch's candidates, best first, every verdict, and what to say of the best.

    :raises NoBuildFits: when torch or a companion is wished and no build runs.
    """
    judged = question.judged()
    contradiction = _contradiction(question)
    ranked = () if contradiction else rank(judged, question.machine, question.catalog)
    verdicts = (*_verdicts(judged, contradiction), *_other_environments(question))
    if ranked:
        warnings = (*_ignored(demand, backend, fixed), *findings_for(question, judged, ranked[0]))
        return tuple((candidate_for(item, question), item) for item in ranked), verdicts, warnings
    candidate = None if contradiction else bare_candidate(question)
    if candidate is None:
        raise refuse(question, verdicts)
    return ((candidate, None),), verdicts, ()


def _of_interest(findings: Sequence[Finding], needs_torch: bool) -> Iterator[Finding]:
    """Without torch, what another driver or Python would allow torch to be interests nobody."""
    return (finding for finding in findings if needs_torch or finding.id not in _ABOUT_TORCH)


def _warnings(question: Question, ranked: Ranked | None) -> tuple[Finding, ...]:
    return findings_for(question, question.judged(), ranked) if ranked else ()


def _selected(best: Combination, question: Question) -> tuple[Selected, ...]:
    """One row per answered wish, torch's family first."""
    rows = selected_for(best.candidate, best.ranked, question)
    sizes = sizes_of_torch(best.ranked, question.machine.platform)
    rows = tuple(replace(row, download_bytes=sum(sizes[1:])) if row.name == HEAD else row for row in rows)
    return (*rows, *(row for option in best.options for row in selected_rows(option, best)))


def _brings_torch(item: Answer) -> bool:
    """Packages that follow torch, or require one exact release of it."""
    return item.asked.name == "vllm" or any(option.build.environment is None for option in item.options)


def _ceiling(question: Question) -> int:
    """The CUDA major that the fixed backend names, which speaks for the driver that nobody has seen."""
    if question.major:
        return question.major
    fixed = question.catalog.backend(question.fixed) if question.fixed else None
    return fixed.version[0] if fixed is not None and fixed.environment == "cuda" and fixed.version else 0


def _fixed_backend(demand: Demand, backend: str, catalog: Catalog) -> tuple[str, bool]:
    """The slug that is law, torch's own source before a companion's, and whether a source fixes it."""
    wishes = sorted(demand.wishes, key=lambda wish: wish.name != HEAD)
    fixed = next((backend_slug(wish.backend) for wish in wishes if wish.backend), "")
    slug = fixed or backend_slug(backend)
    if slug and slug != "edge" and catalog.backend(slug) is None and not major_of(slug, catalog):
        raise UnknownBackend(slug, choices=[item.slug for item in catalog.backends if not item.l4t])
    return ("cpu" if slug == "edge" else slug), bool(fixed)


def _environment_of(fixed: str, environment: Environment) -> Environment:
    if fixed and environment != "edge":
        name = environment_of(fixed)
        return next((item for item in ENVIRONMENTS if item == name), environment)
    return environment


def _check_decidable(question: Question, answers: Sequence[Answer], *, needs_torch: bool) -> None:
    if question.major or (not needs_torch and all(len(item.options) < 2 for item in answers)):
        return
    known = any(device.architecture or device.driver or device.driver_cuda for device in question.machine.devices)
    if question.fixed or known or question.environment not in _AMBIGUOUS:
        return
    backends = backends_for(question.environment, question.catalog)
    platform = question.machine.platform
    choices = [item.slug for item in backends if not item.l4t and item.build(question.newest.series, platform)]
    older = [item.slug for item in backends if not item.l4t and item.slug not in choices]
    raise BackendNeeded(
        question.environment,
        choices=[*choices, *older],
        architecture=_AMBIGUOUS[question.environment],
        present=bool(question.machine.devices),
    )


def _contradiction(question: Question) -> str:
    """Why the fixed backend cannot belong to the environment; empty when it can.

    The CPU build runs everywhere; but a CPU target never takes a CUDA wheel, though it would start.
    """
    if not question.fixed or question.fixed == "cpu" or environment_of(question.fixed) == question.environment:
        return ""
    return (
        f"it is a build for {environment_of(question.fixed)}, and this machine's environment is {question.environment}"
    )


def _verdicts(judged: Sequence[Judgement], contradiction: str) -> tuple[Verdict, ...]:
    if not contradiction:
        return tuple(row.verdict for row in judged)
    return tuple(_elsewhere(row.backend, row.release, contradiction) for row in judged)


def _other_environments(question: Question) -> tuple[Verdict, ...]:
    """One verdict for the newest build of each environment that was not chosen."""
    seen = {backend.environment for backend in question.backends}
    reason = f"the environment is {question.environment}"
    found = []
    for backend in question.catalog.backends:
        newest = next((item for item in question.catalog.releases if backend.has_series(item.series)), None)
        if newest is not None and backend.environment not in seen:
            seen.add(backend.environment)
            found.append(_elsewhere(backend, newest, reason))
    return tuple(found)


def _elsewhere(backend: Backend, release: Release, reason: str) -> Verdict:
    return Verdict(
        package=HEAD,
        version=release.version,
        backend=backend.slug,
        accepted=False,
        code="other-environment",
        reason=reason,
    )


def _ignored(demand: Demand, backend: str, fixed: str) -> tuple[Finding, ...]:
    """A word to a user whose ``--backend`` the project overrules, or whose project fixes two."""
    findings = []
    if backend and backend_slug(backend) not in {fixed, "edge"}:
        message = f"--backend {backend} is not used: the project's source fixes {fixed}"
        findings.append(Finding(id="backend-overruled", level="warning", message=message))
    others = sorted({backend_slug(wish.backend) for wish in demand.wishes if wish.backend} - {fixed})
    if others:
        message = f"the project takes torch's family from {fixed} and from {', '.join(others)}; {fixed} is used for all"
        findings.append(Finding(id="sources-disagree", level="warning", message=message, hint="use one source"))
    return tuple(findings)
