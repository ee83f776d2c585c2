"""Groups, profiles, and what the user names."""

from __future__ import annotations

import pytest

from accelinstall.model.project import Project
from accelinstall.project import (
    AmbiguousHardwareGroup,
    ConflictingHardwareGroups,
    UnknownGroup,
    UnknownProfile,
    choose_groups,
    environment_from_groups,
    environment_of_group,
    hardware_groups,
)
from tests.project.reading import fixture, project


def with_groups(*names: str, optional: tuple[str, ...] = (), settings: str = "") -> Project:
    text = "".join(
        f"[tool.poetry.group.{name}]\noptional = {str(name in optional).lower()}\n"
        f'[tool.poetry.group.{name}.dependencies]\n"from-{name}" = "*"\n'
        for name in names
    )
    return project(text + settings)


CHATBOT = with_groups(
    *("dev", "web", "docs", "ml-cpu", "ml-gpu", "ml-rocm", "edge", "notebooks"),
    optional=("ml-cpu", "ml-gpu", "edge", "notebooks"),
)


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        *(("ml-gpu", "cuda"), ("ml-cuda", "cuda"), ("gpu", "cuda"), ("cuda", "cuda"), ("cuda12", "cuda")),
        *(("ML_GPU", "cuda"), ("cuda-dev", "cuda"), ("ml-cpu", "cpu"), ("cpu", "cpu"), ("ml-mps", "mps")),
        *(("mps", "mps"), ("ml-rocm", "rocm"), ("rocm", "rocm"), ("ml-xpu", "xpu"), ("xpu", "xpu"), ("edge", "edge")),
        *(("main", None), ("dev", None), ("ml", None), ("gpus", None), ("edge-cases", None), ("cpu-bound", None)),
    ],
)
def test_a_groups_name_tells_its_environment_by_convention(name, environment):
    assert environment_of_group(name) == environment


@pytest.mark.parametrize(
    ("environment", "groups", "hardware"),
    [
        ("cuda", ("main", "dev", "web", "docs", "ml-gpu"), "ml-gpu"),
        ("cpu", ("main", "dev", "web", "docs", "ml-cpu"), "ml-cpu"),
        ("mps", ("main", "dev", "web", "docs", "ml-cpu"), "ml-cpu"),
        ("rocm", ("main", "dev", "web", "docs", "ml-rocm"), "ml-rocm"),
        ("xpu", ("main", "dev", "web", "docs"), ""),
        ("edge", ("main", "dev", "web", "docs", "edge"), "edge"),
    ],
)
def test_every_environment_takes_main_its_own_group_and_the_groups_that_are_not_optional(environment, groups, hardware):
    choice = choose_groups(CHATBOT, environment=environment)
    assert (choice.groups, choice.hardware) == (groups, hardware)


@pytest.mark.parametrize(
    ("profile", "groups"),
    [
        ("production", ("main", "web", "ml-gpu")),
        ("development", ("main", "dev", "web", "docs", "ml-gpu")),
        ("ci", ("main", "dev", "web", "docs", "ml-gpu")),
        ("edge", ("main", "edge")),
    ],
)
def test_the_profiles_take_what_the_design_says(profile, groups):
    assert choose_groups(CHATBOT, environment="cuda", profile=profile).groups == groups


@pytest.mark.parametrize(
    ("keywords", "groups", "hardware"),
    [
        ({"with_": ["notebooks"]}, ("main", "dev", "web", "docs", "ml-gpu", "notebooks"), "ml-gpu"),
        ({"without": ["dev", "docs"]}, ("main", "web", "ml-gpu"), "ml-gpu"),
        ({"with_": ["dev"], "without": ["dev"]}, ("main", "web", "docs", "ml-gpu"), "ml-gpu"),
        ({"with_": ["ml-cpu"]}, ("main", "dev", "web", "docs", "ml-cpu"), "ml-cpu"),
        ({"with_": ["ML_CPU"], "profile": "production"}, ("main", "web", "ml-cpu"), "ml-cpu"),
        ({"without": ["ml-gpu"]}, ("main", "dev", "web", "docs"), ""),
        ({"without": ["main"]}, ("dev", "web", "docs", "ml-gpu"), "ml-gpu"),
        ({"only": ["ml-cpu"]}, ("ml-cpu",), "ml-cpu"),
        ({"only": ["web", "main"], "with_": ["dev"]}, ("main", "web"), ""),
        ({"with_": ["dev"], "profile": "edge"}, ("main", "dev", "edge"), "edge"),
    ],
)
def test_with_without_and_only_work_as_in_poetry_and_a_named_hardware_group_replaces_the_detected_one(
    keywords, groups, hardware
):
    choice = choose_groups(CHATBOT, environment="cuda", **keywords)
    assert (choice.groups, choice.hardware) == (groups, hardware)


