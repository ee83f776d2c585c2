"""Everything the checks judge, read from bytes: the same bytes give the same evidence."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from accelinstall.doctor.facts import Fact, Local, Reading, joined
from accelinstall.errors import AccelinstallError
from accelinstall.model.finding import Finding
from accelinstall.values import dataclass, field

if TYPE_CHECKING:
    from accelinstall.model.project import Project
    from accelinstall.project import PoetryLock

PYPROJECT = "pyproject.toml"
POETRY_LOCK = "poetry.lock"
UV_LOCK = "uv.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the hands brought.

    :ivar directory: the project's, absolute, with ``/``.
    :ivar files: path relative to it -> content.
    :ivar notes: findings of the hands themselves: files that cannot be read, hardware, containers.
    :ivar facts: likewise: what containers are; ``containers`` place -> canonical name -> version.
    :ivar mirror: address of the index that pip uses and that has no JSON pages; empty when it is none or has some.
    """

    directory: str
    files: Mapping[str, bytes]
    local: Local = field(default_factory=Local)
    notes: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()
    containers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    mirror: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the files and the machine say.

    :ivar texts: path -> text of every file.
    :ivar data: the ``pyproject.toml``, empty when it is not TOML; ``project`` what it means, if it means anything.
    :ivar locks: path -> canonical name -> version, of every lock that can be read.
    """

    snapshot: Snapshot
    texts: Mapping[str, str]
    reading: Reading
    data: Mapping[str, Any] = field(default_factory=dict)
    project: Project | None = None
    lock: PoetryLock | None = None
    locks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def local(self) -> Local:
        """This machine."""
        return self.snapshot.local

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The whole table: row by row, place by place."""
        every = dict.fromkeys((*self.reading.facts, *self.snapshot.facts, *local_facts(self)))
        return tuple(sorted(every, key=_order))

    @property
    def uses_poetry(self) -> bool:
        """Whether anything says that the project is Poetry's."""
        if POETRY_LOCK in self.texts or "poetry.toml" in self.texts or "poetry" in self.data.get("tool", {}):
            return True
        return "poetry" in str(self.data.get("build-system", {}))

    def of(self, fact: str) -> tuple[Fact, ...]:
        """Every cell of one row, in the order read."""
        return tuple(one for one in self.reading.facts if one.fact == fact)

    def line(self, path: str, number: int) -> str:
        """One line of a file, without its end; empty when there is none."""
        lines = _lines(self.texts.get(path, ""))
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


_ROWS = ("python", "poetry", "cuda", "base-image", "environment", "owner")


def _order(one: Fact) -> tuple[int, str, str, str, str]:
    """What is one for the whole project first, packages after it."""
    rank = _ROWS.index(one.fact) if one.fact in _ROWS else len(_ROWS)
    return rank, one.fact, one.place, one.value, one.where


@lru_cache(maxsize=8)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n"))


def weigh(snapshot: Snapshot) -> Evidence:
    """*snapshot* read; a file that is not what its name says is a finding."""
    texts = {path: _text(content) for path, content in snapshot.files.items()}
    readings: list[Reading] = []
    data, project = _project(texts, snapshot, readings)
    is_shown = _shown(project)
    lock = _poetry_lock(texts, is_shown, readings)
    locks: dict[str, Mapping[str, str]] = (
        {POETRY_LOCK: {one.name: one.version for one in lock.packages}} if lock else {}
    )
    for path, text in sorted(texts.items()):
        reader = _reader(path, is_shown)
        if reader is not None:
            readings.append(_guarded(reader, text, snapshot.files[path], path))
        if (path == UV_LOCK or _PYLOCK.fullmatch(path)) and (versions := _versions(text)):
            locks[path] = versions
    return Evidence(
        snapshot=snapshot,
        texts=texts,
        reading=joined(readings),
        data=data,
        project=project,
        lock=lock,
        locks=locks,
    )


