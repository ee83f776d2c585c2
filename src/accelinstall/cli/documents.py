"""Values as the JSON documents that other programs rely on; keys are fixed, ``schema`` counts breaking changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from accelinstall.model.installation import Install, Remove

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from accelinstall.doctor import Diagnosis
    from accelinstall.errors import AccelinstallError
    from accelinstall.model.finding import Finding
    from accelinstall.model.hardware import HardwareReport
    from accelinstall.model.installation import Proof, Receipt, Step, Transaction
    from accelinstall.model.lock import Lock, LockedPackage
    from accelinstall.model.selection import Selected, Verdict
    from accelinstall.model.target import Target
    from accelinstall.pipeline.cataloguing import CatalogRow
    from accelinstall.pipeline.exporting import Exported
    from accelinstall.pipeline.initialising import Initialisation
    from accelinstall.pipeline.outcomes import (
        CacheState,
        Detection,
        Downloaded,
        Explanation,
        Locked,
        LockState,
        Optimized,
        Synced,
    )

SCHEMA = 1
Document = dict[str, Any]


def render(document: Document) -> str:
    """The document as text, one per run, with a final newline; in ASCII, which every stream and file name survives."""
    return json.dumps(document, indent=2, default=_plain) + "\n"


def error_document(error: AccelinstallError) -> Document:
    """Any failure."""
    return {"schema": SCHEMA, "error": {"code": error.code, "message": error.message, "hint": error.hint}}


def init_document(planned: Initialisation, *, written: bool) -> Document:
    """``init --json``."""
    from accelinstall.model.edits import render_diff

    return {
        "schema": SCHEMA,
        "path": planned.edit.path,
        "targets": list(planned.targets),
        "groups": planned.groups,
        "diff": render_diff([planned.edit]),
        "written": written,
        "findings": finding_rows(planned.findings),
    }


def export_document(done: Iterable[Exported], *, written: bool) -> Document:
    """``export --json``."""
    from accelinstall.model.edits import render_diff

    outputs = [
        {
            "path": item.edit.path,
            "format": item.export.format,
            "target": item.target,
            "groups": list(item.groups),
            "packages": item.packages,
            "state": item.state,
            "diff": render_diff([item.edit]),
            "findings": finding_rows(item.findings),
        }
        for item in done
    ]
    return {"schema": SCHEMA, "outputs": outputs, "written": written}


def detection_document(detection: Detection) -> Document:
    """``detect --json``."""
    return {**report_document(detection.report, detection.environment), "disk": dict(detection.disk)}


def report_document(report: HardwareReport, environment: str) -> Document:
    """The hardware itself, which :func:`accelinstall.hardware.report_from_document` reads back."""
    return {
        "schema": SCHEMA,
        "environment": environment,
        "devices": [_row(device) for device in report.devices],
        "cpu": _row(report.cpu),
        "memory": _row(report.memory),
        "platform": _row(report.platform),
        "evidence": [_row(item) for item in report.evidence],
    }


def explanation_document(explanation: Explanation) -> Document:
    """``explain --json``."""
    selection = explanation.selection
    return {
        "schema": SCHEMA,
        "target": target_document(selection.candidates[0].target),
        "selected": selected_rows(selection.selected),
        "candidates": [
            {"target": str(candidate.target), "download_bytes": candidate.download_bytes or None}
            for candidate in selection.candidates
        ],
        "verdicts": verdict_rows(selection.verdicts),
        "findings": finding_rows(explanation.findings),
    }


def locked_document(locked: Iterable[Locked], errors: Iterable[tuple[str, AccelinstallError]] = ()) -> Document:
    """``lock --json``: one entry per target, and those that failed."""
    return {
        "schema": SCHEMA,
        "locks": [
            {
                "target": target_document(one.lock.target),
                "path": one.path,
                "fresh": one.fresh,
                "written": one.written,
                "selected": selected_rows(one.selected),
                "verdicts": verdict_rows(one.verdicts),
                "lock": lock_document(one.lock),
                "changes": [] if one.fresh else change_rows(one.previous, one.lock),
                "findings": finding_rows(one.findings),
            }
            for one in locked
        ],
        "errors": [{"target": target, **error_document(error)["error"]} for target, error in errors],
    }


def checked_document(states: Iterable[LockState], errors: Iterable[tuple[str, AccelinstallError]] = ()) -> Document:
    """``lock --check --json``: one entry per target, and those that could not be judged."""
    rows = [{**_row(one), "target": target_document(one.target)} for one in states]
    failed = [{"target": target, **error_document(error)["error"]} for target, error in errors]
    fresh = not failed and all(row["state"] == "fresh" for row in rows)
    return {"schema": SCHEMA, "fresh": fresh, "locks": rows, "errors": failed}


def synced_document(synced: Synced) -> Document:
    """``sync --json``."""
    return {
        "schema": SCHEMA,
        "target": target_document(synced.lock.target),
        "environment": synced.environment,
        "lock": lock_document(synced.lock),
        "transaction": transaction_document(synced),
        "receipt": receipt_document(synced.receipt),
        "proof": proof_rows(synced.proof),
        "findings": finding_rows(synced.findings),
    }


def optimized_document(optimized: Optimized) -> Document:
    """``optimize --json``."""
    locked, synced = optimized.locked, optimized.synced
    return {
        "schema": SCHEMA,
        "target": target_document(locked.lock.target),
        "environment": synced.environment,
        "selected": selected_rows(locked.selected),
        "verdicts": verdict_rows(locked.verdicts),
        "lock": {**lock_document(locked.lock), "path": locked.path, "fresh": locked.fresh},
        "transaction": transaction_document(synced),
        "receipt": receipt_document(synced.receipt),
        "proof": proof_rows(synced.proof),
        "findings": finding_rows(optimized.findings),
    }


def downloaded_document(done: Downloaded) -> Document:
    """``download --json``."""
    brought = set(done.brought)
    rows = [
        {
            "name": package.name,
            "version": package.version,
            "filename": package.filename,
            "sha256": package.sha256,
            "size": package.size,
            "new": package.filename in brought,
        }
        for package in done.packages
    ]
    return {
        "schema": SCHEMA,
        "folder": done.folder,
        "locks": list(done.locks),
        "wheels": rows,
        "bytes_downloaded": done.bytes_downloaded,
    }


def cache_document(state: CacheState) -> Document:
    """``cache --json``."""
    return {"schema": SCHEMA, **_row(state)}


def catalog_document(serial: str, rows: Iterable[CatalogRow]) -> Document:
    """``catalog show --json``."""
    return {"schema": SCHEMA, "serial": serial, "builds": [_row(row) for row in rows]}


def target_document(target: Target) -> Document:
    """A target with its slug and text form."""
    return {**_row(target), "slug": target.slug, "text": str(target), "backends": dict(target.backends)}


def selected_rows(selected: Iterable[Selected]) -> list[Document]:
    """``group`` appears only inside a project, ``download_bytes`` only where it is known."""
    optional = {"group", "download_bytes"}
    return [{key: value for key, value in _row(row).items() if key not in optional or value} for row in selected]


def verdict_rows(verdicts: Iterable[Verdict]) -> list[Document]:
    """Every build considered."""
    return [_row(verdict) for verdict in verdicts]


def finding_rows(findings: Iterable[Finding]) -> list[Document]:
    """What checks had to say."""
    return [_row(finding) for finding in findings]


def proof_rows(proofs: Iterable[Proof]) -> list[Document]:
    """What each framework computed."""
    return [_row(proof) for proof in proofs]


def package_row(package: LockedPackage) -> Document:
    """One locked package; ``built_from`` as ``direct_url.json`` would say it, where there is no wheel of it yet."""
    row: Document = {"name": package.name, "version": package.version, "sha256": package.sha256, "size": package.size}
    if package.origin is None:
        return row
    from accelinstall.model.origin import direct_url_of

    # What stands in for the hash of a wheel that is not built is nobody's business.
    sha256 = package.origin.sha256 if package.is_unbuilt else package.sha256
    return {**row, "sha256": sha256, "built_from": direct_url_of(package)}


def lock_document(lock: Lock) -> Document:
    """A lock without the places of its files."""
    return {
        "target": str(lock.target),
        "packages": [package_row(package) for package in lock.packages],
        "roots": list(lock.roots),
        "groups": list(lock.groups),
        "degraded": list(lock.degraded),
        "overridden": list(lock.overridden),
        "input_hash": lock.input_hash,
    }


def change_rows(before: Lock | None, after: Lock) -> list[Document]:
    """What a new lock changes: ``action``, ``name``, ``from`` and ``to``; equal versions = another file."""
    from accelinstall.lockfile import diff_locks

    return [
        {"action": change.action, "name": change.name, "from": change.before or None, "to": change.after or None}
        for change in diff_locks(before, after)
    ]


def diagnosis_document(diagnosis: Diagnosis) -> Document:
    """What every place says, and what is wrong."""
    return {
        "schema": SCHEMA,
        "facts": [
            {"fact": fact.fact, "place": fact.place, "value": fact.value, "where": fact.where}
            for fact in diagnosis.facts
        ],
        "findings": [_row(finding) for finding in diagnosis.findings],
    }


def transaction_document(synced: Synced) -> Document:
    """Steps as rows, and what stays."""
    transaction: Transaction = synced.transaction
    return {
        "steps": [step_row(step, synced.missing) for step in transaction.steps],
        "kept": [{"name": item.name, "version": item.version} for item in transaction.kept],
        "download_bytes": synced.download_bytes,
        "disk_bytes": synced.disk_bytes,
        "supply": [{"host": host, "wheels": wheels, "bytes": size} for host, wheels, size in synced.supply],
        "dry_run": synced.dry_run,
    }


def step_row(step: Step, missing: Collection[str] = ()) -> Document:
    """One step: ``action``, ``name``; when something goes, ``from``; when something comes, ``version``, the ``size`` of
    its wheel and whether that is ``stored``; ``build`` where one has to be built."""
    if isinstance(step, Remove):
        return {"action": "remove", "name": step.installed.name, "from": step.installed.version}
    package = step.package
    row: Document = {"action": type(step).__name__.lower(), "name": package.name, "version": package.version}
    row |= {"size": package.size, "stored": package.sha256 not in missing and not package.is_unbuilt}
    if package.is_unbuilt:
        row["build"] = True
    return row if isinstance(step, Install) else {**row, "from": step.installed.version}


def receipt_document(receipt: Receipt | None) -> Document | None:
    """What was done, or ``None`` when nothing was."""
    return None if receipt is None else _row(receipt)


def _row(value: Any) -> Document:
    import dataclasses

    return dataclasses.asdict(value)


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
