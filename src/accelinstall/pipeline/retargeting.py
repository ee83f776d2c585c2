"""``optimize --write``: the edit that the error about a source that cannot work names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall.model.edits import FileEdit
from accelinstall.pipeline.reading import read_file

if TYPE_CHECKING:
    from accelinstall.model.selection import Retarget
    from accelinstall.pipeline.request import Request


def plan_retarget(request: Request, change: Retarget) -> FileEdit:
    """The edit of the project's file, relative to the project; writes nothing.

    :raises ProjectError: when the file cannot be edited.
    """
    from accelinstall.project.retargeting import retargeted

    before = read_file(str(Path(request.project, "pyproject.toml")))
    return FileEdit(path="pyproject.toml", before=before, after=retargeted(before, change))
