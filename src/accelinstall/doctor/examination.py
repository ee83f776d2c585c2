"""From a snapshot to a diagnosis, and to the edits that mend it; pure."""

from __future__ import annotations

from collections.abc import Iterable

from accelinstall.doctor.checks import ALL, CHECKS, Remark
from accelinstall.doctor.edits import Change, changed
from accelinstall.doctor.evidence import Snapshot, weigh
from accelinstall.doctor.facts import Fact
from accelinstall.model.edits import FileEdit
from accelinstall.model.finding import Finding
from accelinstall.values import dataclass, replace

_LEVELS = {"error": 0, "warning": 1, "info": 2}
# Mending one thing may bring another to light: an edit per round and place.
_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The table of facts, and what is wrong.

    :ivar facts: sorted by row, then by place.
    :ivar findings: errors first, then in the order of files and lines.
    :ivar makes_environment: whether mending it means making an environment.
    """

    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    makes_environment: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong that must be mended."""
        return any(finding.level == "error" for finding in self.findings)

    def disagreements(self) -> frozenset[Fact]:
        """The cells that a finding points at."""
        pointed = {(finding.where, _ROWS.get(finding.id.partition("-")[0], "\0")) for finding in self.findings}
        return frozenset(
            fact
            for fact in self.facts
            if fact.where and any(fact.where == where and fact.fact.startswith(row) for where, row in pointed)
        )


_ROWS = {"python": "python", "poetry": "poetry", "cuda": "cuda", "image": "base-image", "package": "package:"}


def examine(snapshot: Snapshot) -> Diagnosis:
    """What *snapshot* says and what is wrong with it."""
    facts, remarks = _remarks(snapshot)
    return Diagnosis(
        facts=facts,
        findings=ordered(one.finding for one in remarks),
        makes_environment=any(one.makes_environment for one in remarks),
    )


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """*findings* without repetition, errors first, then by file and line."""

    def key(finding: Finding) -> tuple[int, str, int]:
        path, _, line = finding.where.rpartition(":")
        return _LEVELS[finding.level], path, int(line) if line.isdigit() else 0

    return tuple(sorted(dict.fromkeys(findings), key=key))


def mend(snapshot: Snapshot) -> tuple[FileEdit, ...]:
    """The edits after which no finding has an edit left; empty when none has one now."""
    files = dict(snapshot.files)
    for _ in range(_ROUNDS):
        _, remarks = _remarks(replace(snapshot, files=files))
        by_path: dict[str, list[Change]] = {}
        for change in dict.fromkeys(change for one in remarks for change in one.changes):
            by_path.setdefault(change.path, []).append(change)
        after = files | {path: changed(files.get(path), changes) for path, changes in by_path.items()}
        if after == files:
            break
        files = after
    return tuple(
        FileEdit(path=path, before=snapshot.files.get(path), after=content)
        for path, content in sorted(files.items())
        if content != snapshot.files.get(path)
    )


def _remarks(snapshot: Snapshot) -> tuple[tuple[Fact, ...], tuple[Remark, ...]]:
    evidence = weigh(snapshot)
    own = [one for check in ALL for one in check(evidence)]
    # A file's own findings, but for those that a check has taken up.
    taken = {("unknown-extra", one.finding.where) for one in own if one.finding.id == "tensorflow-cuda-extra"}
    read = [
        Remark(finding=finding)
        for finding in (*evidence.reading.findings, *snapshot.notes)
        if finding.id != "secret-in-source-url" and (finding.id, finding.where) not in taken
    ]
    assert all(one.finding.id in CHECKS for one in own)
    return evidence.facts, (*own, *read)
