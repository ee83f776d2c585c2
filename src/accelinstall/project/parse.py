"""A ``pyproject.toml`` as a :class:`~accelinstall.model.project.Project`."""

from __future__ import annotations

from collections.abc import Mapping

from accelinstall.model.finding import Finding
from accelinstall.model.project import Group, Project, Source, Wanted
from accelinstall.project.assembly import read_groups, read_main
from accelinstall.project.document import Document, read_document
from accelinstall.project.errors import Problem, did_you_mean
from accelinstall.project.mistakes import find_mistakes
from accelinstall.project.poetry import read_poetry_python
from accelinstall.project.requirement import canonical
from accelinstall.project.settings import read_settings
from accelinstall.project.sources import DeclaredSource, bind, read_sources, uses_default_index


def parse_project(text: str | bytes, *, directory: str, filename: str = "pyproject.toml") -> Project:
    """What the file asks for: Poetry 1 and 2, PEP 621 and PEP 735, each or together.

    :param directory: absolute path of the folder that holds the file; it is not looked at.
    :raises InvalidToml: when the text is not TOML.
    :raises InvalidProject: with every mistake that leaves the meaning open, each with its line.
    """
    document = read_document(text, filename=filename)
    settings, own_sources, findings = read_settings(document)
    declared, more = read_sources(document, ("tool", "poetry", "source"))
    declared = _together(document, declared, own_sources)
    main, extras, notes = read_main(document)
    groups = read_groups(document, main)
    sources = tuple(item.source for item in declared)
    has_default_index = uses_default_index(sources)
    groups = _bound(document, groups, sources, has_default_index=has_default_index)
    _check_hardware_groups(document, settings.groups, groups)
    document.raise_problems()
    found = [*findings, *more, *notes, *find_mistakes(document, groups=groups, sources=declared)]
    return Project(
        directory=directory,
        name=document.string("project", "name") or document.string("tool", "poetry", "name"),
        version=document.string("project", "version") or document.string("tool", "poetry", "version"),
        requires_python=_requires_python(document),
        groups=groups,
        extras=extras,
        sources=sources,
        uses_default_index=has_default_index,
        settings=settings,
        findings=tuple(sorted(found, key=_line_of)),
    )


def _together(document: Document, declared: list[DeclaredSource], own: list[DeclaredSource]) -> list[DeclaredSource]:
    names = {item.source.name.lower() for item in declared}
    for item in own:
        if item.source.name.lower() in names:
            document.problem(item.path, f"the source `{item.source.name}` is declared under [tool.poetry] too")
    return [*declared, *own]


def _bound(
    document: Document, groups: tuple[Group, ...], sources: tuple[Source, ...], *, has_default_index: bool
) -> tuple[Group, ...]:
    """*groups* with every source named as it is declared."""
    found = []
    for group in groups:
        bound: list[Wanted] = []
        for wanted in group.wanted:
            outcome = bind(wanted, sources, has_default_index=has_default_index)
            if isinstance(outcome, Wanted):
                bound.append(outcome)
            elif outcome not in document.problems:
                document.problems.append(outcome)
        found.append(Group(name=group.name, wanted=tuple(bound), optional=group.optional))
    return tuple(found)


def _check_hardware_groups(document: Document, chosen: Mapping[str, str], groups: tuple[Group, ...]) -> None:
    names = [group.name for group in groups]
    for environment, name in chosen.items():
        if canonical(name) not in map(canonical, names):
            document.problem(
                ("tool", "accelinstall", "groups", environment),
                f"the project has no group `{name}`{did_you_mean(name, names)}",
                hint=f"groups of the project: {', '.join(names)}",
            )


def _requires_python(document: Document) -> str:
    """Both declarations together: Poetry's ``python`` may narrow ``requires-python``."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    standard = document.string("project", "requires-python")
    try:
        SpecifierSet(standard)
    except InvalidSpecifier:
        document.problem(
            ("project", "requires-python"),
            f"`{standard}` is not a Python requirement",
            hint='requires-python = ">=3.11,<3.14"',
        )
    poetry = read_poetry_python(document)
    document.raise_problems()
    return ",".join(dict.fromkeys(part for text in (standard, poetry) for part in text.split(",") if part))


def _line_of(item: Finding | Problem) -> int:
    line = item.where.rpartition(":")[2]
    return int(line) if line.isdigit() else 0
