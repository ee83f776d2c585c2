import shutil
from pathlib import Path

import pytest

from accelinstall.environment import create_venv, describe
from accelinstall.model.installation import Interpreter
from tests.installation.support import Shelf


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One virtual environment, copied for every test."""
    path = tmp_path_factory.mktemp("template") / "env"
    create_venv(str(path))
    return path


@pytest.fixture
def interpreter(tmp_path: Path, template: Path) -> Interpreter:
    path = tmp_path / "an env"
    shutil.copytree(template, path, symlinks=True)
    return describe(str(path / "bin" / "python"))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)
