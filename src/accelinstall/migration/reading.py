"""Requirements files as rows of a ledger and what they ask for; text in, values out."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from accelinstall.errors import ProjectError
from accelinstall.migration.ledger import Outcome, Row
from accelinstall.migration.naming import group_of, is_constraints_file
from accelinstall.model.project import MAIN, Source, Wanted
from accelinstall.project import InvalidProject, parse_requirements
from accelinstall.project.requirement import canonical, has_token, masked
from accelinstall.project.requirements import LogicalLine, logical_lines
from accelinstall.project.sources import without_secret
from accelinstall.values import dataclass, field, replace

_NESTED = re.compile(r"(?:-r|--requirement|-c|--constraint)\b[\s=]*(?P<path>.+)$")
# What pip does with these, accelinstall and Poetry do anyway, or by themselves.
_SETTLED = {
    "--prefer-binary": "a wheel is taken wherever one fits",
    "--require-hashes": "every lock holds hashes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One requirement with its line, and the group its file is for."""

    wanted: Wanted
    group: str
    line: LogicalLine

    @property
    def name(self) -> str:
        """The canonical name."""
        return canonical(self.wanted.requirement.name)

    @property
    def text(self) -> str:
        """The requirement as it was written, without the options behind it."""
        return re.split(r"\s--?[a-z]", self.line.text, maxsplit=1)[0].strip()

    @property
    def pinned(self) -> str:
        """The one version it allows; empty when it allows others."""
        clauses = list(self.wanted.requirement.specifier)
        exact = len(clauses) == 1 and clauses[0].operator in ("==", "===") and not clauses[0].version.endswith(".*")
        return clauses[0].version if exact else ""


@dataclass(slots=True, kw_only=True)
class Reading:
    """What all files amount to.

    :ivar rows: one per logical line, those of ``items`` and ``indexes`` apart: theirs tell what they became.
    :ivar items: dependencies; ``bounds`` pins of constraints and compiled files.
    :ivar indexes: every index with the line that names it, in order; ``find_links`` likewise.
    :ivar read: every file that was read.
    """

    rows: list[Row] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    bounds: list[Item] = field(default_factory=list)
    indexes: list[tuple[LogicalLine, Source]] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)


def read_requirements(
    paths: Sequence[str],
    *,
    read: Callable[[str], str],
    directory: str,
    stated: Sequence[tuple[LogicalLine, str]] = (),
    locked: Sequence[LogicalLine] = (),
) -> Reading:
    """Every logical line of the files and of those they name, each file once.

    A ``.txt`` beside an ``.in`` of its name is that one compiled: its pins are versions to be kept, as those of a
    constraints file are.

    :param paths: POSIX, relative to *directory*, the project's absolute folder.
    :param read: the text of such a path.
    :param stated: lines that other files say in the same notation, each with its group.
    :param locked: pins that another tool's lock holds, in the same notation.
    :raises ProjectError: of *read*, for a file of *paths*.
    """
    compiled = {path for path in paths if path.endswith(".txt") and f"{path[:-4]}.in" in paths}
    reader = _Reader(text_of=read, directory=directory, found=Reading())
    for path in paths:
        reader.file(path, is_bound=path in compiled or is_constraints_file(path))
    for line, group in stated:
        reader.line(line, is_bound=False, group=group)
    for line in locked:
        reader.line(line, is_bound=True)
    return reader.found


