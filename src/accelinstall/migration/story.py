"""A project's requirements read, its file changed, and proof that the same is installed: the hands of the room."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall import events, pipeline
from accelinstall.errors import AccelinstallError, ProjectError
from accelinstall.migration.backup import back_up
from accelinstall.migration.disagreements import disagreements
from accelinstall.migration.ledger import Row
from accelinstall.migration.metadata import Stated, read_pipfile, read_pipfile_lock, read_setup_cfg, read_setup_py
from accelinstall.migration.naming import is_requirements_file
from accelinstall.migration.placing import Placed, place
from accelinstall.migration.reading import Item, Reading, read_requirements
from accelinstall.migration.writing import written
from accelinstall.model.edits import FileEdit
from accelinstall.model.finding import Finding
from accelinstall.pipeline.editing import apply_edits
from accelinstall.pipeline.reading import is_there, read_file
from accelinstall.project import parse_project
from accelinstall.project.requirement import RequirementError, requirement_of
from accelinstall.values import dataclass, replace

if TYPE_CHECKING:
    from accelinstall.model.lock import Lock
    from accelinstall.model.project import Project
    from accelinstall.pipeline.request import Request

_PROJECT = "pyproject.toml"
# Beside the project's own folder, where requirements files are kept; services below are projects of their own.
_FOLDERS = ("", "requirements", "requirement", "reqs", "deps", "config/requirements")
_METADATA: Mapping[str, Callable[[str], Stated]] = {
    "setup.cfg": read_setup_cfg,
    "setup.py": read_setup_py,
    "Pipfile": read_pipfile,
    "Pipfile.lock": read_pipfile_lock,
}
# A file that pins everything it names, and this much, may be one that `pip freeze` wrote.
_FROZEN = 5
# And no machine has so many: resolving them all would take longer than anybody waits.
_TOO_MANY = 2000
_CONDA = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
# What is imported under another name than it is installed by, lower case.
_IMPORTED_AS = {
    "attrs": "attr",
    "beautifulsoup4": "bs4",
    "faiss-cpu": "faiss",
    "faiss-gpu": "faiss",
    "gitpython": "git",
    "google-cloud-storage": "google",
    "grpcio": "grpc",
    "mysqlclient": "mysqldb",
    "opencv-contrib-python": "cv2",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "pil",
    "protobuf": "google",
    "psycopg2-binary": "psycopg2",
    "pycryptodome": "crypto",
    "pyjwt": "jwt",
    "pymupdf": "fitz",
    "python-dateutil": "dateutil",
    "python-dotenv": "dotenv",
    "python-jose": "jose",
    "python-multipart": "multipart",
    "pyyaml": "yaml",
    "pyzmq": "zmq",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "setuptools": "pkg_resources",
}
_SKIPPED = {"node_modules", "site-packages", "build", "dist", "venv", "env", "__pycache__"}


class NothingToMigrate(ProjectError):
    """No requirements files are there."""

    code = "nothing-to-migrate"

    def __init__(self, directory: str) -> None:
        conda = "".join(f"; {name} is conda's and not read" for name in _conda_files(directory))
        super().__init__(
            f"{directory} has no requirements files, setup.cfg, setup.py or Pipfile that asks for anything{conda}",
            hint="name the files: accelinstall migrate -r FILE",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What would be done.

    :ivar read: paths of everything that was read, relative to the project.
    """

    directory: str
    placed: Placed
    edit: FileEdit
    read: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is locked, held against what was pinned.

    :ivar lock: path of the lock; empty where none could be made, for the *reason*.
    :ivar same: how many pins are kept; ``moved`` name -> (pinned, locked); ``gone`` pins that nothing needs here.
    """

    lock: str = ""
    reason: str = ""
    same: int = 0
    moved: Mapping[str, tuple[str, str]]
    gone: tuple[str, ...] = ()


def plan_migration(request: Request, *, progress: events.Progress = events.ignore) -> Migration:
    """Every line read and placed, and the edit of ``pyproject.toml``; nothing is written.

    Of a file that pins all it names, the pins that only other packages need are told apart by resolving it, where the
    network allows.

    :raises NothingToMigrate: when nothing asks for anything.
    :raises ProjectError: for a file that cannot be read or edited.
    """
    from accelinstall.pipeline.cataloguing import read_catalog
    from accelinstall.pipeline.session import Session

    directory = str(Path(request.project).absolute())
    if not os.path.isdir(directory):
        raise ProjectError(f"{directory} is no folder", hint="name the project's folder: --project DIR")
    paths = _named_paths(request, directory) or tuple(_found_paths(directory))
    stated, rows = _stated(directory) if not request.requirements else (Stated(), [])
    reading = read_requirements(
        paths,
        read=lambda path: _text(os.path.join(directory, path)),
        directory=directory,
        stated=stated.lines,
        locked=stated.locked,
    )
    reading.rows += rows
    reading.items = [_called_as_it_calls_itself(item, directory) for item in reading.items]
    if not (reading.items or reading.bounds or reading.rows or reading.indexes):
        raise NothingToMigrate(directory)
    file = os.path.join(directory, _PROJECT)
    raw = read_file(file) if is_there(file) else None
    known = parse_project(raw, directory=directory) if raw is not None else None
    needed, findings = _transitive(reading, request, directory, progress)
    with Session(request) as session:
        catalog, index = read_catalog(request, known), session.default_index
    placed = place(reading, catalog=catalog, default_index=index, transitive=needed, known=known)
    python = stated.requires_python or _python_of(directory, request)
    after = written(raw, placed, requires_python=python) if _writes(placed, known) else raw
    return Migration(
        directory=directory,
        placed=placed,
        edit=FileEdit(path=_PROJECT, before=raw, after=after),
        read=tuple(sorted({*reading.read, *(name for name in _METADATA if is_there(os.path.join(directory, name)))})),
        findings=(*findings, *disagreements(placed.groups), *map(_conda_finding, _conda_files(directory))),
    )


def carry_out(
    migration: Migration, request: Request, *, prove: bool = True, progress: events.Progress = events.ignore
) -> Comparison:
    """The backup, then the edit, then a lock that keeps what was pinned, compared with it.

    :raises BackupFailed: and nothing has been changed.
    :raises AccelinstallError: of the edit; the backup is there then.
    """
    locks = _lock_names(migration.directory)
    edit = migration.edit
    back_up(migration.directory, [*migration.read, *locks, "poetry.lock"], {_PROJECT: edit.after or b""})
    apply_edits([edit], directory=migration.directory)
    if not prove:
        return Comparison(reason="it was not asked for", moved={})
    kept = replace(request, requirements=(), preferences=migration.placed.pins, ignore_poetry_lock=True)
    try:
        ((locked,), _) = pipeline.lock(replace(kept, dry_run=True), progress=progress)
        back_up(migration.directory, [], {os.path.relpath(locked.path, migration.directory): locked.text.encode()})
        ((locked,), _) = pipeline.lock(kept, progress=progress)
    except AccelinstallError as error:
        return Comparison(reason=error.message, moved={})
    return _compared(migration.placed.original, locked.lock, locked.path)


def _compared(pins: Mapping[str, str], lock: Lock, path: str) -> Comparison:
    from packaging.version import InvalidVersion, Version

    def public(text: str) -> str:
        try:
            return Version(text).public
        except InvalidVersion:
            return text

    locked = {package.name: package.version for package in lock.packages}
    moved = {n: (v, locked[n]) for n, v in sorted(pins.items()) if n in locked and public(locked[n]) != public(v)}
    gone = tuple(sorted(name for name in pins if name not in locked))
    return Comparison(lock=path, same=len(pins) - len(moved) - len(gone), moved=moved, gone=gone)


def _writes(placed: Placed, known: Project | None) -> bool:
    """Whether there is anything to be written; sources that are declared already are not."""
    declared = {source.name for source in known.sources} if known else set()
    new_links = set(placed.find_links) - set(known.settings.find_links if known else ())
    new_sources = any(source.name not in declared for source in placed.sources)
    return bool(any(placed.groups.values()) or new_sources or new_links or known is None)


def _transitive(
    reading: Reading, request: Request, directory: str, progress: events.Progress
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Name -> who needs it, of pins that nothing but other pins speaks for."""
    main = [item for item in reading.items if item.group == "main"]
    texts = [str(item.wanted.requirement) for item in main if item.pinned and not item.wanted.local]
    if len(texts) < _FROZEN or any(not item.pinned and not item.wanted.path for item in main):
        return {}, ()
    asked = replace(request, requirements=(), inline=tuple(texts), output="-", ignore_poetry_lock=True)
    try:
        if len(texts) > _TOO_MANY:
            raise ProjectError(f"{len(texts)} pins are too many to resolve")
        ((locked,), _) = pipeline.lock(asked, progress=progress)
    except AccelinstallError as error:
        message = f"which pins only other packages need is not known, so all are dependencies: {error.message}"
        return {}, (Finding(id="transitive-unknown", level="warning", message=message),)
    imported = _imports(directory)
    needed: dict[str, str] = {}
    for package in locked.lock.packages:
        for name in package.requires:
            if name != package.name and not imported & {name.replace("-", "_"), _IMPORTED_AS.get(name, "")}:
                needed.setdefault(name, package.name)
    return needed, ()


