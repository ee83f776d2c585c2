"""``[tool.accelinstall]``."""

from __future__ import annotations

import pytest

from accelinstall.model.project import Export, Settings, Source
from accelinstall.project import InvalidProject
from tests.project.reading import fixture, project


def test_every_key_is_read():
    assert fixture("pep735").settings == Settings(
        targets=("cpu", "cu128"),
        groups={"cuda": "gpu"},
        sources=(Source(name="company", url="https://packages.example.com/simple", priority="supplemental"),),
        mirrors={"pytorch-cu128": "https://mirror.example.com/whl/cu128"},
        fallback=("pypi",),
        backends={"cu140": {"like": "cu132", "driver": "600.10"}},
        profiles={"lean": {"without": ("dev", "typing"), "with": ("cpu",)}, "bench": {"only": ("main", "test")}},
        overrides=("numpy<2.3",),
        find_links=("wheels", "https://files.example.com/wheels/"),
        export=(Export(output="requirements.txt", where="pyproject.toml:55"),),
        validate={"environment-variables": ["DATABASE_URL"]},
    )


def test_one_export_may_be_a_plain_table():
    read = project('[tool.accelinstall.export]\noutput = "pylock.toml"\n')
    assert read.settings.export == (Export(output="pylock.toml", format="pylock", where="pyproject.toml:1"),)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[tool.accelinstall]\ntarget = []", 2, "[tool.accelinstall] has no key `target`; did you mean `targets`?"),
        ("[tool.accelinstall]\nfind_links = []", 2, "did you mean `find-links`?"),
        ("tool.accelinstall = 3", 1, "`tool.accelinstall` must be a table, not a number"),
        ('[tool.accelinstall]\ntargets = "cpu"', 2, "`tool.accelinstall.targets` must be an array, not a string"),
        ('[tool.accelinstall]\ntargets = ["cpu",\n 3]', 3, "`tool.accelinstall.targets[1]` must be a string"),
        ('[tool.accelinstall.groups]\ncudda = "main"', 2, "no key `cudda`; did you mean `cuda`?"),
        ('[tool.accelinstall.groups]\ncuda = "ml-gpu"', 2, "the project has no group `ml-gpu`"),
        ("[tool.accelinstall.groups]\ncuda = ['main']", 2, "`tool.accelinstall.groups.cuda` must be a string"),
        ("[tool.accelinstall.mirrors]\na = 1", 2, "must be a string"),
        ('[tool.accelinstall]\nfallback = ["pyp"]', 2, "`pyp` is not a fallback; did you mean `pypi`?"),
        ("[tool.accelinstall]\nbackends.cu140 = 3", 2, "`tool.accelinstall.backends.cu140` must be a table"),
        ("[tool.accelinstall.profiles.lean]\nwithot = []", 2, "no key `withot`; did you mean `without`?"),
        ("[tool.accelinstall.profiles.lean]\nwith = 'a'", 2, "must be an array, not a string"),
        ('[tool.accelinstall]\noverrides = ["numpy^2"]', 2, "is not a requirement"),
        ("[tool.accelinstall]\nexport = [1]", 2, "`tool.accelinstall.export[0]` must be a table"),
        ("[tool.accelinstall]\nvalidate = true", 2, "must be a table, not true or false"),
        ("[[tool.accelinstall.sources]]\nname = 'a'", 1, "`a` has no url"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(text, line, message):
    with pytest.raises(InvalidProject) as caught:
        project(text)
    assert [problem.where for problem in caught.value.problems] == [f"pyproject.toml:{line}"]
    assert message in caught.value.message


def test_a_source_is_not_declared_in_two_places():
    with pytest.raises(InvalidProject, match="declared under"):
        project(
            """\
            [[tool.poetry.source]]
            name = "a"
            url = "https://a.example/"
            [[tool.accelinstall.sources]]
            name = "A"
            url = "https://b.example/"
            """
        )
