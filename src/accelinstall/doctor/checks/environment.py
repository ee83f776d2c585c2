"""Whether there is an environment, whose it is, who else sees it, and whether it holds what is locked."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from accelinstall.doctor.checks.registry import Remark, remark
from accelinstall.doctor.edits import Addition, Change, Insertion, Substitution, TomlValue
from accelinstall.doctor.evidence import POETRY_LOCK, PYPROJECT, Evidence
from accelinstall.doctor.facts import Copy, LocalEnvironment, Mount, Stage
from accelinstall.doctor.reading.settings import settings_of
from accelinstall.model.finding import Level

_VENV = ".venv"
_CONTAINER_PATH = "/opt/poetry/virtualenvs"
_CONFIGURES = re.compile(r"\bPOETRY_VIRTUALENVS_|\bpoetry\s+config\s+virtualenvs\.|pypoetry|--system-site-packages")
_POETRY_INSTALLS = re.compile(r"\bpoetry\b[^\n;&|]*\b(?:install|sync)\b")


def check_environment(evidence: Evidence) -> Iterator[Remark]:
    """The environment of this machine, and a ``.venv`` that is passed over."""
    local = evidence.local
    if local.problem:
        yield remark("environment-unknown", local.problem)
    one = local.environment
    if one is not None and PYPROJECT in evidence.texts:
        if not one.exists:
            message = f"the project has no environment: {one.path} would be used, because {one.reason}"
            yield remark("environment-missing", message, hint="accelinstall sync", makes_environment=True)
        else:
            yield from _existing(evidence, one)
    if local.leftover is not None and local.leftover.exists:
        owner = local.leftover.owner
        foreign = owner is not None and owner != local.user
        whose = f" and belongs to uid {owner}" if foreign else ""
        message = f"{local.leftover.path} is no longer used{whose}"
        yield remark("environment-leftover", message, hint=f"{'sudo ' if foreign else ''}rm -r {_VENV}")


def _existing(evidence: Evidence, one: LocalEnvironment) -> Iterator[Remark]:
    is_own = _is_in_project(evidence, one)
    if one.owner is not None and evidence.local.user is not None and one.owner != evidence.local.user:
        message = f"{one.path} belongs to uid {one.owner}, and you are uid {evidence.local.user}"
        changes = separated(evidence) if is_own and evidence.uses_poetry else ()
        hint = "keep environments outside the project: poetry config --local virtualenvs.in-project false"
        if is_own and _in_project(evidence) is False:
            hint = "poetry.toml is outweighed: unset POETRY_VIRTUALENVS_IN_PROJECT"
        elif not evidence.uses_poetry:
            hint = "accelinstall sync --venv DIR"
        yield remark("environment-foreign-owner", message, hint=hint, changes=changes)
    elif one.problem or _is_of_another_python(one):
        reason = one.problem or f"it was made with Python {one.made_with}, and its Python here is {one.python}"
        changes = separated(evidence) if is_own and evidence.uses_poetry else ()
        hint = f"rm -r {one.path}\naccelinstall sync"
        yield remark("environment-foreign-python", f"{one.path}: {reason}", hint=hint, changes=changes)
    else:
        yield from _contents(evidence, one)


def _is_of_another_python(one: LocalEnvironment) -> bool:
    """Whether its Python is not the one whose packages it holds: another system put its own in the same place."""
    made = one.made_with.split(".")[:2]
    return len(made) == 2 and bool(one.python) and made != one.python.split(".")[:2]


def _is_in_project(evidence: Evidence, one: LocalEnvironment) -> bool:
    return one.path.replace("\\", "/") == f"{evidence.snapshot.directory}/{_VENV}"


def _contents(evidence: Evidence, one: LocalEnvironment) -> Iterator[Remark]:
    wanted, name = locked_here(evidence, one)
    if not name:
        return
    missing, other = differences(wanted, one.packages)
    if missing or other:
        parts = [f"{len(other)} in another version ({_listed(other)})"] if other else []
        parts += [f"{len(missing)} missing ({_listed(missing)})"] if missing else []
        message = f"{one.path} does not hold what {name} says: {', '.join(parts)}"
        yield remark("packages-differ", message, hint="accelinstall sync", where=f"{name}:1")
        locked = evidence.local.lock_changed
        if locked and one.changed and one.changed < locked:
            message = f"{name} changed after {one.path} did"
            yield remark("environment-older-than-lock", message, hint="accelinstall sync", where=f"{name}:1")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def differences(wanted: Mapping[str, str], installed: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names that are not installed, ``name installed instead of locked``), as far as versions tell."""
    missing = tuple(sorted(name for name in wanted if name not in installed))
    other = tuple(
        f"{name} {installed[name]} instead of {version}"
        for name, version in sorted(wanted.items())
        if name in installed and not _same(installed[name], version)
    )
    return missing, other


