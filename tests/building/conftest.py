"""A workplace, an index with build backends, and projects in folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.building.backends import BACKENDS, wheel_of
from tests.pipeline.running import Workplace


@pytest.fixture(scope="session")
def backend_wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The backends' wheels, made once."""
    folder = tmp_path_factory.mktemp("backends")
    return [wheel_of(name, folder) for name in BACKENDS]


@pytest.fixture
def index(tmp_path: Path, backend_wheels: list[Path]) -> Iterator[IndexServer]:
    """The backends, and ``wire`` 1.0 and 2.0."""
    with IndexServer() as server:
        for wheel in backend_wheels:
            server.add(wheel)
        for version in ("1.0", "2.0"):
            server.add(make_wheel(tmp_path / "wheels", "wire", version))
        yield server


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """A project in a folder whose name has a space and an umlaut."""
    return Workplace(tmp_path / "wörk place")
