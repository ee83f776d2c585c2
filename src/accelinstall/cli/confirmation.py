"""What changes a user's files: the diff is shown, a person is asked, a program must have said yes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from accelinstall.errors import UsageError
from accelinstall.model.edits import FileEdit, changes, render_diff

if TYPE_CHECKING:
    from accelinstall.cli.console import Console

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class NeedsConsent(UsageError):
    """Files would be changed, nobody said yes, and there is no terminal to ask on."""

    code = "needs-consent"

    def __init__(self, paths: Iterable[str]) -> None:
        super().__init__(
            f"{', '.join(paths)} would be changed, and there is no terminal to ask on",
            hint="agree with --yes, or only look with --dry-run",
        )


def is_agreed(
    edits: Iterable[FileEdit], console: Console, *, yes: bool = False, dry_run: bool = False, as_json: bool = False
) -> bool:
    """Whether *edits* are to be made now; their diff has been shown.

    With *dry_run* the diff is the answer and goes to stdout; else it is talk.  Where nothing changes nobody is asked.

    :param as_json: stdout belongs to a document, so the diff is talk in any case.
    :raises NeedsConsent: when nobody can be asked.
    """
    wanted = changes(edits)
    if not wanted:
        return False
    diff = render_diff(wanted)
    if dry_run and not as_json:
        console.data(diff)
        return False
    for line in diff.splitlines():
        colour = _COLOURS.get(line[:1])
        console.say(console.style(line, colour, err=True) if colour else line)
    if dry_run:
        return False
    if yes:
        return True
    paths = [edit.path for edit in wanted]
    if not console.can_ask:
        raise NeedsConsent(paths)
    return console.ask(f"Write {', '.join(paths)}?")
