"""``export`` keeps files for other tools in step with the locks, and pip and uv install them."""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accelinstall.lockfile import parse_lock
from accelinstall.project import parse_requirements
from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Outcome, Workplace

PYPROJECT = """\
[project]
name = "demo"
version = "1"
requires-python = ">=3.11"
dependencies = ["web>=1", "special"]

[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
special = {{ source = "private" }}

[tool.poetry.group.dev.dependencies]
checker = "*"

[[tool.poetry.source]]
name = "private"
url = "{private}"
priority = "explicit"
"""


@pytest.fixture
def private(tmp_path: Path) -> Iterator[IndexServer]:
    """``special`` 1.0+here alone."""
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "private", "special", "1.0+here"))
        yield server


@pytest.fixture
def place(workplace: Workplace, index: IndexServer, private: IndexServer) -> Workplace:
    """A project of two indexes, the default one told by pip's configuration."""
    workplace.write(PYPROJECT.format(private=private.simple_url))
    workplace.variables["PIP_INDEX_URL"] = index.simple_url
    return workplace


def exported(place: Workplace, *argv: str) -> Outcome:
    done = place.run("export", *argv)
    assert done.code == 0, done.err
    return done


def lock_of(place: Workplace) -> Any:
    (path,) = place.project.glob("pylock.*.toml")
    return parse_lock(path.read_text(), where=str(path))


def add(place: Workplace, text: str) -> None:
    with (place.project / "pyproject.toml").open("a") as file:
        file.write(text)


def test_base_dev_and_prod_are_written_where_the_project_says_nothing(place: Workplace, private: IndexServer) -> None:
    exported(place)
    texts = {path.name: path.read_text() for path in (place.project / "config" / "requirements").iterdir()}
    assert sorted(texts) == ["base.txt", "dev.txt", "prod.txt"]
    assert "checker==3.0" in texts["dev.txt"] and "checker" not in texts["prod.txt"]
    assert f"--extra-index-url {private.simple_url}\n" in texts["base.txt"]


def test_the_head_names_the_lock_by_its_hash_and_the_command(place: Workplace) -> None:
    import hashlib

    exported(place)
    (path,) = place.project.glob("pylock.*.toml")
    head = (place.project / "config/requirements/prod.txt").read_text().splitlines()[:4]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert head[1:3] == ["# accelinstall export", f"# lock: {path.name} sha256:{digest}"]
    assert head[3].endswith("groups: main")


def test_what_is_exported_read_again_is_the_lock(place: Workplace) -> None:
    exported(place)
    text = (place.project / "config/requirements/dev.txt").read_text()
    read = parse_requirements(["dev.txt"], directory="", read=lambda _: text)
    packages = lock_of(place).packages
    held = {(f"{package.name}=={package.version}", (f"sha256:{package.sha256}",)) for package in packages}
    assert {(str(item.requirement), item.hashes) for item in read.groups[0].wanted} == held


def pip(place: Workplace, *argv: str) -> list[str]:
    return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *argv]


def uv(place: Workplace, *argv: str) -> list[str]:
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", sys.executable]
    return [*command, "--index-strategy", "unsafe-best-match", *argv]


@pytest.mark.parametrize("tool", [pip, uv])
@pytest.mark.parametrize("output", ["requirements.txt", "bare.txt", "out/pylock.prod.toml"])
def test_pip_and_uv_install_what_the_lock_holds(
    place: Workplace, index: IndexServer, tmp_path: Path, tool: Callable[..., list[str]], output: str
) -> None:
    add(place, f'[[tool.accelinstall.export]]\noutput = "{output}"\nhashes = {str(output != "bare.txt").lower()}\n')
    exported(place)
    target = tmp_path / "installed"
    environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index.simple_url}
    environ |= {"UV_DEFAULT_INDEX": index.simple_url, "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_NO_CONFIG": "1"}
    command = tool(place, "--target", str(target), "-r", str(place.project / output))
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {item.name: item.version for item in importlib.metadata.distributions(path=[str(target)])}
    assert found == {"web": "2.0", "wire": "1.5", "special": "1.0+here"}


