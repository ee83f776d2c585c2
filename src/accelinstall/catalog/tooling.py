"""What is known of the tools around a project: Poetry's settings and removed options, images that cannot be pulled."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

from accelinstall.model.finding import Level
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneCommand:
    """A use of Poetry that its 2.x no longer takes.

    :ivar flag: the option that makes it one; empty = the command itself is gone.
    :ivar becomes: written instead of the flag; ``renamed`` instead of the command, empty = it keeps its name.
    :ivar plugin: brings the command back.
    """

    command: str
    level: Level
    since: str
    flag: str = ""
    becomes: str = ""
    renamed: str = ""
    plugin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedImage:
    """Tags of an image that were deleted, or will be.

    :ivar series: shell wildcards over the tag.
    :ivar instead: what to take, as a part of a sentence.
    """

    name: str
    series: str
    state: Literal["gone", "ending"]
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tooling:
    """Everything the table holds.

    :ivar newest_poetry: when the table was written; ``last_of_major`` of earlier majors, as numbers.
    :ivar poetry_variables: every ``POETRY_*`` variable that means something; ``poetry_prefixes`` begin more of them.
    :ivar mistaken: variable that does nothing -> the one that was meant.
    """

    newest_poetry: str
    last_of_major: Mapping[int, tuple[int, ...]]
    poetry_variables: frozenset[str]
    poetry_prefixes: tuple[str, ...]
    mistaken: Mapping[str, str]
    gone: tuple[GoneCommand, ...]
    images: tuple[EndedImage, ...]

    def has_poetry(self, version: str) -> bool:
        """Whether *version* can be one: beyond what was known when the table was written, only the same major."""
        numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
        if not numbers:
            return True
        newest = int(self.newest_poetry.partition(".")[0])
        last = self.last_of_major.get(numbers[0])
        return numbers[0] <= newest and (last is None or numbers <= last)

    def ended(self, name: str, tag: str) -> EndedImage | None:
        """The row for the image *name* and *tag*, if that tag is gone or going."""
        return next((row for row in self.images if row.name == name and fnmatchcase(tag, row.series)), None)


@cache
def load_tooling() -> Tooling:
    """The table that ships with this release; read once."""
    data: Any = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    poetry = data["poetry"]
    settings = (f"POETRY_{key.upper().replace('.', '_').replace('-', '_')}" for key in poetry["settings"].split())
    return Tooling(
        newest_poetry=poetry["newest"],
        last_of_major={int(major): tuple(map(int, last.split("."))) for major, last in poetry["series"].items()},
        poetry_variables=frozenset(settings) | frozenset(poetry["variables"].split()),
        poetry_prefixes=tuple(poetry["prefixes"].split()),
        mistaken=poetry["mistaken"],
        gone=tuple(
            GoneCommand(**{key: value for key, value in row.items() if key not in {"source", "date", "unsure"}})
            for row in poetry["gone"]
        ),
        images=tuple(
            EndedImage(name=row["name"], series=row["series"], state=row["state"], instead=row["instead"])
            for row in data["image"]
        ),
    )
