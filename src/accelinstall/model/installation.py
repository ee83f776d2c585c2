"""What is installed, what shall change, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from accelinstall.model.lock import LockedPackage
from accelinstall.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The Python that packages are for, as it describes itself.

    :ivar executable: absolute path, not resolved through the venv's symlink.
    :ivar version: ``3.11.7``; ``python`` is ``cp311``.
    :ivar platform: ``linux-x86_64``...; ``libc`` as in :class:`~accelinstall.model.target.Target`.
    :ivar schemes: ``purelib platlib scripts headers data`` -> absolute folder (as ``installer`` names them).
    :ivar markers: PEP 508 marker environment.
    :ivar virtual: inside a virtual environment; ``externally_managed``: carries PEP 668's marker.
    """

    executable: str
    version: str
    python: str
    platform: str
    libc: str = ""
    prefix: str = ""
    schemes: Mapping[str, str] = field(default_factory=dict)
    markers: Mapping[str, str] = field(default_factory=dict)
    virtual: bool = True
    externally_managed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledDistribution:
    """One ``*.dist-info`` folder.

    :ivar location: folder that holds the dist-info; ``dist_info`` its file name.
    :ivar sha256: hash of the wheel it came from when our receipt knows it, else empty.
    :ivar installer: content of ``INSTALLER``, stripped.
    """

    name: str
    version: str
    location: str = ""
    dist_info: str = ""
    installer: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything installed in one environment, sorted by name."""

    distributions: tuple[InstalledDistribution, ...] = ()

    def get(self, name: str) -> InstalledDistribution | None:
        """The distribution called *name* (canonical), if installed."""
        return next((item for item in self.distributions if item.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """A package that is not there yet."""

    package: LockedPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """A package that is there in another version or from another wheel."""

    package: LockedPackage
    installed: InstalledDistribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """A distribution that shall go."""

    installed: InstalledDistribution


Step = Install | Replace | Remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Steps sorted by package name, and what stays."""

    steps: tuple[Step, ...] = ()
    kept: tuple[InstalledDistribution, ...] = ()

    @property
    def packages(self) -> tuple[LockedPackage, ...]:
        """Every wheel the transaction needs."""
        return tuple(step.package for step in self.steps if not isinstance(step, Remove))


LinkMode = Literal["reflink", "hardlink", "copy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was done, enough to roll back.

    :ivar id: the journal's id; ``previous`` the id of the receipt before, empty for the first.
    :ivar lock_hash: sha256 over the (name, version, wheel hash) rows of the lock that was installed.
    :ivar installed: (name, version, wheel sha256) rows of everything this receipt's lock owns.
    :ivar changes: (action, name, version) rows: ``install``, ``replace``, ``remove``.
    :ivar bytes_downloaded: over the network; ``bytes_installed`` laid out in the environment.
    :ivar timings: phase -> seconds.
    :ivar requested: names the project itself asked for; ``direct`` (name, URL) rows of those named by URL or path,
        with their whole ``direct_url.json`` in place of the URL where the wheel was built.
    :ivar built: (name, identity of the build) rows of wheels that were built from source.
    :ivar addresses: (wheel sha256, URL or path) rows of the wheels in ``installed``: where a rollback gets them again.
    """

    id: str
    created: str
    lock_hash: str
    link_mode: LinkMode = "copy"
    installed: tuple[tuple[str, str, str], ...] = ()
    changes: tuple[tuple[str, str, str], ...] = ()
    bytes_downloaded: int = 0
    bytes_installed: int = 0
    files: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)
    previous: str = ""
    requested: tuple[str, ...] = ()
    direct: tuple[tuple[str, str], ...] = ()
    built: tuple[tuple[str, str], ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one framework did when asked to compute.

    :ivar status: ``proved``; ``failed``; ``inconclusive`` when the device is not on this machine.
    :ivar device: where the kernel ran, such as ``cuda:0 NVIDIA H200`` or ``cpu``.
    :ivar detail: one factual sentence; ``architectures`` what the build holds code for.
    """

    framework: str
    version: str
    status: Literal["proved", "failed", "inconclusive"]
    device: str = ""
    detail: str = ""
    architectures: tuple[str, ...] = ()
    seconds: float = 0.0
