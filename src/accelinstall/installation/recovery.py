"""What a killed installation left behind, brought to one of the two states it knows."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Literal

from accelinstall import events, fs
from accelinstall.installation.errors import CommitFailed, JournalUnreadable
from accelinstall.installation.journal import Journal, can_complete, complete, undo
from accelinstall.installation.state import Hold, State, hold_environment, state_of
from accelinstall.model.installation import Interpreter

# A rollback needs the last two; the others tell what was done when.
_KEPT_RECEIPTS = 50
Recovery = Literal["nothing", "completed", "undone"]


def recover(
    interpreter: Interpreter, *, hold: Hold | None = None, progress: events.Progress = events.ignore
) -> Recovery:
    """What was done about an interrupted commit: completed, where possible, else undone; mostly there is nothing.

    Costs one file look-up when there is nothing.  Waits for a commit that is under way in another process.

    :raises InstallationError: when there is a journal and it cannot be followed.
    """
    if not os.path.lexists(state_of(interpreter).journal):
        return "nothing"
    with hold_environment(interpreter, hold=hold, progress=progress) as held:
        return _recover(held.state, progress)


def _recover(state: State, progress: events.Progress) -> Recovery:
    try:
        with open(state.journal, encoding="utf-8") as file:
            journal = Journal.parse(file.read(), state.root)
    except FileNotFoundError:
        # Somebody else's commit, which is over now that the lock is ours.
        return "nothing"
    except (OSError, ValueError) as error:
        raise JournalUnreadable(state.journal, problem=str(error)) from error
    try:
        os.makedirs(os.path.join(state.trash, journal.id), exist_ok=True)
        done: Recovery = "completed" if can_complete(journal) else "undone"
        if done == "completed":
            complete(journal, state)
        else:
            undo(journal, state)
    except OSError as error:
        path = str(error.filename2 or error.filename)
        raise CommitFailed(path, reason=error.strerror or str(error), undone=False) from error
    message = f"an interrupted installation was {done}"
    progress(events.Note(level="info", code="recovered", message=message))
    clean(state)
    return done


def clean(state: State, *, keep_trash: str = "") -> None:
    """Remove staged files of interrupted runs; after the commit *keep_trash* also what earlier ones displaced, and the
    oldest receipts.

    With the lock held and no journal open; what cannot be removed now (a loaded library on Windows) is left for next
    time.
    """
    with suppress(OSError):
        fs.remove_tree(state.staging)
        for name in os.listdir(state.root):
            if name.endswith(".tmp"):
                os.unlink(os.path.join(state.root, name))
    if not keep_trash:
        return
    with suppress(OSError):
        receipts = sorted(name for name in os.listdir(state.receipts) if name.endswith(".json"))
        for name in receipts[:-_KEPT_RECEIPTS]:
            os.unlink(os.path.join(state.receipts, name))
    with suppress(OSError):
        for name in os.listdir(state.trash):
            if name != keep_trash:
                with suppress(OSError):
                    fs.remove_tree(os.path.join(state.trash, name))
