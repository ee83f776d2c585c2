"""A TOML file under edit: what is not touched keeps its bytes, and the result is read back before anybody sees it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from accelinstall.errors import ProjectError
from accelinstall.project.document import dotted, read_document
from accelinstall.project.positions import Path, Positions
from accelinstall.values import dataclass

_WIDE = 100
_BOM = b"\xef\xbb\xbf"
Value = str | bool | list["Value"] | dict[str, "Value"]


class NotEditable(ProjectError):
    """A file is written in a way in which an edit cannot be made without rewriting the rest."""

    code = "not-editable"

    def __init__(self, filename: str, *, reason: str) -> None:
        super().__init__(
            f"{filename} cannot be edited: {reason}; nothing was written",
            hint="write its tables in the ordinary way, `[table]` above `key = value`, and run the command again",
        )
        self.filename, self.reason = filename, reason


@dataclass(slots=True)
class _Segment:
    """One header with what stands below it, up to the next header; the first one has no header and an empty path."""

    path: Path
    text: str


class TomlText:
    """A TOML file that edits are made to; :meth:`render` gives the new bytes.

    New tables go to the end of the file, one more ``[[table]]`` behind those there are.  Line endings and a byte-order
    mark stay; a new line ends as the first one does.  Only the table that an edit is about is parsed and written anew,
    so scattered tables stay where they are.

    :raises InvalidToml: when it is not TOML.
    """

    def __init__(self, raw: bytes, *, filename: str = "pyproject.toml") -> None:
        self._filename, self._bom = filename, _BOM if raw.startswith(_BOM) else b""
        self.data: dict[str, Any] = copy.deepcopy(dict(read_document(raw, filename=filename).data))
        self._original = raw.removeprefix(_BOM).decode()
        self._normal = self._original.replace("\r\n", "\n")
        self._segments = _segments(self._normal)
        self._blocks: dict[Path, dict[str, Value]] = {}

    def get(self, *path: str) -> Any:
        """The plain value at *path* as edited so far; ``None`` when there is none."""
        value: Any = self.data
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def put(self, path: Sequence[str | int], value: Value) -> None:
        """Set the key at *path*: in its table where that is written in the file, else in a table of its own."""
        *parents, key = path
        assert isinstance(key, str)
        block, segment, expected = tuple(parents), None, self._expect(parents)
        if block not in self._blocks:
            segment = next((item for item in self._segments if item.path == block), None) or self._holder(block)
            if segment is None and key in expected:
                segment = self._holder(tuple(path), spread=True)
        expected[key] = copy.deepcopy(value)
        if segment is None:
            self._blocks.setdefault(block, {})[key] = copy.deepcopy(value)
            return
        with self._editing(segment) as document:
            table = _reach(document, block)
            if key in table:
                table[key] = _item(value)
            else:
                _append(table, key, _item(value))

    def add(self, path: Sequence[str], value: Value) -> None:
        """Append *value* to the array at *path*, which is made when missing."""
        known = self.get(*path)
        if not isinstance(known, list):
            self.put(path, [value])
            return
        known.append(copy.deepcopy(value))
        pending = self._blocks.get(tuple(path[:-1]), {}).get(path[-1])
        if isinstance(pending, list):
            pending.append(copy.deepcopy(value))
            return
        with self._editing(self._found(tuple(path))) as document:
            _reach(document, tuple(path)).append(_item(value))

    def put_element(self, path: Sequence[str], number: int, value: Value) -> None:
        """Replace one element of the array at *path*."""
        self.get(*path)[number] = copy.deepcopy(value)
        with self._editing(self._found(tuple(path))) as document:
            _reach(document, tuple(path))[number] = _item(value)

    def add_table(self, path: Sequence[str], values: dict[str, Value]) -> None:
        """One more ``[[table]]`` at *path*, or one more value in the array where it is written as one."""
        expected = self._expect(path[:-1]).setdefault(path[-1], [])
        expected.append(copy.deepcopy(values))
        place, number = tuple(path), len(expected) - 1
        last = [item for item in self._segments if item.path[: len(place) + 1] == (*place, number - 1)]
        if last:
            last[-1].text, tail = _split_tail(last[-1].text)
            added = _Segment((*place, number), f"\n{_block((*place, number), values)}{tail}")
            self._segments.insert(self._segments.index(last[-1]) + 1, added)
        elif number and (*place, number - 1) not in self._blocks:
            with self._editing(self._found(place)) as document:
                _reach(document, place).append(_item(values))
        else:
            self._blocks[(*place, number)] = copy.deepcopy(values)

    def drop(self, path: Sequence[str | int]) -> None:
        """Remove the key or the array element at *path*, with the comment on its line; a table with all it holds."""
        *parents, last = path
        place = tuple(path)
        value: Any = self.data
        for step in parents:
            value = value[step]
        del value[last]
        tables = [item for item in self._segments if item.path[: len(place)] == place]
        for table in tables:
            self._segments.remove(table)
        if not tables or isinstance(last, int):
            segment = self._holder(place, spread=True)
            with self._editing(segment or self._found(place)) as document:
                del _reach(document, tuple(parents))[last]

    def render(self) -> bytes:
        """The edited file.

        :raises NotEditable: when it would not say what was meant.
        """
        import tomllib

        text = "".join(segment.text for segment in self._segments)
        for path, values in self._blocks.items():
            text += "\n" * (not text.endswith("\n") and bool(text))
            text += "\n" * (not text.endswith("\n\n") and bool(text))
            text += _block(path, values)
        try:
            if tomllib.loads(text) != self.data:
                raise self._refusal("tables that it names are spread over the file")
        except tomllib.TOMLDecodeError as error:
            raise self._refusal(f"its tables are written inside others ({error})") from None
        return self._bom + merged(self._original, self._normal, text).encode()

    def _expect(self, path: Sequence[str | int]) -> dict[str, Any]:
        value: Any = self.data
        for step in path:
            value = value[step] if isinstance(step, int) else value.setdefault(step, {})
        return value  # type: ignore[no-any-return]

    def _holder(self, path: Path, *, spread: bool = False) -> _Segment | None:
        """The segment whose text writes the value at *path* inside, as an inline table or an array.

        :param spread: or as several keys that begin with it.
        """
        import tomlkit

        for segment in self._segments:
            if len(segment.path) < len(path) and segment.path == path[: len(segment.path)]:
                item = _reach(tomlkit.parse(segment.text), path)
                if item is not None and (spread or not _follows(item)):
                    return segment
        return None

    def _found(self, path: Path) -> _Segment:
        segment = self._holder(path)
        if segment is None:
            raise self._refusal(f"`{dotted(path)}` was not found where it is read")
        return segment

    @contextmanager
    def _editing(self, segment: _Segment) -> Iterator[Any]:
        import tomlkit

        document = tomlkit.parse(segment.text)
        if tomlkit.dumps(document) != segment.text:
            raise self._refusal(f"`{dotted(segment.path)}` would be written anew")
        yield document
        segment.text = tomlkit.dumps(document)

    def _refusal(self, reason: str) -> NotEditable:
        return NotEditable(self._filename, reason=reason)


def _segments(text: str) -> list[_Segment]:
    headers = Positions(text).headers
    # A header may be indented: its line is its segment's.
    starts: list[tuple[int, Path]] = [(0, ()), *((text.rfind("\n", 0, offset) + 1, path) for offset, path in headers)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return [_Segment(path, text[start:end]) for (start, path), end in zip(starts, ends, strict=True)]


def _reach(document: Any, path: Path) -> Any:
    """The item at *path* of a segment's document, which holds one element of each array of tables; ``None`` if none."""
    from tomlkit.items import AoT

    item = document
    for step in path:
        try:
            item = item[0] if isinstance(item, AoT) else item[step]
        except (KeyError, IndexError, TypeError):
            return None
    return item


