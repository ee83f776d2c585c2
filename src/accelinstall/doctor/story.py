"""Look, judge, mend: the hands and the thought of this room together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall.doctor.engine import Containers, docker_command, read_containers
from accelinstall.doctor.evidence import PYPROJECT, Snapshot, weigh
from accelinstall.doctor.examination import Diagnosis, examine
from accelinstall.doctor.gathering import read_files
from accelinstall.doctor.local import read_local
from accelinstall.errors import AccelinstallError, SelectionError, UsageError
from accelinstall.model.finding import Finding, Level
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall import events
    from accelinstall.doctor.evidence import Evidence
    from accelinstall.model.project import Project
    from accelinstall.pipeline.outcomes import Synced
    from accelinstall.pipeline.request import Request


class NotAFolder(UsageError):
    """The project is not a folder."""

    code = "not-a-folder"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is no folder", hint="name the project's folder: --project DIR")


def look(request: Request, *, docker: str | None = None) -> Snapshot:
    """The project and the machine as they are; writes nothing.

    Asks no network but the index that pip's configuration names, and no container unless *docker* is given: the name
    of one, or empty for those that compose started from the project.

    :raises NotAFolder: when there is no such project.
    """
    directory = str(Path(request.project).absolute())
    if not os.path.isdir(directory):
        raise NotAFolder(request.project)
    files, notes = read_files(directory)
    plain = Snapshot(directory=directory.replace("\\", "/"), files=files, notes=notes)
    evidence = weigh(plain)
    from accelinstall.pipeline.session import cache_directory

    local = read_local(
        directory,
        environ=request.environ,
        project_name=evidence.project.name if evidence.project else "",
        cache_directory=cache_directory(request),
    )
    held = Containers()
    if docker is not None:
        executable = local.commands.get("docker", "")
        run = docker_command(executable, request.environ) if executable else None
        held = read_containers(run, directory, name=docker)
    return replace(
        plain,
        local=local,
        notes=(*notes, *held.findings, *_hardware(request, evidence), *_locks(request, evidence)),
        facts=held.facts,
        containers=held.packages,
        mirror=_mirror(request, evidence),
    )


def diagnose(request: Request, *, docker: str | None = None) -> Diagnosis:
    """What the project says in its different places, and what is wrong; writes nothing."""
    return examine(look(request, docker=docker))


def make_environment(request: Request, progress: events.Progress) -> Synced:
    """The environment that is missing, filled from the project's lock."""
    from accelinstall import pipeline

    return pipeline.sync(request, progress=progress)


def _hardware(request: Request, evidence: Evidence) -> Iterator[Finding]:
    """What the project asks for and the machine cannot run."""
    if evidence.project is None:
        return
    from accelinstall import pipeline
    from accelinstall.project import hardware_groups

    environment = ""
    try:
        environment = pipeline.detect(request).environment
        for name, environments in hardware_groups(evidence.project).items():
            group = evidence.project.group(name)
            if group and group.wanted and not group.optional and environment not in environments:
                yield Finding(
                    id="group-cannot-run",
                    level="warning",
                    message=f"the group `{name}` is for {' or '.join(environments)} and not optional, and this machine "
                    f"computes on {environment}: a plain `poetry install` installs it here too",
                    hint=f"[tool.poetry.group.{name}]\noptional = true",
                    where=group.wanted[0].where,
                )
        pipeline.explain(request)
    except SelectionError as error:
        # A machine without any accelerator is where people write code and lock for others.
        level: Level = "warning" if environment == "cpu" else "error"
        where = _named_in(error.message, evidence.project)
        yield Finding(id="group-cannot-run", level=level, message=error.message, hint=error.hint, where=where)
    except (AccelinstallError, OSError):
        return  # what is wrong with the project or the environment has its own check


def _named_in(message: str, project: Project) -> str:
    """Where the requirement stands that *message* is about."""
    wanted = (wanted for group in project.groups for wanted in group.wanted)
    return next((one.where for one in wanted if f"{one.requirement.name} " in message and one.where), f"{PYPROJECT}:1")


def _locks(request: Request, evidence: Evidence) -> Iterator[Finding]:
    """Whether our own locks are fresh."""
    from accelinstall import pipeline

    if evidence.project is None:
        return
    for path, text in sorted(evidence.texts.items()):
        if not path.startswith("pylock.") or "[tool.accelinstall]" not in text:
            continue
        slug = path.removeprefix("pylock.").removesuffix(".toml")
        try:
            states, _ = pipeline.check(replace(request, targets=(slug,)))
        except (AccelinstallError, OSError):
            continue
        for state in states:
            if state.state in {"stale", "broken"}:
                said = f": {state.changes[0]}" if state.changes else ""
                yield Finding(
                    id="lock-stale",
                    level="error",
                    message=f"{path} is {'out of date' if state.state == 'stale' else 'not readable'}{said}",
                    hint=f"accelinstall lock --target {slug}",
                    where=f"{path}:1",
                )


def _mirror(request: Request, evidence: Evidence) -> str:
    """The index that pip is told to use and Poetry could not read, when Poetry uses the default one; else empty."""
    from accelinstall.doctor.mirror import index_without_json
    from accelinstall.doctor.reading.project_files import canonical
    from accelinstall.pipeline.session import Session

    project = evidence.project
    if project is None or not project.uses_default_index or "poetry" not in evidence.data.get("tool", {}):
        return ""
    with Session(request) as session:
        try:
            pip = session.pip
        except AccelinstallError:
            return ""
        known = {source.url.rstrip("/") for source in project.sources}
        if not pip.index_url or session.is_offline or pip.index_url.rstrip("/") in known:
            return ""
    names = [canonical(wanted.requirement.name) for group in project.groups for wanted in group.wanted]
    return index_without_json(pip, names[0] if names else "pip", environ=request.environ)
