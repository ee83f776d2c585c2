"""Requirements put together from the parts in which project files write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from accelinstall.model.project import Wanted
from accelinstall.project.markers import all_of, marker_of_extras
from accelinstall.values import dataclass, replace

if TYPE_CHECKING:
    from packaging.requirements import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One dependency as a file writes it.

    :ivar optional: installed only with one of the project's extras.
    :ivar wanted: its requirement carries no ``extra`` marker of the project's own yet.
    """

    wanted: Wanted
    optional: bool = False

    @property
    def name(self) -> str:
        """The canonical distribution name."""
        return canonical(self.wanted.requirement.name)


# Python makes no number of more than 4,300 digits; `packaging` finds that out when it compares.
_ENDLESS = re.compile(r"\d{1000}")
_TOKEN = re.compile(r"([?&][\w-]*(?:token|key|secret|password)=)[^&#\s]+", re.IGNORECASE)


class RequirementError(ValueError):
    """Parts that make no PEP 508 requirement."""


def canonical(name: str) -> str:
    """*name* as PEP 503 normalises it; group and extra names follow the same rule (PEP 685, PEP 735)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_requirement(text: str) -> Requirement:
    """The PEP 508 requirement that *text* is.

    :raises RequirementError: with the first sentence of what is wrong.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        if _ENDLESS.search(text):
            raise InvalidRequirement("a number in it has more than a thousand digits")
        return Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise RequirementError(f"`{masked(text)}` is not a requirement: {reason[:1].lower()}{reason[1:]}") from None


def masked(text: str) -> str:
    """*text* fit for a message: what stands before the ``@`` of an address is hidden, and tokens in its query."""
    return _TOKEN.sub(r"\1***", re.sub(r"(?<=://)[^/@\s]+(?=@)", "***", text))


def has_token(url: str) -> bool:
    """Whether the query of *url* holds a token or a password."""
    return _TOKEN.search(url) is not None


def requirement_of(
    name: str, *, specifier: str = "", extras: Iterable[str] = (), url: str = "", marker: str = ""
) -> Requirement:
    """The requirement that these parts make.

    :raises RequirementError: when they make none.
    """
    brackets = ",".join(extras)
    text = f"{name}[{brackets}]" if brackets else name
    if url:
        text += f" @ {url}"
    elif specifier:
        text += f" {specifier}"
    if marker:
        text += f" ; {marker}" if url else f"; {marker}"
    return parse_requirement(text)


def with_marker(requirement: Requirement, marker: str) -> Requirement:
    """*requirement* with *marker* in place of its own."""
    return requirement_of(
        requirement.name,
        specifier=str(requirement.specifier),
        extras=sorted(requirement.extras),
        url=requirement.url or "",
        marker=marker,
    )


def with_url(requirement: Requirement, url: str) -> Requirement:
    """*requirement* with *url* in place of its own."""
    marker = str(requirement.marker) if requirement.marker else ""
    return requirement_of(requirement.name, extras=sorted(requirement.extras), url=url, marker=marker)


def bound_to_extras(entry: Entry, extras: Iterable[str]) -> Wanted:
    """The optional *entry* as wanted only with one of *extras*, said by an ``extra`` marker as METADATA says it."""
    requirement = entry.wanted.requirement
    own = str(requirement.marker) if requirement.marker else ""
    marker = all_of(own, marker_of_extras(sorted(extras)))
    return replace(entry.wanted, requirement=with_marker(requirement, marker))


def local_label(requirement: Requirement) -> str:
    """The local label that an ``==`` or ``===`` pin of *requirement* carries: ``cu121`` for ``==2.1.0+cu121``."""
    labels = {
        clause.version.partition("+")[2].lower()
        for clause in requirement.specifier
        if clause.operator in {"==", "==="} and "+" in clause.version
    }
    return labels.pop() if len(labels) == 1 else ""
