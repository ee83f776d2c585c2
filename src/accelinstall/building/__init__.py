"""From source to wheels: archives, folders and commits, by their own build backends (PEP 517, PEP 660).

Enter an address a requirement names, an archive an index offers, or a locked package without a wheel; leave its
metadata, or the same package with a wheel that was built for one interpreter.  Refuses to know indexes, stores and how
an environment is made: whoever makes a :class:`Builder` gives it a function that opens isolated ones.
"""

from accelinstall.building.builder import Builder
from accelinstall.building.environments import BuildEnvironment, EnvironmentOpener
from accelinstall.building.errors import (
    ArchiveChanged,
    ArchiveRefused,
    BuildCycle,
    BuildFailed,
    BuildsForbidden,
    GitFailed,
    NotAProject,
    OriginUnreadable,
    WrongProject,
)
from accelinstall.building.trees import metadata_digest, name_of_project

__all__ = [
    "ArchiveChanged",
    "ArchiveRefused",
    "BuildCycle",
    "BuildEnvironment",
    "BuildFailed",
    "Builder",
    "BuildsForbidden",
    "EnvironmentOpener",
    "GitFailed",
    "NotAProject",
    "OriginUnreadable",
    "WrongProject",
    "metadata_digest",
    "name_of_project",
]
