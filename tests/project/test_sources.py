"""Sources and their priorities."""

from __future__ import annotations

import pytest

from accelinstall.model.project import Source
from accelinstall.project import InvalidProject
from accelinstall.project.sources import without_secret
from tests.project.reading import finding_ids, fixture, project


def sources(*rows: str) -> str:
    return "".join(f"[[tool.poetry.source]]\n{row}\n" for row in rows)


COMPANY = 'name = "company"\nurl = "https://packages.example.com/simple"\n'


@pytest.mark.parametrize(
    ("text", "uses_default_index"),
    [
        ("", True),
        (sources(COMPANY), False),
        (sources(COMPANY + 'priority = "primary"'), False),
        (sources(COMPANY + 'priority = "supplemental"'), True),
        (sources(COMPANY + 'priority = "explicit"'), True),
        (sources(COMPANY + "default = true"), False),
        (sources(COMPANY + "secondary = true"), True),
        (sources(COMPANY + 'priority = "default"'), False),
        (sources(COMPANY + 'priority = "secondary"'), True),
        (sources(COMPANY, 'name = "PyPI"'), True),
        (sources(COMPANY, 'name = "pypi"\npriority = "supplemental"'), True),
        (sources('name = "pypi"\npriority = "explicit"', COMPANY), False),
    ],
)
def test_a_primary_source_switches_the_default_index_off_unless_pypi_is_listed(text, uses_default_index):
    assert project(text).uses_default_index is uses_default_index


def test_old_priorities_mean_what_they_became():
    assert [(item.name, item.priority) for item in fixture("poetry-1").sources] == [
        ("company", "primary"),
        ("mirror", "supplemental"),
        ("torch-cpu", "explicit"),
        ("torch-cuda", "explicit"),
    ]


def test_a_source_of_links_is_a_find_links_place():
    read = project(sources('name = "wheels"\nurl = "https://example.com/wheels/"\nlinks = true\npriority = "explicit"'))
    assert read.sources == (
        Source(name="wheels", url="https://example.com/wheels/", priority="explicit", kind="find-links"),
    )


def test_sources_of_the_settings_follow_those_of_poetry():
    read = fixture("pep735")
    assert [item.name for item in read.sources] == ["company"]
    assert read.settings.sources == read.sources


def test_a_binding_is_written_as_the_source_is_declared():
    assert fixture("poetry-1").group("ml-cuda").wanted[0].source == "torch-cuda"


@pytest.mark.parametrize(
    ("source", "declared", "message"),
    [
        ("torch-cpv", sources('name = "torch-cpu"\nurl = "https://x.example/cpu"\npriority = "explicit"'), "torch-cpu"),
        ("pypi", sources(COMPANY), "`pypi`, which is not declared"),
    ],
)
def test_a_binding_to_a_source_that_is_not_declared_is_refused(source, declared, message):
    with pytest.raises(InvalidProject) as caught:
        project(f'[tool.poetry.dependencies]\ntorch = {{ version = "*", source = "{source}" }}\n{declared}')
    assert [problem.where for problem in caught.value.problems] == ["pyproject.toml:2"]
    assert message in caught.value.message
    assert "[[tool.poetry.source]]" in caught.value.hint


def test_pypi_needs_no_declaration_to_be_bound_to():
    read = project('[tool.poetry.dependencies]\ntorch = { version = "*", source = "PyPI" }\n')
    assert read.group("main").wanted[0].source == "pypi"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (sources('url = "https://x.example/"'), 1, "has no name"),
        (sources('name = "a"'), 1, "`a` has no url"),
        (sources('name = "a"\nurl = "ftp://x.example/"'), 3, "not an https, http or file address"),
        (sources('name = "a"\nurl = "https://[x.example/"'), 3, "not an https, http or file address"),
        (sources('name = "pypi"\nurl = "https://x.example/"'), 3, "takes no url"),
        (sources(COMPANY + 'priority = "explict"'), 4, "`explict` is not a priority; did you mean `explicit`?"),
        (sources(COMPANY, COMPANY.replace("company", "Company")), 5, "declared twice"),
        (sources(COMPANY + "verify = false"), 4, "no key `verify`"),
        (COMPANY.replace("name", "[tool.poetry.source]\nname"), 1, "must be an array"),
        ("[tool.poetry]\nsource = [1]", 2, "`tool.poetry.source[0]` must be a table"),
    ],
)
def test_a_wrong_source_is_named_with_its_line(text, line, message):
    with pytest.raises(InvalidProject) as caught:
        project(text)
    assert caught.value.problems[0].where == f"pyproject.toml:{line}"
    assert message in caught.value.message


def test_a_password_never_leaves_the_file():
    read = project(sources(COMPANY.replace("https://", "https://robot:hunter2@")))
    assert read.sources[0].url == "https://packages.example.com/simple"
    assert finding_ids(read) == {("secret-in-source-url", "pyproject.toml:3")}
    assert "hunter2" not in repr(read)
    assert "POETRY_HTTP_BASIC_COMPANY_PASSWORD" in read.findings[0].hint


@pytest.mark.parametrize(
    ("url", "clean", "is_secret"),
    [
        ("https://x.example/simple", "https://x.example/simple", False),
        ("https://token@x.example/simple", "https://x.example/simple", True),
        ("https://user:pw@x.example:8443/simple?a=b", "https://x.example:8443/simple?a=b", True),
        ("https://${USER}:${TOKEN}@x.example/simple", "https://x.example/simple", False),
        ("https://x.example/a@b/simple", "https://x.example/a@b/simple", False),
    ],
)
def test_credentials_are_taken_out_of_an_address(url, clean, is_secret):
    assert without_secret(url) == (clean, is_secret)


def test_a_password_in_a_dependencys_address_is_taken_out_too():
    read = project(
        """\
        [tool.poetry.dependencies]
        a = { url = "https://robot:hunter2@x.example/a-1-py3-none-any.whl", markers = "os_name == 'posix'" }
        b = { git = "https://robot:hunter2@x.example/b.git", rev = "v1" }
        c = { git = "ssh://git@x.example/c.git" }
        """
    )
    assert [item.requirement.url for item in read.group("main").wanted] == [
        "https://x.example/a-1-py3-none-any.whl",
        "git+https://x.example/b.git@v1",
        "git+ssh://git@x.example/c.git",
    ]
    assert finding_ids(read) == {
        ("secret-in-dependency-url", "pyproject.toml:2"),
        ("secret-in-dependency-url", "pyproject.toml:3"),
    }
    assert "hunter2" not in repr(read)
