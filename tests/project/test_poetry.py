"""``[tool.poetry]`` and what it adds to the standard tables, with poetry-core as the judge."""

from __future__ import annotations

import itertools

import pytest
from poetry.core.constraints.version import Version as PoetryVersion
from poetry.core.factory import Factory

from accelinstall.model.project import Project
from accelinstall.project import InvalidProject
from tests.project.reading import PROJECTS, finding_ids, fixture, project, requirements

VERSIONS = [
    f"{major}.{minor}{rest}" for major in range(12) for minor in (0, 1, 2, 7, 9, 10, 12, 26, 34) for rest in ("", ".4")
]
ENVIRONMENTS = [
    {"python_version": python[:4], "python_full_version": python, "sys_platform": platform, "extra": extra}
    for python, platform, extra in itertools.product(
        ["3.11.7", "3.13.2"], ["linux", "win32"], ["", "cpu", "full", "audio", "web"]
    )
]


@pytest.mark.parametrize(
    "name",
    ["poetry-1", "poetry-2", "multiple-constraints", "exclusive-extras", "include-groups", "extras"],
)
def test_every_group_wants_what_poetry_locks(name):
    read = fixture(name)
    poetry = Factory().create_poetry(PROJECTS / name).package
    names = {group.name for group in read.groups}
    assert {canonical(group) for group in names} >= {canonical(group) for group in poetry.dependency_group_names(True)}
    for group in read.groups:
        if not poetry.has_dependency_group(group.name):
            assert group.wanted == ()
            continue
        judged = poetry.dependency_group(group.name)
        assert group.optional == judged.is_optional()
        assert wishes(read, group.name) == {row for item in judged.dependencies_for_locking for row in rows_of(item)}


def wishes(read: Project, name: str) -> set[tuple[object, ...]]:
    """(name, versions, extras, source) rows of a group in every environment."""
    found = set()
    for item in read.group(name).wanted:
        requirement = item.requirement
        if canonical(requirement.name) == canonical(read.name):
            continue
        versions = tuple(version for version in VERSIONS if requirement.specifier.contains(version, prereleases=True))
        for number, environment in enumerate(ENVIRONMENTS):
            if requirement.marker is None or requirement.marker.evaluate(environment):
                extras = tuple(sorted(requirement.extras))
                found.add((number, canonical(requirement.name), versions, extras, item.source, item.prereleases))
    return found


def rows_of(dependency):
    """The same rows of one of poetry-core's dependencies."""
    versions = tuple(version for version in VERSIONS if dependency.constraint.allows(PoetryVersion.parse(version)))
    for number, environment in enumerate(ENVIRONMENTS):
        pulled = not dependency.is_optional() or environment["extra"] in dependency.in_extras
        if pulled and dependency.marker.validate(environment):
            extras = tuple(sorted(dependency.extras))
            source = dependency.source_name
            prereleases = bool(dependency.allows_prereleases())
            yield number, dependency.name, versions, extras, source.lower() if source else None, prereleases


def canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_a_patch_level_python_bound_asks_for_the_full_version():
    read = project('[tool.poetry.dependencies]\nnumpy = { version = "*", python = ">=3.11.2" }\n')
    assert requirements(read) == ['numpy; python_full_version >= "3.11.2"']


def test_path_dependencies_keep_their_place_relative_to_the_project():
    wanted = {item.requirement.name: item for item in fixture("path-and-git").group("main").wanted}
    assert [(wanted[name].path, wanted[name].editable) for name in ("shared", "archive", "nested", "direct")] == [
        ("../shared", True),
        ("wheels/archive-1.0-py3-none-any.whl", False),
        ("../libs/nested", False),
        (None, False),
    ]


def test_addresses_and_repositories_become_direct_references():
    read = fixture("path-and-git")
    assert requirements(read)[-1] == (
        'direct[fast] @ https://files.example.com/direct-2.0-py3-none-any.whl ; sys_platform == "linux"'
    )
    assert [item.requirement.url for item in read.group("research").wanted] == [
        "git+https://github.com/example/bleeding.git@main#subdirectory=python",
        "git+ssh://git@github.com/example/pinned.git@abc123",
        "git+https://github.com/example/plain.git",
    ]


