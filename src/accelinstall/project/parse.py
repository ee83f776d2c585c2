"""A ``pyproject.toml`` as a :class:`~accelinstall.model.project.Project`."""

from __future__ import annotations

from collections.abc import Mapping

from accelinstall.model.project import Group, Project, Source, Wanted
from accelinstall.project.assembly import read_groups
from accelinstall.project.document import Document, line_of, read_document
from accelinstall.project.errors import did_you_mean
from accelinstall.project.export_tables import check_exports
from accelinstall.project.main_group import read_main
from accelinstall.project.mistakes import note_mistakes
from accelinstall.project.poetry import read_poetry_python
from accelinstall.project.requirement import canonical
from accelinstall.project.settings import read_settings
from accelinstall.project.sources import DeclaredSource, bind, read_sources, uses_default_index, without_url_secret
from accelinstall.values import replace


def parse_project(text: str | bytes, *, directory: str, filename: str = "pyproject.toml") -> Project:
    """What the file asks for: Poetry 1 and 2, PEP 621 and PEP 735, each or together.

    :param directory: absolute path of the folder that holds the file; it is not looked at.
    :raises InvalidToml: when the text is not TOML.
    :raises InvalidProject: with every mistake that leaves the meaning open, each with its line.
    """
    document = read_document(text, filename=filename)
    settings, own_sources = read_settings(document)
    declared = _together(document, read_sources(document, ("tool", "poetry", "source")), own_sources)
    sources = tuple(item.source for item in declared)
    has_default_index = uses_default_index(sources)
    main, extras = read_main(document)
    groups = _bound(document, read_groups(document, main), sources, has_default_index=has_default_index)
    _check_hardware_groups(document, settings.groups, groups)
    check_exports(document, settings, groups)
    name = document.string("project", "name") or document.string("tool", "poetry", "name")
    package_mode = document.get("tool", "poetry", "package-mode")
    project = Project(
        directory=directory,
        name=name,
        is_package=bool(name) and document.get("build-system") is not None and package_mode is not False,
        version=document.string("project", "version") or document.string("tool", "poetry", "version"),
        requires_python=_requires_python(document),
        groups=groups,
        extras=extras,
        sources=sources,
        uses_default_index=has_default_index,
        settings=settings,
    )
    document.raise_problems()
    note_mistakes(document, groups=groups, sources=declared)
    findings = tuple(sorted(document.findings, key=lambda finding: line_of(finding.where)))
    return replace(project, findings=findings, logins=tuple(document.logins))


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
            clean, is_secret = without_url_secret(wanted)
            if clean is not wanted:
                document.logins.append(wanted.requirement.url or "")
            if is_secret:
                _note_secret(document, clean)
            outcome = bind(clean, sources, has_default_index=has_default_index)
            if isinstance(outcome, Wanted):
                bound.append(outcome)
            elif outcome not in document.problems:
                document.problems.append(outcome)
        found.append(replace(group, wanted=tuple(bound)))
    return tuple(found)


def _note_secret(document: Document, wanted: Wanted) -> None:
    document.finding(
        wanted.where,
        "secret-in-dependency-url",
        f"the url of `{wanted.requirement.name}` holds a password that everybody with the file can read",
        hint=f'write "{wanted.requirement.url}", replace the password, and keep it in netrc',
    )


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
    parts = [part.strip() for text in (standard, read_poetry_python(document)) for part in text.split(",")]
    return ",".join(dict.fromkeys(filter(None, parts)))
