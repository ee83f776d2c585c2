"""The store on the command line: verified, pruned by age and size, and what environments need spared."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from accelinstall import fs
from accelinstall.testing import IndexServer
from tests.pipeline.running import Workplace


@pytest.fixture
def filled(workplace: Workplace, index: IndexServer) -> Workplace:
    """An environment with ``web`` 2.0 and ``wire`` that had ``web`` 1.0 before; another one has ``checker`` too."""
    options = ("--index-url", index.simple_url, "--environment", "cpu", "--upgrade")
    text = (workplace.project / "pyproject.toml").read_text()
    workplace.write(text.replace("(>=1)", "(==1.0)"))
    assert workplace.run("optimize", *options, "--profile", "production").code == 0
    workplace.write(text)
    assert workplace.run("optimize", *options, "--profile", "production").code == 0
    assert workplace.run("optimize", *options, "--venv", str(workplace.root / "other")).code == 0
    return workplace


def entries(workplace: Workplace) -> list[Path]:
    return list((workplace.cache / "store-v1").glob("[0-9a-f]*"))


def test_pruning_spares_what_environments_hold_and_could_go_back_to(filled: Workplace) -> None:
    fs.remove_tree(str(filled.root / "other"))
    for entry in entries(filled):
        os.utime(entry, (time.time() - 40 * 86_400,) * 2)
    done = filled.run_bare("cache", "prune", "--json").document
    # Only `checker` goes: `web` 1.0 is what a rollback would bring back.
    assert (done["removed"], done["spared"], done["wheels"]) == (1, 3, 3)
    assert filled.run("rollback").code == 0
    assert filled.installed() == {"web": "1.0"}
    fs.remove_tree(str(filled.venv))
    assert filled.run_bare("cache", "prune", "--max-size", "0B", "--json").document["wheels"] == 0


def test_a_young_store_keeps_everything_unless_it_is_too_large(filled: Workplace) -> None:
    assert filled.run_bare("cache", "prune", "--json").document["removed"] == 0
    for venv in (filled.venv, filled.root / "other"):
        fs.remove_tree(str(venv))
    assert filled.run_bare("cache", "prune", "--max-size", "1GB", "--json").document["removed"] == 0
    done = filled.run_bare("cache", "prune", "--max-size", "1kB")
    assert done.code == 0 and "removed" in done.out
    assert len(entries(filled)) < 4


def test_a_damaged_file_is_found_told_and_its_wheel_made_anew(filled: Workplace, index: IndexServer) -> None:
    assert "every file is what its wheel brought" in filled.run_bare("cache", "verify").out
    [module] = (filled.cache / "store-v1").glob("*/tree/wire/__init__.py")
    module.chmod(0o644)
    module.write_bytes(b"evil = 1\n")
    done = filled.run_bare("cache", "verify", "--json")
    assert done.code == 1
    [sentence] = done.document["damaged"]
    assert sentence.startswith("wire 1.5: `wire/__init__.py`: expected ")
    assert [str(filled.venv) in path for path in sorted(done.document["affected"])].count(True) == 1
    assert filled.run_bare("cache", "verify").code == 0
    fs.remove_tree(str(filled.venv))
    assert filled.run("optimize", "--index-url", index.simple_url, "--environment", "cpu").code == 0
    [installed] = filled.venv.rglob("wire/__init__.py")
    assert b"evil" not in installed.read_bytes()


@pytest.mark.parametrize("text", ["", "lots", "-5GB", "5XB", "1e9"])
def test_a_size_that_is_none_is_told(workplace: Workplace, text: str) -> None:
    done = workplace.run_bare("cache", "prune", f"--max-size={text}", "--json")
    assert done.code == 2 and done.document["error"]["code"] == "usage"
