"""YAML as nodes that know their lines and keep their text: ``3.10`` stays ``3.10``, and no constructor runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from accelinstall.values import dataclass

_DEEPEST = 40
# No file of this kind has a tenth of it; one whose anchors hold anchors can come to billions.
_MOST = 100_000


class NotYaml(Exception):
    """A text that is not YAML; ``line`` is 1-based, 0 when unknown."""

    def __init__(self, reason: str, *, line: int) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value.

    :ivar line: 1-based, where the value starts.
    :ivar style: ``|`` and ``>`` for blocks, a quote for quoted scalars, empty for plain ones and for collections.
    :ivar raw: for scalars, the source from its start to its end.
    :ivar indent: for an item of a block sequence, what precedes its dash; else ``None``.
    """

    value: str | dict[str, Node] | list[Node]
    line: int
    style: str = ""
    raw: str = ""
    indent: str | None = None

    @property
    def text(self) -> str:
        """A scalar's text; empty for a collection."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def items(self) -> list[Node]:
        """The members of a sequence; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def pairs(self) -> dict[str, Node]:
        """The pairs of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def get(self, *keys: str) -> Node | None:
        """What stands under *keys*, one mapping inside the other."""
        found: Node | None = self
        for key in keys:
            found = found.pairs.get(key) if found else None
        return found

    def text_of(self, *keys: str) -> str:
        """The scalar under *keys*, else empty."""
        found = self.get(*keys)
        return found.text if found else ""


def parse_yaml(text: str) -> tuple[Node, ...]:
    """Every document of *text*; of keys that stand twice the later counts, as most readers have it.

    :raises NotYaml: with the line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    reader = YAML(typ="safe", pure=True)
    reader.allow_duplicate_keys = True
    numbers = count()
    try:
        return tuple(_node(found, text, 0, numbers) for found in reader.compose_all(text) if found is not None)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(str(error.problem or error.context), line=mark.line + 1 if mark else 0) from None
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        raise NotYaml(str(error).splitlines()[0], line=line) from None
    except (RecursionError, ValueError) as error:
        raise NotYaml("it is nested too deeply" if isinstance(error, RecursionError) else str(error), line=0) from None


def _node(found: Any, text: str, depth: int, numbers: Iterator[int], indent: str | None = None) -> Node:
    if next(numbers) >= _MOST:
        raise NotYaml(f"it comes to more than {_MOST:,} values", line=found.start_mark.line + 1)
    if depth > _DEEPEST:  # also what an anchor inside itself comes to
        raise NotYaml("it is nested too deeply", line=found.start_mark.line + 1)
    line = found.start_mark.line + 1
    if found.id == "mapping":
        return Node(value=dict(_pairs(found, text, depth, numbers)), line=line, indent=indent)
    if found.id == "sequence":
        children = [
            _node(child, text, depth + 1, numbers, None if found.flow_style else _before_dash(text, child))
            for child in found.value
        ]
        return Node(value=children, line=line, indent=indent)
    raw = text[found.start_mark.index : found.end_mark.index]
    return Node(value=found.value, line=line, style=found.style or "", raw=raw, indent=indent)


def _pairs(found: Any, text: str, depth: int, numbers: Iterator[int]) -> Iterator[tuple[str, Node]]:
    own: list[tuple[str, Node]] = []
    for key, value in found.value:
        if key.id != "scalar":
            continue
        node = _node(value, text, depth + 1, numbers)
        if key.value == "<<":
            for merged in [node, *node.items]:
                yield from merged.pairs.items()
        else:
            own.append((key.value, node))
    yield from own


def _before_dash(text: str, child: Any) -> str | None:
    """The blanks before the dash of *child*, when its dash stands alone before it on its line."""
    start = text.rfind("\n", 0, child.start_mark.index) + 1
    before, dash, after = text[start : child.start_mark.index].partition("-")
    return before if dash and not before.strip(" ") and not after.strip(" ") else None
