"""What users add to the catalog: backends and releases that came after this version.

In: tables that somebody has read, with a way to ask for the line of each key.  Out: a new catalog.  A user's table wins
over the shipped one of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from accelinstall.catalog.checking import Place, problems, schema
from accelinstall.catalog.loading import backend_from, release_from
from accelinstall.catalog.values import Backend, Catalog, DriverFloor, Drivers, numbers_of
from accelinstall.errors import CatalogError
from accelinstall.model.target import environment_of
from accelinstall.values import replace

Line = Callable[..., int]
_INDEX = "https://download.pytorch.org/whl/{label}"


class OverlayInvalid(CatalogError):
    """Tables that users add to the catalog hold keys or values that mean nothing."""

    code = "catalog-overlay"

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__("\n".join(found), hint="accelinstall catalog check FILE names every problem of an overlay")
        self.found = tuple(found)


def overlay_problems(tables: Mapping[str, object], catalog: Catalog) -> Iterator[tuple[Place, str]]:
    """Every problem of ``{"backends": {slug: table}, "release": [table]}``, each with its place."""
    found = list(problems(tables, schema()["$defs"]["overlay"]))
    yield from found
    backends = tables.get("backends", {})
    if found or not isinstance(backends, Mapping):
        return
    for slug, table in backends.items():
        if not environment_of(slug):
            yield ("backends", slug), f"`{slug}` is not a backend; such as cu134, rocm7-15, xpu, cpu"
        elif "like" in table and catalog.backend(table["like"]) is None:
            yield ("backends", slug, "like"), f"`{table['like']}` is not a backend of the catalog"
        elif "like" not in table and "build" not in table:
            yield ("backends", slug), 'needs `like = "cu132"` or a list of `build` tables'
        elif not _version(slug, table) and environment_of(slug) in {"cuda", "rocm"}:
            yield ("backends", slug), 'needs `version = "13.4"`'


def overlaid(catalog: Catalog, tables: Mapping[str, Any], *, where: str, line: Line, root: Place = ()) -> Catalog:
    """*catalog* with the backends and releases of *tables* on top.

    :param where: the file they come from; *line* tells the line of a path below *root* in it.
    :raises OverlayInvalid: with every problem, each as ``file:line``.
    """
    found = [
        f"{where}:{line(*root, *place)}: {_named(root, place)} {text}"
        for place, text in overlay_problems(tables, catalog)
    ]
    if found:
        raise OverlayInvalid(found)
    backends = [_backend(slug, table, catalog) for slug, table in tables.get("backends", {}).items()]
    releases = [release_from(row) for row in tables.get("release", ())]
    slugs = {backend.slug for backend in backends}
    versions = {release.version for release in releases}
    kept = (backend for backend in catalog.backends if backend.slug not in slugs or backend.l4t)
    old = (release for release in catalog.releases if release.version not in versions)
    return replace(
        catalog,
        backends=(*backends, *kept),
        releases=tuple(sorted((*releases, *old), key=lambda release: release.numbers, reverse=True)),
        drivers=_drivers(catalog.drivers, tables.get("backends", {}), backends),
    )


def _backend(slug: str, table: Mapping[str, Any], catalog: Catalog) -> Backend:
    like = catalog.backend(table.get("like", ""))
    row = {"slug": slug, "environment": environment_of(slug), **table, "version": _version(slug, table)}
    row.setdefault("build", [])
    backend = backend_from(row, pattern=_INDEX)
    return replace(backend, builds=(*backend.builds, *(like.builds if like is not None else ())))


def _version(slug: str, table: Mapping[str, Any]) -> str:
    """As written, else what the slug says: ``cu134`` -> ``13.4``, ``rocm7-15`` -> ``7.15``."""
    if "version" in table:
        return str(table["version"])
    digits = slug.removeprefix("cu").removeprefix("rocm")
    if slug.startswith("cu") and len(digits) == 3 and digits.isdigit():
        return f"{digits[:2]}.{digits[2]}"
    return digits.replace("-", ".") if slug.startswith("rocm") else ""


def _drivers(drivers: Drivers, tables: Mapping[str, Mapping[str, Any]], backends: Sequence[Backend]) -> Drivers:
    """A new CUDA major's driver floor, and a new version's own branch, where the user names them."""
    floors, branches = dict(drivers.floors), dict(drivers.branches)
    for backend in backends:
        table = tables[backend.slug]
        if backend.environment != "cuda":
            continue
        if "driver" in table:
            linux = numbers_of(table["driver"])
            floors[backend.version[0]] = DriverFloor(
                linux=linux, windows=numbers_of(table.get("windows_driver", "")) or linux[:1]
            )
        if "branch" in table:
            branches[backend.version] = int(table["branch"])
    return replace(drivers, floors=floors, branches=branches)


def _named(root: Place, place: Place) -> str:
    """``[tool.accelinstall.backends.cu134]``: how the table is written."""
    names = [str(step) for step in (*root, *place) if isinstance(step, str)]
    return f"`{'.'.join(names)}`"
