"""Requirements files as a project with one group.

The format is pip's: https://pip.pypa.io/en/stable/reference/requirements-file-format/.  ``packaging`` reads each
requirement; the lines around it are few, and the library made for them opens files by itself and takes 126 ms to
import (pip-requirements-parser 32, 2026-11).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath

from accelinstall.errors import ProjectError
from accelinstall.model.finding import Finding
from accelinstall.model.project import MAIN, Group, Priority, Project, Settings, Source, Wanted
from accelinstall.project.errors import InvalidProject, Problem, did_you_mean
from accelinstall.project.references import reference_of
from accelinstall.project.requirement import RequirementError, canonical, local_label, masked, parse_requirement
from accelinstall.project.sources import is_address, without_secret, without_url_secret
from accelinstall.values import dataclass, field, replace

_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
# Where a requirement ends and its own options begin.
_OPTIONS = re.compile(r"\s(?=--?[a-z])")
_SHORT = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable", "-i": "--index-url", "-f": "--find-links"}
_VALUED = (
    *("--requirement", "--constraint", "--editable", "--index-url", "--extra-index-url", "--find-links"),
    *("--no-binary", "--only-binary", "--trusted-host", "--use-feature"),
    *("--hash", "--config-settings", "--config-setting", "--global-option", "--install-option"),
)
_FLAGS = ("--no-index", "--pre", "--prefer-binary", "--require-hashes")


def parse_requirements(
    paths: Sequence[str],
    *,
    constraints: Sequence[str] = (),
    directory: str,
    read: Callable[[str], str],
    environ: Mapping[str, str] | None = None,
) -> Project:
    """What the files ask for, nested ``-r`` and ``-c`` files included, as one main group in file order.

    ``--index-url`` becomes a primary source that stands in for the default index, ``--extra-index-url`` a primary one
    beside it, ``--find-links`` a setting, ``--pre`` a wish of every requirement; constraints stay apart.

    :param constraints: files of bounds, as ``-c`` lines name them.
    :param directory: absolute path of the project's folder; it is not looked at.
    :param read: gives the text of a path; a :class:`~accelinstall.errors.ProjectError` of a nested file is reported
        with the line that names it.
    :param environ: variables that ``${NAME}`` stands for.
    :raises InvalidProject: with every line that cannot be read.
    """
    reading = _Reading(directory=directory, read=read, environ=environ or {})
    for path in paths:
        reading.file(path, read(path), constraint=False)
    for path in constraints:
        reading.file(path, read(path), constraint=True)
    if reading.problems:
        raise InvalidProject(reading.problems)
    wanted = [replace(item, prereleases=reading.prereleases) for item in reading.wanted]
    return Project(
        directory=directory,
        groups=(Group(name=MAIN, wanted=tuple(wanted)),),
        sources=tuple(reading.sources),
        uses_default_index=not reading.has_own_index,
        settings=Settings(find_links=tuple(reading.find_links)),
        constraints=tuple(reading.constraints),
        requires_hashes=reading.requires_hashes,
        logins=tuple(reading.logins),
        findings=tuple(reading.findings),
    )


def ensure_hashes(project: Project) -> None:
    """As in pip: once a requirement lists hashes, or ``--require-hashes`` stands anywhere, each has to list some.

    A constraint on the same name may list them instead, and an address may end in ``#sha256=...``.

    :raises InvalidProject: with every line that lists none.
    """
    wanted = [item for group in project.groups for item in group.wanted]
    cause = project.requires_hashes or next((item.where for item in wanted if item.hashes), "")
    if not cause:
        return
    bound = {canonical(item.requirement.name) for item in project.constraints if item.hashes}
    why = "has `--require-hashes`" if project.requires_hashes else "lists some, and then every line has to"
    problems = [
        Problem(
            where=item.where,
            message=f"`{item.requirement.name}` lists no hash, but {cause} {why}",
            hint="write its `--hash=sha256:...` behind it, as `pip hash FILE` and `pip-compile --generate-hashes` do",
        )
        for item in wanted
        if not (item.listed or canonical(item.requirement.name) in bound)
    ]
    if problems:
        raise InvalidProject(problems)


@dataclass(slots=True, kw_only=True)
class LogicalLine:
    """A logical line: comments off, continuations joined.

    :ivar number: of its first physical line.
    """

    path: str
    number: int
    text: str

    @property
    def where(self) -> str:
        """``requirements.txt:3``."""
        return f"{self.path}:{self.number}"


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What the lines read so far amount to."""

    directory: str
    read: Callable[[str], str]
    environ: Mapping[str, str]
    wanted: list[Wanted] = field(default_factory=list)
    constraints: list[Wanted] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    has_own_index: bool = False
    requires_hashes: str = ""
    prereleases: bool = False
    open_files: list[str] = field(default_factory=list)

    def file(self, path: str, text: str, *, constraint: bool) -> None:
        """Every line of one file."""
        self.open_files.append(path)
        for line in logical_lines(path, text.removeprefix("\ufeff")):
            line.text = _VARIABLE.sub(lambda match: self.environ.get(match[1], match[0]), line.text)
            if line.text.startswith("-"):
                self.options(line, constraint=constraint)
            else:
                self.requirement(line, line.text, constraint=constraint)
        self.open_files.pop()

    def options(self, line: LogicalLine, *, constraint: bool) -> None:
        """A line of options: pip allows several."""
        for name, value in self.split(line, line.text):
            if name in {"--requirement", "--constraint"}:
                self.nested(line, value, constraint=constraint or name == "--constraint")
            elif name == "--editable":
                self.requirement(line, value, constraint=constraint, editable=True)
            elif name in {"--index-url", "--extra-index-url"}:
                self.index(line, name, value)
            elif name == "--find-links":
                self.find_links.append(value if "://" in value else _beside(line.path, value))
            elif name == "--no-index":
                self.has_own_index = True
                self.sources.clear()
            elif name == "--pre":
                self.prereleases = True
            elif name == "--require-hashes":
                self.requires_hashes = self.requires_hashes or line.where
            elif name != "--prefer-binary":
                self.note(line, "option-not-used", f"`{name}` changes nothing: a wheel is taken wherever one fits")

    def split(self, line: LogicalLine, text: str) -> Iterator[tuple[str, str]]:
        """(long option, value) pairs of *text*."""
        try:
            words = shlex.split(text)
        except ValueError:
            return self.problem(line, f"the quotes of `{masked(text)}` do not match")
        while words:
            name, has_value, value = words.pop(0).partition("=")
            name = _SHORT.get(name, name)
            if name[:2] in _SHORT and not name.startswith("--"):
                # pip reads `-rbase.txt` like getopt does.
                name, has_value, value = _SHORT[name[:2]], "=", name[2:] + has_value + value
            if name in _FLAGS:
                yield name, ""
            elif name not in _VALUED:
                return self.problem(line, f"`{name}` is not an option{did_you_mean(name, (*_VALUED, *_FLAGS))}")
            elif has_value or words:
                yield name, value if has_value else words.pop(0)
            else:
                return self.problem(line, f"`{name}` needs a value")
        return None

    def nested(self, line: LogicalLine, value: str, *, constraint: bool) -> None:
        """A ``-r`` or ``-c`` file, looked for beside the file that names it."""
        if "://" in value:
            return self.problem(line, f"`{masked(value)}` is an address", "download the file and name it by its path")
        path = _beside(line.path, value)
        if path in self.open_files:
            return self.problem(line, f"{path} includes itself: {' -> '.join((*self.open_files, path))}")
        try:
            text = self.read(path)
        except ProjectError as error:
            return self.problem(line, error.message, error.hint)
        return self.file(path, text, constraint=constraint)

    def index(self, line: LogicalLine, option: str, value: str) -> None:
        """An index as a source; its secret stays out."""
        try:
            url, is_secret = without_secret(value)
        except ValueError:
            url, is_secret = "", False
        if not is_address(url):
            return self.problem(line, f"`{option}` names no https, http or file address")
        if url != value:
            self.logins.append(value)
        name = option.removeprefix("--").removesuffix("-url")
        same = sum(source.name.startswith(name) for source in self.sources)
        priority: Priority = "primary"
        if option == "--index-url":
            self.has_own_index = True
            self.sources = [source for source in self.sources if not source.name.startswith(name)]
            self.sources.insert(0, Source(name=name, url=url, priority=priority))
        else:
            self.sources.append(Source(name=f"{name}-{same + 1}" if same else name, url=url, priority=priority))
        if is_secret:
            message = "the address holds a password that everybody with the file can read"
            self.note(line, "secret-in-source-url", message, f"write {option} {url} and keep the password in netrc")
        return None

    def requirement(self, line: LogicalLine, text: str, *, constraint: bool, editable: bool = False) -> None:
        """One requirement, or the bound that a constraints file sets."""
        text, hashes = self.own_options(line, text)
        try:
            reference = reference_of(text, directory=self.directory)
            requirement = parse_requirement(reference.requirement if reference else text)
        except RequirementError as error:
            return self.problem(line, str(error), _suggestion(text))
        wanted = Wanted(
            requirement=requirement,
            local=local_label(requirement),
            where=line.where,
            path=_beside(line.path, reference.path) if reference and reference.path else None,
            editable=editable,
            is_guessed=bool(reference and reference.is_guessed),
            hashes=hashes,
        )
        written = wanted.requirement.url or ""
        wanted, is_secret = without_url_secret(wanted)
        if wanted.requirement.url not in (written, None):
            self.logins.append(written)
        if is_secret:
            message = f"the address of `{requirement.name}` holds a password that everybody with the file can read"
            hint = f"write {wanted.requirement} and keep the password in netrc"
            self.note(line, "secret-in-dependency-url", message, hint)
        return (self.constraints if constraint else self.wanted).append(wanted)

    def own_options(self, line: LogicalLine, text: str) -> tuple[str, tuple[str, ...]]:
        """(the requirement alone, its hashes)."""
        requirement, *options = _OPTIONS.split(text, maxsplit=1)
        hashes = []
        for name, value in self.split(line, options[0]) if options else ():
            if name == "--hash" and re.fullmatch(r"sha(?:256|384|512):[0-9a-fA-F]+", value):
                hashes.append(value.lower())
            elif name == "--hash":
                self.problem(line, f"`{value}` is not a hash", "write --hash=sha256:...")
            else:
                self.note(line, "option-not-used", f"`{name}` changes nothing: a wheel is taken wherever one fits")
        return requirement.strip(), tuple(hashes)

    def problem(self, line: LogicalLine, message: str, hint: str = "") -> None:
        """Note a line that cannot be read."""
        self.problems.append(Problem(where=line.where, message=message, hint=hint))

    def note(self, line: LogicalLine, id: str, message: str, hint: str = "") -> None:
        """Note a line that is read past."""
        finding = Finding(id=id, level="warning" if hint else "info", message=message, hint=hint, where=line.where)
        self.findings.append(finding)


def logical_lines(path: str, text: str) -> Iterator[LogicalLine]:
    """Logical lines with the number of their first one; a comment ends a continuation, as in pip."""
    parts: list[str] = []
    start = 0
    for number, raw in enumerate((*text.splitlines(), ""), start=1):
        start = start if parts else number
        is_comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not is_comment:
            parts.append(raw[:-1])
            continue
        parts.append("" if is_comment else raw)
        joined = _COMMENT.sub("", "".join(parts)).strip()
        if joined:
            yield LogicalLine(path=path, number=start, text=joined)
        parts = []


def _beside(path: str, name: str) -> str:
    """*name* as seen from the folder of the file *path*."""
    return str(PurePath(path).parent / name)


def _suggestion(text: str) -> str:
    if "^" in text:
        return "`^` is Poetry's notation: here write a range such as `numpy>=2.1,<3`"
    if re.fullmatch(r"[\w.-]+\s+\d[\w.]*", text):
        return f"write `{'=='.join(text.split())}`"
    return "write one requirement a line, such as `numpy>=2.1,<3`"