@dataclass(slots=True, kw_only=True)
class _Reader:
    """One reading under way."""

    text_of: Callable[[str], str]
    directory: str
    found: Reading

    def file(self, path: str, *, is_bound: bool) -> None:
        """Every line of a file, unless it has been read: so no circle is endless."""
        if path in self.found.read:
            return
        text = self.text_of(path)
        self.found.read.add(path)
        for line in logical_lines(path, text.removeprefix("\ufeff")):
            nested = _NESTED.match(line.text)
            if nested is not None:
                self.nested(line, _beside(path, _unquoted(nested["path"])), is_bound=is_bound)
            else:
                self.line(line, is_bound=is_bound)

    def nested(self, line: LogicalLine, target: str, *, is_bound: bool) -> None:
        """A ``-r`` or ``-c`` line."""
        is_bound = is_bound or line.text.startswith(("-c", "--constraint")) or is_constraints_file(target)
        place = "the main dependencies" if group_of(target) == MAIN else f"the group `{group_of(target)}`"
        try:
            if "://" in target:
                raise ProjectError("an address: download the file and name it by its path")
            self.file(target, is_bound=is_bound)
        except ProjectError as error:
            reason = error.message.replace(f"{self.directory}/", "")
            self.found.rows.append(row_of(line, "needs-human", reason))
            return
        if is_bound:
            self.found.rows.append(row_of(line, "constraint", f"the versions of {target} are kept where they fit"))
        else:
            self.found.rows.append(row_of(line, "migrated", f"{target} is read too, for {place}"))

    def line(self, line: LogicalLine, *, is_bound: bool, group: str = "") -> None:
        """Any other line; *group* unless its file tells."""
        try:
            # Variables stay variables: what they hold may be a secret.
            project = parse_requirements([line.path], directory=self.directory, read=lambda _: line.text)
        except InvalidProject as error:
            self.found.rows.append(row_of(line, "needs-human", error.problems[0].message))
            return
        wanted = project.groups[0].wanted
        if len(wanted) == 1:
            item = Item(wanted=replace(wanted[0], where=line.where), group=group or group_of(line.path), line=line)
            self.requirement(item, is_bound=is_bound)
        elif any(has_token(source.url) for source in project.sources):
            detail = "its address holds a token, which would be written down: give Poetry one with user and password"
            self.found.rows.append(row_of(line, "needs-human", detail))
        elif project.sources:
            self.found.indexes += [(line, source) for source in project.sources]
        elif wanted:
            self.found.rows.append(row_of(line, "needs-human", "several requirements: write one a line"))
        else:
            links = [without_secret(link) for link in project.settings.find_links]
            self.found.find_links += [link for link, _ in links]
            login = "; the login of its address is not written down" if any(secret for _, secret in links) else ""
            self.found.rows.append(_option_row(line, has_links=bool(links), login=login))

    def requirement(self, item: Item, *, is_bound: bool) -> None:
        """A dependency, or a version to be kept."""
        if not is_bound:
            self.found.items.append(item)
            return
        self.found.bounds.append(item)
        detail = (
            f"{item.name} stays {item.pinned} where that fits"
            if item.pinned
            else "no single version: bound it in the project, or under overrides"
        )
        outcome: Outcome = "constraint" if item.pinned else "needs-human"
        self.found.rows.append(row_of(item.line, outcome, detail))


def _option_row(line: LogicalLine, *, has_links: bool, login: str) -> Row:
    """A line of options alone."""
    if has_links:
        return row_of(line, "source", f"find-links of [tool.accelinstall]{login}")
    words = list(_option_words(line.text))
    if "--no-index" in words:
        return row_of(line, "needs-human", "no index at all: give --no-index to accelinstall, or only explicit sources")
    if "--pre" in words:
        return row_of(line, "needs-human", "pre-releases of everything: give --pre to accelinstall lock")
    settled = next((detail for word, detail in _SETTLED.items() if word in words), "")
    if settled:
        return row_of(line, "migrated", settled)
    option = words[0] if words else line.text
    return row_of(line, "needs-human", f"`{option}` has no counterpart in a project file; see `poetry config --list`")


def _option_words(text: str) -> Iterator[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return (word.partition("=")[0] for word in words if word.startswith("-"))


def row_of(line: LogicalLine, outcome: Outcome, detail: str) -> Row:
    """The row of *line*; what stands before the ``@`` of an address is hidden."""
    return Row(
        file=line.path, line=line.number, text=masked(" ".join(line.text.split())), outcome=outcome, detail=detail
    )


def _unquoted(text: str) -> str:
    try:
        return "".join(shlex.split(text))
    except ValueError:
        return text.strip()


def _beside(path: str, name: str) -> str:
    return name if "://" in name else posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
