"""What one lock changes against the one before."""

from __future__ import annotations

from typing import Literal

from accelinstall.model.lock import Lock
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LockChange:
    """One package that is not locked as it was.

    :ivar before: its version until now, empty when it is new; ``after`` the one from now on, empty when it is gone.
        Where both are the same, another file of that version is taken.
    """

    action: Literal["add", "remove", "change"]
    name: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.action == "add":
            return f"+ {self.name} {self.after}"
        if self.action == "remove":
            return f"- {self.name} {self.before}"
        if self.before == self.after:
            return f"~ {self.name} {self.after} (another file)"
        return f"~ {self.name} {self.before} -> {self.after}"


def diff_locks(before: Lock | None, after: Lock) -> tuple[LockChange, ...]:
    """What *after* changes, by name; ``None`` = nothing was locked before."""
    old = {} if before is None else {package.name: package for package in before.packages}
    new = {package.name: package for package in after.packages}
    changes = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            changes.append(LockChange(action="add", name=name, after=new[name].version))
        elif name not in new:
            changes.append(LockChange(action="remove", name=name, before=old[name].version))
        elif (old[name].version, old[name].sha256) != (new[name].version, new[name].sha256):
            changes.append(LockChange(action="change", name=name, before=old[name].version, after=new[name].version))
    return tuple(changes)
