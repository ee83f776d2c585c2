"""Changes to a user's files, made all or none."""

from __future__ import annotations

import os
from collections.abc import Iterable

from accelinstall.errors import AccelinstallError
from accelinstall.model.edits import FileEdit, changes


class FileChanged(AccelinstallError):
    """A file is no longer what it was when its edit was worked out."""

    code = "file-changed"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} was changed in the meantime, so nothing was written", hint="run the command again")
        self.path = path


class FileNotWritable(AccelinstallError):
    """The system refused to write a file; none of the others is changed either."""

    code = "file-not-writable"

    def __init__(self, path: str, *, reason: str) -> None:
        super().__init__(
            f"{path} cannot be written: {reason}; no file was changed",
            hint="make the file and its folder writable, or see the change with --dry-run and make it by hand",
        )
        self.path, self.reason = path, reason


def apply_edits(edits: Iterable[FileEdit], *, directory: str = ".") -> tuple[str, ...]:
    """Makes every edit or none; the paths that were changed, in order.

    Readers see each file old or new, never a part.  A symbolic link stays one: the file it names is written.  Modes
    stay, and for root so do owners.  A kill between two files leaves whole files, some old and some new.

    :raises FileChanged: when a file is not what the edit says it was.
    :raises FileNotWritable: when one cannot be written.
    """
    from accelinstall.fs import replace_together

    wanted = changes(edits)
    places = [os.path.realpath(os.path.join(directory, edit.path)) for edit in wanted]
    for edit, place in zip(wanted, places, strict=True):
        if _content(place) != edit.before:
            raise FileChanged(edit.path)
    try:
        replace_together([(place, edit.after, edit.executable) for edit, place in zip(wanted, places, strict=True)])
    except OSError as error:
        raise FileNotWritable(str(error.filename or places[0]), reason=error.strerror or str(error)) from error
    return tuple(edit.path for edit in wanted)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileNotWritable(path, reason=error.strerror or str(error)) from error