def _imports(directory: str) -> set[str]:
    """Top-level names that the project's own code imports, lower case; what cannot be parsed is passed over."""
    found: set[str] = set()
    for folder, names, files in os.walk(directory):
        names[:] = [name for name in names if name not in _SKIPPED and not name.startswith(".")]
        for name in files:
            if name.endswith(".py"):
                found |= _imports_of(os.path.join(folder, name))
    return found


def _imports_of(path: str) -> set[str]:
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0].lower() for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0].lower())
    return names


def _stated(directory: str) -> tuple[Stated, list[Row]]:
    """What the project's metadata files say together, and what only a human can tell of them."""
    whole, rows = Stated(), list[Row]()
    for name, read in _METADATA.items():
        path = os.path.join(directory, name)
        if not is_there(path):
            continue
        try:
            stated = read(_text(path))
        except ValueError as error:
            raise ProjectError(f"{name}: {error}", hint=f"correct {name}, or name the files: -r FILE") from error
        whole.lines += stated.lines
        whole.locked += stated.locked
        whole.requires_python = whole.requires_python or stated.requires_python
        rows += stated.rows
    return whole, rows


def _named_paths(request: Request, directory: str) -> tuple[str, ...]:
    return tuple(os.path.relpath(os.path.abspath(p), directory).replace(os.sep, "/") for p in request.requirements)