def test_constraints_and_one_file_per_target(place: Workplace) -> None:
    add(
        place,
        """
[tool.accelinstall]
targets = ["cpu", "cpu-linux-aarch64-cp312"]
[[tool.accelinstall.export]]
output = "constraints.txt"
only = ["main"]
[[tool.accelinstall.export]]
output = "requirements-{target}.txt"
""",
    )
    told = exported(place, "--json").document
    paths = [item["path"] for item in told["outputs"]]
    assert paths[0] == "constraints.txt" and paths[2] == "requirements-cpu-linux-aarch64-cp312.txt" and len(paths) == 3
    lines = (place.project / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["special==1.0+here", "web==2.0", "wire==1.5"]
    assert "# target: cpu-linux-aarch64-cp312" in (place.project / paths[2]).read_text()


def test_a_lock_of_some_groups_holds_what_they_reach(place: Workplace) -> None:
    add(place, '[[tool.accelinstall.export]]\noutput = "out/pylock.dev.toml"\nonly = ["dev"]\n')
    exported(place)
    text = (place.project / "out/pylock.dev.toml").read_text()
    part = parse_lock(text, where="pylock.dev.toml")
    assert [package.name for package in part.packages] == ["checker"] and part.input_hash == ""
    assert "# accelinstall export\n" in text


def test_a_second_run_changes_nothing_and_check_agrees_without_network(place: Workplace, index: IndexServer) -> None:
    exported(place)
    before = {path: path.stat().st_mtime_ns for path in place.project.rglob("*.txt")}
    index.clear_requests()
    done = exported(place, "--json").document
    assert {item["state"] for item in done["outputs"]} == {"kept"} and index.count() == 0
    assert place.run("export", "--check").code == 0
    assert {path: path.stat().st_mtime_ns for path in place.project.rglob("*.txt")} == before


def test_check_shows_what_is_out_of_step_and_writes_nothing(place: Workplace, index: IndexServer) -> None:
    exported(place)
    prod = place.project / "config/requirements/prod.txt"
    edited = prod.read_text().replace("web==2.0", "web==1.0")
    prod.write_text(edited)
    done = place.run("export", "--check")
    assert done.code == 1 and "-web==1.0" in done.out and "+web==2.0" in done.out
    assert prod.read_text() == edited
    index.clear_requests()
    place.write(PYPROJECT.format(private="http://127.0.0.1:9/simple").replace('"web>=1"', '"web<2"'))
    stale = place.run("export", "--check")
    assert stale.code == 1 and "is stale" in stale.err and "accelinstall lock" in stale.err and index.count() == 0


def test_frozen_takes_the_lock_as_it_is_and_misses_none(place: Workplace) -> None:
    missing = place.run("export", "--frozen")
    assert missing.code == 1 and "there is no" in missing.err
    assert place.run("lock").code == 0
    exported(place, "--frozen")


def test_a_dry_run_shows_the_files_and_writes_none(place: Workplace) -> None:
    done = exported(place, "--dry-run")
    assert "+web==2.0" in done.out and not (place.project / "config").exists()


def test_a_file_that_somebody_wrote_is_not_written_over(place: Workplace) -> None:
    add(place, '[[tool.accelinstall.export]]\noutput = "requirements.txt"\n')
    own = place.project / "requirements.txt"
    own.write_text("web\n")
    refused = place.run("export")
    assert refused.code == 1 and "was not written by accelinstall export" in refused.err and own.read_text() == "web\n"
    exported(place, "--overwrite")
    assert "web==2.0" in own.read_text()


def test_a_group_for_other_hardware_is_not_left_out_silently(place: Workplace) -> None:
    add(place, '[tool.poetry.group.ml-gpu.dependencies]\ntorch = "*"\n[tool.accelinstall]\ntargets = ["cpu"]\n')
    add(place, '[[tool.accelinstall.export]]\noutput = "gpu.txt"\nonly = ["ml-gpu"]\n')
    refused = place.run("export")
    assert refused.code == 1 and "does not hold the group `ml-gpu`" in refused.err and "target" in refused.err


def test_the_lock_itself_is_no_output(place: Workplace) -> None:
    add(
        place, '[tool.accelinstall]\ntargets = ["cpu"]\n[[tool.accelinstall.export]]\noutput = "pylock.{target}.toml"\n'
    )
    refused = place.run("export")
    assert refused.code == 1 and "is the lock itself" in refused.err


def test_a_password_of_a_source_is_in_no_file(place: Workplace, index: IndexServer, private: IndexServer) -> None:
    with_login = re.sub(r"^http://", "http://user:hunter2@", private.simple_url)
    place.write(PYPROJECT.format(private=with_login))
    place.variables["PIP_INDEX_URL"] = re.sub(r"^http://", "http://user:hunter3@", index.simple_url)
    exported(place)
    texts = [path.read_text() for path in place.project.rglob("*.txt")]
    assert len(texts) == 3 and not any("hunter" in text for text in texts)


@pytest.mark.skipif(os.name != "posix", reason="ends by SIGINT")
def test_watching_keeps_the_files_in_step(place: Workplace, index: IndexServer) -> None:
    command = [sys.executable, "-m", "accelinstall", "export", "--project", str(place.project), "--watch"]
    program = subprocess.Popen(command, env=place.variables, stderr=subprocess.PIPE, text=True)
    try:
        assert program.stderr is not None
        until(lambda: "watching" in program.stderr.readline())  # type: ignore[union-attr]
        base = place.project / "config/requirements/base.txt"
        assert "web==2.0" in base.read_text()
        text = (place.project / "pyproject.toml").read_text()
        place.write(text.replace('"web>=1"', '"web>='))
        until(lambda: "not valid TOML" in program.stderr.readline())  # type: ignore[union-attr]
        place.write(text.replace('"web>=1"', '"web<2"'))
        until(lambda: "web==1.0" in base.read_text())
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(20) == 0


def until(holds: Callable[[], bool]) -> None:
    """Returns when *holds*; fails after half a minute."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
