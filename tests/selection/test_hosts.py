"""Every recorded host gets the torch that its ``expected.toml`` names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from accelinstall.hardware import RecordedHost, detect
from accelinstall.model.selection import Wish
from accelinstall.selection import NoBuildFits
from tests.selection.machines import answer, ask, findings

HOSTS = sorted(Path(__file__).parents[1].joinpath("hosts").iterdir())


def expected_of(host: Path) -> dict[str, Any]:
    table = tomllib.loads((host / "expected.toml").read_text(encoding="utf-8"))["torch"]
    assert isinstance(table, dict)
    return table


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_a_recorded_host_gets_the_torch_it_should(host: Path) -> None:
    expected = expected_of(host)
    report = detect(RecordedHost(host))
    if "error" in expected:
        with pytest.raises(NoBuildFits) as caught:
            ask(report)
        assert caught.value.code == expected["error"]
        assert caught.value.verdicts[0].code == expected["newest"]
        return
    selection = ask(report)
    candidate = selection.candidates[0]
    choice = candidate.choice("torch")
    assert choice is not None
    source = choice.source if selection.selected[0].source_url else "default"
    # The newest release, as its best build was judged: why the answer is not newer than it is.
    newest = [row.code for row in selection.verdicts if row.version == "2.15.0" and row.code != "other-environment"]
    newest_code = "accepted" if "accepted" in newest else newest[0]
    found = {
        "environment": candidate.target.environment,
        "version": answer(selection)[0],
        "backend": answer(selection)[1],
        "source": source,
        "newest": newest_code,
        "findings": findings(selection),
    }
    assert found == expected


FRAMEWORKS = ("tensorflow", "jax", "onnxruntime")
ASKED = [
    (host, framework)
    for host in HOSTS
    for framework in FRAMEWORKS
    if framework in tomllib.loads((host / "expected.toml").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("host", "framework"), ASKED, ids=lambda value: getattr(value, "name", value))
def test_a_recorded_host_gets_the_framework_it_should(host: Path, framework: str) -> None:
    """The tables say what is asked, and what comes of it beside torch or instead of it."""
    expected = tomllib.loads((host / "expected.toml").read_text(encoding="utf-8"))[framework]
    asked = Wish(name=expected["package"], extras=tuple(expected.get("extras", ())))
    report = detect(RecordedHost(host))
    if "error" in expected:
        with pytest.raises(NoBuildFits) as caught:
            ask(report, asked)
        verdict = next(row for row in caught.value.verdicts if row.package == asked.name)
        assert (verdict.code, caught.value.hint) == (expected["error"], expected["hint"])
        return
    selection = ask(report, asked)
    row = selection.selected[0]
    warnings = [finding.id for finding in selection.warnings if finding.level == "warning"]
    assert (row.version, row.backend) == (expected["version"], expected["backend"])
    assert warnings == expected.get("warnings", [])
