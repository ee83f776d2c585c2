"""The error for a machine that no build fits: the nearest miss, and the exact edit that would help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accelinstall.model.selection import Retarget, Verdict
from accelinstall.model.target import environment_of
from accelinstall.selection.demand import HEAD, contains
from accelinstall.selection.hints import better_driver, better_python, described
from accelinstall.selection.question import Question
from accelinstall.selection.ranking import Ranked
from accelinstall.selection.refusals import NoBuildFits
from accelinstall.selection.runtime import runtime_edit

# What is easiest to change comes first.
_NEAREST = (
    "driver-too-old",
    "ptx-not-compilable",
    "python-unsupported",
    "jetpack-unsupported",
    "libc-too-old",
    "macos-too-old",
    "architecture-not-compiled",
    "libc-unsupported",
    "platform-unsupported",
    "other-environment",
)

# 32-bit userlands, which no wheel of torch was ever made for.
_NARROW = ("linux-armv7l", "linux-armv6l", "linux-i686", "windows-x86")


def refuse(question: Question, verdicts: Sequence[Verdict]) -> NoBuildFits:
    """The error to raise when nothing in *verdicts* was accepted."""
    asked = ", ".join(f"`{wish.name}{wish.specifier}`" for wish in question.demand.wishes)
    nearest = _nearest(question, verdicts)
    if nearest is None:
        newest, serial = question.newest.version, question.catalog.serial
        message = f"no release of {HEAD} satisfies {asked}; the catalog of {serial} knows it up to {newest}"
    elif question.fixed:
        whose = "the project's source fixes" if question.by_source else "was asked for"
        message = (
            f"{question.fixed}, which {whose}, does not fit this machine: "
            f"{HEAD} {nearest.version} with {nearest.backend}: {nearest.reason}"
        )
    else:
        message = (
            f"no {question.environment} build of {HEAD} satisfies {asked} on this machine; "
            f"the nearest is {HEAD} {nearest.version} with {nearest.backend}: {nearest.reason}"
        )
    return NoBuildFits(message, hint=_hint(question), verdicts=verdicts, retarget=_retarget(question))


def _nearest(question: Question, verdicts: Sequence[Verdict]) -> Verdict | None:
    slugs = {backend.slug for backend in question.backends}
    mine = [row for row in verdicts if row.backend in slugs and row.code in _NEAREST]
    if not mine:
        return None
    newest = [row for row in mine if row.version == mine[0].version]
    return min(newest, key=lambda row: _NEAREST.index(row.code))


def _hint(question: Question) -> str:
    """The first change that helps: another source, driver, Python, version; else the CPU build."""
    if question.fixed:
        return _source_edit(question)
    if question.machine.musl:
        return "use an image with glibc, such as python:3.12-slim"
    if question.machine.platform in _NARROW:
        return "use a 64-bit operating system and Python"
    driver = better_driver(question, None)
    if driver is not None:
        return f"driver {driver[0]} or newer would allow {described(driver[1])}"
    python = better_python(question, None)
    if python is not None:
        return f"--python-version {python[0]} would allow {described(python[1])}"
    relaxed = question.undemanding().best()
    aside = runtime_edit(question) if question.environment == "rocm" else ""
    if relaxed is not None:
        edit = f"change the requirement: {described(relaxed)} fits, `{HEAD}=={relaxed.releases[0].series}.*`"
        return f"{edit}; or {aside}" if aside else edit
    if aside:
        return aside
    cpu = question.for_environment("cpu").best()
    if cpu is not None and question.environment not in {"cpu", "edge"}:
        return f"--environment cpu would take {described(cpu)}"
    return ""


def _fitting(question: Question) -> tuple[Ranked | None, bool]:
    """(what would fit with another source, whether the versions wished would have to change too)."""
    free = question.freed()
    best = free.best()
    relaxed = None if best is not None else free.undemanding().best()
    return best or relaxed, relaxed is not None and bool(question.demand.specifiers)


def _retarget(question: Question) -> Retarget | None:
    """What :func:`_source_edit` says, for whoever makes the edit."""
    fit, relaxed = _fitting(question)
    fixed = question.catalog.backend(question.fixed) if question.fixed else None
    urls = dict.fromkeys(wish.source_url for wish in question.demand.wishes if wish.source_url)
    if fit is None or fixed is None or not question.by_source or not urls:
        return None
    indexed = fit.backend.has_index(question.machine.platform)
    return Retarget(
        backend=fixed.slug,
        local=fixed.local,
        urls=tuple(urls),
        to=fit.backend.slug,
        to_source=fit.backend.source if indexed else "",
        to_url=fit.backend.url if indexed else "",
        to_local=fit.backend.local if indexed else "",
        pins=tuple(_pins(question, fit)) if relaxed else (),
    )


def _pins(question: Question, fit: Ranked) -> Iterator[tuple[str, str]]:
    """New versions of what is wished in versions that *fit* does not have."""
    release = fit.releases[0]
    for name, text in {wish.name: wish.specifier.strip() for wish in question.demand.wishes}.items():
        versions = (release.version,) if name == HEAD else release.companions.get(name, ())
        if text and not any(contains(text, version) for version in versions):
            # Nobody may know yet which release of a companion was made for this one.
            yield name, f"{'.'.join(versions[0].split('.')[:2])}.*" if versions else "*"


def _source_edit(question: Question) -> str:
    fit, relaxed = _fitting(question)
    if fit is None:
        return ""
    if not question.by_source:
        return f"--backend {fit.backend.slug} would take {described(fit)}"
    if fit.backend.has_index(question.machine.platform):
        edit = f'set `url = "{fit.backend.url}"` in the source of {HEAD}'
    else:
        edit = f"remove the source of {HEAD}: the default index's wheel is the right one"
    if relaxed:
        pins = tuple(_pins(question, fit)) or ((HEAD, f"{fit.releases[0].series}.*"),)
        edit += ", and require " + " and ".join(f"`{name}=={version}`".replace("==*", "") for name, version in pins)
    elsewhere = environment_of(question.fixed)
    if question.environment == "cpu" and elsewhere not in {"cpu", ""}:
        edit = f"--environment {elsewhere} when the packages are for another machine; else {edit}"
    made = ", and `accelinstall optimize --write` makes the edit" if _retarget(question) else ""
    return f"{edit}; that takes {described(fit)}{made}"
