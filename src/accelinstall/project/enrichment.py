"""What ``[tool.poetry]`` adds to dependencies that a standard table lists.

Poetry 2 (``poetry.core.packages.dependency_group``): where ``[project]`` or ``[dependency-groups]`` lists
dependencies, ``[tool.poetry]`` only enriches those with a source, markers or prereleases.
"""

from __future__ import annotations

from accelinstall.project.document import Document
from accelinstall.project.markers import all_of
from accelinstall.project.requirement import Entry, requirement_of
from accelinstall.values import replace


def enriched(entries: list[Entry], poetry: list[Entry]) -> list[Entry]:
    """*entries* with what ``[tool.poetry]`` adds to those of the same name."""
    found = []
    for entry in entries:
        additions = [addition for addition in poetry if addition.name == entry.name]
        found.extend([_enrich(entry, addition) for addition in additions] or [entry])
    return found


def _enrich(entry: Entry, addition: Entry) -> Entry:
    base, more = entry.wanted, addition.wanted
    own, other = base.requirement, more.requirement
    url = own.url or other.url or ""
    markers = (str(item.marker) if item.marker else "" for item in (own, other))
    requirement = requirement_of(
        own.name,
        specifier="" if url else str(own.specifier & other.specifier),
        extras=sorted(own.extras | other.extras),
        url=url,
        marker=all_of(*markers),
    )
    wanted = replace(
        base,
        requirement=requirement,
        local=base.local or more.local,
        source=more.source,
        path=base.path or more.path,
        editable=base.editable or more.editable,
        prereleases=base.prereleases or more.prereleases,
    )
    return replace(entry, wanted=wanted)


def note_ignored(document: Document, poetry: list[Entry], listed: list[Entry], table: str = "[project]") -> None:
    """Note the *poetry* entries that are not *listed*: Poetry leaves them out without a word."""
    names = {entry.name for entry in listed}
    for entry in poetry:
        if entry.name not in names:
            document.finding(
                entry.wanted.where,
                "dependency-ignored",
                f"`{entry.name}` is left out: {table} lists the dependencies, and [tool.poetry] only adds to those "
                "listed there",
                hint=f'add "{entry.wanted.requirement}" to {table}',
            )
