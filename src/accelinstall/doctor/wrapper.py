"""``scripts/poetry-wrapper.sh``: Poetry, with an environment that is there and is nobody else's."""

from __future__ import annotations

from pathlib import Path

from accelinstall.model.edits import FileEdit

WRAPPER = "scripts/poetry-wrapper.sh"


def wrapper_edit(before: bytes | None) -> FileEdit:
    """The script as an edit of the file that holds *before*; ``None`` where there is none."""
    content = Path(__file__).with_name("poetry-wrapper.sh").read_bytes()
    return FileEdit(path=WRAPPER, before=before, after=content, executable=True)
