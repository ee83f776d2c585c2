"""In which sources a name is looked up: Poetry's priorities, the families of the catalog, pip's configuration.

The rules stand in the design under *Project*, *Decisions: Indexes* and *A source that cannot be reached*:

1. ``--index-url`` and ``--no-index`` replace every index of project, catalog and pip; what they offer is trusted.
2. A name bound to a source comes from there, or from find-links with that source's local-version label.
3. A member of a family follows its head: names the head's source knows come from there, others from the default index.
4. A framework that nothing binds comes from where its :class:`~accelinstall.model.selection.Choice` says.
5. Everything else: primary sources merged (the default index with pip's extra indexes among them unless the project
   switched it off) together with find-links, then each supplemental source while nothing matched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Protocol

from accelinstall.errors import ResolutionError
from accelinstall.model.project import Settings, Source
from accelinstall.model.selection import Choice
from accelinstall.resolution.places import Admission, Place, Tier

DEFAULT = "default"
_PYPI = "pypi"


class FamilyRule(Protocol):
    """Packages built together: members and patterns (``nvidia-*``) follow the head's source."""

    @property
    def head(self) -> str:
        """Canonical name, such as ``torch``."""

    @property
    def members(self) -> Sequence[str]:
        """Canonical names that are built with the head, such as ``torchvision``."""

    @property
    def patterns(self) -> Sequence[str]:
        """Globs of names that the head's source only mirrors, such as ``nvidia-*``."""

    @property
    def exceptions(self) -> Sequence[str]:
        """Globs of names that only look like members."""


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


