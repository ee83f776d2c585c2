"""Catalog and machine in, ordered candidates with every verdict out."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.catalog import Backend, Catalog, Release
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import ENVIRONMENTS, Environment, HardwareReport
from accelinstall.model.selection import Selection, Verdict, Wish
from accelinstall.model.target import environment_of
from accelinstall.selection.answers import bare_candidate, candidate_for, selected_for
from accelinstall.selection.demand import HEAD, Demand, demand_of
from accelinstall.selection.findings import findings_for
from accelinstall.selection.machine import machine_of
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import backends_for, rank
from accelinstall.selection.refusals import BackendNeeded, UnknownBackend
from accelinstall.selection.rules import Judgement
from accelinstall.selection.sources import backend_slug
from accelinstall.selection.unfit import refuse

MOST_CANDIDATES = 8
# Environments whose builds differ by version: without a device or a claim there is nothing to choose by.
_AMBIGUOUS: dict[Environment, str] = {"cuda": "sm_90", "rocm": "gfx942"}


def select(
    report: HardwareReport,
    wishes: Sequence[Wish],
    *,
    catalog: Catalog,
    environment: Environment,
    backend: str = "",
) -> Selection:
    """The ordered candidates for *environment* on the machine of *report*, with a verdict for every build considered.

    Wishes for names the catalog does not know are not answered.  Without any wish for torch or a companion the
    candidates are those of torch all the same, so that what is pulled in indirectly follows the hardware too.
    The backend that a wish's source fixes is law; *backend* (a slug) counts where no source fixes one.

    :raises NoBuildFits: when torch or a companion is wished and no build runs; carries the verdicts.
    :raises BackendNeeded: when the environment leaves several backends, and neither a device nor a claim decides.
    :raises UnknownBackend: when *backend* is not in the catalog.
    """
    demand = demand_of(wishes, catalog)
    fixed, by_source = _fixed_backend(demand, backend, catalog)
    question = Question(
        report=report,
        environment=environment,
        machine=machine_of(report, _environment_of(fixed, environment)),
        demand=demand,
        catalog=catalog,
        fixed=fixed,
        by_source=by_source,
    )
    _check_decidable(question)
    judged = question.judged()
    contradiction = _contradiction(question)
    ranked = () if contradiction else rank(judged, question.machine, catalog)
    verdicts = (*_verdicts(judged, contradiction), *_other_environments(question))
    if ranked:
        candidates = tuple(candidate_for(item, question) for item in ranked[:MOST_CANDIDATES])
        selected = selected_for(candidates[0], ranked[0], question)
        warnings = (*_ignored(demand, backend, fixed), *findings_for(question, judged, ranked[0]))
        return Selection(candidates=candidates, selected=selected, verdicts=verdicts, warnings=warnings)
    candidate = None if contradiction else bare_candidate(question)
    if candidate is None:
        raise refuse(question, verdicts)
    return Selection(candidates=(candidate,), selected=selected_for(candidate, None, question), verdicts=verdicts)


def _fixed_backend(demand: Demand, backend: str, catalog: Catalog) -> tuple[str, bool]:
    """The slug that is law, torch's own source before a companion's, and whether a source fixes it."""
    wishes = sorted(demand.wishes, key=lambda wish: wish.name != HEAD)
    fixed = next((backend_slug(wish.backend) for wish in wishes if wish.backend), "")
    slug = fixed or backend_slug(backend)
    if slug and slug != "edge" and catalog.backend(slug) is None:
        raise UnknownBackend(slug, choices=[item.slug for item in catalog.backends if not item.l4t])
    return ("cpu" if slug == "edge" else slug), bool(fixed)


def _environment_of(fixed: str, environment: Environment) -> Environment:
    if fixed and environment != "edge":
        name = environment_of(fixed)
        return next((item for item in ENVIRONMENTS if item == name), environment)
    return environment


def _check_decidable(question: Question) -> None:
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
