"""Locks that are stale or missing, and versions that files pin beside them."""

from __future__ import annotations

from collections.abc import Iterator

from accelinstall.doctor.checks.registry import Remark, remark
from accelinstall.doctor.evidence import POETRY_LOCK, PYPROJECT, UV_LOCK, Evidence
from accelinstall.doctor.facts import Fact


def check_locks(evidence: Evidence) -> Iterator[Remark]:
    """Whether there is a lock, and whether it is for this ``pyproject.toml``."""
    if not evidence.data:
        return
    if not any(name in {POETRY_LOCK, UV_LOCK} or name.startswith("pylock.") for name in evidence.texts):
        if evidence.project is not None and any(group.wanted for group in evidence.project.groups):
            hint = "poetry lock, or accelinstall lock" if evidence.uses_poetry else "accelinstall lock"
            yield remark("lock-missing", "the project has no lock", hint=hint)
        return
    if evidence.lock is not None and not evidence.lock.is_made_from(evidence.data):
        writer = f", which Poetry {evidence.lock.generator} wrote," if evidence.lock.generator else ""
        message = f"{POETRY_LOCK}{writer} is not for this {PYPROJECT}"
        yield remark("lock-stale", message, hint="poetry lock", where=f"{POETRY_LOCK}:1")


def check_pins(evidence: Evidence) -> Iterator[Remark]:
    """Packages that a Dockerfile, a job or a hook pins to another version than the lock."""
    source = POETRY_LOCK if evidence.lock else next(iter(sorted(evidence.locks)), "")
    locked = evidence.locks.get(source, {})
    for fact in evidence.reading.facts:
        if not fact.fact.startswith("package:") or not _is_pin(fact):
            continue
        name = fact.fact.removeprefix("package:")
        known = locked.get(name, "")
        if known and known.partition("+")[0] != fact.value.partition("+")[0]:
            message = f"{fact.place} pins {name} {fact.value}, and {source} has {known}"
            yield remark("package-pin-differs", message, hint=f"write {known}", where=fact.where)


def _is_pin(fact: Fact) -> bool:
    return fact.place != PYPROJECT and not fact.place.endswith((".lock", ".toml")) and fact.value[:1].isdigit()
