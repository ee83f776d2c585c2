"""Which build runs on which machine, and why the others do not.

In: a ``HardwareReport``, what the user claims, what is wished, the catalog.  Out: an environment, and a ``Selection``
with ordered candidates and a verdict for every build considered.  It refuses to know indexes, files and this machine.
"""

from accelinstall.selection.environments import choose_environment
from accelinstall.selection.overrides import apply_overrides, markers_of, report_for
from accelinstall.selection.refusals import (
    BackendNeeded,
    InvalidWish,
    NoBuildFits,
    UnknownArchitecture,
    UnknownBackend,
    UnknownPlatform,
)
from accelinstall.selection.selecting import select
from accelinstall.selection.sources import backend_of_source
from accelinstall.selection.spelling import spelled_for
from accelinstall.selection.variants import supported_variants

__all__ = [
    "BackendNeeded",
    "InvalidWish",
    "NoBuildFits",
    "UnknownArchitecture",
    "UnknownBackend",
    "UnknownPlatform",
    "apply_overrides",
    "backend_of_source",
    "choose_environment",
    "markers_of",
    "report_for",
    "select",
    "spelled_for",
    "supported_variants",
]
