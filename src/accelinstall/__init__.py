"""The right ML packages for the hardware that is really there, locked, installed fast and proved to work.

The verbs, each also a command::

    detect    what hardware is there          HardwareReport
    explain   which builds fit it, and why    Explanation
    lock      one lock per target             tuple of Locked
    sync      an environment like the lock    Synced
    optimize  all of it, with proof           Optimized
    download  the wheels of a lock            Downloaded
    rollback  undo the last change            Synced

Everything is imported when first used, so ``import accelinstall`` costs next to nothing.
"""

from __future__ import annotations

import importlib

from accelinstall._version import __version__

TYPE_CHECKING = False  # `typing` itself costs 2 ms.
if TYPE_CHECKING:
    from accelinstall.api import detect, download, explain, lock, optimize, rollback, sync
    from accelinstall.errors import AccelinstallError
    from accelinstall.model.hardware import HardwareReport, Overrides
    from accelinstall.model.lock import Lock
    from accelinstall.model.target import Target
    from accelinstall.pipeline.outcomes import Downloaded, Explanation, Locked, Optimized, Synced

_HOMES = {
    "detect": "accelinstall.api",
    "explain": "accelinstall.api",
    "lock": "accelinstall.api",
    "sync": "accelinstall.api",
    "optimize": "accelinstall.api",
    "download": "accelinstall.api",
    "rollback": "accelinstall.api",
    "AccelinstallError": "accelinstall.errors",
    "HardwareReport": "accelinstall.model.hardware",
    "Overrides": "accelinstall.model.hardware",
    "Lock": "accelinstall.model.lock",
    "Target": "accelinstall.model.target",
    "Downloaded": "accelinstall.pipeline.outcomes",
    "Explanation": "accelinstall.pipeline.outcomes",
    "Locked": "accelinstall.pipeline.outcomes",
    "Optimized": "accelinstall.pipeline.outcomes",
    "Synced": "accelinstall.pipeline.outcomes",
}

__all__ = [
    "AccelinstallError",
    "Downloaded",
    "Explanation",
    "HardwareReport",
    "Lock",
    "Locked",
    "Optimized",
    "Overrides",
    "Synced",
    "Target",
    "__version__",
    "detect",
    "download",
    "explain",
    "lock",
    "optimize",
    "rollback",
    "sync",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
