"""Wheels unpacked by plain means, environments as values, and what must hold in every one of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import subprocess
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from accelinstall.installation import execute
from accelinstall.model.installation import (
    Install,
    InstalledDistribution,
    Interpreter,
    Inventory,
    Receipt,
    Remove,
    Replace,
    Transaction,
)
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.store import StoredFile, StoreEntry
from accelinstall.model.target import Target
from accelinstall.testing import make_wheel

TARGET = Target.parse("cpu-linux-x86_64-cp311")
# All files of all wheels carry this time, as files that come out of wheels do: equal sizes then mean equal bytecode.
WHEEL_TIME = 1_600_000_000


class Shelf:
    """A folder of wheels, unpacked side by side as a store would hold them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: dict[str, StoreEntry] = {}

    def add(self, name: str, version: str = "1.0", **contents: Any) -> LockedPackage:
        """A package whose wheel has been made and unpacked; *contents* as :func:`make_wheel` takes them."""
        direct = contents.pop("direct", False)
        url = contents.pop("url", "")
        wheel = make_wheel(self.root / "wheels", name, version, **contents)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        self.entries[digest] = unpack(wheel, self.root / "store" / digest / "tree", digest)
        return LockedPackage(
            name=name.lower().replace("_", "-"),
            version=version,
            filename=wheel.name,
            sha256=digest,
            url=url or ("" if direct else wheel.as_uri()),
            path=str(wheel) if direct and not url else "",
            direct=direct,
        )


def unpack(wheel: Path, root: Path, digest: str) -> StoreEntry:
    files = []
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = root / member.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            data = archive.read(member)
            path.write_bytes(data)
            executable = bool(member.external_attr >> 16 & 0o100)
            path.chmod(0o555 if executable else 0o444)
            os.utime(path, (WHEEL_TIME, WHEEL_TIME))
            if not member.filename.endswith(".dist-info/RECORD"):
                row = StoredFile(path=member.filename, size=len(data), sha256=b64(data), executable=executable)
                files.append(row)
    dist_info = next(f.path.split("/")[0] for f in files if f.path.endswith(".dist-info/METADATA"))
    name, version = wheel.name.split("-")[:2]
    purelib = "Root-Is-Purelib: true" in (root / dist_info / "WHEEL").read_text()
    return StoreEntry(
        sha256=digest,
        root=str(root),
        name=name.lower().replace("_", "-"),
        version=version,
        dist_info=dist_info,
        purelib=purelib,
        files=tuple(files),
    )


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def lock_of(packages: Iterable[LockedPackage], roots: Iterable[str] = ()) -> Lock:
    return Lock(target=TARGET, packages=tuple(sorted(packages, key=lambda p: p.name)), roots=tuple(roots))


def transaction_to(inventory: Inventory, packages: Iterable[LockedPackage], *, remove: bool = True) -> Transaction:
    """What makes *inventory* hold exactly *packages*."""
    wanted = {package.name: package for package in packages}
    steps: list[Any] = []
    kept = []
    for name in sorted(wanted.keys() | {item.name for item in inventory.distributions}):
        installed = inventory.get(name)
        package = wanted.get(name)
        if package and installed and installed.sha256 == package.sha256:
            kept.append(installed)
        elif package and installed:
            steps.append(Replace(package=package, installed=installed))
        elif package:
            steps.append(Install(package=package))
        elif installed and remove:
            steps.append(Remove(installed=installed))
        elif installed:
            kept.append(installed)
    return Transaction(steps=tuple(steps), kept=tuple(kept))


def install(
    interpreter: Interpreter, shelf: Shelf, *packages: LockedPackage, remove: bool = True, **options: Any
) -> Receipt:
    """Make the environment hold *packages*."""
    return execute(
        transaction_to(inventory_of(interpreter), packages, remove=remove),
        entries=shelf.entries,
        interpreter=interpreter,
        lock=lock_of(packages, options.pop("roots", ())),
        **options,
    )


def inventory_of(interpreter: Interpreter) -> Inventory:
    from accelinstall.environment import read_inventory

    return read_inventory(interpreter)


def distribution(interpreter: Interpreter, name: str) -> InstalledDistribution:
    found = inventory_of(interpreter).get(name)
    assert found
    return found


def snapshot(interpreter: Interpreter, *, bytecode: bool = False) -> dict[str, object]:
    """Every path of the environment with its content, but for our own memory and bytecode made by running it."""
    found: dict[str, object] = {}
    for root, folders, names in os.walk(interpreter.prefix):
        folders[:] = sorted(f for f in folders if f != ".accelinstall" and (bytecode or f != "__pycache__"))
        for name in folders:
            found[os.path.relpath(os.path.join(root, name), interpreter.prefix)] = "folder"
        for name in names:
            path = os.path.join(root, name)
            key = os.path.relpath(path, interpreter.prefix)
            found[key] = os.readlink(path) if os.path.islink(path) else (Path(path).read_bytes(), os.stat(path).st_mode)
    return found


def false_rows(interpreter: Interpreter) -> list[str]:
    """What RECORDs say that is not so: empty in a healthy environment."""
    wrong = []
    for item in inventory_of(interpreter).distributions:
        record = Path(item.location, item.dist_info, "RECORD")
        with record.open(newline="") as file:
            for path, digest, size in csv.reader(file):
                target = os.path.join(item.location, path)
                if not os.path.isfile(target):
                    wrong.append(f"{item.name}: {path} is missing")
                elif digest:
                    data = Path(target).read_bytes()
                    if (digest, size) != (f"sha256={b64(data)}", str(len(data))):
                        wrong.append(f"{item.name}: {path} differs")
                elif not path.endswith(("/RECORD", ".pyc")):
                    wrong.append(f"{item.name}: {path} has no hash")
    return wrong


def says(interpreter: Interpreter, code: str, environ: Mapping[str, str] | None = None) -> str:
    """What the environment's Python prints; it may write bytecode as any program does."""
    done = subprocess.run(
        [interpreter.executable, "-I", "-c", code], capture_output=True, text=True, check=False, env=environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def leftovers(interpreter: Interpreter) -> list[str]:
    """What a finished run left in its memory besides receipts and the lock."""
    root = Path(interpreter.schemes["purelib"], ".accelinstall")
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.name != "lock" and path.parent.name != "receipts"
    )
