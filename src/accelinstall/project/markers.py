"""Environment markers: Poetry's ``python`` and ``platform`` keys, and a project's own extras."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from accelinstall.project.constraints import Clause, ConstraintError, split_constraint

_PLATFORM = re.compile(r"(?P<operator>!=|===?|=|)\s*(?P<value>[A-Za-z0-9_.-]+)")
_TOKEN = re.compile(r'\(|\)|"[^"]*"|\'[^\']*\'|[^\s()"\']+')


def marker_of_python(text: str) -> str:
    """The marker of ``python = "^3.11"``: ``python_version >= "3.11" and python_version < "4"``.

    ``python_version`` holds major and minor only, so a bound with a patch number asks ``python_full_version``.

    :raises ConstraintError: when *text* is no constraint.
    """
    return _any_of([" and ".join(_marker_of_clause(clause) for clause in piece) for piece in split_constraint(text)])


def marker_of_platform(text: str) -> str:
    """The marker of ``platform = "linux || darwin"``, over ``sys_platform``; empty for ``*``.

    :raises ConstraintError: when *text* is no list of platforms.
    """
    if text.strip() == "*":
        return ""
    alternatives = []
    for piece in re.split(r"\s*\|\|?\s*", text.strip()):
        parts = []
        for part in re.split(r"\s*,\s*", piece):
            match = _PLATFORM.fullmatch(part)
            if match is None:
                raise ConstraintError(f"`{text}` is not a platform", hint="write linux, darwin or win32")
            parts.append(f'sys_platform {"!=" if match["operator"] == "!=" else "=="} "{match["value"]}"')
        alternatives.append(" and ".join(parts))
    return _any_of(alternatives)


def all_of(*markers: str) -> str:
    """One marker that holds where all of *markers* hold; empty ones always hold."""
    parts = [marker for marker in markers if marker]
    return parts[0] if len(parts) == 1 else " and ".join(f"({part})" if " or " in part else part for part in parts)


def marker_of_extras(extras: Sequence[str]) -> str:
    """The marker that holds when one of the project's own *extras* is asked for."""
    return " or ".join(f'extra == "{extra}"' for extra in extras)


def settle_extras(marker: str, extras: Collection[str]) -> str | None:
    """*marker* with every question about ``extra`` answered for *extras*; ``None`` when it can no longer hold.

    Resolvers evaluate a marker for one extra at a time; a project is installed with several at once, so the answer
    is given here.  An empty answer always holds.
    """
    settled = _Settling(tuple(_TOKEN.findall(marker)), frozenset(extras)).disjunction()
    if settled is True:
        return ""
    return None if settled is False else settled


def _any_of(alternatives: list[str]) -> str:
    if "" in alternatives:
        return ""
    if len(alternatives) == 1:
        return alternatives[0]
    return " or ".join(f"({part})" if " and " in part or " or " in part else part for part in alternatives)


def _marker_of_clause(clause: Clause) -> str:
    numbers = clause.version.split(".")
    operator, version = clause.operator, clause.version
    if clause.wildcard:
        if len(numbers) == 2:
            return f'python_version {operator} "{version}"'
        following = ".".join([*numbers[:-1], str(int(numbers[-1]) + 1)])
        name = "python_version" if len(numbers) < 2 else "python_full_version"
        low, high, glue = (">=", "<", "and") if operator == "==" else ("<", ">=", "or")
        marker = f'{name} {low} "{version}" {glue} {name} {high} "{following}"'
        return marker if operator == "==" else f"({marker})"
    if operator == "~=" and len(numbers) == 2:
        return f'python_version >= "{version}" and python_version < "{int(numbers[0]) + 1}"'
    if len(numbers) >= 3 or operator in {">", "<=", "!="}:
        # PEP 440 pads with zeros: `<=3.10` ends at 3.10.0, which python_version cannot tell from 3.10.14.
        full = ".".join((*numbers, "0", "0")[:3]) if len(numbers) < 3 else version
        return f'python_full_version {operator} "{full}"'
    return f'python_version {operator} "{version}"'


class _Settling:
    """A recursive walk over ``or``, ``and``, parentheses and comparisons, with ``extra`` comparisons answered."""

    def __init__(self, tokens: tuple[str, ...], extras: frozenset[str]) -> None:
        self.tokens, self.extras, self.at = tokens, extras, 0

    def disjunction(self) -> str | bool:
        terms = list(self.terms("or", self.conjunction))
        if True in terms:
            return True
        texts = [term for term in terms if isinstance(term, str)]
        return " or ".join(texts) if texts else False

    def conjunction(self) -> str | bool:
        terms = list(self.terms("and", self.atom))
        if False in terms:
            return False
        texts = [term for term in terms if isinstance(term, str)]
        if not texts:
            return True
        return texts[0] if len(texts) == 1 else " and ".join(f"({text})" if " or " in text else text for text in texts)

    def terms(self, glue: str, operand: object) -> Iterator[str | bool]:
        assert callable(operand)
        yield operand()
        while self.at < len(self.tokens) and self.tokens[self.at] == glue:
            self.at += 1
            yield operand()

    def atom(self) -> str | bool:
        if self.tokens[self.at] == "(":
            self.at += 1
            inner = self.disjunction()
            self.at += 1
            return inner
        start = self.at
        self.at += 4 if self.tokens[start + 1] == "not" else 3
        left, operator, right = self.tokens[start], self.tokens[start + 1], self.tokens[self.at - 1]
        if "extra" not in (left, right):
            return " ".join(self.tokens[start : self.at])
        values = (right if left == "extra" else left).strip("\"'")
        named = set(map(_canonical, values.split() if operator in {"in", "not"} else [values]))
        return (not named.isdisjoint(self.extras)) is (operator in {"==", "in"})


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
