import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.environment import create_venv
from accelinstall.model.installation import Interpreter
from accelinstall.testing import IndexServer
from tests.faults.kit import Bench, Worker

HERE = (sys.platform, platform.machine(), platform.libc_ver()[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if HERE != ("linux", "x86_64", "glibc") and folder in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="signals, mounts and locks of Linux on x86-64"))


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, worker: Worker) -> Iterator[Bench]:
    with IndexServer() as server:
        yield Bench(tmp_path, server, worker)


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    return create_venv(str(tmp_path / "environment"))
