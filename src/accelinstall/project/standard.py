"""``[project]`` (PEP 621) and ``[dependency-groups]`` (PEP 735): dependencies in the standard's notation."""

from __future__ import annotations

from accelinstall.model.project import Wanted
from accelinstall.project.document import Document
from accelinstall.project.positions import Path
from accelinstall.project.requirement import Entry, RequirementError, local_label, parse_requirement


def read_requirements(document: Document, path: Path, *, group: str, optional: bool = False) -> list[Entry]:
    """The PEP 508 strings of the array at *path*, in order; what is wrong is noted in *document* and left out."""
    return [
        entry
        for number, text in document.numbered_strings(*path)
        if (entry := _entry(document, text, (*path, number), group=group, optional=optional))
    ]


def read_dependency_group(document: Document, name: str) -> tuple[list[Entry], list[tuple[str, Path]]]:
    """(dependencies, (included group, where it is named)) of one entry of ``[dependency-groups]``."""
    entries: list[Entry] = []
    includes: list[tuple[str, Path]] = []
    path: Path = ("dependency-groups", name)
    for number, item in enumerate(document.array(*path)):
        place = (*path, number)
        if isinstance(item, str):
            entry = _entry(document, item, place, group=name, optional=False)
            if entry:
                entries.append(entry)
        elif isinstance(item, dict) and set(item) == {"include-group"} and isinstance(item["include-group"], str):
            includes.append((item["include-group"], place))
        else:
            document.problem(
                place,
                f"an entry of the group `{name}` must be a requirement or an include",
                hint='write "numpy>=2" or { include-group = "test" }',
            )
    return entries, includes


def _entry(document: Document, text: str, path: Path, *, group: str, optional: bool) -> Entry | None:
    try:
        requirement = parse_requirement(text)
    except RequirementError as error:
        document.problem(path, str(error), hint=_suggestion(text))
        return None
    wanted = Wanted(requirement=requirement, local=local_label(requirement), group=group, where=document.where(*path))
    return Entry(wanted=wanted, optional=optional)


def _suggestion(text: str) -> str:
    if "^" in text:
        return "`^` is Poetry's notation: here write a range such as `numpy>=2.1,<3`"
    return "write it as PEP 508 does, such as `numpy>=2.1,<3; python_version >= '3.11'`"
