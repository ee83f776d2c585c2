"""A workplace and a small index of real wheels for the story's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Workplace

PYPROJECT = """\
[project]
name = "demo"
version = "1"
requires-python = ">=3.11"
dependencies = ["web (>=1)"]

[tool.poetry]
package-mode = false

[tool.poetry.group.dev.dependencies]
checker = "*"
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """A project in a folder whose name has a space and an umlaut."""
    place = Workplace(tmp_path / "wörk place")
    place.write(PYPROJECT)
    return place


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    """``web`` 1.0 and 2.0 (which needs ``wire``), ``checker``."""
    wheels = tmp_path / "wheels"
    with IndexServer() as server:
        server.add(make_wheel(wheels, "web", "1.0"))
        server.add(
            make_wheel(
                wheels,
                "web",
                "2.0",
                requires=["wire>=1"],
                entry_points={"console_scripts": {"web": "web:main"}},
                files={"web/__init__.py": "def main():\n    print('web 2')\n"},
            )
        )
        server.add(make_wheel(wheels, "wire", "1.5"))
        server.add(make_wheel(wheels, "checker", "3.0"))
        yield server
