"""A TOML file as values that know their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from accelinstall.model.finding import Finding, Level
from accelinstall.project.errors import InvalidProject, InvalidToml, Problem
from accelinstall.project.positions import Path, Positions, Step

_PLACE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)\s*$")
_KINDS = {bool: "true or false", str: "a string", int: "a number", float: "a number", list: "an array", dict: "a table"}

T = TypeVar("T")


class Document:
    """One read TOML file, with the problems, findings and addresses with a login met in it so far.

    The getters give a value of the type asked for; a wrong type is noted as a problem and read as absent, so that
    one pass names every mistake.
    """

    def __init__(self, text: str, *, filename: str, data: Mapping[str, Any]) -> None:
        self.filename, self.data = filename, data
        self.problems: list[Problem] = []
        self.findings: list[Finding] = []
        self.logins: list[str] = []
        self._positions = Positions(text)

    def where(self, *path: Step) -> str:
        """``pyproject.toml:12`` for *path*, or for its nearest parent whose line is known."""
        line = self._positions.line(*path)
        return f"{self.filename}:{line}" if line else self.filename

    def problem(self, path: Path, message: str, *, hint: str = "") -> None:
        """Note a mistake at *path*."""
        self.problems.append(Problem(where=self.where(*path), message=message, hint=hint))

    def finding(self, where: str, id: str, message: str, *, hint: str = "", level: Level = "warning") -> None:
        """Note something that can be read past, once."""
        found = Finding(id=id, level=level, message=message, hint=hint, where=where)
        if found not in self.findings:
            self.findings.append(found)

    def raise_problems(self) -> None:
        """Nothing when there are none.

        :raises InvalidProject: with every problem noted, in file order.
        """
        if self.problems:
            raise InvalidProject(sorted(self.problems, key=lambda problem: line_of(problem.where)))

    def get(self, *path: Step) -> Any:
        """The value at *path*, ``None`` when there is none; a parent that is no table is a problem."""
        value: Any = self.data
        for depth, step in enumerate(path):
            if isinstance(value, list) and isinstance(step, int):
                value = value[step]
            elif isinstance(value, dict):
                value = value.get(str(step))
            elif value is not None:
                self._wrong_type(path[:depth], value, dict)
                return None
        return value

    def table(self, *path: Step) -> Mapping[str, Any]:
        """The table at *path*, empty when there is none."""
        return self._typed(path, dict, {})

    def array(self, *path: Step) -> list[Any]:
        """The array at *path*, empty when there is none."""
        return self._typed(path, list, [])

    def string(self, *path: Step) -> str:
        """The string at *path*, empty when there is none."""
        return self._typed(path, str, "")

    def flag(self, *path: Step) -> bool:
        """The boolean at *path*, false when there is none."""
        return self._typed(path, bool, False)

    def strings(self, *path: Step) -> tuple[str, ...]:
        """The strings of the array at *path*."""
        return tuple(value for _, value in self.numbered_strings(*path))

    def numbered_strings(self, *path: Step) -> Iterator[tuple[int, str]]:
        """(index, string) of the array at *path*."""
        for number, value in enumerate(self.array(*path)):
            if isinstance(value, str):
                yield number, value
            else:
                self._wrong_type((*path, number), value, str)

    def _typed(self, path: Path, kind: type[T], absent: T) -> T:
        value = self.get(*path)
        if value is None or isinstance(value, kind):
            return absent if value is None else value
        self._wrong_type(path, value, kind)
        return absent

    def _wrong_type(self, path: Path, value: object, wanted: type) -> None:
        found = _KINDS.get(type(value), type(value).__name__)
        message = f"`{dotted(path)}` must be {_KINDS[wanted]}, not {found}"
        problem = Problem(where=self.where(*path), message=message)
        if problem not in self.problems:
            self.problems.append(problem)


def read_document(text: str | bytes, *, filename: str) -> Document:
    """*text* as a document; a byte-order mark is tolerated.

    :raises InvalidToml: naming line and column, also for bytes that are not UTF-8.
    """
    import tomllib

    if isinstance(text, bytes):
        text = _decode(text, filename=filename)
    text = text.removeprefix("\ufeff")
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # ValueError: TOMLDecodeError is one, and int() refuses numbers of thousands of digits.
        raise _invalid(error, text=text, filename=filename) from None
    return Document(text, filename=filename, data=data)


def dotted(path: Path) -> str:
    """``tool.poetry.source[0].url``: *path* as people write it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _decode(raw: bytes, *, filename: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise InvalidToml(
            filename=filename,
            line=before.count(b"\n") + 1,
            column=column,
            reason=f"byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8, which TOML requires",
            hint=f"save {filename} as UTF-8",
        ) from None


def _invalid(error: ValueError | RecursionError, *, text: str, filename: str) -> InvalidToml:
    last = text.count("\n") + (not text.endswith("\n"))
    if isinstance(error, RecursionError):
        return InvalidToml(filename=filename, line=1, column=0, reason="the file is nested too deeply")
    message = str(error)
    match = _PLACE.search(message)
    if match is None:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 0)
    elif match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line, column = last, 0
    reason = message[: match.start()] if match else message
    return InvalidToml(filename=filename, line=max(line, 1), column=column, reason=f"not valid TOML: {reason}")


def line_of(where: str) -> int:
    """12 for ``pyproject.toml:12``, 0 when no line is known."""
    line = where.rpartition(":")[2]
    return int(line) if line.isdigit() else 0
