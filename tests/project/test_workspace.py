"""Several projects as one: who belongs, what is shared, what is merged, what they disagree about."""

from __future__ import annotations

import textwrap
import tomllib

import pytest

from accelinstall.model.project import Project, WorkspaceSettings
from accelinstall.project import parse_project
from accelinstall.project.workspace import WorkspaceDisagrees, is_member, merge_projects, with_shared_groups
from accelinstall.project.workspace_checks import judge_workspace

ROOT = """
[project]
name = "models"
version = "1.4"
requires-python = ">=3.11"
dependencies = ["pydantic>=2"]
[tool.poetry.group.dev.dependencies]
ruff = ">=0.9"
[tool.accelinstall.workspace]
members = ["services/*"]
may-differ = ["Legacy_Thing"]
shared-groups = ["dev"]
[tool.ruff]
line-length = 100
"""


def projects(**texts: str) -> dict[str, Project]:
    """The members by their paths; ``root`` is the root, others stand below ``services``."""
    paths = {name: "." if name == "root" else f"services/{name}" for name in texts}
    return {path: parse_project(textwrap.dedent(texts[name]), directory=f"/w/{path}") for name, path in paths.items()}


@pytest.mark.parametrize(
    ("path", "belongs"),
    [
        (".", True),
        ("services/api", True),
        ("services/api/inner", False),
        ("tools/deep/one", True),
        ("tools", False),
        ("services/old", False),
        ("services/.venv", True),
    ],
)
def test_members_are_those_the_patterns_name(path: str, belongs: bool) -> None:
    settings = WorkspaceSettings(members=("services/*", "tools/**/one"), exclude=("services/old",))
    assert is_member(path, settings) is belongs


def test_without_patterns_every_project_but_those_of_environments_belongs() -> None:
    anywhere = WorkspaceSettings()
    assert is_member("a/b/c", anywhere)
    assert not is_member(".venv/lib/thing", anywhere)
    assert not is_member("ui/node_modules/thing", anywhere)


def test_a_shared_group_is_seen_from_the_member() -> None:
    members = projects(root=ROOT, api='[project]\nname = "api"\nversion = "1"')
    seen = with_shared_groups(members["services/api"], members["."], path="services/api")
    group = seen.group("dev")
    assert group is not None
    assert [(str(item.requirement), item.where) for item in group.wanted] == [("ruff>=0.9", "../../pyproject.toml:8")]


def test_a_shared_group_that_is_not_there_is_an_error() -> None:
    members = projects(root=ROOT.replace('["dev"]', '["lint"]'), api='[project]\nname = "api"\nversion = "1"')
    with pytest.raises(WorkspaceDisagrees, match="`lint`"):
        with_shared_groups(members["services/api"], members["."], path="services/api")


def test_merged_members_ask_for_all_that_any_asks_for_with_its_place() -> None:
    members = projects(
        root=ROOT,
        api="""
            [project]
            name = "api"
            version = "1"
            requires-python = "<3.14"
            [tool.poetry.dependencies]
            models = {path = "../..", develop = true}
            [tool.poetry.group.ml-cuda.dependencies]
            torch = "*"
            """,
        worker="""
            [project]
            name = "worker"
            version = "1"
            [tool.poetry.group.gpu.dependencies]
            torch = ">=2.7"
            """,
    )
    merged = merge_projects(members, directory="/w")
    main, hardware = merged.group("main"), merged.group("ml-cuda")
    assert main is not None and hardware is not None
    assert [(item.requirement.name, item.path) for item in main.wanted] == [("pydantic", None), ("models", ".")]
    assert [item.where for item in hardware.wanted] == [
        "services/api/pyproject.toml:9",
        "services/worker/pyproject.toml:6",
    ]
    assert merged.settings.groups == {"cuda": "ml-cuda"}
    assert merged.requires_python == ">=3.11,<3.14"
    assert merged.settings.overrides == ("legacy-thing",)


