"""Large simple-API pages in JSON, read no further than needed.

The pages of a hundred packages hold forty megabytes about a hundred thousand files, of which a resolution looks at some
hundreds.  One regular expression finds the names; a file's own object is decoded when its version is looked at.
Whatever the frame around the files and their names cannot account for goes to the whole decoder; a second list of such
objects, which the standard does not know, would be taken for a part of the first.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from accelinstall.values import dataclass

# Where the files begin, and how each of them does: an object whose first key is always the same.
_FIRST = re.compile(rb'"files"\s*:\s*\[\s*(\{\s*"[a-z-]+"\s*:)')
_NAME = b'"filename"'
_SPACING = re.compile(rb'"filename"(\s*:\s*)"')
_AFTER_FILES = re.compile(r"\s*\]")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A page whose files are still text.

    :ivar frame: everything of the page but its files.
    :ivar groups: head of file names (:func:`~accelinstall.index.links.head_of`) -> places of those files.
    """

    frame: Mapping[str, Any]
    groups: Mapping[str, list[int]]
    body: bytes
    opening: bytes
    key: bytes

    def row(self, place: int) -> Any:
        """The object of the file whose name stands at *place*.

        :raises ValueError: when the page turns out to be no JSON.
        """
        start = self.body.rfind(self.opening, 0, place + len(self.key))
        stop = self.body.find(self.opening, place + 1)
        text = self.body[start : None if stop < 0 else stop].decode()
        try:
            row, end = _DECODER.raw_decode(text)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        name = self.body[place + len(self.key) : self.body.index(b'"', place + len(self.key))].decode()
        if isinstance(row, dict) and row.get("filename") == name and place < start + len(text[:end].encode()):
            return row
        # This file's object begins otherwise: the names before it tell which one it is.
        files = json.loads(self.body)["files"]
        number = self.body.count(_NAME, 0, place)
        return files[number] if number < len(files) else None


def scan(body: bytes) -> Scan | None:
    """*body* as far as it can be told without decoding it; ``None`` when only the whole decoder can tell."""
    first = _FIRST.search(body)
    spacing = _SPACING.search(body, first.start(1)) if first else None
    if first is None or spacing is None:
        return None
    frame = _frame(body, first.start(1), body.rfind(first[1]))
    if frame is None or _NAME in body[: first.start(1)]:
        return None
    pattern = _names(spacing[1])
    heads = Counter(pattern.findall(body))
    if b"" in heads:
        return None
    groups = _Groups(body, heads, pattern, spacing[0])
    return Scan(frame=frame, groups=groups, body=body, opening=first[1], key=spacing[0])


@cache
def _names(spacing: bytes) -> re.Pattern[bytes]:
    """Finds the head of every file's name, and an empty one where a name is not as expected."""
    wheel = rb'[^-"\\]+-[^-"\\]+(?=-[^-"\\]+-[^-"\\]+-[^-"\\]+\.whl")'
    return re.compile(rb'"filename"(?:%s"(%s|[^"\\]+(?=")))?' % (re.escape(spacing), wheel))


def _frame(body: bytes, start: int, last: int) -> dict[str, Any] | None:
    """The page without its files; ``None`` when they are not one list, or the page is damaged."""
    try:
        tail = body[last:].decode()
        _, stop = _DECODER.raw_decode(tail)
        after = _AFTER_FILES.match(tail, stop)
        frame = json.loads(body[:start].decode() + tail[stop:]) if after else None
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) and frame.get("files") == [] else None


class _Groups(Mapping[str, list[int]]):
    """Places by head, found when they are asked for: from the end, where most indexes have what is new."""

    def __init__(self, body: bytes, heads: Counter[bytes], pattern: re.Pattern[bytes], key: bytes) -> None:
        self._body, self._pattern, self._key = body, pattern, key
        self._counts = {head.decode("utf-8", "replace"): (head, count) for head, count in heads.items()}

    def __getitem__(self, head: str) -> list[int]:
        text, count = self._counts[head]
        sought, found, stop = self._key + text, list[int](), len(self._body)
        while len(found) < count:
            place = self._body.rfind(sought, 0, stop)
            match = self._pattern.match(self._body, place)
            # Longer heads begin alike.
            if match is not None and match[1] == text:
                found.append(place)
            stop = place + len(sought) - 1
        return found[::-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)
