"""``[tool.poetry]``: dependencies, groups and extras in Poetry's own notation, 1.x and 2.x.

Rules as in Poetry 2.5: https://python-poetry.org/docs/dependency-specification/ and /managing-dependencies/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from accelinstall.model.project import Wanted
from accelinstall.project.constraints import Constraint, ConstraintError, parse_constraint
from accelinstall.project.document import Document
from accelinstall.project.errors import did_you_mean
from accelinstall.project.markers import all_of, marker_of_platform, marker_of_python
from accelinstall.project.positions import Path
from accelinstall.project.requirement import Entry, RequirementError, requirement_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_KEYS = (
    *("version", "python", "platform", "markers", "extras", "optional", "source", "develop"),
    *("allow-prereleases", "allows-prereleases"),
    *("git", "branch", "tag", "rev", "subdirectory", "file", "path", "url"),
)


def read_poetry_dependencies(document: Document, path: Path, *, group: str) -> list[Entry]:
    """The dependencies of the table at *path*, in file order; ``python`` is left out.

    What is wrong is noted in *document* and left out.
    """
    entries = []
    for name, value in document.table(*path).items():
        if name.lower() == "python":
            continue
        for place, item in _alternatives(value, (*path, name)):
            entry = _read_dependency(document, name, item, place, group=group)
            if entry is not None:
                entries.append(entry)
    return entries


def read_poetry_python(document: Document) -> str:
    """The ``python`` entry of the main dependencies as a PEP 440 specifier, empty for any."""
    path = ("tool", "poetry", "dependencies", "python")
    value = document.get(*path)
    if not isinstance(value, str):
        return ""
    return _constraint(document, value, path).specifier


def _alternatives(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Every constraint of a dependency: Poetry allows a list of them, told apart by their markers."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield (*path, number), item
    else:
        yield path, value


def _read_dependency(document: Document, name: str, value: object, path: Path, *, group: str) -> Entry | None:
    before = len(document.problems)
    if isinstance(value, str):
        constraint = _constraint(document, value, path)
        requirement = _requirement(document, path, name, specifier=constraint.specifier)
        entry = Wanted(requirement=requirement, local=constraint.local, group=group, where=document.where(*path))
        return None if len(document.problems) > before else Entry(wanted=entry)
    if isinstance(value, dict):
        found = _read_table(document, name, value, path, group=group)
        return None if len(document.problems) > before else found
    document.problem(path, f"the dependency `{name}` must be a version or a table", hint=f'{name} = "*"')
    return None


def _read_table(document: Document, name: str, value: Mapping[str, Any], path: Path, *, group: str) -> Entry:
    for key in value:
        if key not in _KEYS:
            document.problem((*path, key), f"the dependency `{name}` has no key `{key}`{did_you_mean(key, _KEYS)}")
    version = document.string(*path, "version") if "version" in value else "*"
    is_text = isinstance(value.get("version", "*"), str)
    constraint = _constraint(document, version, (*path, "version")) if is_text else Constraint()
    requirement = _requirement(
        document,
        path,
        name,
        specifier=constraint.specifier,
        extras=document.strings(*path, "extras"),
        url=_url(document, path),
        marker=_marker(document, path),
    )
    wanted = Wanted(
        requirement=requirement,
        local=constraint.local,
        source=document.string(*path, "source") or None,
        group=group,
        where=document.where(*path),
        path=_local_path(document, path),
        editable=document.flag(*path, "develop"),
        prereleases=document.flag(*path, "allow-prereleases") or document.flag(*path, "allows-prereleases"),
    )
    return Entry(wanted=wanted, optional=document.flag(*path, "optional"))


def _requirement(
    document: Document,
    path: Path,
    name: str,
    *,
    specifier: str = "",
    extras: tuple[str, ...] = (),
    url: str = "",
    marker: str = "",
) -> Requirement:
    try:
        return requirement_of(name, specifier=specifier, extras=extras, url=url, marker=marker)
    except RequirementError as error:
        document.problem(path, str(error))
        # The problem keeps whoever asked from using this stand-in.
        return requirement_of("unreadable")


def _constraint(document: Document, text: str, path: Path) -> Constraint:
    try:
        return parse_constraint(text)
    except ConstraintError as error:
        document.problem(path, str(error), hint=error.hint)
        return Constraint()


def _marker(document: Document, path: Path) -> str:
    parts = [document.string(*path, "markers")]
    for key, translate in (("python", marker_of_python), ("platform", marker_of_platform)):
        text = document.string(*path, key)
        if not text:
            continue
        try:
            parts.append(translate(text))
        except ConstraintError as error:
            document.problem((*path, key), str(error), hint=error.hint)
    return all_of(*parts)


def _url(document: Document, path: Path) -> str:
    """The direct reference of a ``url`` or ``git`` dependency, as PEP 508 and PEP 610 write it."""
    url, repository = document.string(*path, "url"), document.string(*path, "git")
    subdirectory = document.string(*path, "subdirectory")
    fragment = f"#subdirectory={subdirectory}" if subdirectory else ""
    if url:
        return url + fragment
    if not repository:
        return ""
    revision = next(filter(None, (document.string(*path, key) for key in ("rev", "tag", "branch"))), "")
    return f"git+{_with_scheme(repository)}" + (f"@{revision}" if revision else "") + fragment


def _with_scheme(repository: str) -> str:
    """``git@host:owner/name.git`` as ``ssh://git@host/owner/name.git``."""
    if "://" in repository or ":" not in repository:
        return repository
    host, _, rest = repository.partition(":")
    return f"ssh://{host}/{rest}"


def _local_path(document: Document, path: Path) -> str | None:
    folder = document.string(*path, "path") or document.string(*path, "file")
    if not folder:
        return None
    folder = folder.replace("\\", "/").rstrip("/")
    subdirectory = document.string(*path, "subdirectory")
    return f"{folder}/{subdirectory}" if subdirectory else folder