def _found_paths(directory: str) -> Iterator[str]:
    for folder in _FOLDERS:
        try:
            names: Sequence[str] = sorted(os.listdir(os.path.join(directory, folder)))
        except OSError:
            continue
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if is_requirements_file(path) and os.path.isfile(os.path.join(directory, path)):
                yield path


def _called_as_it_calls_itself(item: Item, directory: str) -> Item:
    """*item* with the name that its folder's own project file states, where only the folder's name was known."""
    wanted = item.wanted
    file = os.path.join(directory, wanted.path or "", _PROJECT)
    if not (wanted.path and wanted.is_guessed and is_there(file)):
        return item
    try:
        name = parse_project(read_file(file), directory=os.path.dirname(file)).name
        extras, marker = sorted(wanted.requirement.extras), str(wanted.requirement.marker or "")
        requirement = requirement_of(name, extras=extras, marker=marker)
    except (ProjectError, RequirementError):
        return item
    return replace(item, wanted=replace(wanted, requirement=requirement, is_guessed=False))


def _conda_files(directory: str) -> list[str]:
    return [name for name in _CONDA if is_there(os.path.join(directory, name))]


def _conda_finding(name: str) -> Finding:
    message = f"{name} is conda's and was not read"
    hint = "write what stands below its `pip:` into a requirements file, and add what else comes from PyPI"
    return Finding(id="conda-not-read", level="warning", message=message, hint=hint)


def _lock_names(directory: str) -> list[str]:
    return sorted(name for name in os.listdir(directory) if name.startswith("pylock.") and name.endswith(".toml"))


def _text(path: str) -> str:
    """A file's text as pip reads it: UTF-8, else Latin-1, which every byte is.

    :raises ProjectError: when it cannot be read.
    """
    raw = read_file(path)
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _python_of(directory: str, request: Request) -> str:
    """``>=3.11``: as the project's own files say, else the Python that runs this."""
    import platform
    import re

    for name in (".python-version", "runtime.txt"):
        path = os.path.join(directory, name)
        found = re.search(r"(\d+\.\d+)", _text(path)) if is_there(path) else None
        if found:
            return f">={found[1]}"
    version = request.overrides.python_version or ".".join(platform.python_version_tuple()[:2])
    return f">={version}"
