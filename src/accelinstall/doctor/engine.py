"""A running container, asked through the ``docker`` command what it holds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from accelinstall.doctor.facts import Fact
from accelinstall.model.finding import Finding
from accelinstall.values import dataclass, field

_DEADLINE = 30.0
# Runs in the container: nothing of ours is there, and its Python may be old.
_PROGRAM = """
import json, os, sys
try:
    from importlib.metadata import distributions
except ImportError:
    distributions = lambda: ()
def name(d):
    return (d.metadata["Name"] or "").lower().replace("_", "-").replace(".", "-")
status = os.stat(sys.prefix)
print(json.dumps({"python": "%d.%d.%d" % sys.version_info[:3], "prefix": sys.prefix, "owner": status.st_uid,
    "packages": sorted((name(d), d.version) for d in distributions() if name(d))}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    error: str = ""


Run = Callable[[Sequence[str]], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """What the project's containers hold.

    :ivar packages: place -> canonical name -> version.
    """

    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def docker_command(executable: str, environ: Mapping[str, str]) -> Run:
    """The port to the engine: runs ``docker`` with the given words, 30 s at most."""

    def run(words: Sequence[str]) -> Answer:
        import subprocess

        try:
            done = subprocess.run(
                [executable, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_DEADLINE,
                check=False,
                env=dict(environ),
            )
        except subprocess.TimeoutExpired:
            return Answer(code=1, out="", error=f"no answer within {_DEADLINE:.0f} s")
        except OSError as error:
            return Answer(code=1, out="", error=error.strerror or str(error))
        return Answer(
            code=done.returncode,
            out=done.stdout.decode(errors="replace"),
            error=done.stderr.decode(errors="replace").strip(),
        )

    return run


def read_containers(run: Run | None, directory: str, *, name: str = "") -> Containers:
    """What the container *name* holds, else each running one that compose started from *directory*.

    An engine that does not answer is a finding, as is a container without a Python.

    :param run: ``None`` = there is no ``docker`` command.
    """
    if run is None:
        return _unavailable("there is no `docker` command", "install docker, or leave --docker out")
    names = [name] if name else []
    if not names:
        label = f"label=com.docker.compose.project.working_dir={os.path.realpath(directory)}"
        answer = run(["ps", "--filter", label, "--format", "{{.Names}}"])
        if answer.code:
            said = answer.error.splitlines()[-1] if answer.error else f"status {answer.code}"
            return _unavailable(f"the engine does not answer: {said}", "start the engine, or leave --docker out")
        names = answer.out.split()
    if not names:
        return _unavailable("no container of this project is running", "docker compose up -d, or --docker NAME")
    facts: list[Fact] = []
    findings: list[Finding] = []
    packages: dict[str, Mapping[str, str]] = {}
    for one in names:
        place = f"container {one}"
        held = _ask(run, one)
        if isinstance(held, str):
            findings.append(_finding(f"{place} was not compared: {held}", "a container needs python3 to be compared"))
            continue
        facts += (
            Fact(fact="python", place=place, value=str(held["python"])),
            Fact(fact="environment", place=place, value=str(held["prefix"])),
            Fact(fact="owner", place=place, value=f"uid {held['owner']}"),
        )
        packages[place] = {str(key): str(value) for key, value in held["packages"]}
    return Containers(facts=tuple(facts), findings=tuple(findings), packages=packages)


def _ask(run: Run, name: str) -> dict[str, Any] | str:
    reason = ""
    for python in ("python", "python3"):
        answer = run(["exec", name, python, "-c", _PROGRAM])
        if answer.code == 0:
            try:
                held = json.loads(answer.out)
            except ValueError:
                held = None
            if isinstance(held, dict) and {"python", "prefix", "owner", "packages"} <= held.keys():
                return held
            reason = "its Python did not describe itself"
        else:
            reason = answer.error.splitlines()[-1] if answer.error else f"status {answer.code}"
    return reason


def _unavailable(reason: str, hint: str) -> Containers:
    return Containers(findings=(_finding(f"no container was compared: {reason}", hint),))


def _finding(message: str, hint: str) -> Finding:
    return Finding(id="container-unavailable", level="info", message=message, hint=hint)
