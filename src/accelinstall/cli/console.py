"""The only place that writes to the terminal: data to stdout, talk to stderr."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from accelinstall.installation.layout import LaidOut
    from accelinstall.shortcut.nothing import Recorder

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Console:
    """Plain text with a little colour where a person looks at it.

    Colour is off when ``NO_COLOR`` is set or the stream is no terminal; the text reads the same without it.
    """

    def __init__(
        self,
        *,
        out: TextIO | None = None,
        err: TextIO | None = None,
        quiet: bool = False,
        answers: TextIO | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._out = _writable(out or sys.stdout)
        self._err = _writable(err or sys.stderr)
        self._answers = answers or sys.stdin
        self.quiet = quiet
        self.recorder = recorder
        self.laid_out: LaidOut | None = None
        self.told: list[str] = []
        self.said: list[str] = []

    @property
    def is_interactive(self) -> bool:
        """Whether a person watches stderr, so that bars may be drawn; nobody does where ``CI`` is set."""
        return self._err.isatty() and not self.quiet and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")

    @property
    def can_ask(self) -> bool:
        """Whether a person sees a question on stderr and can answer it on stdin; a quiet one asks nothing."""
        return self._answers is not None and self._answers.isatty() and self._err.isatty() and not self.quiet

    def ask(self, question: str, *, default: bool = False) -> bool:
        """The answer to a yes-or-no *question*; *default* for an empty line and for the end of input."""
        choices = "[Y/n]" if default else "[y/N]"
        answer = self.ask_text(f"{question} {choices}").lower()
        return answer in {"y", "yes"} if answer else default

    def ask_text(self, question: str) -> str:
        """One line of answer, stripped; empty at the end of input."""
        _talk(self._err, f"{question} ")
        return self._answers.readline().strip() if self._answers is not None else ""

    def data(self, text: str) -> None:
        """Writes *text* to stdout as it is."""
        self.told.append(text)
        _write(self._out, text)

    def line(self, text: str = "") -> None:
        """One line of a report, to stdout."""
        self.data(text + "\n")

    def say(self, text: str = "", *, passing: bool = False) -> None:
        """One line of talk, to stderr; nothing when quiet.

        :param passing: true of this run only, so that no later one repeats it.
        """
        if not self.quiet:
            self.said += [] if passing else [text + "\n"]
            _talk(self._err, text + "\n")

    def warn(self, message: str, hint: str = "") -> None:
        """A warning says what was done instead."""
        self.say(f"{self.style('warning:', 'yellow', err=True)} {message}")
        if hint:
            self.say(f"  {self.style('hint:', 'cyan', err=True)} {hint}")

    def error(self, message: str, hint: str = "") -> None:
        """An error is never quiet."""
        _talk(self._err, f"{self.style('error:', 'red', err=True)} {message}\n")
        if hint:
            _talk(self._err, f"  {self.style('hint:', 'cyan', err=True)} {hint}\n")

    def style(self, text: str, *names: str, err: bool = False) -> str:
        """*text* in the named styles where colour is welcome."""
        stream = self._err if err else self._out
        if os.environ.get("NO_COLOR") or not stream.isatty():
            return text
        codes = ";".join(_STYLES[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"


def _writable(stream: TextIO | None) -> TextIO:
    """A stream that takes every text, whatever its encoding and even when the shell closed it (``>&-``)."""
    if stream is None:
        return io.StringIO()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _write(stream: TextIO, text: str) -> None:
    """Writes at once; a stream whose reader has left (``| head``) goes silent and the work goes on.

    :raises OSError: when the stream cannot take the text for another reason, such as a full disk.
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if isinstance(stream, io.TextIOWrapper):
            # What is still buffered goes nowhere, so that neither the next line nor the flush at exit fails again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            error.filename = getattr(stream, "name", "")
            raise


def _talk(stream: TextIO, text: str) -> None:
    """Writes where nothing is lost when it cannot be told: no work fails for it."""
    with suppress(OSError):
        _write(stream, text)
