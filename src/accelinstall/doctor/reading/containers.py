"""What a Dockerfile tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from accelinstall.doctor.facts import Command, Copy, Fact, Image, Reading, Stage, Variable, Word
from accelinstall.doctor.reading.commands import command_facts
from accelinstall.doctor.reading.dockerfile import Instruction, expanded, parse_dockerfile
from accelinstall.doctor.reading.images import image_facts
from accelinstall.doctor.reading.shell import parse_script
from accelinstall.values import dataclass, field

_INSTALLS = re.compile(r"\bpoetry\b[^\n;&|]*\b(?:install|sync)\b")


@dataclass(slots=True)
class _Open:
    """A stage that is being read."""

    number: int
    name: str
    place: str
    instruction: Instruction
    variables: dict[str, str]
    commands: list[Command] = field(default_factory=list)
    user: str = ""
    installing_user: str | None = None
    text: list[str] = field(default_factory=list)


def read_dockerfile(text: str, *, path: str) -> Reading:
    """Facts, commands, variables and copies of each stage of *text*."""
    reader = _Reader(path)
    for instruction in parse_dockerfile(text):
        reader.take(instruction)
    return reader.reading()


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.globals: dict[str, str] = {}
        self.stages: list[_Open] = []
        self.variables: list[Variable] = []
        self.copies: list[Copy] = []
        self.images: list[Image] = []

    def take(self, one: Instruction) -> None:
        if one.name == "FROM":
            self._from(one)
        elif not self.stages:
            if one.name == "ARG":
                self._set(one, self.globals, place=self.path)
            return
        stage = self.stages[-1]
        stage.text.append(f"{one.name} {one.text}\n{one.body}")
        if one.name in {"ARG", "ENV"}:
            self._set(one, stage.variables, place=stage.place)
        elif one.name == "USER":
            stage.user = expanded(one.flat, stage.variables)
        elif one.name in {"COPY", "ADD"}:
            self._copy(one, stage)
        elif one.name == "RUN":
            self._run(one, stage)
        elif one.name in {"CMD", "ENTRYPOINT"}:
            stage.commands += _commands(one, stage.place, self.path)

    def _from(self, one: Instruction) -> None:
        words = one.flat.split()
        name = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
        number = len(self.stages)
        place = f"{self.path}:{name or number}"
        reference = expanded(words[0], self.globals) if words else ""
        parent = next((stage for stage in self.stages if stage.name and stage.name.lower() == reference.lower()), None)
        if parent is None:
            self.images.append(Image(place=place, reference=reference, path=self.path, line=one.line))
        inherited = dict(parent.variables) if parent else {}
        self.stages.append(_Open(number, name, place, one, inherited, user=parent.user if parent else ""))

    def _set(self, one: Instruction, variables: dict[str, str], *, place: str) -> None:
        for name, (value, line) in one.pairs.items():
            if one.name == "ARG" and not value:
                # Declared again in a stage: the value given before the first FROM.
                variables[name] = self.globals.get(name, "")
                continue
            variables[name] = expanded(value, variables | self.globals) if "$" in value else value
            self.variables.append(Variable(place=place, name=name, value=value, path=self.path, line=line))

    def _copy(self, one: Instruction, stage: _Open) -> None:
        words = one.array or tuple(one.flat.split())
        if len(words) < 2 or one.body_line:
            return
        words = tuple(expanded(word, stage.variables) or word for word in words)
        self.copies.append(
            Copy(
                place=stage.place,
                stage=stage.number,
                origin=one.flags.get("from", ""),
                sources=words[:-1],
                target=words[-1],
                path=self.path,
                line=one.line,
            )
        )

    def _run(self, one: Instruction, stage: _Open) -> None:
        stage.commands += _commands(one, stage.place, self.path)
        if stage.installing_user is None and _INSTALLS.search(one.flat + one.body):
            stage.installing_user = stage.user

    def reading(self) -> Reading:
        facts = [fact for image in self.images for fact in image_facts(image)]
        for stage in self.stages:
            facts += command_facts(stage.commands, self.globals | stage.variables)
        facts += _variable_facts(self.variables)
        return Reading(
            facts=tuple(dict.fromkeys(facts)),
            commands=tuple(command for stage in self.stages for command in stage.commands),
            variables=tuple(self.variables),
            copies=tuple(self.copies),
            images=tuple(self.images),
            stages=tuple(
                Stage(
                    place=stage.place,
                    path=self.path,
                    line=stage.instruction.line,
                    last_line=stage.instruction.last_line,
                    text="\n".join(stage.text),
                    user=stage.installing_user or "",
                )
                for stage in self.stages
            ),
        )


def _variable_facts(variables: list[Variable]) -> Iterator[Fact]:
    for one in variables:
        if one.name == "POETRY_VERSION" and one.value and "$" not in one.value:
            yield Fact(fact="poetry", place=one.place, value=one.value, where=f"{one.path}:{one.line}")


def _commands(one: Instruction, place: str, path: str) -> tuple[Command, ...]:
    if one.array is not None:
        words = tuple(Word(text=text, line=one.text_line) for text in one.array)
        if words[1:2] and words[1].text == "-c" and len(words) > 2:
            return parse_script(words[2].text, place=place, path=path, line=one.text_line)
        return (Command(place=place, path=path, words=words),) if words else ()
    if one.body_line:
        head = one.flat.split("<<")[0].strip()
        if head and not re.fullmatch(r"(?:/bin/)?(?:ba|da|a|z)?sh(?:\s+-\w+)*", head):
            return ()
        return parse_script(one.body, place=place, path=path, line=one.body_line)
    return parse_script(one.text, place=place, path=path, line=one.text_line)
