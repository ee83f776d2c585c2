"""``examples/chatbot`` on every kind of machine, on a loopback index with frameworks made on the spot."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.examples.frameworks import tensorflow_module, torch_module
from tests.pipeline.running import Workplace

ROOT = Path(__file__).parents[2]
CHATBOT = ROOT / "examples" / "chatbot"
HOSTS = ROOT / "tests" / "hosts"


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    place = Workplace(tmp_path / "place")
    place.copy(CHATBOT)
    return place


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    wheels = tmp_path / "wheels"
    with IndexServer() as server:
        for name, version in (("fastapi", "0.120.0"), ("pydantic", "2.12.0"), ("httpx", "0.28"), ("pytest", "8.4")):
            server.add(make_wheel(wheels, name, version))
        server.add(
            make_wheel(wheels, "uvicorn", "0.38.0", extras=["standard"], requires=["uvloop>=0.1; extra == 'standard'"])
        )
        server.add(make_wheel(wheels, "uvloop", "0.22"))
        server.add(make_wheel(wheels, "torch", "2.14.1", files=torch_module("2.14.1+cu130", cuda="13.0")))
        server.add(make_wheel(wheels, "tensorflow-cpu", "2.21.0", files=tensorflow_module("2.21.0", cuda=False)))
        server.add(
            make_wheel(
                wheels,
                "tensorflow",
                "2.21.0",
                files=tensorflow_module("2.21.0", cuda=True),
                extras=["and-cuda"],
                requires=["nvidia-cudnn-cu12>=9.3; extra == 'and-cuda'"],
            )
        )
        server.add(make_wheel(wheels, "nvidia-cudnn-cu12", "9.10.2"))
        yield server


@pytest.mark.parametrize(
    ("host", "environment", "group", "backend"),
    [
        ("linux-rtx3090-driver-535", "cuda", "ml-gpu", None),
        ("linux-rtx5090-driver-580", "cuda", "ml-gpu", "cu130"),
        ("linux-mi210-two", "rocm", "ml-rocm", "rocm7-2"),
        ("darwin-m2-macos15", "mps", "ml-mps", "mps"),
        ("linux-laptop-no-gpu", "cpu", "ml-cpu", "cpu"),
    ],
)
def test_each_machine_gets_its_group(
    workplace: Workplace, host: str, environment: str, group: str, backend: str | None
) -> None:
    done = workplace.run("explain", "--host", str(HOSTS / host), "--json")
    if backend is None:  # the project's cu130 cannot start on a driver for CUDA 12
        assert done.code == 1
        error = done.document["error"]
        assert "580.65.06" in error["message"] and "cu126" in error["hint"]
        return
    document = done.document
    assert document["target"]["environment"] == environment
    rows = [(row["name"], row["group"], row["backend"]) for row in document["selected"]]
    assert ("torch", group, backend) in rows


def test_a_driver_too_old_for_the_source_gets_the_edit_that_helps(workplace: Workplace) -> None:
    before = (workplace.project / "pyproject.toml").read_text()
    host = str(HOSTS / "linux-rtx3090-driver-535")
    shown = workplace.run("optimize", "--host", host, "--write", "--dry-run")
    changed = [line for line in shown.out.splitlines() if re.match(r"[+-](?![+-])", line)]
    assert changed == [
        '-url = "https://download.pytorch.org/whl/cu130"',
        '+url = "https://download.pytorch.org/whl/cu126"',
        '-targets = ["cpu", "cu130"]',
        '+targets = ["cpu", "cu126"]',
    ]
    assert (workplace.project / "pyproject.toml").read_text() == before


def test_init_finds_everything_there_and_export_writes_what_is_locked(workplace: Workplace, index: IndexServer) -> None:
    before = (workplace.project / "pyproject.toml").read_bytes()
    assert "has everything for cpu, cu130" in workplace.run("init", "--yes").out
    assert (workplace.project / "pyproject.toml").read_bytes() == before
    done = workplace.run("export", "--index-url", index.simple_url)
    assert done.code == 0, done.err
    prod = (workplace.project / "config/requirements/prod.txt").read_text()
    assert "torch==2.14.1 \\\n    --hash=sha256:" in prod and "pytest" not in prod
    assert "pytest==8.4" in (workplace.project / "config/requirements/dev.txt").read_text()


def test_optimize_proves_that_both_frameworks_compute(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url, "--json")
    assert done.code == 0, done.err
    proof = {row["framework"]: row["status"] for row in done.document["proof"]}
    assert proof == {"tensorflow-cpu": "proved", "torch": "proved"}


def test_a_proof_is_not_made_again_for_the_same_lock_and_hardware(workplace: Workplace, index: IndexServer) -> None:
    options = ("optimize", "--environment", "cpu", "--index-url", index.simple_url)
    workplace.run(*options)
    (module,) = workplace.venv.glob("lib/python*/site-packages/torch/__init__.py")
    module.unlink()
    module.write_text("raise ImportError('nobody should look')")
    assert workplace.run(*options).code == 0


def test_the_dockerfile_installs_the_gpu_group_where_there_is_no_gpu(workplace: Workplace, index: IndexServer) -> None:
    (command,) = re.findall(r"accelinstall (sync [^\n]+)", (CHATBOT / "Dockerfile").read_text())
    locked = workplace.run("lock", "--target", "cu130", "--index-url", index.simple_url)
    assert locked.code == 0, locked.err
    argv = shlex.split(command.replace("${TARGET}", "cu130").replace("/app/.venv", str(workplace.venv)))
    done = workplace.run(*argv, "--json")
    assert done.code == 0, done.err
    assert {row["framework"]: row["status"] for row in done.document["proof"]} == {
        "tensorflow": "inconclusive",
        "torch": "inconclusive",
    }
    assert "nvidia_cudnn_cu12" in workplace.installed()
    assert "pytest" not in workplace.installed()


def test_a_named_gpu_group_without_a_gpu_takes_the_backend_of_its_source(
    workplace: Workplace, index: IndexServer
) -> None:
    done = workplace.run("optimize", "--with", "ml-gpu", "--index-url", index.simple_url, "--json", "--no-proof")
    assert done.code == 0, done.err
    assert done.document["target"]["backend"] == "cu130"
    installed = workplace.installed()
    assert "tensorflow" in installed and "tensorflow_cpu" not in installed


def test_the_layout_that_guides_print_is_read_and_each_mistake_is_named(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "place")
    place.copy(ROOT / "tests" / "projects" / "guide-layout")
    done = place.run("explain", "--environment", "cpu", "--python-version", "3.11", "--json")
    assert done.code == 0, done.out
    findings = {finding["id"]: finding for finding in done.document["findings"]}
    assert {"unknown-extra", "local-label-in-range"} <= findings.keys()
    assert "and-cuda" in findings["unknown-extra"]["hint"]
    assert findings["unknown-extra"]["where"].startswith("pyproject.toml:")
