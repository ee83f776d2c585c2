"""Events -> bars on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from accelinstall import events

if TYPE_CHECKING:
    from accelinstall.cli.console import Console

_TITLES = {
    "detect": "Looking at the hardware",
    "resolve": "Resolving",
    "download": "Downloading",
    "unpack": "Unpacking",
    "link": "Installing",
    "compile": "Compiling bytecode",
    "prove": "Proving",
}
_BIG_FILE = 5_000_000
Show = Callable[[str, object], None]


@contextmanager
def drawing(
    console: Console, *, events_file: str = "", plain: bool = False, show: Show | None = None
) -> Iterator[events.Progress]:
    """A progress callback that draws to *console* and, when asked, writes JSON lines to *events_file*.

    Notes are always told, above the bars; values the story reaches go to *show*, with the bars out of the way.
    """
    with ExitStack() as stack:
        drawers: list[events.Progress] = []
        if events_file:
            stream = stack.enter_context(open(events_file, "w", encoding="utf-8"))
            drawers.append(JsonLines(stream))
        if console.is_interactive and not plain:
            drawers.append(stack.enter_context(Bars(console)))
        else:
            drawers.append(PlainLines(console))

        def tell(event: events.Event) -> None:
            for drawer in drawers:
                drawer(event)
            if show is not None and isinstance(event, events.Reached):
                show(event.stage, event.value)

        yield tell


class JsonLines:
    """Each event as one JSON object with its ``event`` name, one a line, flushed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, event: events.Event) -> None:
        fields = {"stage": event.stage} if isinstance(event, events.Reached) else dataclasses.asdict(event)
        line = json.dumps({"schema": 1, "event": type(event).__name__, **fields})
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


class PlainLines:
    """One line when a phase starts and one when it ends: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()

    def __call__(self, event: events.Event) -> None:
        with self._lock:
            if isinstance(event, events.Note):
                tell_note(self._console, event)
            elif isinstance(event, events.PhaseFinished):
                title = _TITLES.get(event.phase, event.phase)
                detail = f" {event.detail}" if event.detail else ""
                self._console.say(f"{title}{detail} ({event.seconds:.1f} s)")


def tell_note(console: Console, note: events.Note) -> None:
    """A note as a warning or a plain line."""
    if note.level == "warning":
        console.warn(note.message, note.hint)
    else:
        console.say(note.message)


class Bars:
    """One total bar per phase with bytes, speed and time left, and one line for each big file at hand."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._tasks: dict[str, Any] = {}
        self._files: dict[str, Any] = {}
        self._progress: Any = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._clear()

    def _clear(self) -> None:
        """Takes the bars away, so that what is shown next stands alone."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = None
        self._tasks.clear()
        self._files.clear()

    def __call__(self, event: events.Event) -> None:
        with self._lock:
            if isinstance(event, events.Note):
                self._note(event)
            elif isinstance(event, events.Reached):
                self._clear()
            elif isinstance(event, (events.FileStarted, events.FileAdvanced, events.FileFinished)):
                self._file(event)
            else:
                self._phase(event)

    def _bars(self) -> Any:
        if self._progress is None:
            from rich.console import Console as RichConsole
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._progress = Progress(
                TextColumn("{task.description:<32}"),
                BarColumn(bar_width=30),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(compact=True),
                console=RichConsole(stderr=True),
                transient=True,
            )
            self._progress.start()
        return self._progress

    def _phase(self, event: events.PhaseStarted | events.PhaseAdvanced | events.PhaseFinished) -> None:
        title = _TITLES.get(event.phase, event.phase)
        if isinstance(event, events.PhaseStarted):
            self._tasks[event.phase] = self._bars().add_task(title, total=event.total)
        elif isinstance(event, events.PhaseAdvanced):
            task = self._tasks.get(event.phase)
            if task is not None:
                self._bars().update(task, advance=event.amount)
        else:
            task = self._tasks.pop(event.phase, None)
            if task is not None:
                self._bars().remove_task(task)
            detail = f" {event.detail}" if event.detail else ""
            self._above(f"{title}{detail} ({event.seconds:.1f} s)")

    def _file(self, event: events.FileStarted | events.FileAdvanced | events.FileFinished) -> None:
        if isinstance(event, events.FileStarted):
            if event.size is not None and event.size >= _BIG_FILE:
                self._files[event.name] = self._bars().add_task(f"  {event.name[:30]}", total=event.size)
        elif isinstance(event, events.FileAdvanced):
            for task in (self._files.get(event.name), self._tasks.get("download")):
                if task is not None:
                    self._bars().update(task, advance=event.amount)
        else:
            task = self._files.pop(event.name, None)
            if task is not None:
                self._bars().remove_task(task)

    def _note(self, note: events.Note) -> None:
        if self._progress is None:
            tell_note(self._console, note)
            return
        level = "warning: " if note.level == "warning" else ""
        hint = f"\n  hint: {note.hint}" if note.hint else ""
        self._above(f"{level}{note.message}{hint}")

    def _above(self, text: str) -> None:
        if self._progress is None:
            self._console.say(text)
        else:
            self._progress.console.print(text, markup=False, highlight=False)