SOURCE = """
[project]
name = "{name}"
version = "1"
[[tool.poetry.source]]
name = "house"
url = "{url}"
priority = "explicit"
"""


def test_one_source_name_for_two_places_is_refused() -> None:
    members = projects(
        api=SOURCE.format(name="api", url="https://one.example/simple"),
        worker=SOURCE.format(name="worker", url="https://other.example/simple"),
    )
    with pytest.raises(WorkspaceDisagrees, match=r"one\.example.*other\.example"):
        merge_projects(members, directory="/w")


def judged(**texts: str) -> list[tuple[str, str, str]]:
    """(id, level, where) of every finding."""
    members = projects(**texts)
    paths = {name: "." if name == "root" else f"services/{name}" for name in texts}
    documents = {paths[name]: tomllib.loads(textwrap.dedent(text)) for name, text in texts.items()}
    return [(one.id, one.level, one.where) for one in judge_workspace(members, documents)]


def service(name: str, *dependencies: str, python: str = ">=3.11", more: str = "") -> str:
    """A service's file."""
    return (
        f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = "{python}"\n'
        f"dependencies = {list(dependencies)!r}\n{more}"
    )


def test_members_that_agree_have_nothing_to_be_told() -> None:
    assert judged(root=ROOT, api=service("api", "pydantic>=2.1"), worker=service("worker", "pydantic<3")) == []


def test_constraints_that_no_version_meets_are_errors_unless_allowed() -> None:
    found = judged(
        root=ROOT,
        api=service("api", "numpy<2", "legacy-thing<1"),
        worker=service("worker", "numpy>=2", "legacy-thing>=1"),
    )
    assert found == [
        ("workspace-constraints", "error", "services/worker/pyproject.toml:5"),
        ("workspace-constraints", "info", "services/worker/pyproject.toml:5"),
    ]


def test_groups_of_different_hardware_may_ask_for_different_versions() -> None:
    api = service("api", more='[dependency-groups]\nml-cpu = ["torch<2.6"]\n')
    worker = service("worker", more='[dependency-groups]\nml-gpu = ["torch>=2.7"]\n')
    assert judged(api=api, worker=worker) == []
    assert judged(api=api, worker=worker.replace("ml-gpu", "cpu"))[0][0] == "workspace-constraints"


def test_markers_that_exclude_each_other_are_no_disagreement() -> None:
    api = service("api", "numpy<2; sys_platform == 'win32'")
    assert judged(api=api, worker=service("worker", "numpy>=2; sys_platform == 'linux'")) == []


def test_python_ranges_that_differ_are_told_and_those_apart_are_errors() -> None:
    assert judged(api=service("api"), worker=service("worker", python=">=3.12")) == [
        ("workspace-python", "info", "services/worker/pyproject.toml")
    ]
    assert judged(api=service("api", python="<3.12"), worker=service("worker", python=">=3.12")) == [
        ("workspace-python", "error", "services/worker/pyproject.toml")
    ]


def test_a_sibling_wanted_in_a_version_it_does_not_have_is_an_error() -> None:
    assert judged(root=ROOT, api=service("api", "models>=2")) == [
        ("workspace-version", "error", "services/api/pyproject.toml:5")
    ]


def test_a_path_that_leads_past_the_sibling_is_an_error() -> None:
    api = service("api", more='[tool.poetry.dependencies]\nmodels = {path = "../models"}\n')
    assert ("workspace-path", "error", "services/api/pyproject.toml:7") in judged(root=ROOT, api=api)


def test_a_table_that_hides_the_roots_is_told_unless_it_extends_it() -> None:
    hiding = service("api", more="[tool.ruff]\nline-length = 80\n")
    assert judged(root=ROOT, api=hiding) == [("workspace-tool-settings", "warning", "services/api/pyproject.toml")]
    assert judged(root=ROOT, api=hiding + 'extend = "../../pyproject.toml"\n') == []
