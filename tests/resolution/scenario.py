"""A scenario file as a call of ``resolve``, and what came out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from accelinstall.catalog import Family
from accelinstall.errors import AccelinstallError
from accelinstall.model.project import Settings, Source, Wanted
from accelinstall.model.selection import Choice
from accelinstall.model.target import Target
from accelinstall.resolution import Resolution, resolve, route
from tests.resolution.memory_index import DEFAULT_INDEX, MemoryIndex

FOLDER = Path(__file__).parents[1] / "scenarios"
TARGET = "cpu-linux-x86_64-cp311"
TORCH_FAMILY = Family(
    head="torch",
    members=("torchvision", "torchaudio", "triton"),
    patterns=("nvidia-*",),
    exceptions=("nvidia-ml-py",),
)


@dataclass(frozen=True, kw_only=True)
class IndexOptions:
    """Indexes as the command line or pip name them."""

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a scenario did: a resolution or an error."""

    index: MemoryIndex
    resolution: Resolution | None = None
    error: AccelinstallError | None = None

    @property
    def pins(self) -> dict[str, str]:
        """Name -> version."""
        assert self.resolution is not None, self.error
        return {package.name: package.file.version for package in self.resolution.packages}

    @property
    def sources(self) -> dict[str, str]:
        """Name -> source it came from."""
        assert self.resolution is not None, self.error
        return {package.name: package.file.source for package in self.resolution.packages}


def load(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """The scenarios of one file, each with its name."""
    document = tomllib.loads(path.read_text("utf-8"))
    return [(f"{path.stem}: {row['name']}", {**document.get("shared", {}), **row}) for row in document["scenario"]]


def run(row: Mapping[str, Any], *, reverse: bool = False, kind: type[MemoryIndex] = MemoryIndex) -> Outcome:
    """Plays one scenario; *reverse* gives every list the other way round, *kind* is the index it is played on."""
    index = kind(_stock(row, reverse), unreachable=row.get("unreachable", ()), refused=row.get("refused", ()))
    wanted = [_wanted(item) for item in row["wanted"]]
    if reverse:
        wanted.reverse()
    options = row.get("options", {})
    try:
        resolution = resolve(
            wanted,
            target=Target.parse(row.get("target", TARGET)),
            routing=_routing(row, wanted),
            finder=index,
            constraints=[Requirement(text) for text in options.get("constraints", ())],
            overrides=options.get("overrides", ()),
            preferences=options.get("preferences", {}),
            prereleases=options.get("prereleases", False),
            lowest_direct=options.get("lowest_direct", False),
            exclude_newer=options.get("exclude_newer", ""),
            python_full_version=options.get("python_full_version", ""),
            directory="/project",
            max_rounds=options.get("max_rounds", 5000),
        )
    except AccelinstallError as error:
        return Outcome(index=index, error=error)
    return Outcome(index=index, resolution=resolution)


def _stock(row: Mapping[str, Any], reverse: bool) -> dict[str, list[Mapping[str, Any]]]:
    """Packages by source; those without one are on the default index."""
    stock: dict[str, list[Mapping[str, Any]]] = {}
    for package in row.get("packages", ()):
        stock.setdefault(package.get("source", "default"), []).append(package)
    if reverse:
        stock = {name: packages[::-1] for name, packages in reversed(stock.items())}
    return stock


def _wanted(item: str | Mapping[str, Any]) -> Wanted:
    row = {"requirement": item} if isinstance(item, str) else item
    return Wanted(
        requirement=Requirement(row["requirement"]),
        local=row.get("local", ""),
        source=row.get("source"),
        where=row.get("where", ""),
        path=row.get("path"),
        prereleases=row.get("prereleases", False),
    )


def _routing(row: Mapping[str, Any], wanted: list[Wanted]) -> Any:
    choices = [
        Choice(**{key: tuple(value) if isinstance(value, list) else value for key, value in choice.items()})
        for choice in row.get("choices", ())
    ]
    return route(
        default_index=DEFAULT_INDEX,
        sources=[Source(**source) for source in row.get("sources", ())],
        uses_default_index=row.get("uses_default_index", True),
        bindings={canonicalize_name(item.requirement.name): item.source for item in wanted if item.source},
        settings=Settings(
            fallback=tuple(row.get("fallback", ())),
            find_links=tuple(row.get("find_links", ())),
        ),
        families=(TORCH_FAMILY,),
        choices=choices,
        command_line=_indexes(row.get("command_line", {})),
        pip=_indexes(row.get("pip", {})),
    )


def _indexes(table: Mapping[str, Any]) -> IndexOptions:
    return IndexOptions(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
