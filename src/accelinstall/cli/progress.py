"""Events -> bars on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from accelinstall import events
from accelinstall.cli.phases import NOTABLE_SECONDS, finished_line, tell_note
from accelinstall.errors import UsageError

if TYPE_CHECKING:
    from accelinstall.cli.console import Console

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
            stream = stack.enter_context(_opened(events_file))
            drawers.append(JsonLines(stream))
        if console.is_interactive and not plain:
            from accelinstall.cli.bars import Bars

            drawers.append(stack.enter_context(Bars(console)))
        else:
            drawers.append(PlainLines(console))

        def tell(event: events.Event) -> None:
            for drawer in drawers:
                drawer(event)
            if show is not None and isinstance(event, events.Reached):
                show(event.stage, event.value)

        yield tell


@contextmanager
def _opened(path: str) -> Iterator[TextIO]:
    try:
        stream = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(
            f"`--events`: {path} cannot be written: {error.strerror}", hint="name a file in a folder you can write to"
        ) from error
    try:
        yield stream
    finally:
        with suppress(OSError):  # a full disk has been noticed by then
            stream.close()


class JsonLines:
    """Each event as one JSON object with its ``event`` name, one a line; silent once the file takes no more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._broken = False

    def __call__(self, event: events.Event) -> None:
        if self._broken:
            return
        import dataclasses

        fields = {"stage": event.stage} if isinstance(event, events.Reached) else dataclasses.asdict(event)
        line = json.dumps({"schema": 1, "event": type(event).__name__, **fields})
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except OSError:  # nobody's installation fails because its progress cannot be told
                self._broken = True


class PlainLines:
    """One line when a phase starts and one when it ends: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()

    def __call__(self, event: events.Event) -> None:
        with self._lock:
            if isinstance(event, events.Note):
                tell_note(self._console, event)
            elif isinstance(event, events.PhaseFinished) and event.seconds >= NOTABLE_SECONDS:
                self._console.say(finished_line(event), passing=True)
