"""The only place that writes to the terminal: data to stdout, talk to stderr."""

from __future__ import annotations

import os
import sys
from typing import TextIO

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Console:
    """Plain text with a little colour where a person looks at it.

    Colour is off when ``NO_COLOR`` is set or the stream is no terminal; the text reads the same without it.
    """

    def __init__(self, *, out: TextIO | None = None, err: TextIO | None = None, quiet: bool = False) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self.quiet = quiet

    @property
    def is_interactive(self) -> bool:
        """Whether a person watches stderr, so that bars may be drawn."""
        return self._err.isatty() and not self.quiet and os.environ.get("TERM") != "dumb"

    def data(self, text: str) -> None:
        """Writes *text* to stdout as it is."""
        self._out.write(text)
        self._out.flush()

    def line(self, text: str = "") -> None:
        """One line of a report, to stdout."""
        self.data(text + "\n")

    def say(self, text: str = "") -> None:
        """One line of talk, to stderr; nothing when quiet."""
        if not self.quiet:
            self._err.write(text + "\n")
            self._err.flush()

    def warn(self, message: str, hint: str = "") -> None:
        """A warning says what was done instead."""
        self.say(f"{self.style('warning:', 'yellow', err=True)} {message}")
        if hint:
            self.say(f"  {self.style('hint:', 'cyan', err=True)} {hint}")

    def error(self, message: str, hint: str = "") -> None:
        """An error is never quiet."""
        self._err.write(f"{self.style('error:', 'red', err=True)} {message}\n")
        if hint:
            self._err.write(f"  {self.style('hint:', 'cyan', err=True)} {hint}\n")
        self._err.flush()

    def style(self, text: str, *names: str, err: bool = False) -> str:
        """*text* in the named styles where colour is welcome."""
        stream = self._err if err else self._out
        if os.environ.get("NO_COLOR") or not stream.isatty():
            return text
        codes = ";".join(_STYLES[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"