def test_each_of_several_constraints_has_its_own_line():
    places = [item.where for item in fixture("multiple-constraints").group("main").wanted]
    assert [place.rpartition(":")[2] for place in places] == ["9", "10", "13", "14", "16", "17"]


def test_both_python_declarations_hold():
    read = project(
        """\
        [project]
        name = "x"
        requires-python = ">=3.11"
        dependencies = []
        [tool.poetry.dependencies]
        python = ">=3.11,<3.13"
        """
    )
    assert read.requires_python == ">=3.11,<3.13"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ('torch = "latest"', "`latest` is not a version constraint", "^2.1"),
        ('torch = { version = "1 || 3" }', "cannot be written as one PEP 440 range", "!="),
        ('torch = { vesion = "^2" }', "no key `vesion`; did you mean `version`?", ""),
        ("torch = 2.1", "must be a version or a table", 'torch = "*"'),
        ("torch = [2.1]", "must be a version or a table", 'torch = "*"'),
        ("torch = { version = 2 }", "`tool.poetry.dependencies.torch.version` must be a string, not a number", ""),
        ('torch = { version = "2", extras = "cuda" }', "extras` must be an array, not a string", ""),
        ('torch = { version = "2", optional = "yes" }', "optional` must be true or false, not a string", ""),
        ('torch = { version = "2", markers = "python > 3" }', "is not a requirement", ""),
        ('torch = { version = "2", python = "three" }', "`three` is not a version constraint", "^2.1"),
        ('torch = { version = "2", platform = "linux or mac" }', "is not a platform", "darwin"),
        ('"to rch" = "2"', "is not a requirement", ""),
    ],
)
def test_a_wrong_dependency_is_named_with_its_line_and_a_way_out(line, message, hint):
    with pytest.raises(InvalidProject) as caught:
        project(f'[tool.poetry.dependencies]\npython = "^3.11"\n{line}\n')
    assert [problem.where for problem in caught.value.problems] == ["pyproject.toml:3"]
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_every_mistake_of_a_file_is_reported_at_once_in_file_order():
    with pytest.raises(InvalidProject) as caught:
        project(
            """\
            [project]
            name = 7
            requires-python = "three"
            [tool.poetry.group.dev.dependencies]
            pytest = "newest"
            [tool.poetry.group.docs]
            optionl = true
            [[tool.poetry.source]]
            url = "https://example.com/simple"
            [tool.accelinstall]
            target = ["cpu"]
            """
        )
    assert [problem.where.rpartition(":")[2] for problem in caught.value.problems] == ["2", "3", "5", "7", "8", "11"]
    assert caught.value.message.startswith("6 problems: pyproject.toml:2: `project.name` must be a string")


def test_an_optional_dependency_that_no_extra_names_is_left_out_and_said():
    read = fixture("extras")
    assert "lonely" not in " ".join(requirements(read))
    assert finding_ids(read) == {
        ("optional-without-extra", "pyproject.toml:11"),
        ("extra-names-no-dependency", "pyproject.toml:16"),
    }
    assert "did you mean `pandas`?" in next(item.message for item in read.findings if item.level == "warning")


def test_what_poetry_ignores_beside_a_standard_table_is_said():
    assert finding_ids(fixture("poetry-2")) == {("dependency-ignored", "pyproject.toml:29")}


def test_a_misspelt_table_is_said():
    read = project('[tool.poetry.groups.dev.dependencies]\npytest = "*"\n')
    assert finding_ids(read) == {("table-not-read", "pyproject.toml:1")}
    assert "[tool.poetry.group]" in read.findings[0].hint


def test_dependencies_that_only_the_build_backend_knows_are_said():
    read = project('[project]\nname = "x"\ndynamic = ["dependencies"]\n')
    assert finding_ids(read) == {("dynamic-dependencies", "pyproject.toml:3")}
