"""Would one exchange of the whole library folder be a better commit than a run of renames?

    python benchmarks/exchange.py [--files 17468] [--folders 1500] [--packages 150]

An environment with so many files in so many folders below so many top folders, as torch with CUDA has them.  Measured,
Linux only: the *renames* that replace every top folder; against them the *exchange*, which first needs a second library
folder in which everything that stays is linked again, and afterwards has the old one to remove.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def exchange(one: Path, other: Path) -> None:
    """Let the two folders change places, in one step (Linux 3.15, renameat2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def make_tree(root: Path, *, files: int, folders: int, packages: int) -> None:
    """An environment's library folder."""
    paths = [root / f"p{number % packages}" / f"d{number}" for number in range(folders)]
    for path in paths:
        path.mkdir(parents=True)
    for number in range(files):
        (paths[number % folders] / f"f{number}.py").write_bytes(b"x = 1\n")


def link_tree(source: str, target: str) -> None:
    """*source* once more as *target*, files linked."""
    Path(target).mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                link_tree(entry.path, f"{target}/{entry.name}")
            else:
                os.link(entry.path, f"{target}/{entry.name}")


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("files", 17_468), ("folders", 1_500), ("packages", 150), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        library, staged, trash = (Path(temporary, name) for name in ("library", "staged", "trash"))
        make_tree(library, files=given.files, folders=given.folders, packages=given.packages)
        for _ in range(given.rounds):
            rows.setdefault("link everything that stays", []).append(
                timed(lambda: link_tree(str(library), str(staged)))
            )
            rows.setdefault("exchange", []).append(timed(lambda: exchange(library, staged)))
            rows.setdefault("remove the old folder", []).append(timed(lambda: shutil.rmtree(staged)))
            link_tree(str(library), str(staged))
            trash.mkdir()
            rows.setdefault(f"{2 * given.packages} renames", []).append(timed(lambda: renames(library, staged, trash)))
            shutil.rmtree(trash)
            shutil.rmtree(staged)
    print("| step | ms |\n|---|---|")
    for name, times in rows.items():
        print(f"| {name} | {statistics.median(times):.2f} |")


def renames(library: Path, staged: Path, trash: Path) -> None:
    """What the commit does: each old folder out, the new one in."""
    for new in list(staged.iterdir()):
        (library / new.name).rename(trash / new.name)
        new.rename(library / new.name)


if __name__ == "__main__":
    main()
