"""``[[tool.accelinstall.export]]``: what is to be written for other tools."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import cast

from accelinstall.model.project import Export, ExportFormat, Group, Settings
from accelinstall.project.document import Document
from accelinstall.project.errors import Problem, did_you_mean
from accelinstall.project.groups import PROFILES
from accelinstall.project.positions import Path
from accelinstall.project.requirement import canonical

_PATH: Path = ("tool", "accelinstall", "export")
_KEYS = ("output", "format", "target", "profile", "with", "without", "only", "hashes", "index")
_FORMATS = ("requirements", "constraints", "pylock")
# PEP 751: a lock is called pylock.toml or pylock.<name>.toml, with no dot in the name.
_TAKEN = ("pyproject.toml", "poetry.lock", "poetry.toml")
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")

DEFAULT_EXPORTS = (
    Export(output="config/requirements/base.txt", only=("main",)),
    Export(output="config/requirements/dev.txt", profile="development"),
    Export(output="config/requirements/prod.txt", profile="production"),
)
"""What is written where a project says nothing."""


def read_exports(document: Document) -> tuple[Export, ...]:
    """The tables, or the one table, in file order; every mistake is noted with its line."""
    value = document.get(*_PATH)
    places = [_PATH] if isinstance(value, dict) else [(*_PATH, number) for number in range(len(document.array(*_PATH)))]
    tables = [place for place in places if isinstance(document.get(*place), dict) or document.table(*place)]
    found = [export for place in tables if (export := _read(document, place))]
    outputs: set[str] = set()
    for export in found:
        if export.output in outputs:
            _note(document, export, f"`{export.output}` is written twice", hint="give one another name")
        outputs.add(export.output)
    return tuple(found)


def check_exports(document: Document, settings: Settings, groups: Sequence[Group]) -> None:
    """Note groups and profiles that do not exist."""
    names = [group.name for group in groups]
    profiles = (*PROFILES, *settings.profiles)
    for export in settings.export:
        for name in (*export.with_, *export.without, *export.only):
            if canonical(name) not in map(canonical, names):
                message = f"the project has no group `{name}`{did_you_mean(name, names)}"
                _note(document, export, message, hint=f"groups of the project: {', '.join(names)}")
        if export.profile and export.profile not in profiles:
            message = f"there is no profile `{export.profile}`{did_you_mean(export.profile, profiles)}"
            _note(document, export, message, hint=f"profiles: {', '.join(profiles)}")


def _note(document: Document, export: Export, message: str, *, hint: str) -> None:
    document.problems.append(Problem(where=export.where, message=message, hint=hint))


def _read(document: Document, place: Path) -> Export | None:
    before = len(document.problems)
    for key in document.table(*place):
        if key not in _KEYS:
            document.problem(
                (*place, key),
                f"an export has no key `{key}`{did_you_mean(key, _KEYS)}",
                hint=f"keys of an export: {', '.join(_KEYS)}",
            )
    output = document.string(*place, "output").replace("\\", "/")
    kind = document.string(*place, "format") or _format_of(output)
    _check(document, place, output, kind)
    switches = {key: document.flag(*place, key) for key in ("hashes", "index") if key in document.table(*place)}
    if len(document.problems) > before:
        return None
    bounds = kind == "constraints"
    return Export(
        output=output,
        format=cast("ExportFormat", kind),
        target=document.string(*place, "target").replace(".", "-"),
        profile=document.string(*place, "profile"),
        with_=document.strings(*place, "with"),
        without=document.strings(*place, "without"),
        only=document.strings(*place, "only"),
        hashes=switches.get("hashes", not bounds),
        index=switches.get("index", not bounds),
        where=document.where(*place),
    )


def _format_of(output: str) -> str:
    name = output.rpartition("/")[2]
    if _PYLOCK.fullmatch(name):
        return "pylock"
    return "constraints" if name.startswith("constraints") else "requirements"


def _check(document: Document, place: Path, output: str, kind: str) -> None:
    if not output:
        document.problem(place, "an export names no output", hint='output = "requirements.txt"')
    if output.startswith("/") or re.match(r"[A-Za-z]:", output):
        document.problem((*place, "output"), f"`{output}` is not relative to the project", hint="leave the folder out")
    if posixpath.normpath(output) in _TAKEN:
        document.problem((*place, "output"), f"`{output}` is what exports are made from", hint="give it another name")
    if re.search(r"[{}]", output.replace("{target}", "")):
        document.problem((*place, "output"), f"`{output}` holds a brace", hint="`{target}` is the only placeholder")
    if "{target}" in output and document.string(*place, "target"):
        problem = "`{target}` in the output means every target, and `target` names one"
        document.problem((*place, "target"), problem, hint="leave one of them out")
    if kind not in _FORMATS:
        message = f"`{kind}` is not a format{did_you_mean(kind, _FORMATS)}"
        document.problem((*place, "format"), message, hint=f"one of {', '.join(_FORMATS)}")
    name = output.rpartition("/")[2].replace("{target}", "target")
    if kind == "pylock" and output and not _PYLOCK.fullmatch(name):
        hint = "pylock.toml, or pylock.NAME.toml without dots"
        document.problem((*place, "output"), f"`{output}` is no name for a lock", hint=hint)
