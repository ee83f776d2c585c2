"""Mistakes of the layout that many guides print."""

from __future__ import annotations

import re

import pytest
from poetry.core.constraints.version import Version
from poetry.core.constraints.version import parse_constraint as poetry_parse

from accelinstall.project import parse_project
from accelinstall.project.mistakes import backend_in
from tests.project.reading import PROJECTS, finding_ids, fixture, project


def test_each_mistake_of_the_guides_layout_is_named_with_its_line():
    assert finding_ids(fixture("guide-layout")) == {
        ("local-label-in-range", "pyproject.toml:17"),
        ("local-label-in-range", "pyproject.toml:24"),
        ("label-contradicts-source", "pyproject.toml:24"),
        ("unknown-extra", "pyproject.toml:25"),
        ("framework-source-not-explicit", "pyproject.toml:35"),
    }


def test_the_edits_that_are_named_leave_no_mistake():
    text = (PROJECTS / "guide-layout" / "pyproject.toml").read_text()
    for finding in fixture("guide-layout").findings:
        line = int(finding.where.rpartition(":")[2]) - 1
        lines = text.splitlines()
        if edit := re.match(r"write (\w.*? = \{.*?\})", finding.hint):
            lines[line] = edit[1]
        elif edit := re.match(r'write (url = ".*?")', finding.hint):
            place = next(number for number, row in enumerate(lines) if row.endswith('whl/cu118"'))
            lines[place] = edit[1]
        else:
            lines[line + 2] += '\npriority = "explicit"'
        text = "\n".join(lines)
    read = parse_project(text, directory="somewhere")
    assert read.findings == ()
    assert [str(item.requirement) for item in read.group("ml-gpu").wanted] == [
        "torch<3,>=2.1.0",
        "tensorflow[and-cuda]<3,>=2.15.0",
    ]


def test_the_same_mistakes_are_found_in_standard_tables():
    read = project(
        """\
        [project]
        name = "x"
        dependencies = ["tensorflow[gpu]>=2.15", "torch==2.5.1+cu121"]
        """
    )
    assert finding_ids(read) == {("unknown-extra", "pyproject.toml:3")}
    assert read.findings[0].hint == 'write "tensorflow[and-cuda]>=2.15"'


@pytest.mark.parametrize("version", ["2.5.1+cu121", "==2.5.1+cu121"])
def test_a_label_beside_an_exact_version_is_no_mistake(version):
    assert project(f'[tool.poetry.dependencies]\ntorch = "{version}"\n').findings == ()


def test_a_mistake_in_an_included_group_is_said_once():
    read = project(
        """\
        [tool.poetry.group.a.dependencies]
        torch = "^2.1+cpu"
        [tool.poetry.group.b]
        include-groups = ["a"]
        """
    )
    assert [finding.id for finding in read.findings] == ["local-label-in-range"]


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("https://download.pytorch.org/whl/cu121", "cu121"),
        ("https://download.pytorch.org/whl/cpu/", "cpu"),
        ("https://download.pytorch.org/whl/nightly/rocm6.3", "rocm6.3"),
        ("https://mirror.example.com/pytorch/whl/xpu", "xpu"),
        ("https://download.pytorch.org/whl", ""),
        ("https://packages.example.com/simple", ""),
    ],
)
def test_the_build_is_read_from_the_address_of_a_source(url, backend):
    assert backend_in(url) == backend


def test_poetry_reads_a_label_in_a_range_as_no_more_than_a_lower_bound():
    constraint = poetry_parse("^2.1.0+cu121")
    assert [
        text
        for text in ("2.1.0", "2.1.0+cpu", "2.1.0+xpu", "2.2.0", "2.2.0+cpu")
        if constraint.allows(Version.parse(text))
    ] == [
        "2.1.0+xpu",
        "2.2.0",
        "2.2.0+cpu",
    ]
