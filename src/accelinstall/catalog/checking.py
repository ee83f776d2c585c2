"""Whether a table has the shape that ``schema.json`` asks for: every problem with its path, none raised.

The few words of JSON Schema that the catalog's schema uses, so that checking needs no library at run time; a test holds
the answers to those of a whole implementation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Step = str | int
Place = tuple[Step, ...]
_TYPES: dict[str, type | tuple[type, ...]] = {"object": dict, "array": list, "string": str, "boolean": bool}
_NAMES = {
    "object": "a table",
    "array": "an array",
    "string": "a text",
    "boolean": "true or false",
    "integer": "a number",
}


@cache
def schema() -> Mapping[str, Any]:
    """The catalog's schema; read once."""
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    return found


def problems(value: object, wanted: Mapping[str, Any], place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Where *value* is not as *wanted* says, and what is wrong there, as part of a sentence."""
    if "$ref" in wanted:
        wanted = schema()["$defs"][wanted["$ref"].removeprefix("#/$defs/")]
    kind = wanted.get("type", "")
    if kind and not _is_of(value, kind):
        yield place, f"must be {_NAMES[kind]}"
        return
    if "enum" in wanted and value not in wanted["enum"]:
        yield place, f"is none of {', '.join(map(str, wanted['enum']))}"
    if isinstance(value, str):
        yield from ((place, text) for text in _text_problems(value, wanted))
    elif isinstance(value, dict):
        yield from _table_problems(value, wanted, place)
    elif isinstance(value, list):
        yield from _array_problems(value, wanted, place)
    elif isinstance(value, int) and value < wanted.get("minimum", value):
        yield place, f"is below {wanted['minimum']}"


def _is_of(value: object, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, _TYPES[kind])


def _text_problems(value: str, wanted: Mapping[str, Any]) -> Iterator[str]:
    if len(value) < wanted.get("minLength", 0):
        yield f"`{value}` is shorter than {wanted['minLength']} characters"
    if "pattern" in wanted and not re.search(wanted["pattern"], value):
        yield f"`{value}` is not of the form {wanted['pattern']}"


def _table_problems(
    value: Mapping[str, object], wanted: Mapping[str, Any], place: Place
) -> Iterator[tuple[Place, str]]:
    known = wanted.get("properties", {})
    for key in wanted.get("required", ()):
        if key not in value:
            yield place, f"lacks `{key}`"
    if len(value) < wanted.get("minProperties", 0):
        yield place, f"has {len(value)} keys, at least {wanted['minProperties']} are needed"
    more = wanted.get("additionalProperties", True)
    for key, item in value.items():
        if key in known:
            yield from problems(item, known[key], (*place, key))
        elif isinstance(more, Mapping):
            yield from problems(item, more, (*place, key))
        elif not more:
            yield (*place, key), f"has no key `{key}`{_near(key, known)}"


def _array_problems(value: Sequence[object], wanted: Mapping[str, Any], place: Place) -> Iterator[tuple[Place, str]]:
    if len(value) < wanted.get("minItems", 0):
        yield place, "is empty"
    for number, item in enumerate(value):
        yield from problems(item, wanted.get("items", {}), (*place, number))


def _near(key: str, known: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, known, n=1)
    return f", perhaps `{near[0]}`" if near else f"; known: {', '.join(sorted(known))}"
