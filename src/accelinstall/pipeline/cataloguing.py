"""The catalog of one run: what ships, what user and project add; and the checks of ``accelinstall catalog``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelinstall.errors import CatalogError, UsageError
from accelinstall.pipeline.reading import is_there
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from accelinstall.catalog import Catalog
    from accelinstall.model.project import Project
    from accelinstall.pipeline.request import Request

_PROJECT = ("tool", "accelinstall")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRow:
    """One way to get a package, for people: a build with its releases and where they come from."""

    package: str
    backend: str
    releases: str
    code: str
    index: str
    source: str


def overlay_path(request: Request) -> Path:
    """Where the user's own additions stand, whether or not there are any."""
    chosen = request.config_directory or request.environ.get("ACCELINSTALL_CONFIG_DIR", "")
    if chosen:
        return Path(chosen, "catalog.toml")
    import platformdirs

    return Path(platformdirs.user_config_dir("accelinstall", appauthor=False), "catalog.toml")


def read_catalog(request: Request, project: Project | None = None) -> Catalog:
    """What ships, under the user's ``catalog.toml``, under the project's ``[tool.accelinstall.backends]``.

    :raises CatalogError: for a file that cannot be read, and for a key that means nothing, with file and line.
    """
    from accelinstall.catalog import load_catalog, overlaid

    catalog = load_catalog()
    path = overlay_path(request)
    if is_there(str(path)):
        text, table = _read(path)
        catalog = overlaid(catalog, table, where=str(path), line=_lines(text))
    if project is not None and project.settings.backends:
        text, _ = _read(Path(project.directory, "pyproject.toml"))
        tables = {"backends": dict(project.settings.backends)}
        catalog = overlaid(catalog, tables, where="pyproject.toml", line=_lines(text), root=_PROJECT)
    return catalog


def check_catalog(path: str = "") -> tuple[str, ...]:
    """Every problem of the shipped catalog, or of the overlay or catalog file at *path*, as ``file:line: what``."""
    from accelinstall.catalog import load_catalog
    from accelinstall.catalog.frameworks import FRAMEWORK_FILES, load_framework
    from accelinstall.catalog.loading import FILES, FOLDER

    known = (*FILES, *FRAMEWORK_FILES)
    if path:
        return tuple(_check(Path(path), known))
    found = [text for name in known for text in _check(FOLDER / f"{name}.toml", known)]
    if not found:
        load_catalog()
        for name in FRAMEWORK_FILES:
            load_framework(name)
    return tuple(found)


def _check(path: Path, known: tuple[str, ...]) -> Iterator[str]:
    from accelinstall.catalog import load_catalog
    from accelinstall.catalog.checking import problems, schema
    from accelinstall.catalog.overlay import overlay_problems

    text, table = _read(path)
    line = _lines(text)
    shipped = path.stem in known and "serial" in table
    found = problems(table, schema()["properties"][path.stem]) if shipped else overlay_problems(table, load_catalog())
    for place, what in found:
        yield f"{path}:{line(*place) or 1}: `{'.'.join(map(str, place))}` {what}"


def catalog_rows(catalog: Catalog, package: str = "") -> tuple[CatalogRow, ...]:
    """Every build of *package*, or of all packages.

    :raises UsageError: when the catalog knows no such package.
    """
    rows = [row for row in (*_torch_rows(catalog), *_framework_rows(catalog)) if package in {"", row.package}]
    if not rows:
        names = sorted({row.package for row in (*_torch_rows(catalog), *_framework_rows(catalog))})
        raise UsageError(f"the catalog knows no builds of `{package}`", hint=f"one of {', '.join(names)}")
    return tuple(rows)


def _torch_rows(catalog: Catalog) -> Iterator[CatalogRow]:
    for backend in catalog.backends:
        for build in backend.builds:
            for platform, code in build.code.items():
                yield CatalogRow(
                    package="torch",
                    backend=backend.slug,
                    releases=_range(tuple(reversed(build.series))),
                    code=f"{platform}: {' '.join(code)}",
                    index=backend.url or "default index",
                    source=backend.source,
                )


def _framework_rows(catalog: Catalog) -> Iterator[CatalogRow]:
    from accelinstall.catalog.frameworks import FRAMEWORK_FILES, load_framework

    for name in FRAMEWORK_FILES:
        for build in load_framework(name).builds:
            platforms = " ".join(sorted({wheel.platform for wheel in build.wheels}))
            least = f"capability {'.'.join(map(str, build.capability))}" if build.capability else "any"
            code = " ".join(build.code) or least
            yield CatalogRow(
                package=build.package,
                backend=f"{build.backend} [{' '.join(build.extras)}]" if build.extras else build.backend,
                releases=_range(build.releases) or "any",
                code=f"{platforms}: {build.broken or code}",
                index=build.url or "default index",
                source=build.source,
            )


def _range(releases: tuple[str, ...]) -> str:
    if len(releases) < 2:
        return "".join(releases)
    return f"{releases[-1]} to {releases[0]}"


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return text, tomllib.loads(text)
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path} is not UTF-8", hint=f"save {path} as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path} is not TOML: {error}", hint="correct that line") from error


def _lines(text: str) -> Callable[..., int]:
    from accelinstall.project.positions import Positions

    return Positions(text).line
