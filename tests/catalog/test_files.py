"""The catalog's files: well formed, cited, consistent with each other."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from accelinstall.catalog.frameworks import FRAMEWORK_FILES
from accelinstall.catalog.loading import FILES, FOLDER, platform_of_tag

TABLES = {
    name: tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in (*FILES, *FRAMEWORK_FILES)
}


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table of every file with a name to find it by; builds are part of their backend's table."""
    for name, table in TABLES.items():
        for key, value in table.items():
            for number, row in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(row, dict):
                    yield f"{name}.toml {key} {row.get('slug') or row.get('version') or number}", row


def test_the_files_match_their_schema() -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = [f"{list(error.path)}: {error.message}" for error in Draft202012Validator(schema).iter_errors(TABLES)]
    assert errors == []


def test_the_schema_refuses_an_unknown_key() -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    backend = {**TABLES["cuda"]["backend"][0], "drivver": "580"}
    broken = {**TABLES, "cuda": {**TABLES["cuda"], "backend": [backend]}}
    assert not Draft202012Validator(schema).is_valid(broken)


@pytest.mark.parametrize(("name", "row"), list(rows()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_row_cites_its_source_and_date(name: str, row: dict[str, Any]) -> None:
    assert row["source"], name
    assert row["date"] <= max(table["serial"] for table in TABLES.values()), name


def test_no_row_stands_twice() -> None:
    slugs = [row["slug"] for name in ("cuda", "rocm", "others") for row in TABLES[name]["backend"]]
    versions = [row["version"] for row in TABLES["torch"]["release"]]
    heads = [row["head"] for row in TABLES["families"]["family"]]
    for values in (slugs, versions, heads):
        assert len(values) == len(set(values))


def test_a_series_has_one_build_per_backend_and_platform() -> None:
    for name in ("cuda", "rocm", "others"):
        for backend in TABLES[name]["backend"]:
            found = [
                (series, platform)
                for build in backend["build"]
                for series in build["torch"].split()
                for platform in build.keys() - {"torch", "glibc", "macos", "source"}
            ]
            assert len(found) == len(set(found)), backend["slug"]


def test_each_build_names_series_that_were_released() -> None:
    released = {".".join(row["version"].split(".")[:2]) for row in TABLES["torch"]["release"]}
    for name in ("cuda", "rocm", "others", "jetson"):
        for backend in TABLES[name]["backend"]:
            for build in backend["build"]:
                assert set(build["torch"].split()) <= released, backend["slug"]


def test_what_the_default_index_serves_is_a_build_of_that_platform() -> None:
    builds = {
        (backend["slug"], series, platform)
        for name in ("cuda", "rocm", "others")
        for backend in TABLES[name]["backend"]
        for build in backend["build"]
        for series in build["torch"].split()
        for platform in build
    }
    for release in TABLES["torch"]["release"]:
        series = ".".join(release["version"].split(".")[:2])
        for platform, slugs in release["default_index"].items():
            for slug in slugs.split():
                assert (slug, series, platform) in builds, release["version"]


@pytest.mark.parametrize(
    ("tag", "platform", "floor"),
    [
        ("manylinux_2_28_aarch64", "linux-aarch64", (2, 28)),
        ("manylinux2014_aarch64", "linux-aarch64", (2, 17)),
        ("manylinux1_x86_64", "linux-x86_64", (2, 17)),
        ("macosx_14_0_arm64", "macos-arm64", (14, 0)),
        ("macosx_10_9_x86_64", "macos-x86_64", (10, 9)),
        ("win_amd64", "windows-x86_64", ()),
    ],
)
def test_a_platform_tag_says_platform_and_floor(tag: str, platform: str, floor: tuple[int, ...]) -> None:
    assert platform_of_tag(tag) == (platform, floor)


def test_a_tag_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="musllinux"):
        platform_of_tag("musllinux_1_2_x86_64")
