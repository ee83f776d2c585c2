"""From the TOML files beside this module to one :class:`Catalog`.

The files are checked against ``schema.json`` by the tests, so reading them trusts their shape; a file that cannot be
read at all means a broken installation and raises :class:`CatalogFileError`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from accelinstall.catalog.values import (
    Backend,
    Build,
    Catalog,
    DriverFloor,
    Drivers,
    Family,
    ForwardCompatibility,
    Generation,
    JetPack,
    Relative,
    Release,
    VendorIndex,
    Wheel,
    numbers_of,
)
from accelinstall.errors import CatalogError

FOLDER = Path(__file__).parent
FILES = ("torch", "cuda", "rocm", "others", "jetson", "drivers", "families")
_PLATFORMS = ("linux-x86_64", "linux-aarch64", "windows-x86_64", "macos-arm64", "macos-x86_64")
_MACHINES = ("x86_64", "aarch64", "arm64")
_WINDOWS = {"win_amd64": "windows-x86_64", "win_arm64": "windows-arm64"}


class CatalogFileError(CatalogError):
    """A file of the catalog is missing or malformed."""

    code = "catalog-file"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the catalog's file {name}.toml cannot be read: {reason}", hint="reinstall accelinstall")
        self.name = name


@cache
def load_catalog() -> Catalog:
    """The catalog that ships with this release; read once per process, about 10 ms.

    :raises CatalogFileError: when a file is missing or malformed.
    """
    tables = {name: _read(name) for name in FILES}
    try:
        return _decode(tables)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogFileError("*", f"{type(error).__name__}: {error}") from error


def _read(name: str) -> dict[str, Any]:
    try:
        with open(FOLDER / f"{name}.toml", "rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CatalogFileError(name, str(error)) from error


def _decode(tables: Mapping[str, dict[str, Any]]) -> Catalog:
    backends = [
        backend_from(row, pattern=tables[name].get("index", {}).get("url", ""))
        for name in ("cuda", "rocm", "others", "jetson")
        for row in tables[name]["backend"]
    ]
    releases = [release_from(row) for row in tables["torch"]["release"]]
    return Catalog(
        serial=max(table["serial"] for table in tables.values()),
        releases=tuple(sorted(releases, key=lambda release: release.numbers, reverse=True)),
        backends=tuple(backends),
        drivers=_drivers(tables["drivers"]),
        jetpacks=tuple(_jetpack(row) for row in tables["jetson"]["jetpack"]),
        families=tuple(_family(row) for row in tables["families"]["family"]),
        companions=frozenset(name for release in releases for name in release.companions),
        plain=frozenset(tables["torch"]["plain"]["names"].split()),
        relatives=tuple(_relative(row) for row in tables["rocm"]["relative"]),
        wsl_variable=tables["rocm"]["wsl"]["variable"],
        vendor_indexes=tuple(_vendor_index(row) for row in tables["rocm"]["vendor_index"]),
    )


def release_from(row: Mapping[str, Any]) -> Release:
    """A ``[[release]]`` table of torch as a value."""
    return Release(
        version=row["version"],
        series=".".join(row["version"].split(".")[:2]),
        requires_python=row["requires_python"],
        wheels=tuple(wheel for text in row["wheels"] for wheel in wheels_of(text)),
        default_index={platform: tuple(slugs.split()) for platform, slugs in row.get("default_index", {}).items()},
        companions={name: tuple(versions.split()) for name, versions in row.get("companions", {}).items()},
        triton=row.get("triton", ""),
    )


def wheels_of(text: str) -> Iterator[Wheel]:
    """``cp311 cp312 : manylinux_2_28_x86_64 win_amd64`` as wheels.

    :raises ValueError: for a platform tag of an unknown kind.
    """
    pythons, _, tags = text.partition(":")
    for tag in tags.split():
        platform, floor = platform_of_tag(tag)
        yield Wheel(platform=platform, floor=floor, pythons=tuple(pythons.split()))


def platform_of_tag(tag: str) -> tuple[str, tuple[int, ...]]:
    """``manylinux_2_28_x86_64`` -> ``("linux-x86_64", (2, 28))``; the legacy tags mean glibc 2.17.

    :raises ValueError: for a tag of another kind.
    """
    if tag in _WINDOWS:
        return _WINDOWS[tag], ()
    machine = next((name for name in _MACHINES if tag.endswith(f"_{name}")), "")
    kind, _, version = tag.removesuffix(f"_{machine}").partition("_")
    numbers = numbers_of(version.replace("_", "."))
    if machine and kind == "macosx" and numbers:
        return f"macos-{machine}", numbers
    if machine and kind in {"manylinux", "manylinux1", "manylinux2014"}:
        # Wheels that claim manylinux1 were built on the manylinux2014 platform.
        return f"linux-{machine}", numbers or (2, 17)
    raise ValueError(f"platform tag {tag}")


def backend_from(row: Mapping[str, Any], *, pattern: str) -> Backend:
    """A ``[[backend]]`` table as a value; *pattern* is the address of its index, with ``{label}``."""
    label = row.get("local", row["slug"].replace("-", "."))
    index_platforms = row.get("index_platforms")
    # `index_platforms = ""`: the default index alone serves it, so there is neither a source nor a label.
    indexed = index_platforms != ""
    return Backend(
        slug=row["slug"],
        environment=row["environment"],
        version=numbers_of(row["version"]),
        local=label if indexed else "",
        source=row.get("name", f"pytorch-{row['slug']}") if indexed else "",
        url=row.get("url", pattern.format(label=label)) if indexed else "",
        index_platforms=None if index_platforms is None else tuple(index_platforms.split()),
        l4t=numbers_of(row.get("l4t", "")),
        pythons=tuple(row.get("python", "").split()),
        builds=tuple(_build(build) for build in row["build"]),
    )


def _build(row: Mapping[str, Any]) -> Build:
    return Build(
        series=tuple(row["torch"].split()),
        code={platform: tuple(row[platform].split()) for platform in _PLATFORMS if platform in row},
        macos=numbers_of(row.get("macos", "")),
        glibc=numbers_of(row.get("glibc", "")),
        wheel_bytes=row.get("wheel_mb", 0) * 1_000_000,
        library_bytes=row.get("libraries_mb", 0) * 1_000_000,
    )


def _drivers(table: Mapping[str, Any]) -> Drivers:
    return Drivers(
        floors={
            int(row["cuda"]): DriverFloor(linux=numbers_of(row["linux"]), windows=numbers_of(row["windows"]))
            for row in table["major"]
        },
        branches={numbers_of(row["cuda"]): int(row["branch"]) for row in table["toolkit"]},
        generations=tuple(
            Generation(
                name=row["name"],
                architectures=tuple(row["architectures"].split()),
                first_branch=int(row["first_branch"]) if row["first_branch"] else None,
                last_branch=int(row["last_branch"]) if row["last_branch"] else None,
            )
            for row in table["generation"]
        ),
        forward=_forward(table["forward_compatibility"]),
    )


def _forward(row: Mapping[str, Any]) -> ForwardCompatibility:
    return ForwardCompatibility(
        package=row["package"],
        names=frozenset(row["names"].split()),
        others=frozenset(row["others"].split()),
        jetson_package=row["jetson_package"],
        jetson_architectures=tuple(row["jetson_architectures"].split()),
    )


def _relative(row: Mapping[str, Any]) -> Relative:
    return Relative(
        code=row["code"],
        value=row["value"],
        architectures=tuple(row["architectures"].split()),
        note=row.get("note", ""),
    )


def _vendor_index(row: Mapping[str, Any]) -> VendorIndex:
    return VendorIndex(
        url=row["url"],
        toolkit=row["toolkit"],
        torch=row["torch"],
        requirements=tuple(row["requirements"]),
        platforms=tuple(row["platforms"].split()),
        pythons=tuple(row["python"].split()),
        architectures=tuple(row["architectures"].split()),
    )


def _jetpack(row: Mapping[str, Any]) -> JetPack:
    return JetPack(
        l4t=numbers_of(row["l4t"]),
        name=row["name"],
        cuda=numbers_of(row["cuda"]),
        server_wheels=row["server_wheels"],
        server_code=row["server_code"],
    )


def _family(row: Mapping[str, Any]) -> Family:
    return Family(
        head=row["head"],
        members=tuple(row["members"].split()),
        patterns=tuple(row["patterns"].split()),
        exceptions=tuple(row["exceptions"].split()),
        exclusive=row["exclusive"],
        folder=row.get("folder", ""),
        builds=row.get("builds", ""),
    )
