"""What is here of a file that did not arrive in order, for the next run.

The journal lies beside the partial file.  It is a promise about bytes that were written before it; whether they are the
right ones is decided by the hash of the whole file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress

from accelinstall import fs
from accelinstall.store.transfer.segments import Span

_HEAD = "accelinstall parts 1"
_ROW = re.compile(r"([0-9]{1,18}) ([0-9]{1,18})", re.ASCII)


def journal_path(partial: str) -> str:
    """Where the journal of the file *partial* lies."""
    return f"{partial}.parts"


def write_journal(partial: str, validator: str, spans: Iterable[Span]) -> None:
    """Note that *spans* of the file that the server calls *validator* are in *partial*."""
    rows = [f"{start} {stop}" for start, stop in spans]
    fs.write_atomic(journal_path(partial), "\n".join([_HEAD, validator, *rows, "end\n"]).encode("latin-1", "replace"))


def read_journal(partial: str, size: int) -> tuple[str, tuple[Span, ...]] | None:
    """The validator and what lies in *partial*, a file of *size* bytes; ``None`` without a journal that can be read."""
    try:
        with open(journal_path(partial), encoding="latin-1", newline="") as stream:
            text = stream.read()
    except OSError:
        return None
    return parse_journal(text, size)


def parse_journal(text: str, size: int) -> tuple[str, tuple[Span, ...]] | None:
    """What a journal's *text* says, cut to *size* bytes; ``None`` when it is cut off or of another format."""
    head, *lines = text.split("\n")
    if head != _HEAD or len(lines) < 3 or lines[-2:] != ["end", ""]:
        return None
    spans = []
    for line in lines[1:-2]:
        match = _ROW.fullmatch(line)
        if match is None:
            return None
        start, stop = int(match[1]), min(size, int(match[2]))
        if start < stop:
            spans.append((start, stop))
    return lines[0], tuple(spans)


def remove_journal(partial: str) -> None:
    """Forget it: the file is whole, or its length tells what is in it."""
    with suppress(FileNotFoundError):
        os.unlink(journal_path(partial))