_CUDA = re.compile(r"\+cu(\d+)(\d)$")
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")
_DOCKERFILE = re.compile(r"(?:.*/)?(?:(?:Dockerfile|Containerfile)(?:\..+)?|.+\.(?:Dockerfile|dockerfile))")
_COMPOSE = re.compile(r"(?:.*/)?(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml")
_WORKFLOW = re.compile(r"(?:\.\./)*\.github/(?:workflows/[^/]+|actions/.+/action)\.ya?ml")
_GITLAB = re.compile(r"(?:\.\./)*(?:\.gitlab-ci\.ya?ml|\.gitlab/.+\.ya?ml)")
_PRE_COMMIT = re.compile(r"(?:\.\./)*\.pre-commit-config\.ya?ml")
_REQUIREMENTS = re.compile(r"(?:requirements/)?[^/]*\.txt|(?:.*/)?requirements[^/]*\.txt")
_SCRIPT = re.compile(r"(?:.*/)?(?:[^/]+\.(?:sh|bash)|Makefile|makefile|GNUmakefile|justfile|\.envrc|Procfile)")

Reader = Callable[[str], Reading]


def _reader(path: str, is_shown: Callable[[str], bool]) -> Reader | None:
    from accelinstall.doctor.reading import compose, containers, pipelines, project_files, settings

    if path.endswith(".dockerignore"):
        return None
    for pattern, reader in (
        (_DOCKERFILE, containers.read_dockerfile),
        (_COMPOSE, compose.read_compose),
        (_WORKFLOW, pipelines.read_workflow),
        (_GITLAB, pipelines.read_gitlab),
        (_PRE_COMMIT, settings.read_pre_commit),
        (_SCRIPT, settings.read_script),
    ):
        if pattern.fullmatch(path):
            return partial(reader, path=path)
    if _REQUIREMENTS.fullmatch(path):
        return partial(settings.read_requirements, is_shown=is_shown, path=path)
    if path == UV_LOCK or _PYLOCK.fullmatch(path):
        return partial(project_files.read_pylock, is_shown=is_shown, path=path)
    named: Mapping[str, Callable[..., Reading]] = {
        ".python-version": settings.read_python_version,
        "poetry.toml": settings.read_poetry_settings,
    }
    return partial(named[path], path=path) if path in named else None


