"""Locks for other machines and Pythons, made from here: each takes the wheel that runs there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Workplace

TAGS = (
    "cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp311-cp311-manylinux_2_34_x86_64",
    "cp311-cp311-manylinux_2_28_aarch64",
    "cp311-cp311-musllinux_1_2_x86_64",
    "cp311-cp311-macosx_11_0_arm64",
    "cp311-cp311-macosx_15_0_arm64",
    "cp311-cp311-macosx_10_12_x86_64",
    "cp311-cp311-win_amd64",
    "cp311-cp311-win_arm64",
    "cp312-abi3-manylinux_2_28_x86_64",
    "cp313-cp313t-manylinux_2_28_x86_64",
    "cp315-cp315-macosx_14_0_arm64",
)
MARKED = {
    "linux-only": "sys_platform == 'linux'",
    "arm-only": "platform_machine == 'aarch64' or platform_machine == 'arm64'",
    "windows-only": "os_name == 'nt' and platform_machine == 'AMD64'",
    "old-python": "python_version < '3.11'",
    "new-python": "python_full_version >= '3.13'",
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    """``fast`` for many machines, which needs what its markers say."""
    wheels = tmp_path / "wheels"
    with IndexServer() as server:
        for tag in TAGS:
            requires = [f"{name} ; {marker}" for name, marker in MARKED.items()]
            server.add(make_wheel(wheels, "fast", "1.0", tag=tag, requires=requires))
        for name in MARKED:
            server.add(make_wheel(wheels, name, "1.0"))
        yield server


@pytest.mark.parametrize(
    ("target", "tag", "needs"),
    [
        ("cpu-linux-x86_64-cp311", TAGS[1], {"linux-only"}),
        ("cpu-linux-x86_64-cp311;libc=glibc-2.39", TAGS[2], {"linux-only"}),
        ("cpu-linux-x86_64-cp311;libc=glibc-2.17", TAGS[1], {"linux-only"}),
        ("cpu-linux-x86_64-cp311;libc=musl-1.2", TAGS[4], {"linux-only"}),
        ("cpu-linux-aarch64-cp311", TAGS[3], {"linux-only", "arm-only"}),
        ("cpu-linux-x86_64-cp39", TAGS[0], {"linux-only", "old-python"}),
        ("cpu-linux-x86_64-cp312", TAGS[10], {"linux-only"}),
        ("cpu-linux-x86_64-cp315", TAGS[10], {"linux-only", "new-python"}),
        ("cpu-linux-x86_64-cp313t", TAGS[11], {"linux-only", "new-python"}),
        ("mps-macos-arm64-cp311", TAGS[5], {"arm-only"}),
        ("mps-macos-arm64-cp311;libc=macos-15.1", TAGS[6], {"arm-only"}),
        ("mps-macos-arm64-cp315", TAGS[12], {"arm-only", "new-python"}),
        ("cpu-macos-x86_64-cp311", TAGS[7], set()),
        ("cpu-windows-x86_64-cp311", TAGS[8], {"windows-only"}),
    ],
)
def test_a_lock_for_elsewhere_takes_what_runs_there(
    tmp_path: Path, index: IndexServer, target: str, tag: str, needs: set[str]
) -> None:
    place = Workplace(tmp_path / "place")
    place.write("fast\n", "requirements.txt")
    files = ("-r", str(place.project / "requirements.txt"), "-o", "-")
    done = place.run("lock", *files, "--target", target, "--index-url", index.simple_url)
    assert done.code == 0, done.err
    rows = {row["name"]: row for row in tomllib.loads(done.out)["packages"]}
    assert rows.pop("fast")["wheels"][0]["name"] == f"fast-1.0-{tag}.whl"
    assert rows.keys() == needs


def test_nothing_runs_on_an_older_glibc_than_every_wheel_wants(tmp_path: Path, index: IndexServer) -> None:
    place = Workplace(tmp_path / "place")
    place.write("fast\n", "requirements.txt")
    files = ("-r", str(place.project / "requirements.txt"))
    target = "cpu-linux-aarch64-cp311;libc=glibc-2.17"
    done = place.run("lock", *files, "--target", target, "--index-url", index.simple_url)
    assert done.code == 1
    assert "no wheel for this Python and platform" in done.err
    assert "are for cp311-macosx_10_12_x86_64, " in done.err


def test_one_project_for_several_pythons(tmp_path: Path, index: IndexServer) -> None:
    place = Workplace(tmp_path / "place")
    place.write(
        '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["fast"]\n'
        "[tool.poetry]\npackage-mode = false\n"
        '[tool.accelinstall]\ntargets = ["cpu-linux-x86_64-cp39", "cpu-linux-x86_64-cp311", "cpu-linux-x86_64-cp312"]\n'
    )
    done = place.run("lock", "--all-targets", "--json", "--index-url", index.simple_url)
    assert done.code == 0, done.err
    assert sorted(path.name for path in place.project.glob("pylock.*")) == [
        "pylock.cpu-linux-x86_64-cp311.toml",
        "pylock.cpu-linux-x86_64-cp312.toml",
        "pylock.cpu-linux-x86_64-cp39.toml",
    ]
