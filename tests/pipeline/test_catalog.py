"""The catalog on the command line: shown, checked, and added to by user and project."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from accelinstall.cli import run
from accelinstall.cli.console import Console
from accelinstall.testing import IndexServer
from tests.pipeline.running import Outcome, Workplace

HOSTS = Path(__file__).parents[1] / "hosts"
RTX5090 = str(HOSTS / "linux-rtx5090-driver-580")


def catalog(*argv: str, **variables: str) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    code = run(["catalog", *argv], console=Console(out=out, err=err), environ=variables)
    return Outcome(code, out.getvalue(), err.getvalue())


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    config = tmp_path / "config"
    config.mkdir()
    return Workplace(tmp_path / "place", variables={"ACCELINSTALL_CONFIG_DIR": str(config)})


def project(backend: str, *, url: str = "https://download.pytorch.org/whl/cu134") -> str:
    return f"""\
[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
python = ">=3.11"
torch = {{ version = ">=2.14", source = "new" }}

[[tool.poetry.source]]
name = "new"
url = "{url}"
priority = "explicit"

{backend}
"""


def test_show_lists_the_builds_of_a_package() -> None:
    shown = catalog("show", "onnxruntime-gpu")
    assert shown.code == 0
    assert "cu13" in shown.out
    assert "1.19.0 to 1.19.2" in shown.out
    rows = catalog("show", "torch", "--json").document["builds"]
    assert {"cu130", "rocm7-2", "cpu", "mps"} <= {row["backend"] for row in rows}


def test_show_of_an_unknown_package_names_those_that_are_known() -> None:
    shown = catalog("show", "rich")
    assert shown.code == 2
    assert "tensorflow" in shown.err


def test_the_shipped_catalog_passes_its_check() -> None:
    assert catalog("check").code == 0
    assert catalog("check", "--json").document["problems"] == []


def test_check_names_file_and_line_of_an_overlays_mistake(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[backends.cu134]\nlike = "cu132"\ndrivver = "580"\n', encoding="utf-8")
    checked = catalog("check", str(path))
    assert checked.code == 1
    assert f"{path}:3:" in checked.out
    path.write_text('[backends.cu134]\nlike = "cu132"\n', encoding="utf-8")
    assert catalog("check", str(path)).code == 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"= nothing", b"[a"])
def test_check_of_a_file_that_is_no_toml_is_an_error_and_no_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    assert catalog("check", str(path)).code == 1
    assert str(path) in catalog("check", str(path)).err
    assert catalog("check", str(tmp_path / "absent.toml")).code == 1


def test_a_cuda_from_the_users_own_catalog_is_chosen_by_its_index(place: Workplace) -> None:
    place.write(project(""))
    path = Path(place.variables["ACCELINSTALL_CONFIG_DIR"], "catalog.toml")
    path.write_text('[backends.cu134]\nlike = "cu132"\nbranch = "615"\n', encoding="utf-8")
    document = place.run("explain", "--host", RTX5090, "--json").document
    assert document["target"]["backend"] == "cu134"
    assert not any(item["id"] == "backend-newer-than-catalog" for item in document["findings"])


def test_a_cuda_that_nobody_described_is_taken_and_reported(place: Workplace) -> None:
    place.write(project(""))
    document = place.run("explain", "--host", RTX5090, "--json").document
    assert document["target"]["backend"] == "cu134"
    found = next(item for item in document["findings"] if item["id"] == "backend-newer-than-catalog")
    assert "580.65.06" in found["message"]


def test_a_cuda_from_the_project_is_judged_by_what_the_project_says(place: Workplace) -> None:
    place.write(project('[tool.accelinstall.backends.cu134]\nlike = "cu132"\ndriver = "999.1"\n'))
    done = place.run("explain", "--host", RTX5090, "--json")
    assert done.code == 1
    assert "999.01" in done.document["error"]["message"]


def test_a_wrong_key_in_the_project_is_an_error_with_its_line(place: Workplace) -> None:
    text = project('[tool.accelinstall.backends.cu134]\nlike = "cu132"\ndrivver = "580"\n')
    place.write(text)
    line = text.splitlines().index('drivver = "580"') + 1
    done = place.run("explain", "--host", RTX5090)
    assert done.code == 1
    assert f"pyproject.toml:{line}: `tool.accelinstall.backends.cu134.drivver`" in done.err


def test_what_is_preferred_decides_and_is_told_with_its_cost(place: Workplace) -> None:
    asked = ("explain", "torch", "tensorflow[and-cuda]", "--host", RTX5090)
    newest, shared = place.run(*asked), place.run(*asked, "--prefer", "shared")
    assert "torch 2.15 (cu130) from https://download.pytorch.org/whl/cu130, about 3.1 GB" in newest.out
    assert "Together     about 6.5 GB" in newest.out
    assert "torch 2.11 (cu128)" in shared.out
    assert place.run(*asked, "--prefer", "oldest").code == 2


def test_a_requirement_for_another_system_is_no_wish(place: Workplace) -> None:
    dependencies = ["tensorflow-macos; sys_platform == 'darwin'", "tensorflow; sys_platform == 'linux'"]
    place.write(f'[project]\nname = "a"\nversion = "1"\ndependencies = {dependencies}\n')
    document = place.run("explain", "--host", RTX5090, "--json").document
    assert [row["name"] for row in document["selected"]] == ["tensorflow"]


def test_explaining_every_framework_touches_no_network(place: Workplace) -> None:
    names = ("torch", "tensorflow[and-cuda]", "jax[cuda12]", "onnxruntime-gpu", "vllm", "bitsandbytes")
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in {"socket.connect", "socket.getaddrinfo"}:
            opened.append(event)

    sys.addaudithook(watch)
    done = place.run("explain", *names, "--host", RTX5090)
    watching = False
    assert done.code == 0
    assert opened == []


def test_another_preference_is_another_lock(place: Workplace, index: IndexServer) -> None:
    place.write('[project]\nname = "a"\nversion = "1"\ndependencies = ["web"]\n')
    asked = ("lock", "--environment", "cpu", "--index-url", index.simple_url, "--json")
    fresh = [place.run(*asked, *more).document["locks"][0]["fresh"] for more in ((), (), ("--prefer", "shared"))]
    assert fresh == [False, True, False]
