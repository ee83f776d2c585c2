"""The error for a machine that no build fits: the nearest miss, and the exact edit that would help."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.model.selection import Verdict
from accelinstall.model.target import environment_of
from accelinstall.selection.demand import HEAD
from accelinstall.selection.hints import better_driver, better_python, described
from accelinstall.selection.question import Question
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
    return NoBuildFits(message, hint=_hint(question), verdicts=verdicts)


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


def _source_edit(question: Question) -> str:
    free = question.freed()
    best = free.best()
    relaxed = None if best is not None else free.undemanding().best()
    fit = best or relaxed
    if fit is None:
        return ""
    if not question.by_source:
        return f"--backend {fit.backend.slug} would take {described(fit)}"
    if fit.backend.has_index(question.machine.platform):
        edit = f'set `url = "{fit.backend.url}"` in the source of {HEAD}'
    else:
        edit = f"remove the source of {HEAD}: the default index's wheel is the right one"
    if relaxed is not None and question.demand.specifiers:
        edit += f", and require `{HEAD}=={fit.releases[0].series}.*`"
    elsewhere = environment_of(question.fixed)
    if question.environment == "cpu" and elsewhere not in {"cpu", ""}:
        edit = f"--environment {elsewhere} when the packages are for another machine; else {edit}"
    return f"{edit}; that takes {described(fit)}"
