"""What ``pyproject.toml`` and the locks tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from accelinstall.doctor.facts import Fact, Reading
from accelinstall.project.positions import Positions

if TYPE_CHECKING:
    from accelinstall.model.project import Project
    from accelinstall.project import PoetryLock

_INDEX = re.compile(r"/whl/(?:nightly/)?cu(\d+)(\d)(?=/|$)")
_PYTHONS = re.compile(r'^python-versions = "([^"]*)"', re.MULTILINE)
_LOCAL = re.compile(r"\+cu(\d+)(\d)$")


def read_pyproject(text: str, project: Project, *, path: str) -> Reading:
    """Python, the direct dependencies' bounds, and the CUDA of its indexes; *text* is known to be TOML."""
    data: Any = tomllib.loads(text)
    lines = Positions(text)
    facts = [*_python(data, lines, path), *_required_poetry(data, lines, path)]
    for group in project.groups:
        for wanted in group.wanted:
            bounds = str(wanted.requirement.specifier) or (wanted.requirement.url or wanted.path or "*")
            name = canonical(wanted.requirement.name)
            facts.append(Fact(fact=f"package:{name}", place=path, value=bounds, where=wanted.where))
    for number, source in enumerate(data.get("tool", {}).get("poetry", {}).get("source", [])):
        if match := _INDEX.search(str(source.get("url", ""))):
            line = lines.line("tool", "poetry", "source", number, "url")
            facts.append(Fact(fact="cuda", place=path, value=f"{match[1]}.{match[2]}", where=f"{path}:{line}"))
    return Reading(facts=tuple(facts))


def _python(data: Any, lines: Positions, path: str) -> Iterator[Fact]:
    for keys in (("project", "requires-python"), ("tool", "poetry", "dependencies", "python")):
        value: Any = data
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str):
            yield Fact(fact="python", place=path, value=value, where=f"{path}:{lines.line(*keys)}")


def _required_poetry(data: Any, lines: Positions, path: str) -> Iterator[Fact]:
    value = data.get("tool", {}).get("poetry", {}).get("requires-poetry")
    if isinstance(value, str):
        where = f"{path}:{lines.line('tool', 'poetry', 'requires-poetry')}"
        yield Fact(fact="poetry", place=path, value=value, where=where)


def read_poetry_lock(text: str, lock: PoetryLock, is_shown: Callable[[str], bool], *, path: str) -> Reading:
    """Who wrote it, its Python, and the versions of the packages *is_shown* says yes to."""
    facts = []
    if lock.generator:
        facts.append(Fact(fact="poetry", place=path, value=lock.generator, where=f"{path}:1"))
    match = _PYTHONS.search(text, max(text.rfind("\n[metadata]"), 0))
    if match:
        where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        facts.append(Fact(fact="python", place=path, value=match[1], where=where))
    lines = package_lines(text)
    for index, package in enumerate(lock.packages):
        if not is_shown(package.name):
            continue
        where = f"{path}:{lines[index]}" if index < len(lines) else path
        facts.append(Fact(fact=f"package:{package.name}", place=path, value=package.version, where=where))
        if package.name == "torch" and (match := _LOCAL.search(package.version) or _INDEX.search(package.source_url)):
            facts.append(Fact(fact="cuda", place=path, value=f"{match[1]}.{match[2]}", where=where))
    return Reading(facts=tuple(facts))


def package_lines(text: str) -> list[int]:
    """The line of the version of every ``[[package]]`` of a lock, in file order."""
    lines = []
    is_open = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(("[[package]]", "[[packages]]")):
            is_open = True
            lines.append(number)
        elif is_open and line.startswith("version = "):
            lines[-1] = number
            is_open = False
    return lines


def read_pylock(text: str, is_shown: Callable[[str], bool], *, path: str) -> Reading:
    """The versions of a ``pylock`` of ours or of anybody's, or of a ``uv.lock``.

    :raises ValueError: when it is not TOML.
    """
    data: Any = tomllib.loads(text)
    packages = data.get("packages", data.get("package", []))
    lines = package_lines(text)
    facts = []
    for index, package in enumerate(packages if isinstance(packages, list) else []):
        if not isinstance(package, dict):
            continue
        name, version = canonical(str(package.get("name", ""))), package.get("version")
        if name and isinstance(version, str) and is_shown(name):
            where = f"{path}:{lines[index]}" if index < len(lines) else path
            facts.append(Fact(fact=f"package:{name}", place=path, value=version, where=where))
            if name == "torch" and (match := _LOCAL.search(version)):
                facts.append(Fact(fact="cuda", place=path, value=f"{match[1]}.{match[2]}", where=where))
    return Reading(facts=tuple(facts))


def canonical(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
