"""The line of every key in a TOML text.

``tomllib`` tells values without places.  This scan walks a text that ``tomllib`` has already accepted, so it needs no
checks of its own: it follows keys, headers, strings, arrays and inline tables, and skips everything else.
"""

from __future__ import annotations

import re
from bisect import bisect_right

Step = str | int
Path = tuple[Step, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?P<basic>(?:[^"\\\n]|\\.)*)"|\'(?P<literal>[^\'\n]*)\'|(?P<bare>[A-Za-z0-9_-]+)')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")' r"|'''.*?'{3,5}(?!')" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


class Positions:
    """Where each key, table, array and array element of one TOML text starts.

    A place that the scan does not know is answered with that of its nearest known parent.
    """

    def __init__(self, text: str) -> None:
        self._newlines = [index for index, character in enumerate(text) if character == "\n"]
        self._offsets: dict[Path, int] = {}
        scan = _Scan(text, self._offsets)
        self.headers = scan.headers
        """(offset, path) of every ``[table]`` and ``[[table]]``, in file order; the path holds the number of an array's
        element."""
        try:
            scan.document()
        except (IndexError, ValueError, RecursionError):
            # The scan met something it does not follow: what it has seen so far stays right.
            return

    def line(self, *path: Step) -> int:
        """The 1-based line of *path* or of its nearest known parent; 0 when even the first step is unknown."""
        while path:
            if path in self._offsets:
                return bisect_right(self._newlines, self._offsets[path] - 1) + 1
            path = path[:-1]
        return 0


class _Scan:
    def __init__(self, text: str, offsets: dict[Path, int]) -> None:
        self.text, self.offsets, self.at = text, offsets, 0
        self.counts: dict[Path, int] = {}
        self.headers: list[tuple[int, Path]] = []

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                start = self.at
                table = self.header()
                self.headers.append((start, table))
            else:
                self.pair(table)
            self.skip(_BLANK)

    def header(self) -> Path:
        start = self.at
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        keys = self.keys()
        self.at += 2 if many else 1
        table = self.resolve(keys[:-1], start)
        if not many:
            return self.resolve(keys, start)
        table = (*table, keys[-1])
        number = self.counts.get(table, -1) + 1
        self.counts[table] = number
        self.note(table, start)
        self.note((*table, number), start)
        return (*table, number)

    def resolve(self, keys: tuple[str, ...], start: int) -> Path:
        """The path of *keys*, led through the newest element of each array of tables."""
        table: Path = ()
        for key in keys:
            table = (*table, key)
            self.note(table, start)
            if table in self.counts:
                table = (*table, self.counts[table])
        return table

    def keys(self) -> tuple[str, ...]:
        """A dotted key and the blanks around it."""
        parts = []
        while True:
            self.skip(_SPACE)
            match = _KEY.match(self.text, self.at)
            if match is None:
                raise ValueError("no key")
            self.at = match.end()
            parts.append(_key_text(match))
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def pair(self, table: Path) -> None:
        start = self.at
        for key in self.keys():
            table = (*table, key)
            self.note(table, start)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        self.value(table)

    def value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening in "\"'":
            match = _STRING.match(self.text, self.at)
            if match is None:
                raise ValueError("no string")
            self.at = match.end()
        elif opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            self.skip(_SCALAR)

    def array(self, path: Path) -> None:
        self.at += 1
        number = 0
        self.skip(_BLANK)
        while self.text[self.at] != "]":
            self.note((*path, number), self.at)
            self.value((*path, number))
            number += 1
            self.separator()
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        while self.text[self.at] != "}":
            self.pair(path)
            self.separator()
        self.at += 1

    def separator(self) -> None:
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_BLANK)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def note(self, path: Path, offset: int) -> None:
        self.offsets.setdefault(path, offset)


def _key_text(match: re.Match[str]) -> str:
    basic = match["basic"]
    if basic is None:
        return match["bare"] or match["literal"] or ""
    if "\\" not in basic:
        return basic
    import tomllib

    value = tomllib.loads(f'key = "{basic}"')["key"]
    return str(value)
