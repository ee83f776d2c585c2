"""Poetry's version constraints as PEP 440 specifiers.

Poetry adds carets, tildes, bare wildcards and ``||`` to PEP 440 (https://python-poetry.org/docs/dependency-specification/).
Everything but ``||`` is a list of clauses; a union is written as one range with holes where PEP 440 can say that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from accelinstall.project.intervals import clauses_of_union
from accelinstall.values import dataclass

_UNION = re.compile(r"\s*\|\|?\s*")
# A comma or a blank separates clauses, but not the blank between an operator and its version.
_AND = re.compile(r"(?<![\^~=><!, ])\s*[, ]\s*(?!,|$)")
_ANY = re.compile(r"v?[xX*](?:\.[xX*])*")
_CLAUSE = re.compile(
    r"""(?P<operator>\^|~=|~|===|==|!=|>=|<=|=|<|>|)\s*
    v?(?P<version>(?:\d+!)?(?P<release>\d+(?:\.\d+)*)(?P<suffix>[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview|post|rev|r|dev)
    [-_.]?\d*|-\d+)*)
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?(?P<wildcard>(?:\.\*)+)?""",
    re.VERBOSE | re.IGNORECASE,
)


class ConstraintError(ValueError):
    """A text is not a constraint, or PEP 440 cannot say what it means; ``hint`` tells what to write instead."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One comparison.

    :ivar operator: ``== != >= <= > <`` or ``~=``; ``wildcard`` stands for a trailing ``.*``.
    :ivar version: PEP 440 text without a local label.
    :ivar local: the local label that stood behind it.
    """

    operator: str
    version: str
    local: str = ""
    wildcard: bool = False

    def __str__(self) -> str:
        # PEP 440 allows a local label beside == and != only.
        local = f"+{self.local}" if self.local and self.operator in {"==", "!="} else ""
        return f"{self.operator}{self.version}{local}{'.*' if self.wildcard else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A translated constraint.

    :ivar specifier: PEP 440 specifier set, empty for any version.
    :ivar local: the local label the constraint asks for (``^2.1.0+cpu`` -> ``cpu``), empty for none.
    """

    specifier: str = ""
    local: str = ""


def parse_constraint(text: str) -> Constraint:
    """*text* as Poetry reads it.

    :raises ConstraintError: when Poetry could not read it either, when PEP 440 cannot express it, or when it names
        two local labels.
    """
    pieces = split_constraint(text)
    labelled = [clause for piece in pieces for clause in piece if clause.local and clause.operator != "!="]
    labels = sorted({clause.local for clause in labelled})
    if len(labels) > 1:
        raise ConstraintError(
            f"`{text}` asks for two builds at once: `+{labels[0]}` and `+{labels[1]}`", hint="name one local label"
        )
    clauses = pieces[0] if len(pieces) == 1 else _union(pieces, text)
    return Constraint(
        specifier=",".join(dict.fromkeys(map(str, clauses))),
        local=labels[0] if labels else "",
    )


def split_constraint(text: str) -> list[list[Clause]]:
    """The alternatives of *text*, each a list of clauses that hold together; an empty list is any version.

    :raises ConstraintError: when *text* is not a constraint.
    """
    if not text.strip():
        raise ConstraintError("the constraint is empty", hint='write "*" for any version')
    return [
        [clause for part in _AND.split(piece.strip().rstrip(", ")) for clause in _parse_clause(part, text)]
        for piece in _UNION.split(text.strip())
    ]


def _parse_clause(part: str, text: str) -> list[Clause]:
    part = part.strip()
    if _ANY.fullmatch(part):
        return []
    match = _CLAUSE.fullmatch(part)
    if match is None:
        raise ConstraintError(f"`{part}` is not a version constraint", hint=_suggestion(part))
    operator, version, local = match["operator"], match["version"].lower(), (match["local"] or "").lower()
    epoch = version.partition("!")[0] + "!" if "!" in version else ""
    release = [int(number) for number in match["release"].split(".")]
    if match["wildcard"]:
        if operator not in {"", "=", "==", "!="} or local or match["suffix"]:
            raise ConstraintError(f"`{text}` mixes `{operator or '+'}` with a wildcard", hint=f"write `{version}.*`")
        return [Clause(operator="!=" if operator == "!=" else "==", version=version, wildcard=True)]
    if operator in {"^", "~"} or (operator == "~=" and len(release) == 1):
        upper = _after_caret(release) if operator == "^" else _after_tilde(release)
        bound = epoch + ".".join(map(str, upper))
        return [Clause(operator=">=", version=version, local=local), Clause(operator="<", version=bound)]
    operator = "==" if operator in {"", "=", "==="} else operator
    return [Clause(operator=operator, version=version, local=local)]


def _after_caret(release: Sequence[int]) -> list[int]:
    """The first release that may break: the leftmost number that is not zero goes up."""
    for index, number in enumerate(release[:3]):
        if number or index == min(len(release), 3) - 1:
            return [*release[:index], number + 1]
    raise AssertionError("a release has at least one number")


def _after_tilde(release: Sequence[int]) -> list[int]:
    """The next minor release, or the next major one where no minor is named."""
    return [*release[:1], release[1] + 1] if len(release) > 1 else [release[0] + 1]


def _union(pieces: list[list[Clause]], text: str) -> list[Clause]:
    rows = [[(clause.operator, clause.version, clause.wildcard) for clause in piece] for piece in pieces]
    found = clauses_of_union(rows)
    if found is None:
        raise ConstraintError(
            f"`{text}` cannot be written as one PEP 440 range",
            hint="write one range, with `!=` for what is left out, such as `>=1.2,<4,!=2.*`",
        )
    return [Clause(operator=operator, version=version, wildcard=wildcard) for operator, version, wildcard in found]


def _suggestion(part: str) -> str:
    if re.search(r"\.[xX](\.|$)", part):
        return f"write `{re.sub(r'[.][xX]', '.*', part)}`"
    return "write for instance `^2.1`, `~2.1`, `>=2.1,<3`, `2.1.*` or `2.1.0`"
