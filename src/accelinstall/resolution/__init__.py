"""Requirements in, packages out.

Enter: what a project wants, a target, a routing (which sources are asked for a name) and a
:class:`~accelinstall.resolution.ports.PackageFinder`.  Leave: a :class:`~accelinstall.resolution.result.Resolution` and
its lock, or an error that tells who wants what and why each version was refused.  It refuses to know networks, files,
clocks, the machine it runs on, and how an index is read.
"""

from accelinstall.resolution.dependencies import BuildNeeded
from accelinstall.resolution.explanation import Claim, Conflict, NothingMatches, RefusedVersions, ResolutionImpossible
from accelinstall.resolution.indexes import DEFAULT, IndexWishes, route
from accelinstall.resolution.locking import lock_of
from accelinstall.resolution.places import Admission, Place, Tier
from accelinstall.resolution.ports import REFUSES, UNREACHABLE, PackageFinder, SourceReader
from accelinstall.resolution.result import Resolution, ResolvedPackage
from accelinstall.resolution.routing import FamilyRule, Routing, UnknownSource
from accelinstall.resolution.search import MAX_ROUNDS, ResolutionTooDeep, SourcesDisagree, resolve

__all__ = [
    "DEFAULT",
    "MAX_ROUNDS",
    "REFUSES",
    "UNREACHABLE",
    "Admission",
    "BuildNeeded",
    "Claim",
    "Conflict",
    "FamilyRule",
    "IndexWishes",
    "NothingMatches",
    "PackageFinder",
    "Place",
    "RefusedVersions",
    "Resolution",
    "ResolutionImpossible",
    "ResolutionTooDeep",
    "ResolvedPackage",
    "Routing",
    "SourceReader",
    "SourcesDisagree",
    "Tier",
    "UnknownSource",
    "lock_of",
    "resolve",
    "route",
]
