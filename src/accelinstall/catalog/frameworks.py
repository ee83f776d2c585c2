"""The frameworks besides torch: which package and which extra is which build.

Each framework's rows stand in a file of their own, which is read on the first question about it: most runs ask about
torch alone.  A family of ``families.toml`` names the file that knows its members.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from accelinstall.catalog.loading import FOLDER, CatalogFileError, wheels_of
from accelinstall.catalog.values import Catalog, Numbers, Wheel, numbers_of
from accelinstall.model.hardware import Environment
from accelinstall.model.target import environment_of
from accelinstall.values import dataclass

FRAMEWORK_FILES = ("tensorflow", "jax", "onnxruntime", "packages")
FOLLOWS_TORCH = "torch"
"""The ``backend`` of a package that computes on whatever torch was built for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkBuild:
    """One way to ask for a package, and what then computes.

    :ivar extras: one of these must be asked; empty = the package without any extra that chooses a build.
    :ivar library_extras: extras that bring the vendor's libraries and choose nothing.
    :ivar backend: slug such as ``cu12``; ``torch`` = as torch's.
    :ivar version: CUDA or ROCm version it is built with; empty when there is none.
    :ivar releases: newest first; empty = whatever its index has.
    :ivar code: architectures compiled in; empty = any from ``capability`` on.
    :ivar driver: the least NVIDIA driver where it is more than the CUDA major's.
    :ivar flags: what the processor must have, such as ``avx``.
    :ivar broken: why it cannot be installed, with ``broken_extras`` alone when there are some; empty when it can.
    :ivar needs_device: without its device it is of no use, or cannot even be imported.
    :ivar beside: the package it is a plugin of, which must be asked for too.
    :ivar wheel_bytes: download for Linux on x86-64; ``library_bytes`` the vendor's libraries beside it; 0 = unknown.
    """

    package: str
    backend: str
    environment: Environment | None
    extras: tuple[str, ...] = ()
    library_extras: tuple[str, ...] = ()
    version: Numbers = ()
    releases: tuple[str, ...] = ()
    wheels: tuple[Wheel, ...] = ()
    code: tuple[str, ...] = ()
    capability: Numbers = ()
    driver: Numbers = ()
    flags: tuple[str, ...] = ()
    glibc: Numbers = ()
    musl: bool = False
    broken: str = ""
    broken_extras: tuple[str, ...] = ()
    needs_device: bool = False
    beside: str = ""
    source: str = ""
    url: str = ""
    note: str = ""
    wheel_bytes: int = 0
    library_bytes: int = 0

    @property
    def toolkit(self) -> str:
        """``CUDA 12.5``, ``ROCm 7``, else the slug."""
        name = {"cuda": "CUDA", "rocm": "ROCm"}.get(self.environment or "")
        return f"{name} {'.'.join(map(str, self.version))}" if name else self.backend

    def wheel(self, platform: str, python: str) -> Wheel | None:
        """The wheel for *platform* and *python*, if there is one."""
        return next((wheel for wheel in self.wheels if wheel.platform == platform and python in wheel.pythons), None)

    def pythons(self, platform: str) -> tuple[str, ...]:
        """Every Python tag it has a wheel for on *platform*; empty when the platform has none."""
        return tuple(tag for wheel in self.wheels if wheel.platform == platform for tag in wheel.pythons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A package nobody should ask for any more.

    :ivar instead: what to write; ``refuse`` = it cannot be installed at all.
    """

    package: str
    reason: str
    instead: str
    refuse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """Everything known of one framework: its packages' builds, in the order of its file."""

    name: str
    builds: tuple[FrameworkBuild, ...]
    retired: tuple[Retired, ...]


def framework_of(package: str, catalog: Catalog) -> Framework | None:
    """The framework that knows the canonical *package*; ``None`` for torch's family and for unknown names.

    The first question about a framework reads its file, 2 to 8 ms.

    :raises CatalogFileError: when the file is missing or malformed.
    """
    family = catalog.family_of(package)
    if family is None or not family.builds:
        return None
    framework = load_framework(family.builds)
    known = {build.package for build in framework.builds} | {row.package for row in framework.retired}
    return framework if package in known else None


@cache
def load_framework(name: str) -> Framework:
    """The framework file called *name*; read once per process.

    :raises CatalogFileError: when it is missing or malformed.
    """
    try:
        with open(FOLDER / f"{name}.toml", "rb") as file:
            table = tomllib.load(file)
        return Framework(
            name=name,
            builds=tuple(_build(row) for row in table["build"]),
            retired=tuple(_retired(row) for row in table.get("retired", ())),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CatalogFileError(name, f"{type(error).__name__}: {error}") from error


def _build(row: Mapping[str, Any]) -> FrameworkBuild:
    def words(key: str) -> tuple[str, ...]:
        return tuple(row.get(key, "").split())

    return FrameworkBuild(
        package=row["package"],
        backend=row["backend"],
        environment=_environment(row["backend"]),
        extras=words("extras"),
        library_extras=words("library_extras"),
        version=numbers_of(row.get("version", "")),
        releases=words("releases"),
        wheels=tuple(wheel for text in row.get("wheels", ()) for wheel in wheels_of(text)),
        code=words("code"),
        capability=numbers_of(row.get("capability", "")),
        driver=numbers_of(row.get("driver", "")),
        flags=words("flags"),
        glibc=numbers_of(row.get("glibc", "")),
        musl=row.get("musl", False),
        broken=row.get("broken", ""),
        broken_extras=words("broken_extras"),
        needs_device=row.get("needs_device", False),
        beside=row.get("beside", ""),
        source=row.get("name", ""),
        url=row.get("url", ""),
        note=row.get("note", ""),
        wheel_bytes=row.get("wheel_mb", 0) * 1_000_000,
        library_bytes=row.get("libraries_mb", 0) * 1_000_000,
    )


def _environment(backend: str) -> Environment | None:
    """Where a build computes; ``None`` = wherever torch does.  DirectML and OpenVINO run on any machine."""
    if backend == FOLLOWS_TORCH:
        return None
    known: dict[str, Environment] = {"cuda": "cuda", "rocm": "rocm", "xpu": "xpu", "mps": "mps"}
    return known.get(environment_of(backend), "cpu")


def _retired(row: Mapping[str, Any]) -> Retired:
    return Retired(package=row["package"], reason=row["reason"], instead=row["instead"], refuse=row["refuse"])
