"""What users add to the catalog, and the checks that name every mistake with its line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from accelinstall.catalog import Catalog, OverlayInvalid, load_catalog, overlaid
from accelinstall.catalog.checking import problems, schema
from accelinstall.catalog.frameworks import FRAMEWORK_FILES, framework_of, load_framework
from accelinstall.catalog.loading import FILES, FOLDER
from accelinstall.project.positions import Positions

CATALOG = load_catalog()
CU134 = """
[backends.cu134]
like = "cu132"
driver = "580.65.06"
branch = "615"

[backends.cu140]
version = "14.0"
url = "https://packages.example/cu140"
driver = "640.10"
[[backends.cu140.build]]
torch = "2.15"
linux-x86_64 = "sm_90 sm_100"

[[release]]
version = "2.16.0"
requires_python = ">=3.12"
wheels = ["cp312 cp313 : manylinux_2_28_x86_64"]
"""


def add(text: str) -> Catalog:
    return overlaid(CATALOG, tomllib.loads(text), where="catalog.toml", line=Positions(text).line)


def test_a_new_cuda_needs_one_line() -> None:
    backend = add(CU134).backend("cu134")
    like = CATALOG.backend("cu132")
    assert backend is not None
    assert like is not None
    assert (backend.version, backend.local, backend.builds) == ((13, 4), "cu134", like.builds)
    assert backend.url == "https://download.pytorch.org/whl/cu134"


def test_a_new_major_brings_its_driver_and_its_builds() -> None:
    catalog = add(CU134)
    backend = catalog.backend("cu140")
    assert backend is not None
    assert backend.url == "https://packages.example/cu140"
    assert catalog.drivers.floors[14].linux == (640, 10)
    assert catalog.drivers.branches[13, 4] == 615
    assert catalog.releases[0].version == "2.16.0"


def test_the_shipped_catalog_stays_as_it_is() -> None:
    add(CU134)
    assert load_catalog() is CATALOG
    assert CATALOG.backend("cu134") is None
    assert 14 not in CATALOG.drivers.floors


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[backends.cu134]\nlike = "cu132"\ndrivver = "580"\n', 3, "has no key `drivver`, perhaps `driver`"),
        ('[backends.cu134]\n\nlike = "cu999"\n', 3, "`cu999` is not a backend of the catalog"),
        ('[backends.cu134]\nurl = "https://a.example"\n', 1, 'needs `like = "cu132"`'),
        ('[backends.quantum]\nlike = "cu132"\n', 1, "`quantum` is not a backend"),
        ("[backends.cu134]\nlike = 5\n", 2, "must be a text"),
        ("backends = 5\n", 1, "must be a table"),
        ('[[release]]\nversion = "2.16.0"\n', 1, "lacks `wheels`"),
        ('[backend.cu134]\nlike = "cu132"\n', 1, "has no key `backend`, perhaps `backends`"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(OverlayInvalid) as caught:
        add(text)
    assert any(found.startswith(f"catalog.toml:{line}: ") and words in found for found in caught.value.found)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(OverlayInvalid) as caught:
        add('[backends.cu134]\nlike = 5\nnope = 1\n[backends.cu135]\nbranch = "x"\n')
    assert len(caught.value.found) == 3


@pytest.mark.parametrize("name", [*FILES, *FRAMEWORK_FILES])
def test_the_shipped_files_have_no_problem(name: str) -> None:
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    assert list(problems(table, schema()["properties"][name])) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "cu132", "2026-11-20", "13.4", "https://a"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["backends", "release", "cu134", "like", "build", "url", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(VALUES)
def test_any_value_is_judged_as_a_whole_implementation_judges_it(value: object) -> None:
    whole = {**schema(), "$ref": "#/$defs/overlay", "type": "object", "required": [], "additionalProperties": True}
    whole["properties"] = {}
    assert Draft202012Validator(whole).is_valid(value) == (not list(problems(value, schema()["$defs"]["overlay"])))


def test_a_missing_citation_is_a_problem() -> None:
    table = tomllib.loads((FOLDER / "jax.toml").read_text(encoding="utf-8"))
    del table["build"][3]["source"]
    assert list(problems(table, schema()["properties"]["jax"])) == [(("build", 3), "lacks `source`")]


def test_a_package_is_known_by_its_frameworks_file() -> None:
    names = {name: found.name for name in ("tensorflow-cpu", "jax", "onnxruntime-gpu", "vllm", "cupy-cuda12x")
             for found in [framework_of(name, CATALOG)] if found}  # fmt: skip
    assert names == {
        "tensorflow-cpu": "tensorflow",
        "jax": "jax",
        "onnxruntime-gpu": "onnxruntime",
        "vllm": "packages",
        "cupy-cuda12x": "packages",
    }
    assert framework_of("torch", CATALOG) is None
    assert framework_of("rich", CATALOG) is None


def test_every_package_with_builds_belongs_to_a_family_that_names_its_file() -> None:
    for name in FRAMEWORK_FILES:
        framework = load_framework(name)
        for package in {row.package for row in (*framework.builds, *framework.retired)}:
            assert framework_of(package, CATALOG) is framework, package


def test_the_schema_is_plain_json() -> None:
    assert json.loads(Path(FOLDER, "schema.json").read_text(encoding="utf-8")) == schema()
