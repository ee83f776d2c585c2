"""Back to the state before the last transaction: our wheels from the store, or from where they once came; other tools'
files from the trash."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from accelinstall import events
from accelinstall.installation.change import Change, Manner, carry_out
from accelinstall.installation.errors import EnvironmentChanged, NothingToRollBack, RollbackIncomplete
from accelinstall.installation.execution import address_rows, installed_rows, timestamp
from accelinstall.installation.journal import Journal
from accelinstall.installation.records import absolute_path, parse_record, slashed
from accelinstall.installation.recovery import clean, recover
from accelinstall.installation.state import Hold, hold_environment, new_id, read_receipts
from accelinstall.model.installation import InstalledDistribution, Interpreter, Inventory, LinkMode, Receipt
from accelinstall.model.lock import LockedPackage
from accelinstall.model.origin import origin_from
from accelinstall.model.store import StoreEntry
from accelinstall.values import replace


def rollback(
    interpreter: Interpreter,
    *,
    inventory: Inventory,
    find: Callable[[str], StoreEntry | None],
    fetch: Callable[[Sequence[LockedPackage]], Mapping[str, StoreEntry]] | None = None,
    progress: events.Progress = events.ignore,
    link_mode: LinkMode | None = None,
    compile_bytecode: bool = False,
    dry_run: bool = False,
    hold: Hold | None = None,
) -> Receipt:
    """The receipt of a new transaction that undoes the last one; undoing that again brings it back.

    :param inventory: what is installed now.
    :param find: wheel sha256 -> unpacked wheel, such as ``Store.get``.
    :param fetch: gets wheels that *find* does not know, from where they once came; ``None`` = they cannot be had.
    :param dry_run: only tell what the receipt would say.
    :raises NothingToRollBack: when no transaction of ours is on record.
    :raises RollbackIncomplete: when what the earlier state needs is neither stored nor to be fetched.
    :raises InstallationError: when the environment could not be changed; it is then as before.
    """
    with hold_environment(interpreter, hold=hold, progress=progress) as held:
        recover(interpreter, hold=held, progress=progress)
        clean(held.state)
        receipts = read_receipts(interpreter)
        undone = next((receipt for receipt in receipts if receipt.changes), None)
        if undone is None:
            raise NothingToRollBack(interpreter.prefix)
        earlier = next((receipt for receipt in receipts if receipt.id == undone.previous), None)
        change, packages, foreign = _change(receipts[0], undone, earlier, inventory, held)
        entries, missing = _stored(packages, find, can_fetch=fetch is not None)
        receipt = _receipt(receipts[0], earlier, packages, foreign, change)
        if dry_run:
            return receipt
        if missing and fetch:
            entries |= fetch(missing)
        change = replace(change, coming=tuple((package, entries[package.sha256]) for package in packages))
        requested = frozenset(receipt.requested)
        manner = Manner(link_mode=link_mode, compile_bytecode=compile_bytecode, requested=requested)
        return carry_out(change, receipt, hold=held, interpreter=interpreter, manner=manner, progress=progress)


def _stored(
    packages: Sequence[LockedPackage], find: Callable[[str], StoreEntry | None], *, can_fetch: bool
) -> tuple[dict[str, StoreEntry], list[LockedPackage]]:
    """The wheels that are stored, and those that have to be fetched.

    :raises RollbackIncomplete: when one of these cannot be.
    """
    entries = {package.sha256: entry for package in packages if (entry := find(package.sha256))}
    missing = [package for package in packages if package.sha256 not in entries]
    gone = [package for package in missing if not can_fetch or not (package.url or package.path)]
    if gone:
        raise RollbackIncomplete([f"{package.name} {package.version}" for package in gone])
    return entries, missing


def _receipt(
    latest: Receipt,
    earlier: Receipt | None,
    packages: Sequence[LockedPackage],
    foreign: Sequence[tuple[str, str]],
    change: Change,
) -> Receipt:
    """What will be on record once *change* is made; what *earlier* knew of its lock holds again."""
    return Receipt(
        id=new_id(latest),
        created=timestamp(),
        lock_hash=earlier.lock_hash if earlier else "",
        installed=installed_rows(packages, change.kept),
        changes=_changes(packages, foreign, change.going),
        previous=latest.id,
        requested=earlier.requested if earlier else (),
        direct=earlier.direct if earlier else (),
        built=earlier.built if earlier else (),
        addresses=address_rows(packages, change.kept, latest),
    )


def _change(
    latest: Receipt,
    undone: Receipt,
    earlier: Receipt | None,
    inventory: Inventory,
    hold: Hold,
) -> tuple[Change, tuple[LockedPackage, ...], list[tuple[str, str]]]:
    """What to do, the wheels for it, and the (name, version) rows of other tools' distributions that come back."""
    before = {row[0]: row for row in (earlier.installed if earlier else ())}
    now = {row[0]: row for row in latest.installed}
    going = [_installed(row, inventory) for name, row in sorted(now.items()) if before.get(name) != row]
    # What another tool had put there and the undone transaction brought back, it takes away again.
    came = {name for action, name, _ in undone.changes if action != "remove"} - now.keys()
    going += [item for item in inventory.distributions if item.name in came | (before.keys() - now.keys())]
    direct = dict(earlier.direct if earlier else ())
    addresses = dict(earlier.addresses if earlier else ())
    coming = [
        _package(row, direct.get(name, ""), addresses.get(row[2], ""))
        for name, row in sorted(before.items())
        if now.get(name) != row
    ]
    displaced = [row[1] for row in undone.changes if row[0] != "install" and row[1] not in before]
    restored, foreign, lost = _from_trash(displaced, undone, hold)
    if lost:
        raise RollbackIncomplete([f"{name} (from another tool)" for name in lost])
    gone = set(going)
    kept = tuple(item for item in inventory.distributions if item not in gone)
    return Change(going=tuple(going), kept=kept, restored=tuple(restored)), tuple(coming), foreign