def _guarded(reader: Reader, text: str, content: bytes, path: str) -> Reading:
    from accelinstall.doctor.reading.yaml_nodes import NotYaml

    try:
        if path.endswith((".toml", ".yaml", ".yml")):
            content.decode("utf-8-sig")
        return reader(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unparsable(path, line, f"byte {content[error.start]:#04x} is not UTF-8", hint=f"save {path} as UTF-8")
    except NotYaml as error:
        return _unparsable(path, error.line, f"not YAML: {error}")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        return _unparsable(path, int(found[1]) if found else 1, f"not TOML: {error}")


def _unparsable(path: str, line: int, reason: str, *, hint: str = "") -> Reading:
    where = f"{path}:{max(line, 1)}"
    finding = Finding(id="file-unparsable", level="error", message=reason, hint=hint or f"correct {where}", where=where)
    return Reading(findings=(finding,))


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n")


def _project(
    texts: Mapping[str, str], snapshot: Snapshot, readings: list[Reading]
) -> tuple[Mapping[str, Any], Project | None]:
    from accelinstall.doctor.reading.project_files import read_pyproject
    from accelinstall.project import InvalidProject, InvalidToml, parse_project

    if PYPROJECT not in texts:
        return {}, None
    try:
        project = parse_project(snapshot.files[PYPROJECT], directory=snapshot.directory)
    except InvalidToml as error:
        readings.append(_unparsable(PYPROJECT, error.line, error.message.partition(": ")[2], hint=error.hint))
        return {}, None
    except InvalidProject as error:
        for problem in error.problems:
            line = problem.where.rpartition(":")[2]
            reading = _unparsable(PYPROJECT, int(line) if line.isdigit() else 1, problem.message, hint=problem.hint)
            readings.append(reading)
        return tomllib.loads(texts[PYPROJECT]), None
    readings.append(Reading(findings=project.findings))
    readings.append(read_pyproject(texts[PYPROJECT], project, path=PYPROJECT))
    return tomllib.loads(texts[PYPROJECT]), project


def _shown(project: Project | None) -> Callable[[str], bool]:
    """Which packages have a row: what the project asks for itself, and the families that vary with hardware."""
    from accelinstall.catalog import load_catalog
    from accelinstall.doctor.reading.project_files import canonical

    groups = project.groups if project else ()
    direct = {canonical(wanted.requirement.name) for group in groups for wanted in group.wanted}
    catalog = load_catalog()

    def is_shown(name: str) -> bool:
        return name in direct or (not name.startswith("nvidia-") and catalog.family_of(name) is not None)

    return is_shown


def _poetry_lock(
    texts: Mapping[str, str], is_shown: Callable[[str], bool], readings: list[Reading]
) -> PoetryLock | None:
    from accelinstall.doctor.reading.project_files import read_poetry_lock

    text = texts.get(POETRY_LOCK)
    if text is None:
        return None
    try:
        lock = _parsed_lock(text)
    except AccelinstallError as error:
        where = re.search(r"line (\d+)|:(\d+)", error.message)
        line = int(where[1] or where[2]) if where else 1
        reason = re.sub(r"^poetry\.lock(?::\d+)?: ", "", error.message)
        readings.append(_unparsable(POETRY_LOCK, line, reason, hint=error.hint))
        return None
    readings.append(read_poetry_lock(text, lock, is_shown, path=POETRY_LOCK))
    return lock


@lru_cache(maxsize=2)
def _parsed_lock(text: str) -> PoetryLock:
    """The lock that *text* spells; a large one takes a second, and mending looks several times."""
    from accelinstall.project import parse_poetry_lock

    return parse_poetry_lock(text)


def _versions(text: str) -> Mapping[str, str]:
    from accelinstall.doctor.reading.project_files import canonical

    try:
        data = tomllib.loads(text)
    except ValueError:
        return {}
    packages = data.get("packages", data.get("package", []))
    return {
        canonical(str(one.get("name"))): str(one["version"])
        for one in (packages if isinstance(packages, list) else [])
        if isinstance(one, dict) and "version" in one
    }


def local_facts(evidence: Evidence) -> Iterable[Fact]:
    """What this machine is and holds."""
    local = evidence.local
    if local.poetry:
        yield Fact(fact="poetry", place="machine", value=local.poetry)
    is_shown = _shown(evidence.project)
    for place, packages in sorted(evidence.snapshot.containers.items()):
        for name, version in sorted(packages.items()):
            if is_shown(name):
                yield Fact(fact=f"package:{name}", place=place, value=version)
    for key, value in local.settings.items():
        yield Fact(fact="environment", place="poetry config", value=f"{key} = {value}")
    one = local.environment
    if one is None:
        return
    yield Fact(fact="environment", place="environment", value=_relative(one.path, evidence) if one.exists else "none")
    if not one.exists:
        return
    if one.python:
        yield Fact(fact="python", place="environment", value=one.python)
    if one.owner is not None:
        yield Fact(fact="owner", place="environment", value=f"uid {one.owner}")
    if match := _CUDA.search(one.packages.get("torch", "")):
        yield Fact(fact="cuda", place="environment", value=f"{match[1]}.{match[2]}")
    for name, version in sorted(one.packages.items()):
        if is_shown(name):
            yield Fact(fact=f"package:{name}", place="environment", value=version)


def _relative(path: str, evidence: Evidence) -> str:
    relative = posixpath.relpath(path.replace("\\", "/"), evidence.snapshot.directory)
    return path if relative.startswith("..") else relative
