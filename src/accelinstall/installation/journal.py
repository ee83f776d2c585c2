"""The commit: a list of renames, written down before the first one, that can be finished or taken back at any point.

Every move goes between the environment and a private folder, so whether it has been done is seen on disk and needs no
mark: something *displaced* is done when it stands in the trash, something *placed* when it has left the staging folder.

Between the first rename and the last nobody else's code runs: a progress callback that waits for a slow terminal would
leave the environment between two states for as long.  Each step raises the audit event ``accelinstall.commit`` with the
number of steps done and that of all; it costs nothing where nobody listens.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Literal

from accelinstall import events, fs
from accelinstall.installation.records import slashed
from accelinstall.installation.state import State
from accelinstall.values import dataclass

Kind = Literal["displace", "place"]


@dataclass(frozen=True, slots=True)
class Move:
    """One rename; paths are absolute."""

    kind: Kind
    source: str
    target: str

    def is_done(self) -> bool:
        """Whether the rename has happened."""
        if self.kind == "displace":
            return os.path.lexists(self.target)
        return not os.path.lexists(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One commit.

    :ivar moves: in the order they are done.
    :ivar unowned: the displaced files that no distribution owned, absolute.
    """

    id: str
    moves: tuple[Move, ...]
    unowned: tuple[str, ...] = ()

    def render(self, root: str) -> str:
        """The text of the journal, with paths relative to *root* so that a moved environment can still recover."""
        rows = [(move.kind, _relative(move.source, root), _relative(move.target, root)) for move in self.moves]
        unowned = [_relative(path, root) for path in self.unowned]
        return json.dumps({"schema": 1, "id": self.id, "moves": rows, "unowned": unowned})

    @classmethod
    def parse(cls, text: str, root: str) -> Journal:
        """The inverse of :meth:`render`.

        :raises ValueError: when *text* is no journal.
        """
        document = json.loads(text)
        try:
            if document["schema"] != 1:
                raise ValueError(f"schema {document['schema']} is newer than this program")
            rows = document["moves"]
            moves = tuple(Move(kind, _absolute(source, root), _absolute(target, root)) for kind, source, target in rows)
            unowned = tuple(_absolute(path, root) for path in document["unowned"])
            return cls(id=str(document["id"]), moves=moves, unowned=unowned)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a journal: {error}") from error


def order_moves(displaced: Sequence[tuple[str, str]], placed: Sequence[tuple[str, str]]) -> tuple[Move, ...]:
    """The moves of a commit: what only leaves goes first, then each new thing comes right after the one it replaces.

    So a folder that is replaced is missing for two system calls, and stale bytecode is gone before its module changes.
    ``.pth`` files leave before everything else and come last: a Python that starts meanwhile runs them, and what they
    import must be there.

    :param displaced: (path, place in the trash) pairs; ``placed``: (staged path, path) pairs.
    """
    replaced = {target for _, target in placed if not _is_hook(target)}
    leaving = dict(displaced)
    first = sorted((pair for pair in displaced if pair[0] not in replaced), key=lambda pair: not _is_hook(pair[0]))
    moves = [Move("displace", path, trash) for path, trash in first]
    for source, target in sorted(placed, key=lambda pair: _is_hook(pair[1])):
        if target in leaving and target in replaced:
            moves.append(Move("displace", target, leaving[target]))
        moves.append(Move("place", source, target))
    return tuple(moves)


def _is_hook(path: str) -> bool:
    return path.endswith(".pth")


def commit(journal: Journal, state: State, *, progress: events.Progress = events.ignore) -> None:
    """Do every move of *journal*; returns when all are done and the journal is closed.

    :raises OSError: when a rename fails; everything has been undone by then.
    """
    fs.write_atomic(state.journal, journal.render(state.root).encode(), fsync=True)
    try:
        progress(events.PhaseAdvanced(phase="commit", detail="journal"))
        complete(journal, state, resumed=False)
    except BaseException:
        # Once the journal is closed nothing could finish a second attempt at undoing.
        if os.path.lexists(state.journal):
            undo(journal, state)
        raise
    progress(events.PhaseAdvanced(phase="commit", amount=len(journal.moves)))


def complete(journal: Journal, state: State, *, resumed: bool = True) -> None:
    """Do the moves that are not done yet and close the journal.

    :param resumed: whether any may be done already; else they are not looked at, so that the time between the first
        rename and the last is that of the renames.
    :raises OSError: when a rename fails; the journal stays open.
    """
    aside = os.path.join(state.trash, journal.id)
    count = len(journal.moves)
    for number, move in enumerate(journal.moves):
        sys.audit("accelinstall.commit", number, count)
        if resumed and move.is_done():
            continue
        try:
            _rename(move.source, move.target, aside)
        except FileNotFoundError:
            # What somebody else has removed meanwhile need not leave.
            if move.kind == "place" or os.path.lexists(move.source):
                raise
    sys.audit("accelinstall.commit", count, count)
    # The moves stay on record beside what they displaced: a rollback finds foreign files by them.
    os.replace(state.journal, os.path.join(aside, "moves.json"))
    with suppress(OSError):
        fs.sync_directory(state.root)


def can_complete(journal: Journal) -> bool:
    """Whether everything that is still to be placed is there."""
    untouched = _untouched(journal.moves)
    return all(
        os.path.lexists(move.source) or (move.target not in untouched and os.path.lexists(move.target))
        for move in journal.moves
        if move.kind == "place"
    )


def undo(journal: Journal, state: State) -> None:
    """Take back the moves that are done, last first, and close the journal.

    :raises OSError: when a rename fails; the journal stays open.
    """
    aside = os.path.join(state.trash, journal.id)
    untouched = _untouched(journal.moves)
    for move in reversed(journal.moves):
        if move.target not in untouched and move.is_done() and os.path.lexists(move.target):
            os.makedirs(os.path.dirname(move.source), exist_ok=True)
            _rename(move.target, move.source, aside)
    with suppress(FileNotFoundError):
        os.unlink(state.journal)
    fs.sync_directory(state.root)


def _untouched(moves: Iterable[Move]) -> set[str]:
    """Where the old thing never left; nothing new can have come there: what stands there is the old one."""
    return {move.source for move in moves if move.kind == "displace" and not move.is_done()}


def _rename(source: str, target: str, aside: str) -> None:
    """Rename, putting aside what a running program has made at *target* meanwhile (a ``__pycache__``, its folder)."""
    try:
        os.rename(source, target)
    except OSError:
        if not os.path.lexists(target):
            raise
        os.rename(target, os.path.join(aside, f"late-{os.urandom(4).hex()}"))
        os.rename(source, target)


def _relative(path: str, root: str) -> str:
    home = os.path.dirname(root)
    if path.startswith(root + "/"):
        return path[len(root) + 1 :]
    if path.startswith(home + "/"):
        return "../" + path[len(home) + 1 :]
    return slashed(os.path.relpath(path, root))


def _absolute(path: str, root: str) -> str:
    return slashed(os.path.normpath(os.path.join(root, path)))