def _same(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        first, second = Version(one), Version(other)
    except InvalidVersion:
        return one == other
    # A lock without a label is of the default index, whose builds may carry one.
    return first == second or (second.local is None and first.public == second.public)


def locked_here(evidence: Evidence, one: LocalEnvironment) -> tuple[Mapping[str, str], str]:
    """(canonical name -> version, file name) of the lock that is meant for the environment here; empty for none.

    A lock of ours for this Python comes first, of several the one that is closest; else what Poetry's lock says for
    the groups that are not optional.
    """
    tag = "cp" + "".join(one.python.split(".")[:2])
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(one.markers.get("sys_platform", ""), "")
    fitting = [name for name in evidence.locks if name.startswith("pylock.") and tag in name and system in name]
    if fitting:
        best = min(fitting, key=lambda name: sum(map(len, differences(evidence.locks[name], one.packages))))
        return evidence.locks[best], best
    if evidence.lock is None or evidence.project is None or not one.markers:
        return {}, ""
    from accelinstall.catalog import load_catalog
    from accelinstall.project import hardware_groups

    hardware = hardware_groups(evidence.project)
    groups = [group.name for group in evidence.project.groups if not group.optional and group.name not in hardware]
    chosen = evidence.lock.chosen(groups=groups, environment=one.markers)
    catalog = load_catalog()
    # Which build of a family is here is the hardware's choice, and never Poetry's.
    return {item.name: item.version for item in chosen if catalog.family_of(item.name) is None}, POETRY_LOCK


def check_separation(evidence: Evidence) -> Iterator[Remark]:
    """Containers that see the project's ``.venv``, running or being built."""
    exists = any(one.exists and _is_in_project(evidence, one) for one in _known(evidence))
    in_project = _in_project(evidence)
    for mount in evidence.reading.mounts:
        target = _seen_at(evidence, mount)
        if not target or target in mount.covered:
            continue
        asked = any(
            one.name == "POETRY_VIRTUALENVS_IN_PROJECT" and one.value.lower() in {"true", "1"}
            for one in evidence.reading.variables
        )
        if in_project is False and not asked:
            continue
        level: Level = "error" if exists or in_project or asked else "warning"
        message = f"{mount.place} sees the project at {posixpath.dirname(target)}, so both would use one {_VENV}"
        hint = f"add the volume {target}"
        if evidence.uses_poetry and in_project is not False:
            hint += ", or set virtualenvs.in-project = false in poetry.toml"
        where = f"{mount.path}:{mount.line}"
        changes = separated(evidence)
        yield remark("environment-in-container", message, hint=hint, where=where, level=level, changes=changes)
    yield from _build_context(evidence)


def _known(evidence: Evidence) -> Iterator[LocalEnvironment]:
    yield from (one for one in (evidence.local.environment, evidence.local.leftover) if one is not None)


def _in_project(evidence: Evidence) -> bool | None:
    value = settings_of(evidence.texts.get("poetry.toml", "")).get("in-project")
    return value if isinstance(value, bool) else None


def _seen_at(evidence: Evidence, mount: Mount) -> str:
    """Where the service finds the project's ``.venv``; empty when it does not see the project."""
    source = re.sub(r"^\$(?:\{PWD\}|PWD)(?=/|$)", evidence.snapshot.directory, mount.source)
    if source[:1] in {"$", "~"}:
        return ""
    base = posixpath.join(evidence.snapshot.directory, posixpath.dirname(mount.path))
    folder = posixpath.normpath(posixpath.join(base, source))
    inner = posixpath.relpath(evidence.snapshot.directory, folder)
    if inner.startswith(".."):
        return ""
    return posixpath.normpath(posixpath.join(mount.target, inner, _VENV))


def separated(evidence: Evidence) -> tuple[Change, ...]:
    """Edits after which a container and this machine no longer share an environment."""
    changes: list[Change] = []
    if evidence.uses_poetry and _in_project(evidence) is not False:
        changes.append(TomlValue(path="poetry.toml", keys=("virtualenvs", "in-project"), value=False))
    for mount in evidence.reading.mounts:
        target = _seen_at(evidence, mount)
        if target and target not in mount.covered:
            changes += _covering(evidence, mount, target)
    changes += _own_paths(evidence)
    if evidence.reading.stages:
        changes += (Addition(path=_ignore_file(evidence, copy.path), text=_VENV) for copy in _bare_copies(evidence))
    return tuple(dict.fromkeys(changes))


def _covering(evidence: Evidence, mount: Mount, target: str) -> Iterator[Change]:
    """One more entry in the list that *mount* stands in."""
    line = evidence.line(mount.path, mount.line)
    if mount.after:
        yield Insertion(path=mount.path, after=mount.after, text=f"{mount.indent}- {target}")
    elif mount.raw and line.count(mount.raw) == 1:
        new = f'{mount.raw}, "{target}"'
        column = line.index(mount.raw)
        yield Substitution(path=mount.path, line=mount.line, column=column, old=mount.raw, new=new)


def _own_paths(evidence: Evidence) -> Iterator[Change]:
    """An ``ENV`` in images whose Poetry would go by the project's settings, which change with ``poetry.toml``."""
    by_path: dict[str, list[Stage]] = {}
    for known in evidence.reading.stages:
        by_path.setdefault(known.path, []).append(known)
    for path, stages in by_path.items():
        if _CONFIGURES.search(evidence.texts[path]):
            continue
        installing = [stage for stage in stages if _POETRY_INSTALLS.search(stage.text)]
        if _VENV in evidence.texts[path]:
            # The image counts on its own `.venv`: it keeps it.
            text = "ENV POETRY_VIRTUALENVS_IN_PROJECT=true"
        elif len(stages) == 1 and all(stage.user in {"", "root", "0"} for stage in installing):
            text = f"ENV POETRY_VIRTUALENVS_IN_PROJECT=false POETRY_VIRTUALENVS_PATH={_CONTAINER_PATH}"
        else:
            continue
        yield from (Insertion(path=path, after=stage.last_line, text=text) for stage in installing)


def _build_context(evidence: Evidence) -> Iterator[Remark]:
    for copy in _bare_copies(evidence):
        ignore = _ignore_file(evidence, copy.path)
        message = f"{copy.place} copies the whole folder, with any {_VENV} in it"
        change = Addition(path=ignore, text=_VENV)
        where = f"{copy.path}:{copy.line}"
        hint = f"echo {_VENV} >> {ignore}"
        yield remark("environment-in-build-context", message, hint=hint, where=where, changes=(change,))


def _bare_copies(evidence: Evidence) -> Iterator[Copy]:
    """Copies of the whole build context that no ``.dockerignore`` keeps the environment out of."""
    for copy in evidence.reading.copies:
        if copy.origin or not any(source in {".", "./", "/", "*", "./*"} for source in copy.sources):
            continue
        lines = [line.strip() for line in evidence.texts.get(_ignore_file(evidence, copy.path), "").split("\n")]
        names = {line.strip("/").removeprefix("**/").removesuffix("/**").removesuffix("/*") for line in lines}
        if not names & {_VENV, ".venv*", ".*", "*", "*venv*", "*venv", "**"}:
            yield copy


def _ignore_file(evidence: Evidence, dockerfile: str) -> str:
    own = f"{dockerfile}.dockerignore"
    return own if own in evidence.texts else ".dockerignore"


def check_containers(evidence: Evidence) -> Iterator[Remark]:
    """Running containers beside what is locked, and beside the Python here."""
    name = POETRY_LOCK if evidence.lock else next(iter(sorted(evidence.locks)), "")
    for place, packages in sorted(evidence.snapshot.containers.items()):
        locked = evidence.locks.get(name, {})
        wanted = {key: version for key, version in locked.items() if key in packages}
        _, other = differences(wanted, packages)
        if other:
            message = f"{place} holds other versions than {name}: {_listed(other)}"
            yield remark("container-differs", message, hint="build the image anew", where=f"{name}:1")
    local = evidence.local.environment
    here = local.python if local and local.exists else ""
    for fact in evidence.snapshot.facts:
        if fact.fact == "python" and here and fact.value.split(".")[:2] != here.split(".")[:2]:
            message = f"{fact.place} has Python {fact.value}, and the environment here {here}"
            yield remark("container-differs", message, hint="use one Python in both")
