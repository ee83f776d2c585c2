"""What the verbs return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from accelinstall.model.finding import Finding
from accelinstall.model.hardware import Environment, HardwareReport
from accelinstall.model.installation import Proof, Receipt, Transaction
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.selection import Selected, Selection, Verdict
from accelinstall.model.target import Target
from accelinstall.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The hardware, and the environment it is best used as.

    :ivar left_out: what a record does not hold because it would identify the machine, as parts of a sentence.
    :ivar disk: free bytes where unpacked wheels are kept (``store``) and at the project (``target``); empty for a
        recorded host.
    """

    report: HardwareReport
    environment: Environment
    left_out: tuple[str, ...] = ()
    disk: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What was found, what fits, and why the rest does not."""

    report: HardwareReport
    selection: Selection
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One target's lock.

    :ivar text: the lock as PEP 751 text; ``path`` the file it stands in, empty for standard output.
    :ivar fresh: it was there already and still true, so nothing was asked of the network.
    :ivar written: the file was (re)written by this run.
    :ivar selected: what was chosen, with the exact versions of the lock.
    :ivar previous: the lock that stood in the file before, when it could be read.
    """

    lock: Lock
    text: str
    path: str
    fresh: bool
    written: bool = False
    selected: tuple[Selected, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()
    previous: Lock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """Whether one target's lock is still true.

    :ivar path: where the lock stands, or would.
    :ivar changes: sentences about what is different now, as far as that is known without network; empty when fresh.
    """

    target: Target
    path: str
    state: Literal["fresh", "stale", "missing", "broken"]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What was changed in one environment.

    :ivar environment: its prefix (where it would be, in a dry run).
    :ivar download_bytes: what had to come over the network, as far as sizes are known.
    :ivar disk_bytes: what the store grew by, about; ``missing``: hashes of the wheels it lacked.
    :ivar supply: (host, wheels, bytes) rows of what it lacked; the host is empty for files on this machine.
    :ivar receipt: ``None`` when there was nothing to do, and in a dry run; that of a rollback says what would be done.
    """

    environment: str
    lock: Lock
    transaction: Transaction
    download_bytes: int = 0
    unsized: int = 0
    disk_bytes: int = 0
    missing: frozenset[str] = frozenset()
    supply: tuple[tuple[str, int, int], ...] = ()
    dry_run: bool = False
    receipt: Receipt | None = None
    proof: tuple[Proof, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A folder of wheel files.

    :ivar packages: what lies there now with the locked hash; ``brought``: the file names that this run added.
    :ivar locks: the lock files that name them.
    """

    folder: str
    packages: tuple[LockedPackage, ...]
    brought: tuple[str, ...] = ()
    bytes_downloaded: int = 0
    locks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimized:
    """The whole story of one run."""

    report: HardwareReport
    locked: Locked
    synced: Synced

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything anybody had to say, without repetition."""
        return tuple(dict.fromkeys((*self.locked.findings, *self.synced.findings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """The store after ``cache``; sizes in bytes.

    :ivar spared: wheels that environments may need to go back to, so that pruning left them.
    :ivar damaged: one sentence per stored file that is not what its wheel brought.
    :ivar affected: the library folders of environments that were made from damaged wheels.
    """

    directory: str
    wheels: int
    bytes: int
    removed: int = 0
    removed_bytes: int = 0
    spared: int = 0
    damaged: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
