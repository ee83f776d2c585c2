"""Our cheap dataclasses behave as the standard library's do."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from accelinstall import values


class Point:
    """A class body to be decorated twice."""

    x: int
    y: int = 2
    tags: list[str] = []  # noqa: RUF012 - replaced below, as both decorators take it
    secret: str = "hidden"
    length: int
    note: str = "none"


def decorated(library: Any, **options: Any) -> Any:
    """:class:`Point` as *library* decorates it."""
    annotations = dict(Point.__annotations__)
    body = {
        "__annotations__": annotations,
        "__module__": __name__,
        "y": 2,
        "tags": library.field(default_factory=list),
        "secret": library.field(default="hidden", repr=False, compare=False),
        "length": library.field(init=False),
        "note": library.field(default="none", init=False),
        "__post_init__": lambda self: object.__setattr__(self, "length", self.x + self.y),
    }
    return library.dataclass(slots=True, **options)(type("Point", (), body))


BOTH = [{"frozen": True, "kw_only": True}, {"frozen": True}, {"kw_only": True}, {"frozen": True, "eq": False}]
QUESTIONS: list[Callable[[Any], Any]] = [
    lambda kind: repr(kind(x=1)),
    lambda kind: repr(kind(x=1, y=5, tags=["a"])),
    lambda kind: kind(x=1) == kind(x=1, secret="other"),
    lambda kind: kind(x=1) == kind(x=2),
    lambda kind: kind(x=1) == (1, 2),
    lambda kind: kind(x=1).tags is kind(x=1).tags,
    lambda kind: [(item.name, item.init, item.repr, item.kw_only) for item in dataclasses.fields(kind)],
    lambda kind: dataclasses.asdict(kind(x=1)),
    lambda kind: dataclasses.replace(kind(x=1), y=7).length,
    lambda kind: copy.copy(kind(x=1)).length,
    lambda kind: copy.deepcopy(kind(x=1, tags=["a"])).tags,
    lambda kind: kind.__match_args__,
    lambda kind: kind.__slots__,
    lambda kind: kind.__hash__ is None,
    lambda kind: kind(1).y,
    lambda kind: kind(),
    lambda kind: kind(x=1, length=3),
    lambda kind: kind(x=1, z=3),
    lambda kind: setattr(kind(x=1), "x", 2),
    lambda kind: delattr(kind(x=1), "x"),
    lambda kind: (kind(x=1), str(inspect.signature(kind)).count("*"))[1],
    lambda kind: len({hash(value) for value in (kind(x=1), kind(x=1))}),  # both alive: no address is taken twice
]


@pytest.mark.parametrize("options", BOTH, ids=str)
@pytest.mark.parametrize("question", range(len(QUESTIONS)))
def test_a_value_answers_as_a_standard_dataclass(options: dict[str, bool], question: int) -> None:
    def answer(library: Any) -> object:
        try:
            return QUESTIONS[question](decorated(library, **options))
        except Exception as error:
            # A frozen class says it by the same class, slots and arguments by the built-in ones.
            kinds = (dataclasses.FrozenInstanceError, TypeError, AttributeError, ValueError)
            return next(kind for kind in kinds if isinstance(error, kind))

    assert answer(values) == answer(dataclasses)


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A parent."""

    name: str
    size: int = 0


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Child(Base):
    """A child with a field of its own."""

    label: str


def test_a_child_has_the_fields_of_its_parent() -> None:
    child = Child(name="a", label="b")
    assert (child.name, child.size, child.label) == ("a", 0, "b")
    assert child != Base(name="a")
    assert [item.name for item in dataclasses.fields(Child)] == ["name", "size", "label"]
    assert values.replace(child, size=3) == Child(name="a", size=3, label="b")
    assert not hasattr(child, "__dict__")


def test_a_value_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(Child(name="a", label="b"))) == Child(name="a", label="b")


def test_what_is_not_supported_is_said_at_once() -> None:
    class Counted:
        number: ClassVar[int] = 0

    with pytest.raises(TypeError, match="ClassVar"):
        values.dataclass(slots=True)(Counted)
    with pytest.raises(TypeError, match="slots"):
        values.dataclass(slots=False)(type("Open", (), {}))


def test_a_computed_field_cannot_be_replaced() -> None:
    with pytest.raises(ValueError, match="length"):
        values.replace(decorated(values, frozen=True)(x=1), length=3)


def test_values_come_without_the_standard_module() -> None:
    code = (
        "import sys; from accelinstall.model.target import Target; Target.parse('cpu-linux-x86_64-cp311'); "
        "assert 'dataclasses' not in sys.modules, 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