def _installed(row: tuple[str, str, str], inventory: Inventory) -> InstalledDistribution:
    for item in inventory.distributions:
        if (item.name, item.version, item.sha256) == row:
            return item
    raise EnvironmentChanged(
        f"{row[0]} {row[1]} is no longer as the last transaction left it",
        hint="install the earlier lock again: accelinstall sync PYLOCK",
    )


def _package(row: tuple[str, str, str], direct: str, address: str) -> LockedPackage:
    name, version, sha256 = row
    if direct.startswith("{"):
        return LockedPackage(
            name=name, version=version, filename="", sha256=sha256, direct=True, origin=origin_from(json.loads(direct))
        )
    address = address or direct
    path = address if os.path.isabs(address) else ""
    return LockedPackage(
        name=name,
        version=version,
        filename=os.path.basename(path) or unquote(urlsplit(address).path.rpartition("/")[2]),
        sha256=sha256,
        url="" if path else address,
        path=path,
        direct=bool(direct),
    )


def _from_trash(
    names: Sequence[str], undone: Receipt, hold: Hold
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """(trash file, target) pairs that bring *names* and unowned files back; what comes back; names that are lost."""
    trash = os.path.join(hold.state.trash, undone.id)
    try:
        with open(os.path.join(trash, "moves.json"), encoding="utf-8") as file:
            journal = Journal.parse(file.read(), hold.state.root)
    except (OSError, ValueError):
        return [], [], sorted(names)
    moved = {move.source: move.target for move in journal.moves if move.kind == "displace"}
    found = {path: moved[path] for path in journal.unowned if path in moved}
    back, lost = [], []
    for name in sorted(names):
        folder = next((path for path in moved if path.endswith(".dist-info") and _name_of(path)[0] == name), None)
        if folder is None:
            lost.append(name)
            continue
        try:
            found.update(_files_of(folder, moved))
        except OSError:
            lost.append(name)
            continue
        back.append(_name_of(folder))
    pairs = [(source, target) for target, source in found.items()]
    return [pair for top in pairs for pair in _expanded(*top)], back, lost


def _files_of(folder: str, moved: dict[str, str]) -> dict[str, str]:
    """Target -> file in the trash, for the distribution whose dist-info was *folder*."""
    base = os.path.dirname(folder)
    with open(os.path.join(moved[folder], "RECORD"), encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = parse_record(file.read())
    found = {folder: moved[folder]}
    for path, _, _ in rows:
        target = absolute_path(base, path)
        top = target
        while top not in moved and os.path.dirname(top) != top:
            top = os.path.dirname(top)
        # What a staying distribution also owned was never moved.
        if top in moved and not target.startswith(folder + "/"):
            source = moved[top] + target[len(top) :]
            if os.path.lexists(source):
                found[target] = source
    return found


def _expanded(source: str, target: str) -> list[tuple[str, str]]:
    if not os.path.isdir(source) or os.path.islink(source):
        return [(source, target)]
    return [
        (f"{slashed(root)}/{name}", f"{target}{slashed(root)[len(source) :]}/{name}")
        for root, _, names in os.walk(source)
        for name in names
    ]


def _name_of(folder: str) -> tuple[str, str]:
    name, _, version = os.path.basename(folder).removesuffix(".dist-info").rpartition("-")
    return name.lower().replace("_", "-").replace(".", "-"), version


def _changes(
    packages: Sequence[LockedPackage], foreign: Sequence[tuple[str, str]], going: Sequence[InstalledDistribution]
) -> tuple[tuple[str, str, str], ...]:
    left = {item.name: item.version for item in going}
    comes = {package.name: package.version for package in packages} | dict(foreign)
    rows = [("replace" if name in left else "install", name, version) for name, version in comes.items()]
    rows += [("remove", name, version) for name, version in left.items() if name not in comes]
    return tuple(sorted(rows, key=lambda row: row[1]))
