"""From a lock to an environment that is proved to compute."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from accelinstall import events
from accelinstall.errors import LockError
from accelinstall.model.installation import Interpreter, Proof, Receipt, Replace, Transaction
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.variants import split_label
from accelinstall.pipeline.building import settle, with_wheels
from accelinstall.pipeline.goal import ExclusiveFamilies, Goal
from accelinstall.pipeline.measuring import Counter, Stopwatch
from accelinstall.pipeline.outcomes import Locked, Synced
from accelinstall.pipeline.places import Place
from accelinstall.pipeline.reading import read_project
from accelinstall.pipeline.roots import Builders, root_of
from accelinstall.pipeline.session import Session, cache_directory
from accelinstall.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accelinstall.installation import Hold
    from accelinstall.model.hardware import HardwareReport
    from accelinstall.model.store import StoreEntry
    from accelinstall.pipeline.request import Request

# Distributions that can be asked to compute.
FRAMEWORKS = frozenset(
    "torch tensorflow tensorflow-cpu tensorflow-rocm tensorflow-macos jax onnxruntime onnxruntime-gpu "
    "onnxruntime-directml onnxruntime-openvino onnxruntime-migraphx onnxruntime-rocm ai-edge-litert".split()
)
# A store may be emptied as often as that, wheel by wheel, while it is installed from.
_ATTEMPTS = 5


class LockedForOtherTarget(LockError):
    """A lock made for one target is being installed on another."""

    code = "locked-for-other-target"

    def __init__(self, *, locked: str, actual: str, reason: str) -> None:
        super().__init__(f"the lock is for {locked}, this environment is {actual}: {reason}")
        self.locked, self.actual = locked, actual

    @property
    def hint(self) -> str:
        """Lock for this environment instead."""
        return f"accelinstall lock --target {self.locked.partition('-')[0]}-{self.actual}"


def install_lock(
    locked: Locked,
    request: Request,
    place: Place,
    session: Session,
    *,
    owned_only: bool = False,
    groups: tuple[str, ...] | None = None,
) -> Synced:
    """Makes the environment what the lock says, and proves it.

    :param owned_only: remove only what an earlier receipt of ours put there (``optimize``).
    :param groups: the groups to install; ``None`` = those the request's profile takes.
    :raises AccelinstallError: and the environment is as before.
    """
    whole = locked.lock
    ensure_lock_fits(whole, place.interpreter)
    lock = replace(whole, packages=whole.packages_of(groups or profile_groups(whole, request)))
    root = root_of(request)
    builders = Builders(request, place, session, root=root)
    lock = settle(root.beside(lock), receipt=builders.receipt, builder=builders)
    goal = Goal(lock=lock, root=root.name, exact=request.exact and not owned_only, removes_owned=request.exact)
    transaction = goal.difference(place.interpreter) if place.plan.exists else goal.difference(None)
    synced = _planned(locked, lock, transaction, place, session)
    if request.dry_run:
        synced = replace(synced, dry_run=True)
    session.progress(events.Reached(stage="planned", value=synced))
    _tell_conda_replaced(transaction, session)
    if request.dry_run:
        return synced
    receipt, interpreter = None, place.interpreter
    if transaction.steps or not place.plan.exists:
        lock = with_wheels(lock, transaction, session, build=builders.build)
        if lock is not goal.lock:
            goal = replace(goal, lock=lock)
            transaction = goal.difference(place.interpreter if place.plan.exists else None)
            synced = replace(synced, lock=lock, transaction=transaction)
        receipt, interpreter = _carry_out(goal, transaction, request, place, session)
    proof = _prove(lock, interpreter, request, session) if request.prove else ()
    return replace(synced, receipt=receipt, proof=proof)


def _tell_conda_replaced(transaction: Transaction, session: Session) -> None:
    """A warning about what conda installed and this transaction replaces."""
    replaced = [step for step in transaction.steps if isinstance(step, Replace)]
    names = [step.installed.name for step in replaced if step.installed.installer == "conda"]
    if names:
        message = f"conda installed {', '.join(names)} and will not know of the replacement"
        hint = f"take them out of conda's records: conda remove --force {' '.join(names)}, then run this again"
        session.progress(events.Note(level="warning", code="conda-replaced", message=message, hint=hint))


def ensure_lock_fits(lock: Lock, interpreter: Interpreter) -> None:
    """Refuses a lock whose wheels this interpreter cannot use.

    :raises LockedForOtherTarget: with the first wheel that does not fit.
    :raises PythonMismatch: when it is another Python than the lock requires.
    """
    from accelinstall.environment import ensure_fits

    target = lock.target
    actual = f"{interpreter.platform}-{interpreter.python}"
    locked = f"{target.platform}-{target.python}"
    if locked != actual:
        raise LockedForOtherTarget(locked=target.slug, actual=actual, reason="platform or Python differ")
    if not _is_plainly_met(lock.requires_python, interpreter.version):
        ensure_fits(interpreter, requires_python=lock.requires_python)
    if target.libc == interpreter.libc or _is_older_glibc(target.libc, interpreter.libc):
        return
    from packaging.utils import parse_wheel_filename

    here = replace(target, libc=interpreter.libc)
    accepted = frozenset(here.tags())
    for package in lock.packages:
        if package.is_unbuilt:
            continue
        if not parse_wheel_filename(split_label(package.filename)[0])[3] & accepted:
            reason = f"{package.filename} does not fit {interpreter.libc or interpreter.platform}"
            raise LockedForOtherTarget(locked=target.slug, actual=actual, reason=reason)


def _is_plainly_met(required: str, version: str) -> bool:
    """Whether *version* meets a plain ``>=3.11``; anything else is for ``packaging``, whose import takes 10 ms."""
    least = required.removeprefix(">=").strip().split(".")
    have = version.split(".")
    if not required.startswith(">=") or not all(map(str.isdigit, (*least, *have))):
        return False
    return list(map(int, least)) <= list(map(int, have))


def _is_older_glibc(locked: str, here: str) -> bool:
    """Whether wheels for the glibc *locked* all run on the glibc *here*: a newer one accepts every older tag."""
    numbers = []
    for libc in (locked, here):
        kind, _, version = libc.partition("-")
        if kind != "glibc" or not all(map(str.isdigit, version.split("."))):
            return False
        numbers.append(list(map(int, version.split("."))))
    return numbers[0] <= numbers[1]


def _planned(locked: Locked, lock: Lock, transaction: Transaction, place: Place, session: Session) -> Synced:
    """What will happen, with what has to come over the network."""
    missing = [package for package in transaction.packages if not session.store.holds(package.sha256)]
    supply: dict[str, list[LockedPackage]] = {}
    for package in missing:
        supply.setdefault(_place_of(package, session), []).append(package)
    remote = [package for place, packages in supply.items() if place for package in packages]
    return Synced(
        environment=place.interpreter.prefix if place.plan.exists else place.plan.path,
        lock=lock,
        transaction=transaction,
        download_bytes=sum(package.size or 0 for package in remote),
        unsized=sum(package.size is None for package in remote),
        disk_bytes=session.store.unpacked_size(missing, {}),
        supply=tuple(
            (place, len(packages), sum(package.size or 0 for package in packages))
            for place, packages in sorted(supply.items())
        ),
        missing=frozenset(package.sha256 for package in missing),
        findings=locked.findings,
    )


def _place_of(package: LockedPackage, session: Session) -> str:
    """The host that *package* comes from; empty for files on this machine."""
    address = session.address(package)
    if package.path or not address or address.startswith("file:"):
        return ""
    return address.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _carry_out(
    goal: Goal, planned: Transaction, request: Request, place: Place, session: Session
) -> tuple[Receipt | None, Interpreter]:
    """Fetches, makes the environment when it is missing, and commits; no receipt when another run was faster."""
    from accelinstall.environment import open_environment
    from accelinstall.installation import ensure_space, hold_environment
    from accelinstall.store.environments import remember_environment

    store = session.store
    clock, counter = Stopwatch(), Counter(session.progress)
    entries = store.find(planned.packages)
    ensure_space(place.plan.path, store=store.directory, needed=lambda: _size(planned, entries, session))
    entries |= _fetch_missing(planned, entries, goal.lock, session, counter)
    clock.lap("download")
    interpreter = open_environment(place.plan, cache_directory=cache_directory(request), progress=session.progress)
    clock.lap("environment")
    with hold_environment(interpreter, progress=session.progress) as hold:
        # Another run may have changed the environment while this one was downloading or waiting for it.
        transaction = goal.difference(interpreter)
        entries |= _fetch_missing(transaction, entries, goal.lock, session, counter)
        if not transaction.steps:
            if planned.steps:
                message = "another run has just installed the same"
                session.progress(events.Note(level="info", code="already-installed", message=message))
            return None, interpreter
        remember_environment(store, os.path.realpath(interpreter.schemes["purelib"]))
        receipt = _execute(goal, transaction, entries, request, session, interpreter, clock, counter, hold)
    return receipt, interpreter


def _execute(
    goal: Goal,
    transaction: Transaction,
    entries: Mapping[str, StoreEntry],
    request: Request,
    session: Session,
    interpreter: Interpreter,
    clock: Stopwatch,
    counter: Counter,
    hold: Hold,
) -> Receipt:
    """The receipt of *transaction*; what leaves the store before it is laid out is fetched again."""
    from accelinstall.installation import StoreEntryGone, execute

    compiles = request.compile_bytecode
    for left in reversed(range(_ATTEMPTS)):
        try:
            return execute(
                transaction,
                entries=entries,
                interpreter=interpreter,
                lock=goal.lock,
                progress=session.progress,
                compile_bytecode=request.groups.profile == "production" if compiles is None else compiles,
                link_mode=request.link_mode,
                exclusive=ExclusiveFamilies(),
                timings=clock.laps,
                bytes_downloaded=counter.total,
                hold=hold,
            )
        except StoreEntryGone:
            if not left:
                raise
        # Somebody has emptied the store meanwhile; the environment is as before.
        entries = dict(session.store.find(transaction.packages))
        entries |= _fetch_missing(transaction, entries, goal.lock, session, counter)
    raise AssertionError("the last attempt returns or raises")


def _size(transaction: Transaction, entries: Mapping[str, StoreEntry], session: Session) -> int:
    """Bytes that *transaction* lays out; those of large wheels that *entries* lack are asked for."""
    missing = [package for package in transaction.packages if package.sha256 not in entries]
    addresses = {package.sha256: session.address(package) for package in missing}
    if missing and not session.is_offline:
        session.store.look_ahead(missing, http=session.http, addresses=addresses)
    return session.store.unpacked_size(transaction.packages, entries)


def _fetch_missing(
    transaction: Transaction,
    entries: Mapping[str, StoreEntry],
    lock: Lock,
    session: Session,
    progress: events.Progress,
) -> Mapping[str, StoreEntry]:
    """What *entries* lack; when they lack nothing, no client is opened and none of its libraries imported.

    :raises MetadataDisagrees: for a wheel that asks for more than *lock* knows; the store keeps none such.
    """
    missing = [package for package in transaction.packages if package.sha256 not in entries]
    if not missing:
        return {}
    from accelinstall.pipeline.agreement import disagreements
    from accelinstall.store import StoreVanished

    try:
        fetched = session.store.fetch(missing, http=session.http, progress=progress, address=session.address)
    except StoreVanished:  # the store is made again once; who empties it twice is told
        fetched = session.store.fetch(missing, http=session.http, progress=progress, address=session.address)
    wrong = disagreements(missing, fetched, lock)
    for error in wrong:
        session.store.evict(error.package.sha256)
    if wrong:
        raise wrong[0]
    return fetched


def _prove(lock: Lock, interpreter: Interpreter, request: Request, session: Session) -> tuple[Proof, ...]:
    """What each framework of the lock computes; remembered until lock, target or hardware change."""
    frameworks = [package.name for package in lock.packages if package.name in FRAMEWORKS]
    if not frameworks:
        return ()
    from accelinstall.hardware import LocalHost, detect
    from accelinstall.installation import lock_hash
    from accelinstall.proof import fresh_proof, prove, write_proof

    here = detect(LocalHost()) if request.host else session.machine
    key = {"lock_hash": lock_hash(lock), "target": str(lock.target), "hardware": _fingerprint(here)}
    known = fresh_proof(interpreter, **key)
    if known is not None:
        return known
    proofs = prove(interpreter, frameworks, target=lock.target, progress=session.progress)
    write_proof(interpreter, proofs, **key)
    return proofs


def _fingerprint(report: HardwareReport) -> str:
    """Text that changes with the devices and their drivers."""
    rows = [f"{device.name} {device.architecture} {device.driver} {device.usable}" for device in report.devices]
    return "; ".join([*sorted(rows), report.cpu.model, report.cpu.level])


def profile_groups(lock: Lock, request: Request) -> tuple[str, ...]:
    """The groups the request's profile takes from a lock; all of them for a lock given by its file."""
    asked = request.groups
    if request.lock_file and asked == type(asked)():
        return lock.groups
    from accelinstall.project import choose_groups

    choice = choose_groups(
        read_project(request),
        environment=lock.target.environment,
        profile=asked.profile or "development",
        with_=asked.with_,
        without=asked.without,
        only=asked.only,
    )
    return choice.groups
