"""Which versions a new lock keeps, and which end of a range it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Workplace


def locked(workplace: Workplace, index: IndexServer, *options: str) -> dict[str, str]:
    done = workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url, *options, "--json")
    assert done.code == 0, done.out + done.err
    (one,) = done.document["locks"]
    return {package["name"]: package["version"] for package in one["lock"]["packages"]}


def publish(index: IndexServer, folder: Path, *releases: tuple[str, str]) -> None:
    for name, version in releases:
        index.add(make_wheel(folder, name, version))


@pytest.fixture
def outdated(workplace: Workplace, index: IndexServer, tmp_path: Path) -> Workplace:
    """A project locked before ``wire`` 1.6 and ``checker`` 3.1 came."""
    assert locked(workplace, index) == {"web": "2.0", "wire": "1.5", "checker": "3.0"}
    publish(index, tmp_path / "new", ("wire", "1.6"), ("checker", "3.1"))
    return workplace


def test_a_fresh_lock_stays_until_an_upgrade_is_asked_for(outdated: Workplace, index: IndexServer) -> None:
    assert locked(outdated, index)["wire"] == "1.5"
    assert locked(outdated, index, "--upgrade") == {"web": "2.0", "wire": "1.6", "checker": "3.1"}


def test_only_the_packages_named_are_upgraded(outdated: Workplace, index: IndexServer) -> None:
    assert locked(outdated, index, "--upgrade", "Wire") == {"web": "2.0", "wire": "1.6", "checker": "3.0"}
    assert locked(outdated, index, "--upgrade", "web", "--upgrade", "checker") == {
        "web": "2.0",
        "wire": "1.6",
        "checker": "3.1",
    }


def test_lowest_direct_takes_the_lower_bounds_of_what_the_project_names(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    publish(index, tmp_path / "new", ("wire", "1.6"), ("web", "0.9"), ("checker", "2.0"), ("checker", "1.0rc1"))
    highest = locked(workplace, index)
    assert highest == {"web": "2.0", "wire": "1.6", "checker": "3.0"}
    assert locked(workplace, index, "--resolution", "lowest-direct") == {"web": "1.0", "checker": "2.0"}
    pyproject = workplace.project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("web (>=1)", "web (>1)"))
    # What the project does not name itself stays at its highest.
    assert locked(workplace, index, "--resolution", "lowest-direct") == {"web": "2.0", "wire": "1.6", "checker": "2.0"}


def test_the_default_resolution_is_no_input_and_the_other_one_is(workplace: Workplace, index: IndexServer) -> None:
    locked(workplace, index)
    index.clear_requests()
    locked(workplace, index, "--resolution", "highest")
    assert index.count() == 0
    locked(workplace, index, "--resolution", "lowest-direct")
    first = index.count()
    assert first > 0
    locked(workplace, index, "--resolution", "lowest-direct")
    assert index.count() == first
