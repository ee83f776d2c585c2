"""Project files as values.

In: the text of a ``pyproject.toml`` (Poetry 1 and 2, PEP 621, PEP 735) or of requirements files.
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
    from accelinstall.project.requirements import parse_requirements

__all__ = [
    "PROFILES",
    "AmbiguousHardwareGroup",
    "ConflictingHardwareGroups",
    "InvalidProject",
    "InvalidToml",
    "Problem",
    "ProjectNotFound",
    "UnknownExtra",
    "UnknownGroup",
    "UnknownProfile",
    "choose_groups",
    "environment_from_groups",
    "environment_of_group",
    "hardware_groups",
    "input_hash",
    "parse_project",
    "parse_requirements",
    "wanted_of",
]


def __getattr__(name: str) -> object:
    # Few projects have requirements files: what reads them is loaded when asked for.
    if name == "parse_requirements":
        from accelinstall.project.requirements import parse_requirements

        return parse_requirements
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
