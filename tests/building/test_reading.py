"""What a project says of itself, and whether that is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelinstall.building.reading import (
    BuildSystem,
    build_system_of,
    metadata_of_archive,
    metadata_of_project,
    parse_pyproject,
)
from accelinstall.building.trees import content_digest, metadata_digest
from accelinstall.model.index import CoreMetadata

HEAD = "Metadata-Version: {version}\nName: part\nVersion: 1.0\nRequires-Dist: wire>=1\nProvides-Extra: fast\n"
POETRY = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'


@pytest.mark.parametrize(
    ("version", "more", "is_trusted"),
    [
        ("2.1", "", False),
        ("1.0", "", False),
        ("nonsense", "", False),
        ("2.2", "", True),
        ("2.10", "", True),
        ("3.0", "", True),
        ("2.2", "Dynamic: Description\n", True),
        ("2.2", "Dynamic: Requires-Dist\n", False),
        ("2.2", "Dynamic: requires-python\n", False),
        ("2.2", "Dynamic: Provides-Extra\n", False),
    ],
)
def test_an_archive_is_believed_where_the_standard_promises(version: str, more: str, is_trusted: bool) -> None:
    found = metadata_of_archive((HEAD.format(version=version) + more).encode())
    expected = CoreMetadata(name="part", version="1.0", requires_dist=("wire>=1",), provides_extra=("fast",))
    assert found == (expected if is_trusted else None)


def test_a_standard_project_says_everything() -> None:
    text = """
[project]
name = "Part"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["wire>=1; sys_platform == 'linux'"]
[project.optional-dependencies]
fast = ["quick"]
"""
    found = metadata_of_project(text, directory="/srv/part")
    assert found is not None
    assert (found.name, found.version, found.requires_python) == ("Part", "1.0", ">=3.11")
    assert found.requires_dist == ('wire>=1; sys_platform == "linux"', 'quick; extra == "fast"')
    assert found.provides_extra == ("fast",)


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "part"\ndynamic = ["version"]\n',
        '[project]\nname = "part"\nversion = "1"\ndynamic = ["dependencies"]\n',
        '[project]\nname = "part"\nversion = "1"\ndynamic = ["optional-dependencies"]\n',
        '[project]\nname = "part"\nversion = "1"\ndependencies = ["other @ {root:uri}/other"]\n',
        '[project]\nname = "part"\nversion = "1"\ndependencies = ["not a requirement"]\n',
        '[tool.poetry]\nname = "part"\nversion = "1"\n',
        POETRY + '[project]\nname = "part"\ndynamic = ["version"]\n',
        POETRY.replace("poetry.core", "poetry_dynamic_versioning") + '[tool.poetry]\nname = "part"\nversion = "0"\n',
        "[build-system",
        "project = 1",
        "",
    ],
)
def test_what_only_the_backend_knows_is_asked_of_it(text: str) -> None:
    assert metadata_of_project(text, directory="/srv/part") is None


def test_poetrys_notation_counts_under_poetrys_backend() -> None:
    text = (
        POETRY
        + """
[tool.poetry]
name = "part"
version = "1.0"
[tool.poetry.dependencies]
python = "^3.11"
wire = "^1.2"
core = { path = "../core", develop = true, extras = ["x"] }
other = { path = "sub dir/other" }
"""
    )
    found = metadata_of_project(text, directory="/srv/part")
    assert found is not None and found.requires_python == ">=3.11,<4"
    assert found.requires_dist == (
        "wire<2,>=1.2",
        "core[x] @ file:///srv/core#develop=true",
        "other @ file:///srv/part/sub%20dir/other",
    )


def test_the_build_system_is_the_standards_where_nothing_is_said() -> None:
    assert build_system_of({}) == BuildSystem(
        requires=("setuptools>=40.8.0",), backend="setuptools.build_meta:__legacy__"
    )
    table = parse_pyproject('[build-system]\nrequires = ["x"]\nbuild-backend = "x.y"\nbackend-path = ["."]\n')
    assert build_system_of(table) == BuildSystem(requires=("x",), backend="x.y", path=(".",))


@pytest.mark.parametrize(
    "text",
    [
        "build-system = 1",
        "[build-system]\n",
        "[build-system]\nrequires = [1]\n",
        "[build-system]\nrequires = []\nbuild-backend = 1\n",
        "[build-system]\nrequires = []\nbackend-path = 1\n",
    ],
)
def test_a_wrong_build_system_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="build-system"):
        build_system_of(parse_pyproject(text))


def test_digests_change_with_what_counts_and_nothing_else(tmp_path: Path) -> None:
    def digests() -> tuple[str, str]:
        return metadata_digest(str(tmp_path)), content_digest(str(tmp_path))

    assert metadata_digest(str(tmp_path)) == ""
    (tmp_path / "pyproject.toml").write_text("a")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "x.py").write_text("1")
    first = digests()
    for left in ("build/x", "part/__pycache__/x.pyc", ".git/HEAD", "part.egg-info/PKG-INFO", "env/pyvenv.cfg", "env/y"):
        (tmp_path / left).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / left).write_text(left)
    (tmp_path / "pylock.cpu.toml").write_text("lock")
    assert digests() == first
    (tmp_path / "part" / "x.py").write_text("2")
    second = digests()
    assert second[0] == first[0] and second[1] != first[1]
    (tmp_path / "part" / "x.py").chmod(0o755)
    assert digests()[1] != second[1]
    (tmp_path / "pyproject.toml").write_text("b")
    assert digests()[0] != first[0]
