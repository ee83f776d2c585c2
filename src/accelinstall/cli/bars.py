"""Progress bars; rich is imported with this module, so only where a person watches."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from accelinstall import events
from accelinstall.cli.console import Console
from accelinstall.cli.phases import TITLES, finished_line, tell_note
from accelinstall.cli.text import size

_BIG_FILE = 5_000_000
_BYTES = "bytes"
# Seconds between two drawings.
_PULSE = 0.1


class Amount(ProgressColumn):
    """``65 MB of 354 MB, 92 MB/s`` where bytes are counted, ``1 of 2`` elsewhere."""

    def render(self, task: Task) -> Text:
        """The column of one bar."""
        if task.total is None:
            return Text("")
        if task.fields.get("unit") != _BYTES:
            return Text(f"{task.completed:.0f} of {task.total:.0f}")
        speed = f", {size(task.speed)}/s" if task.speed else ""
        return Text(f"{size(task.completed)} of {size(task.total)}{speed}")


class Bars:
    """One total bar per phase with bytes, speed and time left, and one line for each big file at hand."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._files: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

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
            self._draw()

    def _draw(self) -> None:
        """Here and not in a thread of rich's own, beside which this process could not be forked."""
        if self._progress is not None and time.monotonic() - self._drawn > _PULSE:
            self._progress.refresh()
            self._drawn = time.monotonic()

    def _clear(self) -> None:
        """Takes the bars away, so that what is shown next stands alone."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = None
        self._tasks.clear()
        self._files.clear()

    def _bars(self) -> Progress:
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description:<32}", markup=False),
                BarColumn(bar_width=28),
                Amount(),
                TimeRemainingColumn(compact=True),
                console=RichConsole(stderr=True),
                transient=True,
                auto_refresh=False,
            )
            self._progress.start()
        return self._progress

    def _phase(self, event: events.PhaseStarted | events.PhaseAdvanced | events.PhaseFinished) -> None:
        if isinstance(event, events.PhaseStarted):
            unit = _BYTES if event.phase == "download" else ""
            title = TITLES.get(event.phase, event.phase)
            self._tasks[event.phase] = self._bars().add_task(title, total=event.total, unit=unit)
        elif isinstance(event, events.PhaseAdvanced):
            task = self._tasks.get(event.phase)
            if task is not None:
                self._bars().update(task, advance=event.amount)
        else:
            task = self._tasks.pop(event.phase, None)
            if task is not None:
                self._bars().remove_task(task)
                self._above(finished_line(event))

    def _file(self, event: events.FileStarted | events.FileAdvanced | events.FileFinished) -> None:
        if isinstance(event, events.FileStarted):
            if event.size is not None and event.size >= _BIG_FILE:
                self._files[event.name] = self._bars().add_task(f"  {event.name[:30]}", total=event.size, unit=_BYTES)
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
