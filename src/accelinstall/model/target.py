"""What packages are chosen for: the whole knowledge of the hardware in one hashable value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from accelinstall.errors import UsageError
from accelinstall.model.hardware import ENVIRONMENTS, Environment
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from packaging.tags import Tag

_SLUG = re.compile(
    r"(?P<backend>[a-z0-9][a-z0-9-]*?)-(?P<platform>(?:linux|macos|windows)-[a-z0-9_]+)-(?P<python>cp\d{2,3}t?)"
)


class TargetSyntaxError(UsageError):
    """A text is not a target."""

    code = "target-syntax"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`{text}` is not a target",
            hint="a target reads like cu130-linux-x86_64-cp311, or cu130 for this machine",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where packages will run.

    :ivar environment: ``cuda rocm xpu mps cpu edge``.
    :ivar backend: the slug of the head framework's build: ``cu130``, ``rocm7-2`` (no dots), ``cpu``, ``mps``, ``xpu``.
    :ivar backends: (framework, backend) pairs, sorted, where frameworks differ from ``backend``.
    :ivar architectures: GPU architectures to serve, sorted; empty = unknown or none.
    :ivar platform: ``linux-x86_64``, ``macos-arm64``, ``windows-x86_64``...
    :ivar libc: ``glibc-2.28``, ``musl-1.2``, ``macos-14.0`` or empty.
    :ivar python: ``cp311``, ``cp313t``.
    """

    environment: Environment
    backend: str
    platform: str
    python: str
    libc: str = ""
    architectures: tuple[str, ...] = ()
    backends: tuple[tuple[str, str], ...] = ()

    @property
    def slug(self) -> str:
        """``cu130-linux-x86_64-cp311``: the target's name on command lines and in lock file names."""
        return f"{self.backend}-{self.platform}-{self.python}"

    @property
    def python_version(self) -> str:
        """``3.11`` for ``cp311``."""
        digits = self.python.removeprefix("cp").removesuffix("t")
        return f"{digits[0]}.{digits[1:]}"

    @property
    def system(self) -> str:
        """``linux``, ``macos`` or ``windows``."""
        return self.platform.partition("-")[0]

    @property
    def machine(self) -> str:
        """``x86_64``, ``aarch64``, ``arm64``..."""
        return self.platform.partition("-")[2]

    def backend_of(self, framework: str) -> str:
        """The backend slug *framework* is to be taken for."""
        return dict(self.backends).get(framework, self.backend)

    def __str__(self) -> str:
        parts = [self.slug]
        parts.append(f"environment={self.environment}")
        if self.libc:
            parts.append(f"libc={self.libc}")
        if self.architectures:
            parts.append("arch=" + ",".join(self.architectures))
        if self.backends:
            parts.append("backends=" + ",".join(f"{name}:{slug}" for name, slug in self.backends))
        return ";".join(parts)

    @classmethod
    def parse(cls, text: str) -> Target:
        """The inverse of ``str``; a bare slug is a target without libc and architectures.

        :raises TargetSyntaxError: when *text* is neither.
        """
        slug, *fields = text.split(";")
        match = _SLUG.fullmatch(slug)
        values = dict(field.partition("=")[::2] for field in fields)
        if match is None or not values.keys() <= {"environment", "libc", "arch", "backends"}:
            raise TargetSyntaxError(text)
        environment = values.get("environment") or environment_of(match["backend"])
        if environment not in ENVIRONMENTS:
            raise TargetSyntaxError(text)
        pairs = [pair.partition(":")[::2] for pair in values.get("backends", "").split(",") if pair]
        return cls(
            environment=environment,
            backend=match["backend"],
            platform=match["platform"],
            python=match["python"],
            libc=values.get("libc", ""),
            architectures=tuple(filter(None, values.get("arch", "").split(","))),
            backends=tuple(pairs),
        )

    def markers(self, *, python_full_version: str = "") -> dict[str, str]:
        """The PEP 508 marker environment of this target.

        A target knows ``3.11`` only: ``python_full_version`` is ``3.11.0`` unless given.
        """
        system = {"linux": "Linux", "macos": "Darwin", "windows": "Windows"}[self.system]
        full = python_full_version or f"{self.python_version}.0"
        machine = "AMD64" if self.platform == "windows-x86_64" else self.machine
        return {
            "implementation_name": "cpython",
            "implementation_version": full,
            "os_name": "nt" if self.system == "windows" else "posix",
            "platform_machine": machine,
            "platform_release": "",
            "platform_system": system,
            "platform_version": "",
            "python_full_version": full,
            "platform_python_implementation": "CPython",
            "python_version": self.python_version,
            "sys_platform": {"linux": "linux", "macos": "darwin", "windows": "win32"}[self.system],
        }

    def tags(self) -> tuple[Tag, ...]:
        """The wheel tags this target accepts, best first."""
        return _tags(self)


def environment_of(backend: str) -> str:
    """The environment a backend slug belongs to: ``cu130`` -> ``cuda``; empty when the slug tells nothing."""
    for prefix, environment in (
        ("cu", "cuda"),
        ("rocm", "rocm"),
        ("xpu", "xpu"),
        ("mps", "mps"),
        ("cpu", "cpu"),
    ):
        if backend.startswith(prefix):
            return environment
    return "edge" if backend == "edge" else ""


def backends_from(pairs: Mapping[str, str], *, head: str) -> tuple[tuple[str, str], ...]:
    """``Target.backends`` from a mapping, leaving out those equal to the *head* backend."""
    return tuple(sorted((name, slug) for name, slug in pairs.items() if slug != head))


def _tags(target: Target) -> tuple[Tag, ...]:
    from packaging import tags

    threaded = target.python.endswith("t")
    major, minor = (int(part) for part in target.python_version.split("."))
    version = (major, minor)
    platforms = list(_platforms(target))
    abi = f"{target.python}"
    found = dict.fromkeys(tags.cpython_tags(version, abis=[abi], platforms=platforms))
    if threaded:
        # A free-threaded interpreter cannot load stable-ABI wheels of the classic build.
        found = dict.fromkeys(tag for tag in found if tag.abi != "abi3")
    found.update(dict.fromkeys(tags.compatible_tags(version, interpreter=f"cp{major}{minor}", platforms=platforms)))
    return tuple(found)


def _platforms(target: Target) -> Iterable[str]:
    from packaging import tags

    kind, _, floor = target.libc.partition("-")
    if target.system == "windows":
        return {"x86_64": ["win_amd64"], "arm64": ["win_arm64"], "x86": ["win32"]}.get(target.machine, [])
    if target.system == "macos":
        numbers = [int(part) for part in (floor or "14.0").split(".")[:2]]
        major, minor = (*numbers, 0)[:2]
        # From macOS 11 on, wheels name the major version alone.
        return tags.mac_platforms((major, 0 if major >= 11 else minor), target.machine)
    major, minor = (int(part) for part in (floor or "2.28").split(".")[:2])
    if kind == "musl":
        return [f"musllinux_{major}_{n}_{target.machine}" for n in range(minor, -1, -1)] + [f"linux_{target.machine}"]
    return _manylinux(target.machine, minor)


# PEP 600: the legacy names are aliases of glibc 2.5, 2.12 and 2.17.
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


def _manylinux(machine: str, glibc_minor: int) -> list[str]:
    oldest = 5 if machine in {"x86_64", "i686"} else 17
    names = []
    for minor in range(glibc_minor, oldest - 1, -1):
        names.append(f"manylinux_2_{minor}_{machine}")
        if minor in _LEGACY:
            names.append(f"{_LEGACY[minor]}_{machine}")
    return [*names, f"linux_{machine}"]
