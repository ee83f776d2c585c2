"""Changes to one file as values, and a file's bytes with them made: every other byte stays."""

from __future__ import annotations

from collections.abc import Iterable

from accelinstall.values import dataclass

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """On one line, *old*, which stands at *column* (from 0), becomes *new*."""

    path: str
    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """A new line after line ``after``."""

    path: str
    after: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A line at the end of a file, unless the file has it; the file is made when it is missing."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlValue:
    """A key of a TOML file."""

    path: str
    keys: tuple[str, ...]
    value: str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlTable:
    """One table more in the array of tables *name*, at the end of a TOML file."""

    path: str
    name: str
    pairs: tuple[tuple[str, str], ...]


Change = Substitution | Insertion | Addition | TomlValue | TomlTable


def changed(content: bytes | None, changes: Iterable[Change]) -> bytes:
    """*content* with *changes* made; what no longer finds its text changes nothing."""
    text = (content or b"").decode("utf-8", errors="surrogateescape")
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    newline = "\r\n" if "\r\n" in text else "\n"
    every = tuple(dict.fromkeys(changes))
    lines = text.split("\n")
    substitutions = [one for one in every if isinstance(one, Substitution) and 0 < one.line <= len(lines)]
    # From the right and from below, so that the places before stay true.
    for one in sorted(substitutions, key=lambda one: one.column, reverse=True):
        line = lines[one.line - 1]
        if line.startswith(one.old, one.column):
            lines[one.line - 1] = line[: one.column] + one.new + line[one.column + len(one.old) :]
    insertions = [one for one in every if isinstance(one, Insertion)]
    for new in sorted(insertions, key=lambda one: one.after, reverse=True):
        at = min(new.after, len(lines))
        added = new.text.replace("\n", newline)
        if at == len(lines) and lines[-1] != "":
            lines[-1] += newline.removesuffix("\n")
            lines.append(added)
        else:
            lines.insert(at, added + newline.removesuffix("\n"))
    text = "\n".join(lines)
    for last in every:
        if isinstance(last, Addition):
            text = _with_line(text, last.text, newline)
        elif isinstance(last, TomlValue):
            text = _with_value(text, last, newline)
        elif isinstance(last, TomlTable):
            text = _with_table(text, last, newline)
    return (mark + text).encode("utf-8", errors="surrogateescape")


def _with_line(text: str, line: str, newline: str) -> str:
    if line in (known.strip() for known in text.splitlines()):
        return text
    return text + ("" if not text or text.endswith("\n") else newline) + line + newline


def _with_value(text: str, one: TomlValue, newline: str) -> str:
    import tomllib

    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import AoT

    try:
        tomllib.loads(text)
        document = tomlkit.parse(text)
    except (ValueError, RecursionError, TOMLKitError):
        return text  # what is no TOML has its own finding, and is a person's to correct
    table: object = document
    for key in one.keys[:-1]:
        if not isinstance(table, dict) or isinstance(table, AoT):
            return text
        if key not in table:
            table[key] = tomlkit.table()
        table = table[key]
    if not isinstance(table, dict) or table.get(one.keys[-1]) == one.value:
        return text
    table[one.keys[-1]] = one.value
    rendered = tomlkit.dumps(document)
    return rendered if newline == "\n" else rendered.replace("\r\n", "\n").replace("\n", "\r\n")


def _with_table(text: str, one: TomlTable, newline: str) -> str:
    import tomlkit

    block = [f"[[{one.name}]]", *(f"{key} = {tomlkit.item(value).as_string()}" for key, value in one.pairs)]
    rendered = newline.join(block) + newline
    if rendered.strip() in text:
        return text
    gap = "" if not text else newline if text.endswith("\n") else newline * 2
    return text + gap + rendered
