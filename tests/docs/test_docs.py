"""What the documents say is there: commands, options, keys, variables, links."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.cli import documents
from accelinstall.cli.parser import build_parser
from accelinstall.cli.requests import overrides_from
from accelinstall.model.hardware import Overrides
from accelinstall.pipeline import detect, explain
from accelinstall.pipeline.initialising import plan_init
from accelinstall.pipeline.request import Request
from accelinstall.project import InvalidProject, parse_project

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.joinpath("docs").glob("*.md"))]
# The design names commands of later releases, and lists options as a grammar.
WITH_COMMANDS = [page for page in PAGES if page.name != "design.md"]
HOST = ROOT / "tests" / "hosts" / "linux-gtx1080-driver-580"


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of every ``accelinstall ...`` on the page, in blocks and inline."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```(?:console|sh|bash)\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            yield from _in_line(line.removeprefix("$ "))
    for inline in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        yield from _in_line(inline)


def _in_line(line: str) -> Iterator[list[str]]:
    for part in re.split(r"&&|\|", line):
        words = shlex.split(part, comments=True)
        if len(words) > 1 and words[0].rpartition("/")[2] == "accelinstall":
            yield words[1:]


EVERY = [
    pytest.param(page.name, command, id=f"{page.name}: {' '.join(command)}")
    for page in WITH_COMMANDS
    for command in commands(page)
]


@pytest.mark.parametrize(("page", "command"), EVERY)
def test_a_command_in_the_documents_is_one(page: str, command: list[str]) -> None:
    assert build_parser().parse_args(command).command == command[0]


def test_commands_were_found() -> None:
    assert {command.values[0] for command in EVERY} >= {"README.md", "cli.md", "hosts.md", "coverage.md"}


def test_every_command_has_its_section() -> None:
    headings = " ".join(re.findall(r"^## (.*)$", ROOT.joinpath("docs/cli.md").read_text("utf-8"), re.MULTILINE))
    help_text = build_parser().format_help()
    known = re.findall(r"^    ([a-z-]+) ", help_text, re.MULTILINE)
    assert known
    assert [name for name in known if f"`{name}" not in headings] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not page.parent.joinpath(link).exists()] == []


def refused_keys(text: str) -> set[str]:
    """The keys that the refusal of a wrong one names."""
    with pytest.raises(InvalidProject) as caught:
        parse_project(text, directory="somewhere")
    (problem,) = caught.value.problems
    return set(problem.hint.partition(": ")[2].split(", "))


def test_the_settings_described_are_the_settings() -> None:
    page = ROOT.joinpath("docs/configuration.md").read_text(encoding="utf-8")
    table = page.partition("| key |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    described = {name for cell in first_cells for name in re.findall(r"`([a-z-]+)`", cell)}
    assert described == refused_keys("[project]\nname = 'x'\nversion = '1'\n[tool.accelinstall]\nno-such-key = 1\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_of_settings_is_one(page: Path) -> None:
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        tomllib.loads(block)
        if "[tool." in block:
            head = "" if "[project]" in block else "[project]\nname = 'x'\nversion = '1'\n"
            groups = "".join(f"{name} = []\n" for name in set(re.findall(r'= "((?:ml|gpu|cpu)[a-z-]*)"', block)))
            parse_project(f"{head}[dependency-groups]\n{groups}{block}", directory="somewhere")


def test_every_variable_described_is_heard() -> None:
    page = ROOT.joinpath("docs/configuration.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if "`ACCELINSTALL_ENVIRONMENT`, `_BACKEND`" in line)
    suffixes = re.findall(r"`(?:ACCELINSTALL)?_([A-Z_]+)`", row)
    samples = {
        "ENVIRONMENT": "cuda",
        "BACKEND": "cu130",
        "GPU_ARCH": "sm_90",
        "DRIVER_VERSION": "580.95.05",
        "PLATFORM": "linux-aarch64",
        "PYTHON_VERSION": "3.12",
    }
    assert set(suffixes) == set(samples)
    for suffix in suffixes:
        assert overrides_from({}, {f"ACCELINSTALL_{suffix}": samples[suffix]}) != Overrides()


def keys_told(command: str) -> list[str]:
    """The top-level keys that docs/cli.md names in the JSON of *command*."""
    text = ROOT.joinpath("docs/cli.md").read_text(encoding="utf-8")
    section = re.search(rf"^## `{command}[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    match = re.search(r"`--json`: `\{(.*?)\}`", section[1], re.DOTALL)
    assert match is not None
    flat = match[1]
    while (simpler := re.sub(r":\s*(\[\{[^\[\]{}]*\}\]|\{[^{}]*\})", "", flat)) != flat:
        flat = simpler
    return [name.strip().rstrip("?") for name in flat.split(",")]


def test_the_json_described_for_detect_is_the_json() -> None:
    found = detect(Request(host=str(HOST)))
    document = json.loads(documents.render(documents.detection_document(found)))
    assert keys_told("detect") == list(document)


def test_the_json_described_for_explain_is_the_json() -> None:
    document = json.loads(
        documents.render(documents.explanation_document(explain(Request(host=str(HOST), inline=("torch",)))))
    )
    assert keys_told("explain") == list(document)


def test_the_json_described_for_init_and_export_is_the_json() -> None:
    project = str(ROOT / "tests" / "projects" / "fastapi-service")
    planned = plan_init(Request(project=project, host=str(HOST), targets=("cpu",)))
    assert keys_told("init") == list(documents.init_document(planned, written=False))
    assert keys_told("export") == list(documents.export_document((), written=False))
