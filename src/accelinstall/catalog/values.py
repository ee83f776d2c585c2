"""The catalog's facts as frozen values, with the questions selection asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from accelinstall.model.hardware import Environment
from accelinstall.values import dataclass, field

Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """The wheels of one release for one platform that share an ABI floor.

    :ivar floor: glibc version on Linux, macOS version on macOS, empty on Windows.
    :ivar pythons: tags such as ``cp311``.
    """

    platform: str
    floor: Numbers
    pythons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One torch release.

    :ivar series: ``2.14`` for ``2.14.1``.
    :ivar default_index: platform -> slugs of the backends that the default index's wheel is.
    :ivar companions: canonical name -> releases made for this one, newest first.
    :ivar triton: the specifier on triton that its Linux CUDA wheels carry; empty when they carry none.
    """

    version: str
    series: str
    requires_python: str
    wheels: tuple[Wheel, ...]
    default_index: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    companions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    triton: str = ""

    @property
    def numbers(self) -> Numbers:
        """``(2, 14, 1)``: what orders releases."""
        return numbers_of(self.version)

    def wheel(self, platform: str, python: str) -> Wheel | None:
        """The wheel for *platform* (``linux-x86_64``) and *python* (``cp311``), if there is one."""
        return next((wheel for wheel in self.wheels if wheel.platform == platform and python in wheel.pythons), None)

    def pythons(self, platform: str) -> tuple[str, ...]:
        """Every Python tag it has a wheel for on *platform*; empty when the platform has none."""
        return tuple(tag for wheel in self.wheels if wheel.platform == platform for tag in wheel.pythons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What is compiled into the wheels of one backend, for some torch series.

    :ivar code: platform -> architectures: ``sm_86``, ``compute_120`` (PTX), ``gfx942``, ``xe-hpg``, ``apple``, ``any``.
    :ivar macos: macOS version below which the device cannot be used; empty for none.
    :ivar glibc: glibc floor where it is higher than the wheel's tag says; empty for none.
    :ivar wheel_bytes: download of the head's wheel for Linux on x86-64, about; ``library_bytes`` that of the vendor's
        libraries beside it; 0 = unknown.
    """

    series: tuple[str, ...]
    code: Mapping[str, tuple[str, ...]]
    macos: Numbers = ()
    glibc: Numbers = ()
    wheel_bytes: int = 0
    library_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One way torch is built, and the index that serves it.

    :ivar slug: ``cu130``, ``rocm7-2``, ``xpu``, ``mps``, ``cpu``.
    :ivar version: CUDA or ROCm version as numbers; empty when there is none.
    :ivar local: local-version label of the wheels on its index (``cu130``, ``rocm7.2``); empty = none.
    :ivar source: the index's name, such as ``pytorch-cu130``; ``url`` its simple-API root; both empty when the
        default index alone serves it.
    :ivar index_platforms: platforms that index serves; ``None`` = all of the build's.
    :ivar l4t: for Jetson builds, the L4T release from which, within its major, they run; empty otherwise.
    :ivar pythons: the only Python tags the index has; empty = those of the release.
    :ivar provisional: nobody has described it: it is taken for a newer version of the newest backend of its major.
    """

    slug: str
    environment: Environment
    version: Numbers = ()
    local: str = ""
    source: str = ""
    url: str = ""
    index_platforms: tuple[str, ...] | None = None
    l4t: Numbers = ()
    pythons: tuple[str, ...] = ()
    builds: tuple[Build, ...] = ()
    provisional: bool = False

    @property
    def toolkit(self) -> str:
        """``CUDA 13.0``, ``ROCm 7.2``, else the slug: how people name it."""
        name = {"cuda": "CUDA", "rocm": "ROCm"}.get(self.environment)
        return f"{name} {dotted(self.version)}" if name else self.slug

    def build(self, series: str, platform: str) -> Build | None:
        """The build for a torch *series* on *platform*, if there is one."""
        return next((build for build in self.builds if series in build.series and platform in build.code), None)

    def has_series(self, series: str) -> bool:
        """Whether any platform has a build of the torch *series*."""
        return any(series in build.series for build in self.builds)

    def has_index(self, platform: str) -> bool:
        """Whether its own index serves *platform*; otherwise only the default index does."""
        return bool(self.url) and (self.index_platforms is None or platform in self.index_platforms)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFloor:
    """The least driver for one CUDA major, on Linux and on Windows (and WSL, which reports the Windows driver)."""

    linux: Numbers
    windows: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Which NVIDIA driver branches can drive a GPU generation; ``None`` = no limit known."""

    name: str
    architectures: tuple[str, ...]
    first_branch: int | None
    last_branch: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardCompatibility:
    """NVIDIA's packages that put a newer libcuda above an older kernel driver, and the GPUs they are allowed on.

    :ivar package: name with ``{major}`` and ``{minor}`` of the CUDA version.
    :ivar names: words that make a device name one of a data-centre GPU, unless one of ``others`` is in it too.
    :ivar jetson_package: the package for the Jetsons of ``jetson_architectures``.
    """

    package: str
    names: frozenset[str]
    others: frozenset[str]
    jetson_package: str
    jetson_architectures: tuple[str, ...]

    def package_for(self, cuda: Numbers) -> str:
        """``cuda-compat-13-0`` for ``(13, 0)``."""
        return self.package.format(major=cuda[0], minor=cuda[1])

    def is_data_center(self, name: str) -> bool:
        """Whether the driver's *name* for a device (``NVIDIA A100-SXM4-40GB``) is that of a data-centre GPU."""
        words = set(name.replace("-", " ").split())
        return bool(words & self.names) and not words & self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """NVIDIA driver facts.

    :ivar floors: CUDA major -> least driver.
    :ivar branches: CUDA version -> the driver branch that is its own.
    """

    floors: Mapping[int, DriverFloor]
    branches: Mapping[Numbers, int]
    generations: tuple[Generation, ...]
    forward: ForwardCompatibility

    def generation(self, architecture: str) -> Generation | None:
        """The generation of *architecture*, if known."""
        return next((item for item in self.generations if architecture in item.architectures), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JetPack:
    """What one L4T release of the Jetson boards brings.

    :ivar server_wheels: whether wheels for aarch64 servers start on it.
    :ivar server_code: whether it also runs their code of the same capability major (``sm_80`` on ``sm_87``).
    """

    l4t: Numbers
    name: str
    cuda: Numbers
    server_wheels: bool
    server_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """AMD GPUs that can run another architecture's code under ``HSA_OVERRIDE_GFX_VERSION``; AMD does not support it.

    :ivar code: the architecture they pass for, by setting the variable to ``value``.
    :ivar note: a restriction, as part of a sentence; empty for none.
    """

    code: str
    value: str
    architectures: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorIndex:
    """An index of AMD's own whose torch cannot be installed from wheels alone: only advice.

    :ivar toolkit: such as ``ROCm 7.14.0``; ``torch`` the one release it is known to have.
    :ivar requirements: texts with ``{architecture}`` for the GPU.
    """

    url: str
    toolkit: str
    torch: str
    requirements: tuple[str, ...]
    platforms: tuple[str, ...]
    pythons: tuple[str, ...]
    architectures: tuple[str, ...]

    def command(self, architecture: str) -> str:
        """The pip command that installs its packages for *architecture*."""
        quoted = " ".join(f'"{text.format(architecture=architecture)}"' for text in self.requirements)
        return f"pip install --index-url {self.url} {quoted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Packages that belong together: the source of the head serves the members.

    :ivar members: canonical names besides the head; ``patterns`` are shell patterns of further members, and
        ``exceptions`` shell patterns of names that only look like members.
    :ivar exclusive: all members write ``folder``, so an environment holds one of them at most.
    :ivar builds: the catalog's file of builds that knows its packages; empty for torch's, and where none does.
    """

    head: str
    members: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    exclusive: bool = False
    folder: str = ""
    builds: str = ""

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        if name == self.head or name in self.members:
            return True
        return any(fnmatchcase(name, pattern) for pattern in self.patterns) and not any(
            fnmatchcase(name, pattern) for pattern in self.exceptions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything that is known of builds; read-only and shared.

    :ivar serial: date of the newest fact, ISO 8601.
    :ivar releases: torch releases, newest first.
    :ivar backends: in the order of the files: CUDA, ROCm, the others, Jetson.
    :ivar companions: names of every package that is released for a torch release.
    :ivar plain: those of them whose one wheel, on the default index, serves every backend.
    :ivar relatives: which AMD GPUs can pass for which.
    :ivar wsl_variable: ``NAME=value`` that lets ROCm see a GPU under WSL.
    :ivar vendor_indexes: AMD's own, newest torch first.
    """

    serial: str
    releases: tuple[Release, ...]
    backends: tuple[Backend, ...]
    drivers: Drivers
    jetpacks: tuple[JetPack, ...]
    families: tuple[Family, ...]
    companions: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    relatives: tuple[Relative, ...] = ()
    wsl_variable: str = ""
    vendor_indexes: tuple[VendorIndex, ...] = ()

    def family_of(self, name: str) -> Family | None:
        """The family that *name* (canonical) belongs to, as head or member."""
        return next((family for family in self.families if name in family), None)

    def backend(self, slug: str) -> Backend | None:
        """The first backend with *slug*, the servers' one before a Jetson's."""
        return next((backend for backend in self.backends if backend.slug == slug), None)

    def relative(self, architecture: str) -> Relative | None:
        """What an AMD GPU of *architecture* can pass for, if anything."""
        return next((row for row in self.relatives if architecture in row.architectures), None)

    def jetpack(self, l4t: Numbers) -> JetPack | None:
        """The newest JetPack row at or below an L4T release such as ``(36, 4, 3)``."""
        return max((row for row in self.jetpacks if row.l4t <= l4t), key=lambda row: row.l4t, default=None)


def numbers_of(text: str) -> Numbers:
    """``"535.183.01"`` -> ``(535, 183, 1)``; stops at the first part that is not a number, so ``""`` is ``()``."""
    found = []
    for part in text.split("."):
        if not (part.isascii() and part.isdigit()) or len(part) > 18:
            break
        found.append(int(part))
    return tuple(found)


def dotted(numbers: Numbers) -> str:
    """``(13, 0)`` -> ``"13.0"``."""
    return ".".join(map(str, numbers))
