"""What is known of builds, drivers and packages, as data with sources and dates.

In: the TOML files of this folder.  Out: one frozen :class:`Catalog`.  It knows what exists and refuses to know the
machine at hand, any project, and which build is the right one.
"""

from accelinstall.catalog.frameworks import Framework, FrameworkBuild, Retired, framework_of
from accelinstall.catalog.loading import CatalogFileError, load_catalog
from accelinstall.catalog.overlay import OverlayInvalid, overlaid
from accelinstall.catalog.values import (
    Backend,
    Build,
    Catalog,
    DriverFloor,
    Drivers,
    Family,
    ForwardCompatibility,
    Generation,
    JetPack,
    Numbers,
    Relative,
    Release,
    VendorIndex,
    Wheel,
    dotted,
    numbers_of,
)

__all__ = [
    "Backend",
    "Build",
    "Catalog",
    "CatalogFileError",
    "DriverFloor",
    "Drivers",
    "Family",
    "ForwardCompatibility",
    "Framework",
    "FrameworkBuild",
    "Generation",
    "JetPack",
    "Numbers",
    "OverlayInvalid",
    "Relative",
    "Release",
    "Retired",
    "VendorIndex",
    "Wheel",
    "dotted",
    "framework_of",
    "load_catalog",
    "numbers_of",
    "overlaid",
]
