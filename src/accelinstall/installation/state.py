"""What we remember about an environment, in ``<purelib>/.accelinstall``: lock, journal, receipts, trash, staging."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from accelinstall import events, fs
from accelinstall.installation.errors import from_os_error
from accelinstall.installation.records import slashed
from accelinstall.model.installation import Interpreter, Receipt
from accelinstall.model.lock import Lock
from accelinstall.model.receipts import RECEIPTS_FOLDER, STATE_FOLDER, newest_receipt_file, parse_receipt
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """The paths of one environment's memory; *root* is its folder, absolute and without links."""

    root: str

    @property
    def lock(self) -> str:
        """Held by whoever changes the environment."""
        return f"{self.root}/lock"

    @property
    def journal(self) -> str:
        """There while a commit is under way, and after one was interrupted."""
        return f"{self.root}/journal"

    @property
    def receipts(self) -> str:
        """One file per transaction."""
        return f"{self.root}/{RECEIPTS_FOLDER}"

    @property
    def trash(self) -> str:
        """Displaced files, one folder per transaction."""
        return f"{self.root}/trash"

    @property
    def staging(self) -> str:
        """New files until they are committed, one folder per transaction."""
        return f"{self.root}/staging"


def state_of(interpreter: Interpreter) -> State:
    """Where the interpreter's environment keeps its memory; nothing is read but links."""
    return State(f"{slashed(os.path.realpath(interpreter.schemes['purelib']))}/{STATE_FOLDER}")


@dataclass(frozen=True, slots=True)
class Hold:
    """Proof that this process alone may change the environment; pass it on instead of taking the lock twice."""

    state: State


@contextmanager
def hold_environment(
    interpreter: Interpreter, *, hold: Hold | None = None, progress: events.Progress = events.ignore
) -> Iterator[Hold]:
    """The environment for this process alone, until the block ends; waits, with a note, while another has it.

    :param hold: what the caller has already; it is passed on, and stays the caller's.
    :raises InstallationError: when the environment cannot be written to.
    """
    if hold is not None:
        yield hold
        return
    state = state_of(interpreter)
    try:
        os.makedirs(state.root, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, path=os.path.dirname(state.root)) from error

    def say() -> None:
        message = f"another process is changing `{interpreter.prefix}`; waiting for it"
        progress(events.Note(level="info", code="environment-locked", message=message))

    lock = fs.directory_lock(state.lock, on_wait=say)
    try:
        lock.__enter__()
    except OSError as error:
        raise from_os_error(error, path=state.root) from error
    try:
        yield Hold(state)
    finally:
        lock.__exit__(None, None, None)


def latest_receipt(interpreter: Interpreter) -> Receipt | None:
    """What the last transaction of ours did, or ``None`` when there was none that can be read."""
    state = state_of(interpreter)
    try:
        newest = newest_receipt_file(os.listdir(state.receipts))
    except OSError:
        return None
    return _read_receipt(os.path.join(state.receipts, newest)) if newest else None


def read_receipts(interpreter: Interpreter) -> tuple[Receipt, ...]:
    """Every transaction of ours, newest first."""
    state = state_of(interpreter)
    with suppress(OSError):
        names = sorted((name for name in os.listdir(state.receipts) if name.endswith(".json")), reverse=True)
        found = (_read_receipt(os.path.join(state.receipts, name)) for name in names)
        return tuple(receipt for receipt in found if receipt)
    return ()


def _read_receipt(path: str) -> Receipt | None:
    try:
        with open(path, encoding="utf-8") as file:
            return parse_receipt(file.read())
    except (OSError, ValueError):
        return None


def new_id(previous: Receipt | None) -> str:
    """An id that sorts after *previous*, whatever the clock says."""
    number = int(previous.id[:6]) + 1 if previous else 1
    return f"{number:06}-{os.urandom(4).hex()}"


def lock_hash(lock: Lock) -> str:
    """sha256 over the (name, version, wheel hash) rows of *lock*: equal when the same wheels are installed."""
    import hashlib

    rows = "".join(f"{item.name} {item.version} {item.sha256}\n" for item in lock.packages)
    return hashlib.sha256(rows.encode()).hexdigest()
