"""Changes to a user's files, before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from accelinstall.values import dataclass

_LOGIN = re.compile(r"(https?://)[^/\s@'\"]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEdit:
    """One file as it is and as it is meant to be, byte for byte.

    :ivar path: absolute, or relative to the folder the edit is applied in.
    :ivar before: ``None`` where there is no file yet.
    :ivar after: ``None`` to remove the file.
    :ivar executable: gives a new file the executable bits; a file that is there keeps its mode.
    """

    path: str
    before: bytes | None
    after: bytes | None
    executable: bool = False

    @property
    def is_change(self) -> bool:
        """Whether anything would be different afterwards."""
        return self.before != self.after


def changes(edits: Iterable[FileEdit]) -> tuple[FileEdit, ...]:
    """Those of *edits* that change something, in their order."""
    return tuple(edit for edit in edits if edit.is_change)


def render_diff(edits: Iterable[FileEdit]) -> str:
    """The unified diff of *edits*, empty when nothing changes.

    Bytes that are not UTF-8 are shown as escapes, logins in addresses as ``***``, and a line ending as ``\\r`` only
    where it is what differs, so the text is for people; it need not apply as a patch.
    """
    return "".join(line for edit in changes(edits) for line in _diff_lines(edit))


def _diff_lines(edit: FileEdit) -> Iterable[str]:
    import difflib

    before, after = _lines(edit.before), _lines(edit.after)
    if [line.rstrip("\r\n") for line in before] != [line.rstrip("\r\n") for line in after]:
        before, after = ([line.replace("\r\n", "\n") for line in lines] for lines in (before, after))
    old = "/dev/null" if edit.before is None else f"a/{edit.path.lstrip('/')}"
    new = "/dev/null" if edit.after is None else f"b/{edit.path.lstrip('/')}"
    for line in difflib.unified_diff(before, after, fromfile=old, tofile=new):
        shown = _LOGIN.sub(r"\1***@", line.replace("\r", "\\r"))
        yield shown if shown.endswith("\n") else f"{shown}\n\\ No newline at end of file\n"


def _lines(content: bytes | None) -> list[str]:
    """Lines with their endings; split at newlines only, as ``diff`` does."""
    text = (content or b"").decode("utf-8", errors="backslashreplace")
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
