"""From what project, pip and command line name as indexes to one routing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from accelinstall.model.project import Settings, Source
from accelinstall.model.selection import Choice
from accelinstall.resolution.routing import PYPI, FamilyRule, Routing
from accelinstall.values import dataclass, replace

DEFAULT = "default"
"""The name of the default index as a source."""


class IndexWishes(Protocol):
    """Indexes as the command line or pip's configuration names them; empty = none."""

    @property
    def index_url(self) -> str | None:
        """The index that replaces the default one."""

    @property
    def extra_index_urls(self) -> Sequence[str]:
        """Indexes that are added."""

    @property
    def find_links(self) -> Sequence[str]:
        """Folders or pages of links that are added."""

    @property
    def no_index(self) -> bool:
        """Whether only find-links are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWishes:
    """Nobody names an index."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False


def route(
    *,
    default_index: str,
    sources: Sequence[Source] = (),
    uses_default_index: bool = True,
    bindings: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    families: Sequence[FamilyRule] = (),
    choices: Sequence[Choice] = (),
    command_line: IndexWishes | None = None,
    pip: IndexWishes | None = None,
) -> Routing:
    """The routing of one run.

    :param default_index: simple-API root of PyPI; pip's ``index_url`` stands in for it.
    :param sources: the project's, as ``Project.sources``; ``uses_default_index`` as there.  A source called ``pypi``
        is the default index, with the priority it is declared with.
    :param bindings: canonical name -> source name, from ``Wanted.source``.
    :param settings: ``[tool.accelinstall]``; its sources count as the project's, its find-links as pip's.
    :param families: the catalog's.
    :param choices: of the candidate to be resolved.
    :param command_line: ``--index-url`` and its like.
    :param pip: pip's own configuration.
    :raises UnknownSource: when a binding names a source that nobody declares.
    """
    settings, line, pip = settings or Settings(), command_line or NoWishes(), pip or NoWishes()
    trusted = (
        *((Source(name="index-url", url=line.index_url),) if line.index_url else ()),
        *_numbered("extra-index-url", line.extra_index_urls),
        *_links("find-links-option", line.find_links),
    )
    replaced = bool(line.index_url) or line.no_index
    default = () if replaced or pip.no_index else _default_places(default_index, pip)
    declared = [_filled(source, default) for source in (*sources, *settings.sources)]
    declared = [source for source in declared if source.url]
    primary = [source for source in declared if source.priority == "primary"]
    if not any(source.name.lower() == PYPI for source in declared) and uses_default_index:
        primary += default[:1]
    if default and any(source.url == default[0].url for source in primary):
        primary += default[1:]
    routing = Routing(
        default=default,
        primary=tuple(dict.fromkeys(primary)),
        supplemental=tuple(source for source in declared if source.priority == "supplemental"),
        named={source.name: source for source in declared},
        find_links=(*_links("project-find-links", settings.find_links), *_links("find-links", pip.find_links)),
        trusted=trusted,
        bindings=dict(bindings or {}),
        choices={choice.package: choice for choice in choices},
        families=tuple(families),
        fallback=PYPI in (name.lower() for name in settings.fallback),
        replaced=replaced,
    )
    routing.check_bindings()
    return routing


def _default_places(default_index: str, pip: IndexWishes) -> tuple[Source, ...]:
    return (
        Source(name=DEFAULT, url=pip.index_url or default_index),
        *_numbered("pip-extra-index-url", pip.extra_index_urls),
    )


def _filled(source: Source, default: tuple[Source, ...]) -> Source:
    """A source called PyPI is the default index under whatever name and priority the project gives it."""
    if source.name.lower() == PYPI and default:
        return replace(default[0], priority=source.priority)
    return source


def _numbered(name: str, urls: Sequence[str]) -> tuple[Source, ...]:
    return tuple(Source(name=name if not index else f"{name}-{index + 1}", url=url) for index, url in enumerate(urls))


def _links(name: str, urls: Sequence[str]) -> tuple[Source, ...]:
    return tuple(replace(source, kind="find-links") for source in _numbered(name, urls))
