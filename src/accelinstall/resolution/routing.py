"""In which sources a name is looked up: Poetry's priorities, the families of the catalog, pip's configuration.

The rules stand in the design under *Project*, *Decisions: Indexes* and *A source that cannot be reached*:

1. ``--index-url`` and ``--no-index`` replace every index of project, catalog and pip; what they offer is trusted.
2. A name bound to a source comes from there, or from find-links with that source's local-version label.
3. A family follows its head: names the head's source knows come from there, others from the default index.  Where the
   project binds none of the family, the :class:`~accelinstall.model.selection.Choice` of the candidate says the source.
4. A framework without a family comes from where its choice says.
5. Everything else: primary sources merged (the default index with pip's extra indexes among them unless the project
   switched it off) together with find-links, then each supplemental source while nothing matched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from accelinstall.errors import ResolutionError
from accelinstall.model.project import Source
from accelinstall.model.selection import Choice
from accelinstall.resolution.admissions import (
    default_admission,
    foreign_admission,
    home_admission,
    home_of,
    is_on_default,
    trusting,
)
from accelinstall.resolution.places import Admission, Place, Tier
from accelinstall.values import dataclass, field, replace

PYPI = "pypi"
"""What projects call the default index, in any case of letters."""


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
            return (self._replacement(name, choice),)
        bound = named or self.bindings.get(name)
        if bound:
            return self._bound(name, self._source(name, bound), choice)
        followed = self._followed(name, choice)
        if followed or choice is None or choice.package != name:
            return followed or self._ordinary(None)
        return self._chosen(name, choice)

    def check_bindings(self) -> None:
        """Raises :class:`UnknownSource` for the first name, in their order, that is bound to what nobody declares."""
        if not self.replaced:
            for name, bound in sorted(self.bindings.items()):
                self._source(name, bound)

    def _chosen(self, name: str, choice: Choice) -> tuple[Tier, ...]:
        """Rule 4, for a framework without a family, and for a family whose home is the default index."""
        if is_on_default(self._head_choice(name) or choice):
            return self._ordinary(default_admission(choice, name=name))
        return self._with_head(name, self._catalogued(choice), choice, bound=False)

    def _catalogued(self, choice: Choice) -> Source:
        """The catalog's source for *choice*: the project's own of that name, where it declares one."""
        return self.named.get(choice.source) or home_of(choice)

    @property
    def _default_url(self) -> str:
        return self.default[0].url if self.default else ""

    def _source(self, name: str, bound: str) -> Source:
        if bound.lower() == PYPI and bound not in self.named and self.default:
            return self.default[0]
        if bound not in self.named:
            raise UnknownSource(package=name, source=bound, known=sorted(self.named))
        return self.named[bound]

    def _ordinary(self, admission: Admission | None) -> tuple[Tier, ...]:
        """Rule 5."""
        first = self._tier((*self.primary, *self.find_links), admission)
        trusted = self._tier(self.trusted, trusting(admission)).places
        later = tuple(self._tier((source,), admission) for source in self.supplemental)
        return (replace(first, places=(*first.places, *trusted)), *later)

    @staticmethod
    def _tier(sources: Sequence[Source], admission: Admission | None) -> Tier:
        return Tier(places=tuple(Place(source=source, admission=admission) for source in sources))

    def _replacement(self, name: str, choice: Choice | None) -> Tier:
        """Rule 1."""
        admission = foreign_admission(choice, name=name)
        trusted = self._tier(self.trusted, trusting(admission))
        return replace(trusted, places=(*trusted.places, *self._tier(self.find_links, admission).places))

    def _bound(self, name: str, source: Source, choice: Choice | None) -> tuple[Tier, ...]:
        """Rule 2: there and nowhere else."""
        home = self._home(name, source, choice)
        places = [home]
        if choice is not None and choice.local:
            links = (*self.find_links, *(item for item in self.trusted if item.kind == "find-links"))
            places += (Place(source=item, admission=home.admission, only_label=choice.local) for item in links)
        return (Tier(places=tuple(places)), *self._fallback(name, source, choice, bound=True))

    def _fallback(self, name: str, source: Source, choice: Choice | None, *, bound: bool) -> tuple[Tier, ...]:
        """The default index, for exactly the versions whose wheel there is the same build.

        The project must allow it for the sources it names; the catalog's own it did not ask for.
        """
        head = self._head_choice(name) or choice
        if choice is None or head is None or not head.default_index_versions or source.url == self._default_url:
            return ()
        uses_default = any(item.url == self._default_url for item in self.primary)
        if not self.default or not (self.fallback or (uses_default and not bound)):
            return ()
        return (replace(self._tier(self.default, default_admission(choice, name=name)), fallback_for=source.name),)

    def _followed(self, name: str, choice: Choice | None) -> tuple[Tier, ...]:
        """Rule 3, for a name that nothing binds."""
        for family in self.families:
            mirrored = _is_mirrored(family, name)
            if not mirrored and not _is_built_with(family, name):
                continue
            source = self._home_source(family)
            if source is None:
                continue
            if mirrored:
                # The same files as on the default index: nothing is lost when the mirror cannot be reached.
                return (Tier(places=(Place(source=source),), optional=True), *self._ordinary(None))
            return self._with_head(name, source, choice, bound=bool(self._binding_of(family)))
        return ()

    def _with_head(self, name: str, source: Source, choice: Choice | None, *, bound: bool) -> tuple[Tier, ...]:
        """Everything the head's source knows from there; what it does not know where it would be without a head.

        :param bound: the project names the source; else other sources with the right label are as good.
        """
        foreign = foreign_admission(choice, name=name)
        others = [] if bound else [item for item in self.primary if item.url != self._default_url]
        beside = self._tier((*others, *self.find_links), foreign).places
        trusted = self._tier(self.trusted, trusting(foreign)).places
        first = Tier(places=(self._home(name, source, choice), *beside, *trusted), closes="known")
        return (first, *self._fallback(name, source, choice, bound=bound), *self._ordinary(foreign))

    def _home(self, name: str, source: Source, choice: Choice | None) -> Place:
        if choice is None:
            return Place(source=source)
        is_member = any(name in family.members for family in self.families)
        return Place(source=source, admission=home_admission(source, choice, name=name, is_head=not is_member))

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

    def _home_source(self, family: FamilyRule) -> Source | None:
        """The source a family comes from; ``None`` when that is the default index."""
        bound = self._binding_of(family)
        if bound:
            source = self._source(family.head, bound)
            return None if source.url == self._default_url else source
        choice = self._choice_of(family)
        return None if choice is None or is_on_default(choice) else self._catalogued(choice)


def _is_built_with(family: FamilyRule, name: str) -> bool:
    return name == family.head or name in family.members


def _is_mirrored(family: FamilyRule, name: str) -> bool:
    if _is_built_with(family, name) or not any(fnmatchcase(name, pattern) for pattern in family.patterns):
        return False
    return not any(fnmatchcase(name, pattern) for pattern in family.exceptions)
