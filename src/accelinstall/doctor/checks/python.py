"""One Python everywhere, inside the project's range."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from accelinstall.doctor.checks.registry import Remark, remark
from accelinstall.doctor.edits import Substitution
from accelinstall.doctor.evidence import POETRY_LOCK, PYPROJECT, Evidence
from accelinstall.doctor.facts import LATEST, Fact

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_EXACT = re.compile(r"3\.\d+(?:\.\d+)?t?")
_RANGES = frozenset((PYPROJECT, POETRY_LOCK))


def check_pythons(evidence: Evidence) -> Iterator[Remark]:
    """Numbers that YAML shortens, floating versions, versions outside the range, and places that differ."""
    facts = [fact for fact in evidence.of("python") if fact.place not in _RANGES]
    yield from _numbers(evidence, facts)
    facts = [fact for fact in facts if not _is_shortened(fact)]
    for fact in facts:
        if not _EXACT.fullmatch(fact.value) and _is_floating(fact.value):
            shown = "any" if fact.value == LATEST else f"`{fact.value}`"
            message = f"{fact.place} takes whatever Python is newest ({shown})"
            yield remark("python-unpinned", message, hint=_hint(evidence), where=fact.where)
    exact = [fact for fact in facts if _EXACT.fullmatch(fact.value)]
    yield from _outside(evidence, exact)
    yield from _differing(evidence, exact)
    yield from _command(evidence)


def _numbers(evidence: Evidence, facts: Iterable[Fact]) -> Iterator[Remark]:
    for fact in facts:
        if _is_shortened(fact):
            path, _, number = fact.where.rpartition(":")
            line = evidence.line(path, int(number))
            found = list(re.finditer(rf"(?<![\w.'\"]){re.escape(fact.given)}(?![\w.'\"])", line))
            changes = tuple(
                Substitution(path=path, line=int(number), column=one.start(), old=fact.given, new=f'"{fact.given}"')
                for one in found
            )
            message = f"{fact.place} asks for Python {fact.value}: without quotes {fact.given} is a number"
            hint = f'write "{fact.given}"'
            yield remark("python-version-number", message, hint=hint, where=fact.where, changes=changes)


def _is_shortened(fact: Fact) -> bool:
    return bool(fact.given) and fact.given != fact.value and bool(re.fullmatch(r"3\.\d+0", fact.given))


def _is_floating(value: str) -> bool:
    return value in {LATEST, "3", "3.x", "3.*", "x"} or value[:1] in ">~^<!" or "*" in value


def _hint(evidence: Evidence) -> str:
    named = next((fact for fact in evidence.of("python") if fact.place == ".python-version"), None)
    return f"write {named.value}, as {named.where} has it" if named else "name a version, such as 3.12"


def project_range(evidence: Evidence) -> tuple[SpecifierSet | None, str]:
    """The Pythons the project supports, and where it says so."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    project = evidence.project
    if project is None or not project.requires_python:
        return None, ""
    where = next((fact.where for fact in evidence.of("python") if fact.place == PYPROJECT), PYPROJECT)
    try:
        return SpecifierSet(project.requires_python), where
    except InvalidSpecifier:
        return None, ""


def allows(wanted: SpecifierSet, version: str) -> bool:
    """Whether a Python of *version* is inside *wanted*; of a minor alone, whether any of its releases is."""
    text = version.rstrip("t")
    if text.count(".") == 2:
        return wanted.contains(text, prereleases=True)
    return any(wanted.contains(f"{text}.{patch}", prereleases=True) for patch in (0, 1, 5, 9, 15, 99))


def _outside(evidence: Evidence, facts: Iterable[Fact]) -> Iterator[Remark]:
    wanted, where = project_range(evidence)
    if wanted is None:
        return
    for fact in facts:
        if not allows(wanted, fact.value):
            message = f"{fact.place} uses Python {fact.value}, and {where} asks for {wanted}"
            yield remark("python-outside-range", message, hint=f"a Python that fits {wanted}", where=fact.where)
    local = evidence.local.environment
    if local and local.exists and local.python and not allows(wanted, local.python):
        message = f"the environment {local.path} has Python {local.python}, and {where} asks for {wanted}"
        hint = f"rm -r {local.path}\naccelinstall sync"
        yield remark("environment-wrong-python", message, hint=hint)


def _differing(evidence: Evidence, facts: Iterable[Fact]) -> Iterator[Remark]:
    """Places that name one Python, and not the same; a job that tries several is testing, not drifting."""
    by_place: dict[str, set[str]] = {}
    for fact in facts:
        by_place.setdefault(fact.place, set()).add(_minor(fact.value))
    single = [fact for fact in facts if len(by_place[fact.place]) == 1]
    local = evidence.local.environment
    here = local.python if local and local.exists and local.in_use else ""
    main = next((fact for fact in single if fact.place == ".python-version"), None)
    reference, source = (main.value, main.where) if main else (here, "the environment here")
    if not reference:
        if not single:
            return
        reference, source = single[0].value, single[0].where
    for fact in single:
        if _minor(fact.value) != _minor(reference):
            message = f"{fact.place} uses Python {fact.value}, and {source} has {reference}"
            hint = f"write {_minor(reference)} there, or {_minor(fact.value)} everywhere"
            yield remark("python-differs", message, hint=hint, where=fact.where)
    if main and here and _minor(here) != _minor(main.value):
        message = f"the environment here has Python {here}, and {source} says {main.value}"
        yield remark("python-differs", message, hint=f"poetry env use {_minor(main.value)}")


def _minor(version: str) -> str:
    return ".".join(version.rstrip("t").split(".")[:2])


def _command(evidence: Evidence) -> Iterator[Remark]:
    commands = evidence.local.commands
    if "python3" in commands and "python" not in commands:
        message = f"`python` is not on PATH, and `python3` is ({commands['python3']})"
        hint = "write python3 in scripts, use `poetry run python`, or install `python-is-python3` on Debian and Ubuntu"
        yield remark("python-command-missing", message, hint=hint)
