"""Packages of the registry that there is only source of, and that popular ML packages need."""

from __future__ import annotations

import os

import pytest

from accelinstall.index import default_index_url, read_pip_configuration
from tests.building.running import python
from tests.pipeline.running import Workplace


@pytest.mark.registry
def test_what_tensorflow_datasets_and_hydra_need_is_built_and_imported(workplace: Workplace) -> None:
    workplace.write("promise==2.3\nantlr4-python3-runtime==4.9.*\n", "requirements.txt")
    index = default_index_url(read_pip_configuration(os.environ))
    path = str(workplace.project / "requirements.txt")
    options = ["--venv", str(workplace.venv), "--environment", "cpu", "--index-url", index, "--no-proof"]
    done = workplace.run("sync", "-r", path, *options)
    assert done.code == 0, done.err
    assert {"promise", "antlr4_python3_runtime", "six"} <= workplace.installed().keys()
    assert python(workplace, "import antlr4, promise; print(promise.Promise.resolve(42).get())") == "42"
