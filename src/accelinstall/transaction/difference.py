"""The difference between what is installed and what is locked, and its application to values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Set

from accelinstall.model.installation import (
    Install,
    InstalledDistribution,
    Inventory,
    Remove,
    Replace,
    Step,
    Transaction,
)
from accelinstall.model.lock import Lock, LockedPackage

PROTECTED = frozenset({"pip", "setuptools", "wheel"})
"""What an environment keeps although no lock names it: it came with the environment."""


def diff(
    inventory: Inventory,
    lock: Lock,
    *,
    exact: bool,
    protected: frozenset[str] = PROTECTED,
    owned: frozenset[str] = frozenset(),
    exclusive: Iterable[Collection[str]] = (),
) -> Transaction:
    """The steps that turn *inventory* into *lock*, sorted by name, and what stays.

    :param exact: remove whatever the lock does not name; otherwise only what *owned* names.
    :param protected: canonical names that are never removed, though a lock may replace them.
    :param owned: canonical names that an earlier receipt of ours put there.
    :param exclusive: families that write the same folder, such as onnxruntime's: where the lock wants a member, others
        that are there go, and the wanted one is laid out afresh, because they have written over each other.

    A name installed twice (the leftover of a broken uninstall) keeps the distribution that fits; the others go.
    """
    wanted = {package.name: package for package in lock.packages}
    present: dict[str, list[InstalledDistribution]] = {}
    for installed in inventory.distributions:
        present.setdefault(installed.name, []).append(installed)

    rivals, disturbed = _rivals(wanted.keys(), present.keys() - wanted.keys(), exclusive)
    steps: list[Step] = []
    kept: list[InstalledDistribution] = []
    for name in sorted(wanted.keys() | present.keys()):
        copies = present.get(name, [])
        if name in wanted:
            stays = _step_for(wanted[name], copies, steps, afresh=name in disturbed)
        elif name not in protected and (exact or name in owned or name in rivals):
            stays = []
            steps += [Remove(installed=copy) for copy in copies]
        else:
            stays = copies
        kept += stays
    return Transaction(steps=tuple(steps), kept=tuple(kept))


def _rivals(
    wanted: Set[str], unwanted: Set[str], exclusive: Iterable[Collection[str]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Members of exclusive families that are there beside a wanted one, and the wanted ones they disturb."""
    rivals: set[str] = set()
    disturbed: set[str] = set()
    for family in exclusive if unwanted else ():
        there = unwanted & set(family)
        if there and wanted & set(family):
            rivals |= there
            disturbed |= wanted & set(family)
    return frozenset(rivals), frozenset(disturbed)


def _step_for(
    package: LockedPackage, copies: list[InstalledDistribution], steps: list[Step], *, afresh: bool
) -> list[InstalledDistribution]:
    if not copies:
        steps.append(Install(package=package))
        return []
    same = next((copy for copy in copies if is_same(copy, package)), None)
    survivor = same or copies[0]
    if same is None or afresh:
        steps.append(Replace(package=package, installed=survivor))
    steps += [Remove(installed=copy) for copy in copies if copy is not survivor]
    return [] if same is None or afresh else [same]


def is_same(installed: InstalledDistribution, package: LockedPackage) -> bool:
    """Whether *installed* is *package*: name and version equal, and the wheel's hash where the environment knows it.

    A folder or a commit may give other files under the same version, so what another tool has put there is not it.
    """
    if installed.name != package.name or not _equal_versions(installed.version, package.version):
        return False
    if package.origin is not None and package.direct and not installed.sha256:
        return False
    return not installed.sha256 or not package.sha256 or installed.sha256 == package.sha256


def _equal_versions(one: str, other: str) -> bool:
    if one == other:
        return True
    # Old METADATA spells versions freely ("1.0-beta"); asked only when the texts differ, as packaging takes 20 ms.
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def apply(inventory: Inventory, transaction: Transaction) -> Inventory:
    """*inventory* as it is once *transaction* has been executed; new distributions carry no location yet."""
    gone = Counter(step.installed for step in transaction.steps if not isinstance(step, Install))
    stays = []
    for item in inventory.distributions:
        if gone[item]:
            gone[item] -= 1
        else:
            stays.append(item)
    new = [
        InstalledDistribution(name=package.name, version=package.version, sha256=package.sha256)
        for package in transaction.packages
    ]
    return Inventory(distributions=tuple(sorted([*stays, *new], key=lambda item: item.name)))
