"""What an environment shall hold, and the steps to get there from what it holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from accelinstall.model.installation import Interpreter, Inventory, Transaction
from accelinstall.model.lock import Lock
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What an environment shall hold.

    :ivar root: name of the project itself, which stays where it is installed; empty when it is no package.
    :ivar exact: remove what the lock does not name.
    :ivar removes_owned: otherwise remove at least what an earlier receipt of ours put there.
    """

    lock: Lock
    root: str = ""
    exact: bool
    removes_owned: bool

    def difference(self, interpreter: Interpreter | None) -> Transaction:
        """The steps from what is installed now; ``None`` = nothing is, the environment is not made yet."""
        from accelinstall.transaction import PROTECTED, diff

        if interpreter is None:
            return diff(Inventory(), self.lock, exact=self.exact)
        from accelinstall.environment import read_inventory
        from accelinstall.installation import latest_receipt

        inventory = read_inventory(interpreter)
        latest = latest_receipt(interpreter) if self.removes_owned else None
        return diff(
            inventory,
            self.lock,
            exact=self.exact,
            protected=PROTECTED | _own_packages(interpreter, inventory) | _condas(inventory) | {self.root},
            owned=frozenset(name for name, _, _ in latest.installed) if latest else frozenset(),
            exclusive=ExclusiveFamilies() if self.removes_owned else (),
        )


class ExclusiveFamilies:
    """The catalog's families of which only one member may be installed; read when two packages really collide."""

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        from accelinstall.catalog import load_catalog

        return iter([(family.head, *family.members) for family in load_catalog().families if family.exclusive])


def _condas(inventory: Inventory) -> frozenset[str]:
    """What conda has installed: its own records would go on naming files that are gone."""
    return frozenset(item.name for item in inventory.distributions if item.installer == "conda")


def _own_packages(interpreter: Interpreter, inventory: Inventory) -> frozenset[str]:
    """accelinstall and what it needs, when the environment is the one it runs from."""
    import sys

    if os.path.realpath(interpreter.prefix) != os.path.realpath(sys.prefix):
        return frozenset()
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    reached: set[str] = set()
    waiting = ["accelinstall"]
    while waiting:
        name = waiting.pop()
        if name in reached or (name != "accelinstall" and inventory.get(name) is None):
            continue
        reached.add(name)
        try:
            texts = requires(name) or []
        except PackageNotFoundError:
            continue
        waiting += [canonicalize_name(Requirement(text).name) for text in texts if "extra ==" not in text]
    return frozenset(reached)
