"""Reading whole project files."""

from __future__ import annotations

from accelinstall.project import choose_groups, wanted_of
from tests.project.reading import fixture, requirements


def test_the_guides_layout_is_read_with_its_groups_sources_and_labels():
    read = fixture("guide-layout")
    assert [(group.name, group.optional) for group in read.groups] == [
        ("main", False),
        ("ml-cpu", True),
        ("ml-gpu", True),
        ("dev", False),
    ]
    assert requirements(read, "ml-gpu") == ["torch<3,>=2.1.0", "tensorflow[cuda]<3,>=2.15.0"]
    torch = read.group("ml-gpu").wanted[0]
    assert (torch.local, torch.source, torch.where) == ("cu121", "pytorch-gpu", "pyproject.toml:24")


def test_each_mistake_of_the_guides_layout_is_named_with_its_line():
    assert {(finding.id, finding.where) for finding in fixture("guide-layout").findings} == {
        ("local-label-in-range", "pyproject.toml:17"),
        ("local-label-in-range", "pyproject.toml:24"),
        ("label-contradicts-source", "pyproject.toml:24"),
        ("unknown-extra", "pyproject.toml:25"),
        ("framework-source-not-explicit", "pyproject.toml:35"),
    }


def test_a_cuda_machine_takes_main_and_the_gpu_group():
    read = fixture("guide-layout")
    choice = choose_groups(read, environment="cuda", profile="production")
    assert choice.groups == ("main", "ml-gpu")
    assert [wanted.requirement.name for wanted in wanted_of(read, choice)] == [
        "fastapi",
        "uvicorn",
        "torch",
        "tensorflow",
    ]
