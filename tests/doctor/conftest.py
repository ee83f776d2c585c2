"""A project whose machine is known: a home of its own, a PATH with one Python, an index on loopback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.doctor.looking import PYPROJECT, poetry_lock
from tests.pipeline.running import Workplace


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    """``web`` 1.0."""
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "wheels", "web", "1.0"))
        yield server


@pytest.fixture
def workplace(tmp_path: Path, index: IndexServer) -> Workplace:
    """A locked project without environment; pip is told of the index."""
    tools = tmp_path / "tools"
    tools.mkdir()
    base = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    for name in ("python", "python3"):
        (tools / name).symlink_to(base)
    variables = {"PATH": str(tools), "PIP_INDEX_URL": index.simple_url}
    place = Workplace(tmp_path / "work place", variables)
    place.write(PYPROJECT)
    place.write(poetry_lock(), "poetry.lock")
    return place
