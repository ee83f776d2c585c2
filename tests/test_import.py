"""Starting is cheap: what is imported is counted, not timed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"urllib3", "packaging", "installer", "msgspec", "rich", "tomlkit", "psutil", "selectolax", "resolvelib"}


def imported_by(code: str) -> set[str]:
    """Top-level modules a fresh interpreter holds after *code*."""
    script = f"{code}\nimport json, sys; print(json.dumps(sorted({{n.partition('.')[0] for n in sys.modules}})))"
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return set(json.loads(output.splitlines()[-1]))


@pytest.mark.parametrize("code", ["import accelinstall", "from accelinstall.__main__ import main; main(['--version'])"])
def test_a_start_imports_no_library(code: str) -> None:
    assert not imported_by(code) & (HEAVY | {"argparse", "dataclasses", "tomllib"})


def test_help_imports_no_library() -> None:
    assert not imported_by("from accelinstall.__main__ import main; main(['optimize', '--help'])") & HEAVY


def test_every_public_name_is_there() -> None:
    import accelinstall

    for name in accelinstall.__all__:
        assert getattr(accelinstall, name) is not None


@pytest.mark.parametrize("room", ["index", "net"])
def test_a_room_imports_its_modules_when_they_are_asked_for(room: str) -> None:
    code = f"import accelinstall.{room} as room, sys; print(sum(n.startswith(room.__name__) for n in sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert int(output) == 1


@pytest.mark.parametrize("room", ["index", "net"])
def test_a_room_offers_what_it_lists(room: str) -> None:
    import importlib

    module = importlib.import_module(f"accelinstall.{room}")
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []
    with pytest.raises(AttributeError, match="nobody"):
        module.nobody  # noqa: B018
