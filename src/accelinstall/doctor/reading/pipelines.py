"""What GitHub's workflows, composite actions and GitLab's pipelines tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from accelinstall.doctor.facts import LATEST, Command, Fact, Image, Reading, Variable
from accelinstall.doctor.reading.commands import command_facts
from accelinstall.doctor.reading.images import image_facts
from accelinstall.doctor.reading.scripts import commands_of
from accelinstall.doctor.reading.yaml_nodes import Node, parse_yaml

# Action -> the input that names a version, and what it takes when that is left out; empty = nothing of its own.
_ACTIONS = {
    "snok/install-poetry": ("poetry", "version", LATEST),
    "abatilo/actions-poetry": ("poetry", "poetry-version", LATEST),
    "gr1n/setup-poetry": ("poetry", "poetry-version", LATEST),
    "actions/setup-python": ("python", "python-version", ""),
    "astral-sh/setup-uv": ("python", "python-version", ""),
    "mamba-org/setup-micromamba": ("python", "python-version", ""),
    "conda-incubator/setup-miniconda": ("python", "python-version", ""),
}
_MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")
_VARIABLE = re.compile(r"\$\{\{\s*env\.(\w+)\s*\}\}")
# GitLab: keys at the top that are no jobs.
_RESERVED = frozenset(
    "default include stages variables workflow spec image services cache before_script after_script types".split()
)


def read_workflow(text: str, *, path: str) -> Reading:
    """Facts of every job of a workflow of GitHub's, or of a composite action.

    :raises NotYaml: with the line.
    """
    reader = _Reader(path)
    for document in parse_yaml(text):
        shared = reader.variables_of(document.get("env"), path)
        jobs = document.get("jobs")
        for name, job in (jobs.pairs if jobs else {}).items():
            reader.github_job(job, place=f"{path}:{name}", shared=shared)
        if document.get("runs") is not None:
            reader.github_steps(document.get("runs", "steps"), place=path, variables=shared, matrix={})
    return reader.reading()


def read_gitlab(text: str, *, path: str) -> Reading:
    """Facts of every job of a ``.gitlab-ci.yml``; files it includes are files of their own.

    :raises NotYaml: with the line.
    """
    reader = _Reader(path)
    for document in parse_yaml(text):
        shared = reader.variables_of(document.get("variables"), path)
        for top in (document, document.get("default")):
            if top is not None:
                reader.image(top.get("image"), path, shared)
                reader.scripts(top, path, shared)
        for name, job in document.pairs.items():
            if name not in _RESERVED and job.pairs:
                place = f"{path}:{name}"
                variables = shared | reader.variables_of(job.get("variables"), place)
                reader.image(job.get("image"), place, variables)
                reader.scripts(job, place, variables)
    return reader.reading()


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.facts: list[Fact] = []
        self.commands: list[Command] = []
        self.variables: list[Variable] = []
        self.images: list[Image] = []

    def reading(self) -> Reading:
        facts = [fact for image in self.images for fact in image_facts(image)]
        return Reading(
            facts=tuple(dict.fromkeys([*self.facts, *facts])),
            commands=tuple(self.commands),
            variables=tuple(self.variables),
            images=tuple(self.images),
        )

    def variables_of(self, node: Node | None, place: str) -> dict[str, str]:
        """The pairs of an ``env`` or ``variables``, which become known."""
        found = {}
        for name, value in (node.pairs if node else {}).items():
            shown = value.get("value") or value
            if not shown.text:
                continue
            found[name] = shown.text
            one = Variable(place=place, name=name, value=shown.text, path=self.path, line=shown.line)
            self.variables.append(one)
            if name == "POETRY_VERSION" and "$" not in one.value:
                self._fact("poetry", place, shown)
        return found

    def github_job(self, job: Node, *, place: str, shared: Mapping[str, str]) -> None:
        """One job: its container, its steps."""
        variables = {**shared, **self.variables_of(job.get("env"), place)}
        matrix = _matrix(job.get("strategy", "matrix"))
        container = job.get("container")
        self.image(container, place, variables)
        self.github_steps(job.get("steps"), place=place, variables=variables, matrix=matrix)

    def github_steps(
        self, steps: Node | None, *, place: str, variables: Mapping[str, str], matrix: Mapping[str, list[Node]]
    ) -> None:
        """The steps of a job or of a composite action."""
        for step in steps.items if steps else []:
            known = {**variables, **self.variables_of(step.get("env"), place)}
            self._run(commands_of(step.get("run"), place=place, path=self.path), known)
            action = step.get("uses")
            fact, key, default = _ACTIONS.get(action.text.partition("@")[0].lower() if action else "", ("", "", ""))
            given = step.get("with", key) if fact else None
            if action and fact and given is None and default:
                where = f"{self.path}:{action.line}"
                self.facts.append(Fact(fact=fact, place=place, value=default, where=where, given=action.text))
            elif given is not None:
                for value in _values(given, matrix, known):
                    self._fact(fact, place, value)

    def image(self, node: Node | None, place: str, variables: Mapping[str, str]) -> None:
        """An image: a scalar, or a mapping that names it."""
        if node is None:
            return
        named = node.get("image") or node.get("name") or node
        reference = named.text
        for name, value in variables.items():
            reference = reference.replace(f"${{{name}}}", value).replace(f"${name}", value)
        if reference and "$" not in reference:
            self.images.append(Image(place=place, reference=reference, path=self.path, line=named.line))

    def scripts(self, job: Node, place: str, variables: Mapping[str, str]) -> None:
        """The scripts of a job of GitLab's."""
        for key in ("before_script", "script", "after_script"):
            self._run(commands_of(job.get(key), place=place, path=self.path), variables)

    def _run(self, commands: Iterable[Command], variables: Mapping[str, str]) -> None:
        known = tuple(commands)
        self.commands += known
        self.facts += command_facts(known, variables)

    def _fact(self, fact: str, place: str, node: Node) -> None:
        read = _as_yaml_reads(node)
        where = f"{self.path}:{node.line}"
        self.facts.append(Fact(fact=fact, place=place, value=read, where=where, given=node.text))


def _values(node: Node, matrix: Mapping[str, list[Node]], variables: Mapping[str, str]) -> Iterator[Node]:
    """What an input means: itself, the members of the matrix it names, or the lines of a block."""
    if match := _MATRIX.fullmatch(node.text.strip()):
        yield from matrix.get(match[1], [])
    elif match := _VARIABLE.fullmatch(node.text.strip()):
        if value := variables.get(match[1], ""):
            yield Node(value=value, line=node.line, style="'")
    elif node.style in {"|", ">"}:
        for number, line in enumerate(node.raw.split("\n")[1:], node.line + 1):
            if line.strip():
                yield Node(value=line.strip(), line=number, style="|")
    elif node.items:
        yield from node.items
    elif node.text and "${{" not in node.text:
        yield node


def _matrix(node: Node | None) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for key, values in (node.pairs if node else {}).items():
        if key == "exclude":
            continue
        if key == "include":
            for entry in values.items:
                for name, value in entry.pairs.items():
                    found.setdefault(name, []).append(value)
        else:
            found.setdefault(key, []).extend(values.items)
    return found


def _as_yaml_reads(node: Node) -> str:
    """A plain ``3.10`` is the number 3.1."""
    if not node.style and re.fullmatch(r"\d+\.\d+", node.text):
        return str(float(node.text))
    return node.text.strip()
