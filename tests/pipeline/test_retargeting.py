"""``optimize --write`` makes the edit that the error names, and goes on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from accelinstall.model.selection import Retarget
from accelinstall.project import parse_project
from accelinstall.project.retargeting import retargeted
from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Outcome, Workplace

ROOT = Path(__file__).parents[1]
BLACKWELL = str(ROOT / "hosts" / "linux-rtx5090-driver-580")
CHANGE = Retarget(
    backend="cu121",
    local="cu121",
    urls=("https://download.pytorch.org/whl/cu121",),
    to="cu130",
    to_source="pytorch-cu130",
    to_url="https://download.pytorch.org/whl/cu130",
    to_local="cu130",
)
TO_DEFAULT = Retarget(backend="cu121", local="cu121", urls=CHANGE.urls, to="cu130")


def optimized(place: Workplace, *argv: str) -> Outcome:
    return place.run("optimize", "--host", BLACKWELL, "--environment", "cuda", *argv)


def with_project(place: Workplace, name: str) -> str:
    text = (ROOT / "projects" / name / "pyproject.toml").read_text()
    place.write(text)
    return text


def document(place: Workplace) -> Any:
    return tomllib.loads((place.project / "pyproject.toml").read_text())


def test_the_error_names_the_edit_and_the_option_that_makes_it(workplace: Workplace) -> None:
    text = with_project(workplace, "poetry-cuda-pinned")
    done = optimized(workplace)
    assert done.code == 1 and 'set `url = "https://download.pytorch.org/whl/cu130"`' in done.err
    assert "`torch==2.15.*`" in done.err and "accelinstall optimize --write" in done.err
    assert (workplace.project / "pyproject.toml").read_text() == text


def test_without_a_source_to_exchange_no_option_is_named(workplace: Workplace) -> None:
    workplace.write("[project]\nname = 'x'\nversion = '1'\ndependencies = ['torch==2.5.1+cu121']\n")
    done = optimized(workplace)
    assert done.code == 1 and "hint:" in done.err and "--write" not in done.err


def test_source_name_labels_and_versions_change_together_and_nothing_else(workplace: Workplace) -> None:
    text = with_project(workplace, "poetry-cuda-pinned")
    shown = optimized(workplace, "--write", "--dry-run")
    assert shown.code == 0 and (workplace.project / "pyproject.toml").read_text() == text
    changed = [line for line in shown.out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert len(changed) == 8
    assert '+torch = { version = "2.15.*", source = "pytorch-cu130" }' in changed
    assert '+name = "pytorch-cu130"' in changed


def test_without_a_terminal_it_needs_a_yes(workplace: Workplace) -> None:
    text = with_project(workplace, "poetry-cuda-pinned")
    done = optimized(workplace, "--write")
    assert done.code == 2 and "--yes" in done.err and (workplace.project / "pyproject.toml").read_text() == text


def test_what_another_source_cannot_help_is_the_error_it_was(workplace: Workplace) -> None:
    workplace.write("[project]\nname = 'x'\nversion = '1'\ndependencies = ['torch==1.12.0']\n")
    done = optimized(workplace, "--write", "--yes")
    assert done.code == 1 and "hint:" in done.err


def test_the_edit_is_made_and_the_run_goes_on_with_it(workplace: Workplace, tmp_path: Path) -> None:
    """The lock that follows takes the new build: here from a folder, as no real index is at hand."""
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "torch", "2.15.0+cu130", tag="cp311-cp311-manylinux_2_28_x86_64")
    with_project(workplace, "all-hardware")
    text = (workplace.project / "pyproject.toml").read_text()
    workplace.write(text.replace("cu130", "cu121"))
    with IndexServer() as server:
        argv = ("--index-url", server.simple_url, "--find-links", str(wheels), "--no-proof", "--python-version", "3.11")
        done = optimized(workplace, *argv, "--write", "--yes")
    assert document(workplace)["tool"]["accelinstall"]["targets"] == ["cpu", "cu130", "rocm7-2"]
    assert (workplace.project / "pyproject.toml").read_text() == text
    assert done.code == 0, done.err
    assert [path.name for path in workplace.project.glob("pylock.*")] == ["pylock.cu130-linux-x86_64-cp311.toml"]


STANDARD = """\
[project]
name = "x"
version = "1"
dependencies = ["torch==2.5.1+cu121 ; sys_platform == 'linux'", "numpy"]