def test_two_groups_that_fit_ask_for_the_exact_lines():
    read = with_groups("ml-gpu", "cuda")
    with pytest.raises(AmbiguousHardwareGroup) as caught:
        choose_groups(read, environment="cuda")
    assert caught.value.hint == '[tool.accelinstall.groups]\ncuda = "ml-gpu"'
    assert choose_groups(read, environment="cpu").groups == ("main",)
    assert choose_groups(read, environment="cuda", with_=["cuda"]).hardware == "cuda"
    assert choose_groups(read, environment="cuda", without=["cuda"]).hardware == "ml-gpu"


def test_the_lines_that_are_asked_for_settle_it():
    read = with_groups("ml-gpu", "cuda", settings='[tool.accelinstall.groups]\ncuda = "ml-gpu"\n')
    choice = choose_groups(read, environment="cuda")
    assert (choice.groups, choice.hardware) == (("main", "ml-gpu"), "ml-gpu")


def test_the_settings_make_any_group_a_hardware_group():
    settings = '[tool.accelinstall.groups]\ncuda = "server"\ncpu = "server"\nmps = "laptop"\n'
    read = with_groups("server", "laptop", settings=settings)
    assert hardware_groups(read) == {"server": ("cuda", "cpu"), "laptop": ("mps",)}
    assert choose_groups(read, environment="cpu").groups == ("main", "server")
    assert choose_groups(read, environment="mps").groups == ("main", "laptop")
    assert choose_groups(read, environment="rocm").groups == ("main",)


def test_a_profile_of_the_project_adds_removes_or_lists_groups():
    read = fixture("pep735")
    assert choose_groups(read, environment="cuda").groups == ("main", "test", "Typing", "dev", "gpu")
    assert choose_groups(read, environment="cuda", profile="lean").groups == ("main", "test", "cpu")
    assert choose_groups(read, environment="cuda", profile="bench").groups == ("main", "test")
    assert choose_groups(read, environment="cuda", profile="bench", with_=["gpu"]).groups == ("main", "test", "gpu")
    assert environment_from_groups(read, profile="lean") == "cpu"
    assert environment_from_groups(read, ["gpu"], profile="lean") == "cuda"


@pytest.mark.parametrize(
    ("with_", "only", "environment"),
    [
        ([], [], None),
        (["dev"], [], None),
        (["dev", "ml-gpu"], [], "cuda"),
        ([], ["ml-cpu", "main"], "cpu"),
        (["ml-gpu"], ["ml-cpu"], "cpu"),
    ],
)
def test_a_named_hardware_group_fixes_the_environment(with_, only, environment):
    assert environment_from_groups(CHATBOT, with_, only) == environment


def test_a_group_for_two_environments_leaves_the_choice_to_detection():
    read = with_groups("ml", settings='[tool.accelinstall.groups]\ncuda = "ml"\ncpu = "ml"\n')
    assert environment_from_groups(read, ["ml"]) is None


def test_groups_for_different_hardware_cannot_be_named_together():
    with pytest.raises(ConflictingHardwareGroups, match="`ml-gpu` and `ml-cpu` are for different hardware") as caught:
        choose_groups(CHATBOT, environment="cuda", with_=["ml-gpu", "ml-cpu"])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("keyword", ["with_", "without", "only"])
def test_a_group_that_does_not_exist_is_wrong_usage_with_a_guess_and_the_list(keyword):
    with pytest.raises(UnknownGroup) as caught:
        choose_groups(CHATBOT, environment="cuda", **{keyword: ["ml-gpus"]})
    assert "did you mean `ml-gpu`?" in caught.value.message
    assert caught.value.hint == "groups of the project: main, dev, web, docs, ml-cpu, ml-gpu, ml-rocm, edge, notebooks"
    assert caught.value.exit_code == 2


def test_a_profile_that_does_not_exist_is_wrong_usage_with_a_guess_and_the_list():
    with pytest.raises(UnknownProfile) as caught:
        choose_groups(fixture("pep735"), environment="cuda", profile="lea")
    assert "did you mean `lean`?" in caught.value.message
    assert caught.value.hint == "profiles: production, development, ci, edge, lean, bench"
