"""TOML tables that know where they stand, so that every complaint names file and key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelinstall.lockfile.errors import MalformedLock


class Table:
    """A mapping with its place; every reader says what was expected and what was found.

    :ivar values: the plain mapping.
    """

    __slots__ = ("_path", "_where", "values")

    def __init__(self, values: Mapping[str, Any], *, where: str, path: str = "") -> None:
        self.values, self._where, self._path = values, where, path

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def text(self, key: str) -> str:
        """The text under *key*, which must be there."""
        return self._typed(key, str, "a text")  # type: ignore[no-any-return]

    def optional_text(self, key: str) -> str:
        """The text under *key*, or empty."""
        return self.text(key) if key in self.values else ""

    def number(self, key: str) -> int:
        """The whole number under *key*, which must be there."""
        return self._typed(key, int, "a whole number")  # type: ignore[no-any-return]

    def optional_number(self, key: str) -> int | None:
        """The whole number under *key*, if any."""
        return self.number(key) if key in self.values else None

    def flag(self, key: str) -> bool:
        """The truth value under *key*; false when it is not there."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, f"expected a truth value, found {_kind(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts under *key*; empty when it is not there."""
        values = self._typed(key, list, "a list of texts") if key in self.values else []
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self.wrong(f"{key}[{index}]", f"expected a text, found {_kind(value)}")
        return tuple(values)

    def table(self, key: str) -> Table:
        """The table under *key*; an empty one when it is not there."""
        values = self._typed(key, dict, "a table") if key in self.values else {}
        return Table(values, where=self._where, path=self._join(key))

    def tables(self, key: str, *, required: bool = True) -> list[Table]:
        """The list of tables under *key*."""
        if not required and key not in self.values:
            return []
        rows = []
        for index, value in enumerate(self._typed(key, list, "a list of tables")):
            place = f"{key}[{index}]"
            if not isinstance(value, dict):
                raise self.wrong(place, f"expected a table, found {_kind(value)}")
            rows.append(Table(value, where=self._where, path=self._join(place)))
        return rows

    def wrong(self, key: str, reason: str) -> MalformedLock:
        """The error that says what is wrong at *key*."""
        return MalformedLock(reason, where=self._where, key=self._join(key))

    def _typed(self, key: str, kind: type, words: str) -> Any:
        if key not in self.values:
            raise self.wrong(key, f"is missing; expected {words}")
        value = self.values[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, f"expected {words}, found {_kind(value)}")
        return value

    def _join(self, key: str) -> str:
        return ".".join(part for part in (self._path, key) if part)


def _kind(value: object) -> str:
    names = {bool: "a truth value", str: "a text", int: "a whole number", float: "a number", list: "a list"}
    return names.get(type(value), "a table" if isinstance(value, dict) else f"a {type(value).__name__}")