def _follows(item: Any) -> bool:
    """Whether a table is not written itself but follows from longer names."""
    from tomlkit.items import AoT, Table

    return isinstance(item, AoT) or (isinstance(item, Table) and item.is_super_table())


def _block(path: Path, values: dict[str, Value]) -> str:
    names = ".".join(_key(str(step)) for step in path if isinstance(step, str))
    header = f"[[{names}]]" if isinstance(path[-1], int) else f"[{names}]"
    return header + "\n" + "".join(f"{_key(key)} = {toml_of(value)}\n" for key, value in values.items())


def _split_tail(text: str) -> tuple[str, str]:
    """(*text* up to its last statement, the comments and blank lines after it), the first with a newline at its end."""
    lines = text.splitlines(keepends=True)
    count = len(lines)
    while count > 1 and (not lines[count - 1].strip() or lines[count - 1].lstrip().startswith("#")):
        count -= 1
    body = "".join(lines[:count])
    return body if body.endswith("\n") else f"{body}\n", "".join(lines[count:])


def merged(original: str, normal: str, edited: str) -> str:
    """*edited* with every line that it shares with *normal* as it stands in *original*.

    *normal* is *original* with plain newlines; a line that is new ends as the first line of *original* does.
    """
    if original == normal:
        return edited
    import difflib

    ending = "\r\n" if original.partition("\n")[0].endswith("\r") else "\n"
    raw, old, new = (text.split("\n") for text in (original, normal, edited))
    for lines in (raw, old, new):
        lines[:-1] = [f"{line}\n" for line in lines[:-1]]
    result: list[str] = []
    for kind, low, high, start, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        result += raw[low:high] if kind == "equal" else [line.replace("\n", ending) for line in new[start:stop]]
    return "".join(result)


def toml_of(value: Value) -> str:
    """*value* as people write it: ``{ version = "^2.1", source = "pytorch-cpu" }``.

    Several tables, and what would be long, stand one a line.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        line = "[" + ", ".join(map(toml_of, value)) + "]"
        tables = len(value) > 1 and all(isinstance(item, dict) for item in value)
        return "[\n" + "".join(f"  {toml_of(item)},\n" for item in value) + "]" if tables or len(line) > _WIDE else line
    if not value:
        return "{}"
    return "{ " + ", ".join(f"{_key(key)} = {toml_of(item)}" for key, item in value.items()) + " }"


def _item(value: Value) -> Any:
    import tomlkit

    return tomlkit.parse(f"value = {toml_of(value)}\n").item("value")


def _append(table: Any, key: str, item: Any) -> None:
    """Behind the table's last key: comments and blank lines at its end belong to what follows."""
    from tomlkit.items import Table

    if not isinstance(table, Table):
        table[key] = item
        return
    tail = _cut_tail(table)
    table.append(key, item)
    for rest in tail:
        table.add(rest)


def _cut_tail(table: Any) -> list[Any]:
    """The comments and blank lines at the end of *table*, taken out of it."""
    body, tail = table.value.body, []
    while body and body[-1][0] is None:
        tail.append(body.pop()[1])
    return tail[::-1]


def _key(text: str) -> str:
    import re

    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _string(text)


def _string(text: str) -> str:
    import json

    # JSON's escapes are TOML's; a string that holds quotes reads better as a literal.
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
