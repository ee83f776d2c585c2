"""A wheel must ask for what its index said apart from it, or it is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Workplace

PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["liar[more]"]\n'
SAYS = "Metadata-Version: 2.1\nName: liar\nVersion: 1.0\nProvides-Extra: more\nRequires-Dist: wire; extra == 'more'\n"


def install(
    workplace: Workplace, index: IndexServer, folder: Path, *requires: str, says: str = SAYS
) -> tuple[int, str]:
    wheel = make_wheel(folder, "liar", "1.0", requires=["wire; extra == 'more'", *requires], extras=["more"])
    index.add(wheel, metadata=says.encode())
    workplace.write(PROJECT)
    done = workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url, "--no-proof")
    return done.code, done.err


def test_a_wheel_that_asks_for_more_than_its_metadata_is_refused_each_time(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    for _ in range(2):
        code, told = install(workplace, index, tmp_path / "new", "web>=1")
        assert code == 1
        assert "liar-1.0-py3-none-any.whl requires `web>=1`, of which its metadata said nothing" in told
        assert index.file_url("liar-1.0-py3-none-any.whl") in told and "hint:" in told
        assert not workplace.installed()


@pytest.mark.parametrize(
    "requirement",
    [
        "web; sys_platform == 'plan9'",
        "web; extra == 'other'",
        "web; python_full_version < '3.0'",
        # Locked for one release of a Python, installed with another.
        "web; python_full_version < '3.11.3'",
        "liar[more]",
    ],
)
def test_what_does_not_apply_for_certain_is_no_disagreement(
    workplace: Workplace, index: IndexServer, tmp_path: Path, requirement: str
) -> None:
    code, told = install(workplace, index, tmp_path / "new", requirement)
    assert code == 0, told
    assert workplace.installed() == {"liar": "1.0", "wire": "1.5"}


def test_an_override_changes_versions_and_is_no_disagreement(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "new", "strict", "1.0", requires=["wire>=9"])
    index.add(wheel)
    project = PROJECT.replace("liar[more]", "strict")
    workplace.write(project + '\n[tool.accelinstall]\noverrides = ["wire==1.5"]\n')
    done = workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url, "--no-proof")
    assert done.code == 0, done.err
