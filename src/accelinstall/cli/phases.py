"""Phases and notes in words, the same above bars and in logs."""

from __future__ import annotations

from accelinstall import events
from accelinstall.cli.console import Console

TITLES = {
    "detect": "Looking at the hardware",
    "resolve": "Resolving",
    "build": "Building",
    "download": "Downloading",
    "unpack": "Unpacking",
    "link": "Installing",
    "compile": "Compiling bytecode",
    "commit": "Committing",
    "verify": "Verifying",
    "prove": "Proving",
}
# A phase shorter than this is not worth a line.
NOTABLE_SECONDS = 0.05


def finished_line(event: events.PhaseFinished) -> str:
    """``Resolving 63 packages (2.2 s)``."""
    detail = f" {event.detail}" if event.detail else ""
    return f"{TITLES.get(event.phase, event.phase)}{detail} ({event.seconds:.1f} s)"


def tell_note(console: Console, note: events.Note) -> None:
    """A note as a warning or a plain line."""
    if note.level == "warning":
        console.warn(note.message, note.hint)
    else:
        console.say(note.message)
