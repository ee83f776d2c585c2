"""Shell text inside YAML, with the lines it really stands on."""

from __future__ import annotations

from accelinstall.doctor.facts import Command
from accelinstall.doctor.reading.shell import parse_script
from accelinstall.doctor.reading.yaml_nodes import Node


def commands_of(node: Node | None, *, place: str, path: str) -> tuple[Command, ...]:
    """The commands of a scalar, or of every scalar of a sequence."""
    if node is None:
        return ()
    if node.items:
        return tuple(command for item in node.items for command in commands_of(item, place=place, path=path))
    if node.style == "|":
        return parse_script(_body(node), place=place, path=path, line=node.line + 1)
    if node.style == ">":
        # Folded: one long line, but for blank ones.
        body = _body(node).replace("\n\n", "\0").replace("\n", "\\\n").replace("\0", "\n\n")
        return parse_script(body, place=place, path=path, line=node.line + 1)
    text = node.raw if not node.style and "\n" in node.raw else node.text
    if not node.style and "\n" in text:
        text = text.replace("\n", "\\\n")
    return parse_script(text, place=place, path=path, line=node.line)


def _body(node: Node) -> str:
    return node.raw.partition("\n")[2]
