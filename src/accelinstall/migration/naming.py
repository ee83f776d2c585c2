"""What a requirements file is for, by its name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from accelinstall.model.project import MAIN
from accelinstall.project import environment_of_group
from accelinstall.project.requirement import canonical

_WORDS = re.compile(r"^(?:requirements?|reqs?|deps|dependencies|pip)[-_.]?|[-_.]?(?:requirements?|reqs?)$")
_MAIN = {"", "base", "main", "common", "core", "prod", "production", "app", "runtime", "install", "default", "all"}
_TOOLING = {
    "dev": ("dev", "devel", "develop", "development", "local"),
    "test": ("test", "tests", "testing", "ci"),
    "docs": ("doc", "docs", "documentation", "sphinx"),
    "lint": ("lint", "linting", "linters", "style", "format"),
}
_FOLDERS = {"requirements", "requirement", "reqs", "deps"}


def group_of(path: str) -> str:
    """The group that the file at *path* (POSIX) asks for: ``requirements/dev.txt`` -> ``dev``; main by default."""
    stem = canonical(PurePosixPath(path).stem)
    word = _WORDS.sub("", stem).strip("-")
    if word in _MAIN:
        return MAIN
    for group, words in _TOOLING.items():
        if word in words:
            return group
    return word if re.match(r"[a-z]", word) else f"group-{word}"


def is_hardware(group: str) -> bool:
    """Whether the group is for some hardware only, and so optional."""
    return environment_of_group(group) is not None


def is_requirements_file(path: str) -> bool:
    """Whether a file is one of requirements, by its name and folder."""
    pure = PurePosixPath(path)
    if pure.suffix not in (".txt", ".in", ".pip"):
        return False
    in_folder = pure.parent.name.lower() in _FOLDERS and pure.name.lower() != "readme.txt"
    return in_folder or _WORDS.search(canonical(pure.stem)) is not None or is_constraints_file(path)


def is_constraints_file(path: str) -> bool:
    """Whether a file bounds versions without asking for anything."""
    return "constraint" in PurePosixPath(path).stem.lower()