class UnknownSource(ResolutionError):
    """A requirement is bound to a source that nobody declares."""

    code = "unknown-source"

    def __init__(self, *, package: str, source: str, known: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in known)
        super().__init__(
            f"`{package}` is bound to the source `{source}`, which is not declared",
            hint=f"declared are {names}" if known else f'declare it as [[tool.poetry.source]] name = "{source}"',
        )
        self.package, self.source, self.known = package, source, tuple(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Which sources are asked for a name; made by :func:`route`.

    :ivar default: the default index and pip's extra indexes; empty when pip or the command line forbid them.
    :ivar primary: merged sources of the project, ``default`` among them unless it is switched off.
    :ivar supplemental: asked in order while nothing matched.
    :ivar named: every source a requirement can be bound to, by name.
    :ivar find_links: folders of project and pip; ``trusted`` indexes and folders of the command line.
    :ivar bindings: canonical name -> the source the project binds it to.
    :ivar choices: canonical name -> what the candidate says of it.
    :ivar fallback: whether the project allows the default index to stand in for its sources.
    :ivar replaced: the command line replaces every index.
    """

    default: tuple[Source, ...] = ()
    primary: tuple[Source, ...] = ()
    supplemental: tuple[Source, ...] = ()
    named: Mapping[str, Source] = field(default_factory=dict)
    find_links: tuple[Source, ...] = ()
    trusted: tuple[Source, ...] = ()
    bindings: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    families: tuple[FamilyRule, ...] = ()
    fallback: bool = False
    replaced: bool = False

    def places(self, name: str, named: str | None = None) -> tuple[Tier, ...]:
        """The tiers in which the canonical *name* is looked up, in order; *named* is the source it is bound to.

        Cost: no I/O.  Raises :class:`UnknownSource` when nobody declares *named*.
        """
        choice = self._family_choice(name)
        if self.replaced:
            return (self._replacement(choice),)
        bound = named or self.bindings.get(name)
        if bound:
            return self._bound(name, self._source(name, bound), choice)
        if name not in self.choices or choice is None:
            return self._followed(name) or self._ordinary(None)
        return self._bound_by_family(name, choice) or self._chosen(name, choice)

    @property
    def _default_url(self) -> str:
        return self.default[0].url if self.default else ""

    def _source(self, name: str, bound: str) -> Source:
        if bound.lower() == _PYPI and bound not in self.named and self.default:
            return self.default[0]
        if bound not in self.named:
            raise UnknownSource(package=name, source=bound, known=sorted(self.named))
        return self.named[bound]

    def _ordinary(self, admission: Admission | None) -> tuple[Tier, ...]:
        extra = tuple(source for source in self.trusted if source not in self.primary)
        first = self._tier((*self.primary, *self.find_links), admission)
        places = (*first.places, *self._tier(extra, _trusting(admission)).places)
        later = tuple(self._tier((source,), admission) for source in self.supplemental)
        return (replace(first, places=places), *later)

    @staticmethod
    def _tier(sources: Sequence[Source], admission: Admission | None) -> Tier:
        return Tier(places=tuple(Place(source=source, admission=admission) for source in sources))

    def _replacement(self, choice: Choice | None) -> Tier:
        admission = _foreign_admission(choice)
        trusted = self._tier(self.trusted, _trusting(admission))
        return replace(trusted, places=(*trusted.places, *self._tier(self.find_links, admission).places))

    def _chosen(self, name: str, choice: Choice) -> tuple[Tier, ...]:
        """Rule 4: the default index when it has the newest right build of the family, else the backend's source."""
        if _on_default(self._head_choice(name) or choice):
            return self._ordinary(_default_admission(choice))
        source = _home(choice)
        foreign = _foreign_admission(choice)
        home = Place(source=source, admission=self._home_admission(source, name, choice))
        others = [item for item in self.primary if item.url != self._default_url]
        beside = self._tier((*others, *self.find_links), foreign).places
        trusted = self._tier(self.trusted, _trusting(foreign)).places
        return (Tier(places=(home, *beside, *trusted)), *self._fallback(source, name, choice))

    def _bound(self, name: str, source: Source, choice: Choice | None) -> tuple[Tier, ...]:
        """Rule 2: there and nowhere else."""
        admission = self._home_admission(source, name, choice)
        places = [Place(source=source, admission=admission)]
        if choice is not None and choice.local:
            links = (*self.find_links, *(item for item in self.trusted if item.kind == "find-links"))
            places += (Place(source=item, admission=admission, only_label=choice.local) for item in links)
        return (Tier(places=tuple(places)), *self._fallback(source, name, choice))

    def _fallback(self, source: Source, name: str, choice: Choice | None) -> tuple[Tier, ...]:
        """The default index, for exactly the versions whose wheel there is the same build.

        The project must allow it for the sources it names; the catalog's own it did not ask for.
        """
        head = self._head_choice(name) or choice
        if choice is None or head is None or not head.default_index_versions or source.url == self._default_url:
            return ()
        asked_for = any(source.url == item.url for item in self.named.values())
        uses_default = any(item.url == self._default_url for item in self.primary)
        if not self.default or not (self.fallback or (uses_default and not asked_for)):
            return ()
        admission = _default_admission(choice) if choice.package == name else _member_admission(choice)
        return (replace(self._tier(self.default, admission), fallback_for=source.name),)

    def _home_admission(self, source: Source, name: str, choice: Choice | None) -> Admission | None:
        """What a backend's own source may serve."""
        if choice is None:
            return None
        own = choice.package == name
        if not _same_index(source.url, choice.source_url):
            # The project's own mirror: how its wheels are labelled is the project's business.
            return Admission(label=choice.local, unlabelled=None, trusted=own, is_own=own)
        # Not every member carries a label there (triton has none); the head does, on every platform that has one.
        is_head = own and all(name not in family.members for family in self.families)
        versions = choice.versions if own else ()
        unlabelled = () if is_head and choice.local else None
        return Admission(label=choice.local, versions=versions, unlabelled=unlabelled, is_own=own)

    def _followed(self, name: str) -> tuple[Tier, ...]:
        """Rule 3 for a name without a choice of its own."""
        for family in self.families:
            mirrored = _is_mirrored(family, name)
            if not mirrored and not _is_built_with(family, name):
                continue
            source, choice = self._home_of(family)
            if source is None:
                continue
            if mirrored:
                # The same files as on the default index: nothing is lost when the mirror cannot be reached.
                return (Tier(places=(Place(source=source),), optional=True), *self._ordinary(None))
            first, *fallback = self._bound(name, source, choice)
            return (replace(first, closes="known"), *fallback, *self._ordinary(_member_admission(choice)))
        return ()

    def _bound_by_family(self, name: str, choice: Choice) -> tuple[Tier, ...]:
        """Rule 3 for a framework that has a choice but no source of its own, where the project binds its family."""
        for family in self.families:
            if _is_built_with(family, name) and (bound := self._binding_of(family)):
                return self._bound(name, self._source(name, bound), choice)
        return ()

    def _binding_of(self, family: FamilyRule) -> str:
        return next((self.bindings[name] for name in (family.head, *family.members) if name in self.bindings), "")

    def _family_choice(self, name: str) -> Choice | None:
        """What the candidate says of *name*, else of the family it is built with."""
        if name in self.choices:
            return self.choices[name]
        return next((self._choice_of(family) for family in self.families if _is_built_with(family, name)), None)

    def _head_choice(self, name: str) -> Choice | None:
        families = (family for family in self.families if _is_built_with(family, name))
        return next((self.choices[family.head] for family in families if family.head in self.choices), None)

    def _choice_of(self, family: FamilyRule) -> Choice | None:
        names = (family.head, *family.members)
        return next((self.choices[name] for name in names if name in self.choices), None)

    def _home_of(self, family: FamilyRule) -> tuple[Source | None, Choice | None]:
        """The source a family comes from and the choice that says so; no source when that is the default index."""
        choice, bound = self._choice_of(family), self._binding_of(family)
        if bound:
            source = self._source(family.head, bound)
            return (None if source.url == self._default_url else source), choice
        if choice is None or _on_default(choice):
            return None, choice
        return _home(choice), choice


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
    if not any(source.name.lower() == _PYPI for source in declared) and uses_default_index:
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
        fallback=_PYPI in (name.lower() for name in settings.fallback),
        replaced=replaced,
    )
    if not replaced:
        for name in sorted(routing.bindings):
            routing._source(name, routing.bindings[name])
    return routing


