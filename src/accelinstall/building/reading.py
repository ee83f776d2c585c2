"""What a project says of itself without being built: from text to values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, TypeGuard

from accelinstall.model.index import CoreMetadata
from accelinstall.values import dataclass

# What may differ from one build to the next where a field is not written down (PEP 643, PEP 621).
_DECISIVE = frozenset({"name", "version", "dependencies", "optional-dependencies", "requires-python"})
_FIELDS = frozenset({"name", "version", "requires-dist", "provides-extra", "requires-python"})
_POETRY = ("poetry.core", "poetry.masonry")
_LEGACY = ("setuptools>=40.8.0",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """``[build-system]`` of a project, the standard's defaults where it says nothing (PEP 517)."""

    requires: tuple[str, ...] = _LEGACY
    backend: str = "setuptools.build_meta:__legacy__"
    path: tuple[str, ...] = ()


def parse_pyproject(text: str) -> dict[str, Any]:
    """The tables of a ``pyproject.toml``.

    :raises ValueError: when it is not TOML, with the place.
    """
    return tomllib.loads(text.removeprefix("\ufeff"))


def build_system_of(data: Mapping[str, Any]) -> BuildSystem:
    """How the project of a ``pyproject.toml`` is built.

    :raises ValueError: when ``[build-system]`` is not what the standard says.
    """
    table = data.get("build-system")
    if table is None:
        return BuildSystem()
    if not isinstance(table, dict):
        raise ValueError("`build-system` must be a table")
    requires, backend, path = table.get("requires"), table.get("build-backend"), table.get("backend-path", [])
    if not _are_texts(requires):
        raise ValueError("`build-system.requires` must be a list of texts")
    if not _are_texts(path) or not isinstance(backend, (str, type(None))):
        raise ValueError("`build-system.build-backend` must be a text, `backend-path` a list of texts")
    return BuildSystem(requires=tuple(requires), backend=backend or BuildSystem().backend, path=tuple(path))


def metadata_of_archive(content: bytes) -> CoreMetadata | None:
    """What PKG-INFO says, where it may be trusted; ``None`` where a build may say otherwise (PEP 643)."""
    from packaging.metadata import parse_email

    raw, _ = parse_email(content)
    version = raw.get("metadata_version", "")
    if not _is_at_least_2_2(version) or _FIELDS & {field.lower() for field in raw.get("dynamic", ())}:
        return None
    return _core(raw)


def metadata_of_wheel(content: bytes) -> CoreMetadata:
    """What METADATA says.

    :raises ValueError: when it has no name or version.
    """
    from packaging.metadata import parse_email

    found = _core(parse_email(content)[0])
    if found is None:
        raise ValueError("it has no name or no version")
    return found


def metadata_of_project(text: str, *, directory: str) -> CoreMetadata | None:
    """What a ``pyproject.toml`` says for good; ``None`` where only its backend can tell.

    Poetry's notation counts where Poetry is the backend; a folder that it names stands as a ``file:`` address, with
    ``#develop=true`` where it is to be editable.

    :param directory: absolute folder that its relative paths start from.
    """
    from accelinstall.errors import ProjectError
    from accelinstall.project import parse_project

    try:
        data = parse_pyproject(text)
        backend = build_system_of(data).backend
        if not _is_static(data, is_poetry=backend.startswith(_POETRY)):
            return None
        project = parse_project(text, directory=directory)
    except (ValueError, ProjectError):
        return None  # the backend knows better, or says what is wrong
    group = project.group("main")
    wanted = group.wanted if group is not None else ()
    if not project.name or not project.version or any("{" in (item.requirement.url or "") for item in wanted):
        return None
    return CoreMetadata(
        name=project.name,
        version=project.version,
        requires_dist=tuple(_text(item, directory) for item in wanted),
        requires_python=project.requires_python,
        provides_extra=tuple(sorted(project.extras)),
    )


def _is_static(data: Mapping[str, Any], *, is_poetry: bool) -> bool:
    project = data.get("project")
    if project is None:
        return is_poetry and "poetry" in data.get("tool", {})
    if not isinstance(project, dict):
        return False
    dynamic = project.get("dynamic", [])
    # What Poetry calls dynamic stands under [tool.poetry], and nothing else than Poetry reads that.
    return is_poetry or (_are_texts(dynamic) and not _DECISIVE.intersection(dynamic))


def _text(item: Any, directory: str) -> str:
    """A wish as METADATA writes it."""
    import posixpath
    from urllib.parse import quote

    requirement = item.requirement
    if item.path is None:
        return str(requirement)
    path = posixpath.normpath(posixpath.join(directory.replace("\\", "/"), item.path))
    address = "file://" + quote(path if path.startswith("/") else f"/{path}", safe="/:")
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras} @ {address}{'#develop=true' if item.editable else ''}{marker}"


def _core(raw: Mapping[str, Any]) -> CoreMetadata | None:
    from packaging.utils import canonicalize_name

    if not raw.get("name") or not raw.get("version"):
        return None
    return CoreMetadata(
        name=raw["name"],
        version=raw["version"],
        requires_dist=tuple(raw.get("requires_dist", ())),
        requires_python=raw.get("requires_python", ""),
        provides_extra=tuple(dict.fromkeys(map(canonicalize_name, raw.get("provides_extra", ())))),
    )


def _is_at_least_2_2(version: str) -> bool:
    major, _, minor = version.partition(".")
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (2, 2)


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
