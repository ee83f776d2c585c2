"""A transaction, carried out."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from accelinstall import events
from accelinstall.installation.change import Change, Manner, carry_out
from accelinstall.installation.errors import StoreEntryGone
from accelinstall.installation.recovery import clean, recover
from accelinstall.installation.state import Hold, hold_environment, latest_receipt, lock_hash, new_id
from accelinstall.model.installation import (
    Install,
    InstalledDistribution,
    Interpreter,
    LinkMode,
    Receipt,
    Remove,
    Step,
    Transaction,
)
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import render_direct_url
from accelinstall.model.store import StoreEntry


def execute(
    transaction: Transaction,
    *,
    entries: Mapping[str, StoreEntry],
    interpreter: Interpreter,
    lock: Lock,
    progress: events.Progress = events.ignore,
    link_mode: LinkMode | None = None,
    compile_bytecode: bool = False,
    requested: Collection[str] | None = None,
    exclusive: Iterable[Collection[str]] = (),
    timings: Mapping[str, float] | None = None,
    bytes_downloaded: int = 0,
    hold: Hold | None = None,
) -> Receipt:
    """The receipt of *transaction*, once the environment is changed; the last receipt when there is nothing to do.

    Everything is staged first, so the environment is as before whenever this raises, and after a kill the next
    :func:`recover` makes it exactly old or exactly new.

    :param entries: wheel sha256 -> unpacked wheel, for every package the transaction brings.
    :param link_mode: how files get there; ``None`` = the cheapest that works, found by trial.
    :param compile_bytecode: also make ``__pycache__`` files, in parallel.
    :param requested: canonical names that get the mark REQUESTED; ``None`` = the lock's roots.
    :param exclusive: sets of canonical names of which only one may be installed: different content for one path is
        then an error, elsewhere a warning.
    :param timings: seconds of earlier phases, for the receipt; likewise *bytes_downloaded*.
    :param hold: from :func:`hold_environment`, when the caller has it already.
    :raises InstallationError: when the environment could not be changed.
    """
    with hold_environment(interpreter, hold=hold, progress=progress) as held:
        recover(interpreter, hold=held, progress=progress)
        clean(held.state)
        previous = latest_receipt(interpreter)
        digest = lock_hash(lock)
        if not transaction.steps and previous and previous.lock_hash == digest:
            return previous
        change = Change(
            coming=tuple((package, _entry(package, entries)) for package in transaction.packages),
            going=tuple(step.installed for step in transaction.steps if not isinstance(step, Install)),
            kept=transaction.kept,
        )
        roots = lock.roots if requested is None else requested
        receipt = Receipt(
            id=new_id(previous),
            created=timestamp(),
            lock_hash=digest,
            installed=installed_rows(transaction.packages, transaction.kept),
            changes=tuple(_change(step) for step in transaction.steps),
            bytes_downloaded=bytes_downloaded,
            timings=dict(timings or {}),
            previous=previous.id if previous else "",
            requested=tuple(sorted(roots)),
            direct=tuple((package.name, _address(package)) for package in lock.packages if package.direct),
            built=built_rows(lock.packages),
            addresses=address_rows(transaction.packages, transaction.kept, previous),
        )
        manner = Manner(
            link_mode=link_mode, compile_bytecode=compile_bytecode, requested=frozenset(roots), exclusive=exclusive
        )
        return carry_out(change, receipt, hold=held, interpreter=interpreter, manner=manner, progress=progress)


def installed_rows(
    packages: Sequence[LockedPackage], kept: Sequence[InstalledDistribution]
) -> tuple[tuple[str, str, str], ...]:
    """What is ours afterwards: what comes now, and what stays and came from a wheel of ours."""
    rows = [(package.name, package.version, package.sha256) for package in packages]
    rows += [(item.name, item.version, item.sha256) for item in kept if item.sha256]
    return tuple(sorted(rows))


def built_rows(packages: Sequence[LockedPackage]) -> tuple[tuple[str, str], ...]:
    """(name, identity of the build) of every package whose wheel was built here."""
    return tuple((package.name, package.build_id) for package in packages if package.build_id)


def _address(package: LockedPackage) -> str:
    """What a receipt remembers of a package that was named by URL or path; the whole document where it was built."""
    return render_direct_url(package).decode() if package.origin else package.url or package.path


def address_rows(
    packages: Sequence[LockedPackage], kept: Sequence[InstalledDistribution], *known: Receipt | None
) -> tuple[tuple[str, str], ...]:
    """Where each wheel that is ours afterwards came from, as *packages* or one of the *known* receipts tell.

    Wheels that were built have none: their address is that of the source.
    """
    found = {sha256: address for receipt in known if receipt for sha256, address in receipt.addresses}
    ours = {package.sha256: package.url or package.path for package in packages if not package.build_id}
    ours |= {item.sha256: found.get(item.sha256, "") for item in kept if item.sha256 not in ours}
    return tuple(sorted((sha256, address) for sha256, address in ours.items() if sha256 and address))


def timestamp() -> str:
    """Now, as receipts write it: UTC, ISO 8601, seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _entry(package: LockedPackage, entries: Mapping[str, StoreEntry]) -> StoreEntry:
    entry = entries.get(package.sha256)
    if entry is None:
        raise StoreEntryGone(package.name, package.version, path=package.sha256)
    return entry


def _change(step: Step) -> tuple[str, str, str]:
    if isinstance(step, Remove):
        return ("remove", step.installed.name, step.installed.version)
    action = "install" if isinstance(step, Install) else "replace"
    return (action, step.package.name, step.package.version)