def _default_places(default_index: str, pip: IndexWishes) -> tuple[Source, ...]:
    return (
        Source(name=DEFAULT, url=pip.index_url or default_index),
        *_numbered("pip-extra-index-url", pip.extra_index_urls),
    )


def _filled(source: Source, default: tuple[Source, ...]) -> Source:
    """A source called PyPI is the default index under whatever name and priority the project gives it."""
    if source.name.lower() == _PYPI and default:
        return replace(default[0], priority=source.priority)
    return source


def _numbered(name: str, urls: Sequence[str]) -> tuple[Source, ...]:
    return tuple(Source(name=name if not index else f"{name}-{index + 1}", url=url) for index, url in enumerate(urls))


def _links(name: str, urls: Sequence[str]) -> tuple[Source, ...]:
    return tuple(replace(source, kind="find-links") for source in _numbered(name, urls))


def _is_built_with(family: FamilyRule, name: str) -> bool:
    return name == family.head or name in family.members


def _is_mirrored(family: FamilyRule, name: str) -> bool:
    if _is_built_with(family, name) or not any(fnmatchcase(name, pattern) for pattern in family.patterns):
        return False
    return not any(fnmatchcase(name, pattern) for pattern in family.exceptions)


def _on_default(choice: Choice) -> bool:
    """Whether the default index has the newest release that fits, so that no other source is needed."""
    if not choice.source_url:
        return True
    newest = (*choice.versions, *choice.default_index_versions)[:1]
    return bool(newest) and newest[0] in choice.default_index_versions


def _home(choice: Choice) -> Source:
    return Source(name=choice.source, url=choice.source_url, priority="explicit")


def _foreign_admission(choice: Choice | None) -> Admission | None:
    """What any other index may serve: wheels that carry the label, and the default index's own right builds."""
    if choice is None:
        return None
    if not choice.source_url:
        return _default_admission(choice)
    return Admission(label=choice.local, versions=choice.versions, unlabelled=choice.default_index_versions)


def _default_admission(choice: Choice) -> Admission:
    """What the default index may serve where it is the right place."""
    return Admission(label=choice.local, versions=choice.versions, unlabelled=choice.default_index_versions or None)


def _member_admission(choice: Choice | None) -> Admission | None:
    """What the default index may serve of members without a choice: their head pins what is made for it."""
    return None if choice is None else Admission(label=choice.local, unlabelled=None, is_own=False)


def _trusting(admission: Admission | None) -> Admission | None:
    return None if admission is None else Admission(label=admission.label, unlabelled=None, trusted=True)


def _same_index(left: str, right: str) -> bool:
    return _bare(left) == _bare(right)


def _bare(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", url).rstrip("/").lower()
