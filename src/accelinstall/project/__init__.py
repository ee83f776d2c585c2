"""Project files as values.

In: the text of a ``pyproject.toml`` (Poetry 1 and 2, PEP 621, PEP 735), of requirements files or of ``poetry.lock``.
Out: a :class:`~accelinstall.model.project.Project` whose every value knows its line, the groups a run takes, what they
ask for, and a hash that tells whether that changed.
It knows nothing of disks, networks, hardware and versions that exist: text enters, values leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.project.errors import (
    AmbiguousHardwareGroup,
    ConflictingHardwareGroups,
    InvalidProject,
    InvalidToml,
    Problem,
    ProjectNotFound,
    UnknownExtra,
    UnknownGroup,
    UnknownProfile,
)
from accelinstall.project.groups import (
    PROFILES,
    choose_groups,
    environment_from_groups,
    environment_of_group,
    hardware_groups,
)
from accelinstall.project.parse import parse_project
from accelinstall.project.wishes import input_hash, wanted_of

if TYPE_CHECKING:
    from accelinstall.project.poetry_lock import (
        POETRY_LOCK,
        MalformedPoetryLock,
        PoetryLock,
        PoetryPackage,
        StalePoetryLock,
        UnsupportedPoetryLock,
        packages_digest,
        parse_poetry_lock,
    )
    from accelinstall.project.requirements import ensure_hashes, parse_requirements

__all__ = [
    "POETRY_LOCK",
    "PROFILES",
    "AmbiguousHardwareGroup",
    "ConflictingHardwareGroups",
    "InvalidProject",
    "InvalidToml",
    "MalformedPoetryLock",
    "PoetryLock",
    "PoetryPackage",
    "Problem",
    "ProjectNotFound",
    "StalePoetryLock",
    "UnknownExtra",
    "UnknownGroup",
    "UnknownProfile",
    "UnsupportedPoetryLock",
    "choose_groups",
    "ensure_hashes",
    "environment_from_groups",
    "environment_of_group",
    "hardware_groups",
    "input_hash",
    "packages_digest",
    "parse_poetry_lock",
    "parse_project",
    "parse_requirements",
    "wanted_of",
]


# Few projects have requirements files or a lock of Poetry's: what reads them is loaded when asked for.
_RARE = {
    "parse_requirements": "requirements",
    "ensure_hashes": "requirements",
    **dict.fromkeys(
        (
            "POETRY_LOCK",
            "MalformedPoetryLock",
            "PoetryLock",
            "PoetryPackage",
            "StalePoetryLock",
            "UnsupportedPoetryLock",
            "packages_digest",
            "parse_poetry_lock",
        ),
        "poetry_lock",
    ),
}


def __getattr__(name: str) -> object:
    if name in _RARE:
        from importlib import import_module

        return getattr(import_module(f"accelinstall.project.{_RARE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