[tool.poetry.dependencies]
torch = { source = "PyTorch-cu121" }
[[tool.poetry.source]]
name = "pytorch-cu121"
url = "https://download.pytorch.org/whl/cu121/"
priority = "explicit"
"""


FROM_CPU = Retarget(
    backend="cpu",
    local="cpu",
    urls=("https://download.pytorch.org/whl/cpu",),
    to="cu126",
    to_source="pytorch-cu126",
    to_url="https://download.pytorch.org/whl/cu126",
    to_local="cu126",
)
TEXTS = {path.parent.name: path.read_bytes() for path in sorted((ROOT / "projects").glob("*/pyproject.toml"))}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("change", [FROM_CPU, CHANGE])
def test_on_every_project_made_twice_it_is_made_once_whatever_ends_its_lines(name: str, change: Retarget) -> None:
    raw = TEXTS[name].replace(b"\r\n", b"\n")
    once = retargeted(raw, change)
    assert retargeted(once, change) == once
    assert retargeted(raw.replace(b"\n", b"\r\n"), change) == once.replace(b"\n", b"\r\n")
    parse_project(once, directory="")
    for url in change.urls:
        assert f'"{url}"'.encode() not in once


@pytest.mark.parametrize("change", [CHANGE, TO_DEFAULT])
def test_made_twice_it_is_made_once(change: Retarget) -> None:
    once = retargeted(STANDARD.encode(), change)
    assert once != STANDARD.encode() and retargeted(once, change) == once


def test_the_standards_notation_is_relabelled_too() -> None:
    text = retargeted(STANDARD.encode(), CHANGE).decode()
    assert "\"torch==2.5.1+cu130 ; sys_platform == 'linux'\"" in text and 'torch = { source = "pytorch-cu130" }' in text


def test_a_version_that_has_to_change_keeps_extras_and_marker() -> None:
    change = Retarget(backend="cu121", local="cu121", urls=(), to="cu130", pins=(("torch", "2.15.*"),))
    text = retargeted(STANDARD.replace("torch==2.5.1+cu121", "torch[opt]==2.5.1").encode(), change).decode()
    assert tomllib.loads(text)["project"]["dependencies"][0] == 'torch[opt]==2.15.*; sys_platform == "linux"'


def test_where_the_default_index_is_right_the_binding_goes() -> None:
    read = tomllib.loads(retargeted(STANDARD.encode(), TO_DEFAULT).decode())
    assert read["tool"]["poetry"]["dependencies"] == {}
    assert read["project"]["dependencies"][0].startswith("torch==2.5.1 ;")


def test_a_source_of_the_new_build_that_is_there_is_used() -> None:
    more = '\n[[tool.poetry.source]]\nname = "ours"\nurl = "https://download.pytorch.org/whl/cu130"\n'
    read = tomllib.loads(retargeted((STANDARD + more).encode(), CHANGE).decode())["tool"]["poetry"]
    assert read["dependencies"]["torch"]["source"] == "ours"
    assert [source["name"] for source in read["source"]] == ["pytorch-cu121", "ours"]


def test_dependencies_of_dotted_keys_are_bound_anew_in_place() -> None:
    text = STANDARD.replace('torch = { source = "PyTorch-cu121" }', 'torch.source = "pytorch-cu121"  # bound')
    assert 'torch.source = "pytorch-cu130"  # bound\n' in retargeted(text.encode(), CHANGE).decode()


def test_a_name_that_says_no_build_stays() -> None:
    named = STANDARD.replace('"pytorch-cu121"', '"pytorch"').replace('"PyTorch-cu121"', '"pytorch"')
    (source,) = tomllib.loads(retargeted(named.encode(), CHANGE).decode())["tool"]["poetry"]["source"]
    assert source["name"] == "pytorch" and source["url"] == CHANGE.to_url
