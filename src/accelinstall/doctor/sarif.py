"""A diagnosis as SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from accelinstall._version import __version__
from accelinstall.doctor.checks import CHECKS
from accelinstall.model.finding import Finding

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif_document(findings: Iterable[Finding]) -> dict[str, Any]:
    """*findings* as one run of one tool; paths are relative to the project."""
    every = tuple(findings)
    ids = sorted({finding.id for finding in every})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "accelinstall doctor",
                        "version": __version__,
                        "rules": [_rule(one) for one in ids],
                    }
                },
                "results": [_result(finding, ids.index(finding.id)) for finding in every],
            }
        ],
    }


def _rule(id: str) -> dict[str, Any]:
    check = CHECKS.get(id)
    rule: dict[str, Any] = {"id": id, "shortDescription": {"text": check.says if check else id}}
    if check:
        rule["defaultConfiguration"] = {"level": _LEVELS[check.level]}
    return rule


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    text = f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": _LEVELS[finding.level],
        "message": {"text": text},
    }
    path, _, line = finding.where.rpartition(":")
    if path and line.isdigit():
        place = {"artifactLocation": {"uri": quote(path)}, "region": {"startLine": max(int(line), 1)}}
        result["locations"] = [{"physicalLocation": place}]
    return result
