"""Sixty popular wheels installed by accelinstall, pip and uv: do the same files stand there afterwards?

    python benchmarks/conformance_wheels.py [--wheels DIR]

The wheels of ``conformance_wheels.txt`` (CPython 3.11 on 64-bit Linux) are downloaded once into DIR and installed from
there, without dependencies and without bytecode, by each tool into an environment of the same path.  Every file is
compared by content and executable bit, every RECORD row by row.  Prints a table as Markdown; 1 when something differs
that is not among the explained differences below.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from install import UV

from accelinstall.lockfile import render_lock
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target

LIST = Path(__file__).with_suffix(".txt")
TARGET = "cpu-linux-x86_64-cp311;libc=glibc-2.28"

EXPLAINED = {
    "INSTALLER": "each tool names itself; uv also adds notes of its own (`uv_cache.json`)",
    "wording of commands": "the few lines that start an entry point differ; what they import and call is compared, and "
    "is the same",
    "rows of RECORD": "those of the files above; all others are the same, compared as a set",
}
"""Differences that are meant, with the reason."""
MARKS = ("INSTALLER", "uv_cache.json")
COMMAND = re.compile(r"^from (\S+) import (\w+)$.*^\s+(?:sys\.exit|raise SystemExit)\((.*)\)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Tree:
    """What one tool has put there.

    :ivar files: path -> (sha256, executable); ``commands``: path -> module, name and call of an entry point.
    :ivar records: dist-info -> rows of RECORD.
    """

    files: dict[str, tuple[str, bool]]
    commands: dict[str, tuple[str, ...]]
    records: dict[str, frozenset[tuple[str, str, str]]]


def main() -> int:
    """Download, install three times, compare, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, help="where the wheels are kept; default: a temporary folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        wheels = fetch(given.wheels or root / "wheels")
        trees = {tool: install(tool, wheels, root) for tool in ("accelinstall", "pip", "uv")}
    return tell(len(wheels), trees)


def fetch(folder: Path) -> list[Path]:
    """The wheels of the list, downloaded with pip where they are not there yet."""
    wanted = set(LIST.read_text().split())
    folder.mkdir(parents=True, exist_ok=True)
    found = [path for path in sorted(folder.glob("*.whl")) if pin_of(path) in wanted]
    if len(found) == len(wanted):
        return found
    platform = ["--python-version", "3.11", "--implementation", "cp", "--platform", "manylinux_2_28_x86_64"]
    platform += ["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_17_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", *platform]
    subprocess.run([*command, "-d", str(folder), "-r", str(LIST)], check=True)
    found = [path for path in sorted(folder.glob("*.whl")) if pin_of(path) in wanted]
    assert len(found) == len(wanted), wanted - {pin_of(path) for path in found}
    return found


def pin_of(wheel: Path) -> str:
    """``name==version`` of a wheel's file name, as the list writes it."""
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version}"


def install(tool: str, wheels: list[Path], root: Path) -> Tree:
    """The environment after *tool* has installed all *wheels*."""
    venv = root / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = str(venv / "bin" / "python")
    files = [str(path) for path in wheels]
    if tool == "pip":
        options = ["-q", "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", "--python", python, "install", *options]
        command += ["--find-links", str(wheels[0].parent), *map(pin_of, wheels)]
    elif tool == "uv":
        command = [UV, "pip", "install", "-q", "--no-deps", "--no-index", "--python", python, "--cache-dir"]
        command += [str(root / "uv-cache"), "--find-links", str(wheels[0].parent), *map(pin_of, wheels)]
    else:
        lock = root / "pylock.conformance.toml"
        packages = tuple(sorted(map(locked, files), key=lambda package: package.name))
        roots = tuple(package.name for package in packages)
        lock.write_text(render_lock(Lock(target=Target.parse(TARGET), packages=packages, roots=roots)), "utf-8")
        command = [sys.executable, "-m", "accelinstall", "sync", str(lock), "--venv", str(venv), "--no-proof", "-q"]
        command += ["--cache-dir", str(root / "cache")]
    environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
    return read_tree(venv)


def locked(path: str) -> LockedPackage:
    """A wheel file as a lock names it."""
    filename = Path(path).name
    name, version = filename.split("-")[:2]
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    canonical = re.sub(r"[-_.]+", "-", name).lower()
    return LockedPackage(name=canonical, version=version, filename=filename, sha256=digest, path=path)


def read_tree(venv: Path) -> Tree:
    """Every file of the environment, and every RECORD."""
    files: dict[str, tuple[str, bool]] = {}
    records: dict[str, frozenset[tuple[str, str, str]]] = {}
    commands: dict[str, tuple[str, ...]] = {}
    for path in sorted(venv.rglob("*")):
        inner = str(path.relative_to(venv))
        if path.is_symlink() or not path.is_file() or "/.accelinstall/" in inner or path.name == ".lock":
            continue
        content = path.read_bytes()
        files[inner] = (hashlib.sha256(content).hexdigest(), bool(path.stat().st_mode & 0o100))
        if path.parent == venv / "bin" and (match := COMMAND.search(content.decode("utf-8", "replace"))):
            commands[inner] = match.groups()
        if path.name == "RECORD" and path.parent.name.endswith(".dist-info"):
            rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
            records[path.parent.name] = frozenset((row[0], row[1], row[2]) for row in rows if row)
    return Tree(files, commands, records)


def differences(ours: Tree, theirs: Tree) -> Iterator[tuple[str, str]]:
    """(kind, what) for everything that is not the same; a kind that nobody explains is ``unexplained``."""
    for path in sorted(ours.files.keys() | theirs.files.keys()):
        one, other = ours.files.get(path), theirs.files.get(path)
        if one == other or path.endswith(".dist-info/RECORD"):
            continue
        is_command = path in ours.commands and ours.commands[path] == theirs.commands.get(path)
        if ".dist-info/" in path and path.rpartition("/")[2] in MARKS:
            yield "INSTALLER", path
        elif is_command and one and other and one[1] == other[1]:
            yield "wording of commands", path
        else:
            yield "unexplained", f"{path}: ours {one}, theirs {other}"
    for dist_info in sorted(ours.records.keys() | theirs.records.keys()):
        rows = ours.records.get(dist_info, frozenset()) ^ theirs.records.get(dist_info, frozenset())
        for row in sorted(rows):
            folder, _, name = row[0].rpartition("/")
            known = name in MARKS or (folder == "../../../bin" and f"bin/{name}" in ours.commands)
            yield ("rows of RECORD" if known else "unexplained"), f"{dist_info}: {','.join(row)}"


def tell(count: int, trees: dict[str, Tree]) -> int:
    """The table, the reasons, and whether something is left that has none."""
    ours = trees.pop("accelinstall")
    print(f"{count} wheels, {len(ours.files)} files, {sum(map(len, ours.records.values()))} rows of RECORD.\n")
    print("| compared with | files | " + " | ".join(EXPLAINED) + " | unexplained |")
    print("|---|---|" + "---|" * (len(EXPLAINED) + 1))
    wrong = []
    for tool, tree in trees.items():
        found = list(differences(ours, tree))
        counts = Counter(kind for kind, _ in found)
        wrong += [f"{tool}: {what}" for kind, what in found if kind == "unexplained"]
        cells = [tool, str(len(tree.files)), *(str(counts[kind]) for kind in EXPLAINED), str(counts["unexplained"])]
        print("| " + " | ".join(cells) + " |")
    print("\n" + "\n".join(f"- **{kind}**: {reason}." for kind, reason in EXPLAINED.items()))
    for line in wrong[:40]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
