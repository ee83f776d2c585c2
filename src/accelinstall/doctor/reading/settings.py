"""``.python-version``, ``poetry.toml``, ``.pre-commit-config.yaml``: small files that name versions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accelinstall.doctor.facts import Fact, Reading
from accelinstall.doctor.reading.yaml_nodes import Node, parse_yaml
from accelinstall.project.positions import Positions

_PIN = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;\\#*]+)(?=[\s;\\#]|$)")
_HOOKS = {
    "astral-sh/ruff-pre-commit": "ruff",
    "charliermarsh/ruff-pre-commit": "ruff",
    "psf/black": "black",
    "psf/black-pre-commit-mirror": "black",
    "pre-commit/mirrors-mypy": "mypy",
    "pycqa/isort": "isort",
    "pycqa/flake8": "flake8",
    "pycqa/bandit": "bandit",
    "asottile/pyupgrade": "pyupgrade",
    "codespell-project/codespell": "codespell",
}


def read_python_version(text: str, *, path: str) -> Reading:
    """The first version that pyenv and uv would take."""
    for number, line in enumerate(text.splitlines(), 1):
        value = line.partition("#")[0].strip()
        if value:
            value = re.sub(r"^(?:c?python-?)(?=\d)", "", value)
            return Reading(facts=(Fact(fact="python", place=path, value=value, where=f"{path}:{number}"),))
    return Reading()


def read_poetry_settings(text: str, *, path: str) -> Reading:
    """Where Poetry is told to keep the environment.

    :raises ValueError: when it is not TOML.
    """
    settings: Any = tomllib.loads(text).get("virtualenvs", {})
    lines = Positions(text)
    if not isinstance(settings, dict):
        return Reading()
    return Reading(
        facts=tuple(
            Fact(fact="environment", place=path, value=f"{key} = {_shown(settings[key])}", where=f"{path}:{line}")
            for key in ("create", "in-project", "path")
            if key in settings and (line := lines.line("virtualenvs", key))
        )
    )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_pre_commit(text: str, *, path: str) -> Reading:
    """Its Python, Poetry's own hooks, and the tools whose releases its hooks are.

    :raises NotYaml: with the line.
    """
    facts: list[Fact] = []
    for document in parse_yaml(text):
        facts += _default_python(document, path)
        repos = document.get("repos")
        for repo in repos.items if repos else []:
            facts += _hook(repo, path)
    return Reading(facts=tuple(facts))


def _default_python(document: Node, path: str) -> Iterator[Fact]:
    named = document.get("default_language_version", "python")
    if named and (match := re.fullmatch(r"python(\d+\.\d+)", named.text)):
        yield Fact(fact="python", place=path, value=match[1], where=f"{path}:{named.line}")


def _hook(repo: Node, path: str) -> Iterator[Fact]:
    revision = repo.get("rev")
    match = re.search(r"[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", repo.text_of("repo"))
    if revision is None or match is None:
        return
    name, version = match[1].lower(), revision.text.removeprefix("v")
    where = f"{path}:{revision.line}"
    if not version[:1].isdigit():
        return
    if name == "python-poetry/poetry":
        yield Fact(fact="poetry", place=path, value=version, where=where)
    elif name in _HOOKS:
        yield Fact(fact=f"package:{_HOOKS[name]}", place=path, value=version, where=where)


def settings_of(text: str) -> Mapping[str, Any]:
    """The ``[virtualenvs]`` table of a ``poetry.toml``, empty when it is not TOML."""
    try:
        found = tomllib.loads(text).get("virtualenvs", {})
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def read_script(text: str, *, path: str) -> Reading:
    """The commands of a shell script, or of a file much like one."""
    from accelinstall.doctor.facts import Variable
    from accelinstall.doctor.reading.commands import command_facts
    from accelinstall.doctor.reading.shell import parse_script

    commands = parse_script(text, place=path, path=path)
    variables = []
    for command in commands:
        for word in command.words[1:] if command.texts[0] in {"export", "readonly", "local"} else command.words[:1]:
            if match := re.match(r"([A-Za-z_]\w*)=(.*)", word.text, re.DOTALL):
                one = Variable(place=path, name=match[1], value=match[2], path=path, line=word.line)
                variables.append(one)
    known = {one.name: one.value for one in variables}
    facts = list(command_facts(commands, known))
    facts += (
        Fact(fact="poetry", place=path, value=one.value, where=f"{path}:{one.line}")
        for one in variables
        if one.name == "POETRY_VERSION" and one.value[:1].isdigit()
    )
    return Reading(facts=tuple(dict.fromkeys(facts)), commands=commands, variables=tuple(variables))


def read_requirements(text: str, is_shown: Callable[[str], bool], *, path: str) -> Reading:
    """The exact pins of a requirements file, of packages that *is_shown* says yes to; its other lines say nothing."""
    facts = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _PIN.match(line)
        if match is None:
            continue
        name = re.sub(r"[-_.]+", "-", match[1]).lower()
        if is_shown(name):
            facts.append(Fact(fact=f"package:{name}", place=path, value=match[2], where=f"{path}:{number}"))
    return Reading(facts=tuple(facts))
