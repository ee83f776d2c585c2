"""The files of a project that tell of its environments, read from the disk; nothing is judged here."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from accelinstall.model.finding import Finding

# Bytes: reading a script takes 2 s a megabyte and YAML with its lines 6 s, and nobody writes that much by hand.
_LARGEST = 1 << 20
_LARGEST_YAML = 512 << 10
# A lock of a large project.
_LARGEST_LOCK = 64 << 20
_NAMED = (
    "pyproject.toml",
    "poetry.lock",
    "uv.lock",
    "poetry.toml",
    ".python-version",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".dockerignore",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".envrc",
)
_AT_TOP = re.compile(
    r"(?:Dockerfile|Containerfile).*|.*\.[Dd]ockerfile|.*\.dockerignore|(?:docker-)?compose.*\.ya?ml|.*\.(?:sh|bash)"
    r"|[Mm]akefile|GNUmakefile|justfile|Procfile|pylock(?:\.[^.]+)?\.toml|(?:requirements|constraints).*\.txt"
)
# Folders in which such files stand, and how deep below them.
_FOLDERS = {
    "docker": 2,
    ".docker": 2,
    "deploy": 2,
    "deployment": 2,
    "build": 1,
    "ci": 1,
    ".ci": 1,
    "scripts": 1,
    "script": 1,
    "bin": 1,
    "tools": 1,
    ".devcontainer": 1,
}
# How far up a repository is looked for, and which files of it are for every project in it.
_HIGHEST = 6
_OF_REPOSITORY = (".gitlab-ci.yml", ".gitlab-ci.yaml", ".pre-commit-config.yaml", ".pre-commit-config.yml")
_YAML = re.compile(r".*\.ya?ml")
_TEXT = re.compile(r".*\.txt")


def read_files(directory: str) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """(path relative to *directory* -> content, what could not be read); symbolic links are followed."""
    files: dict[str, bytes] = {}
    findings: list[Finding] = []
    for path in dict.fromkeys(_candidates(directory)):
        place = os.path.join(directory, path)
        reason = _refusal(place, path)
        if not reason:
            try:
                with open(place, "rb") as file:
                    files[path] = file.read()
                continue
            except OSError as error:
                reason = error.strerror or str(error)
        findings.append(
            Finding(
                id="file-unreadable",
                level="warning",
                message=f"{path} is passed over: {reason}",
                where=f"{path}:1",
            )
        )
    return files, tuple(findings)


def _refusal(place: str, path: str) -> str:
    """Why a file is not even opened; empty when it may be."""
    try:
        status = os.stat(place)
    except OSError as error:
        return "it is a link to nothing" if os.path.islink(place) else error.strerror or str(error)
    if not stat.S_ISREG(status.st_mode):
        return "it is no file"
    largest = _LARGEST
    if path.endswith((".lock", ".toml")):
        largest = _LARGEST_LOCK
    elif path.endswith((".yaml", ".yml")):
        largest = _LARGEST_YAML
    if status.st_size <= largest:
        return ""
    return f"it has {status.st_size / 1e6:.1f} MB, and {largest / 1e6:.1f} MB are read"


def _candidates(directory: str) -> Iterator[str]:
    names = _listing(directory)
    yield from (name for name in names if name in _NAMED or _AT_TOP.fullmatch(name))
    for folder, depth in _FOLDERS.items():
        if folder in names:
            yield from _below(directory, folder, depth, _AT_TOP)
    if "requirements" in names:
        yield from _below(directory, "requirements", 1, _TEXT)
    yield from _pipelines(directory, "")
    if above := _repository(directory):
        yield from _pipelines(directory, above)


def _pipelines(directory: str, above: str) -> Iterator[str]:
    """What runs for a whole repository, which starts at *above*: ``../../`` or empty."""
    names = _listing(os.path.join(directory, above))
    if above:
        yield from (above + name for name in names if name in _OF_REPOSITORY)
    if ".github" in names:
        yield from _below(directory, f"{above}.github/workflows", 1, _YAML)
        yield from _below(directory, f"{above}.github/actions", 3, re.compile(r"action\.ya?ml"))
    if ".gitlab" in names:
        yield from _below(directory, f"{above}.gitlab", 2, _YAML)


def _repository(directory: str) -> str:
    """The way up to the folder of the repository that *directory* is a part of; empty when it is its top or in none."""
    above = ""
    for _ in range(_HIGHEST):
        if os.path.lexists(os.path.join(directory, above, ".git")):
            return above
        above += "../"
    return ""


def _below(directory: str, folder: str, depth: int, pattern: re.Pattern[str]) -> Iterator[str]:
    for name in _listing(os.path.join(directory, folder)):
        path = f"{folder}/{name}"
        if os.path.isdir(os.path.join(directory, path)):
            if depth > 1:
                yield from _below(directory, path, depth - 1, pattern)
        elif pattern.fullmatch(name):
            yield path


def _listing(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []
