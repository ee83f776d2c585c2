"""The fixture projects, and a migration of them that reads no network."""

from __future__ import annotations

import shutil
from pathlib import Path

from accelinstall.migration.story import Migration, plan_migration
from accelinstall.pipeline.request import IndexOptions, Request

PROJECTS = Path(__file__).parent / "projects"
NAMES = sorted(path.name for path in PROJECTS.iterdir())


def copied(name: str, folder: Path) -> Path:
    """The project *name* in a folder of its own, without what is expected of it."""
    return Path(shutil.copytree(PROJECTS / name, folder, ignore=shutil.ignore_patterns("expected.*")))


def planned(folder: Path, *requirements: str) -> Migration:
    """What would be done, for Python 3.11, without any network."""
    request = Request(
        project=str(folder),
        requirements=tuple(str(folder / name) for name in requirements),
        index=IndexOptions(no_index=True),
        offline=True,
        cache_directory=str(folder.parent / "cache"),
        environ={"PIP_CONFIG_FILE": "/dev/null", "HOME": str(folder.parent)},
    )
    return plan_migration(request)


def ledger(migration: Migration) -> str:
    """Every line and what became of it."""
    rows = (f"{row.outcome:<11}  {row.where}  {row.text}  ->  {row.detail}\n" for row in migration.placed.rows)
    return "".join(rows)


def contents(folder: Path) -> dict[str, tuple[bytes | str, int]]:
    """Path -> (content, or where a link leads; mode) of everything below *folder*."""
    return {
        path.relative_to(folder).as_posix(): (
            str(path.readlink()) if path.is_symlink() else path.read_bytes(),
            path.lstat().st_mode,
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }
