"""Dataclasses that cost next to nothing until they are used.

``dataclasses`` writes, compiles and runs six methods for every frozen class when its module is imported: 0.4 ms each,
and a run imports a hundred and makes values of a few.  Here ``__init__`` is written when the first value is made, with
slots filled directly, which is also three times faster than a frozen constructor; the other methods are shared code.

Checkers see the standard decorator, and the standard functions (``fields``, ``asdict``, ``replace``) take these
values.  Only classes with ``slots=True`` and without ``ClassVar`` and ``InitVar`` are made.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]

_MISSING: Any = object()
_FIELDS = "__value_fields__"


class _Field:
    """What the class says of one of its fields."""

    __slots__ = ("compare", "default", "factory", "init", "kw_only", "repr", "type")

    def __init__(self, default: Any, factory: Any, *, init: bool, repr: bool, compare: bool) -> None:
        self.default, self.factory = default, factory
        self.init, self.repr, self.compare = init, repr, compare
        self.type: Any = None
        self.kw_only = False

    @property
    def is_required(self) -> bool:
        return self.default is _MISSING and self.factory is _MISSING


def _field(
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    init: bool = True,
    repr: bool = True,
    compare: bool = True,
) -> Any:
    return _Field(default, default_factory, init=init, repr=repr, compare=compare)


def _dataclass(
    *, slots: bool, frozen: bool = False, kw_only: bool = False, eq: bool = True
) -> Callable[[type[Any]], type[Any]]:
    if not slots:
        raise TypeError("values have slots")
    return lambda cls: _made(cls, frozen=frozen, kw_only=kw_only, eq=eq)


def _replace(value: Any, /, **changes: Any) -> Any:
    kind = type(value)
    for name, item in getattr(kind, _FIELDS).items():
        if name in changes:
            if not item.init:
                raise ValueError(f"{kind.__name__}.{name} is computed and cannot be replaced")
        elif item.init:
            changes[name] = getattr(value, name)
    return kind(**changes)


def _made(cls: type[Any], *, frozen: bool, kw_only: bool, eq: bool) -> type[Any]:
    """*cls* again, with slots and methods; as in the standard library the class itself cannot be given slots."""
    body, known = dict(cls.__dict__), _inherited(cls)
    own: list[str] = []
    for name, annotation in cls.__annotations__.items():
        if "ClassVar" in str(annotation) or "InitVar" in str(annotation):
            raise TypeError(f"{cls.__name__}.{name}: {annotation} is not for values")
        default = body.pop(name, _MISSING)
        item = default if isinstance(default, _Field) else _field(default=default)
        item.type, item.kw_only = annotation, kw_only
        if name not in known:
            own.append(name)
        known[name] = item
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    for name, method in _methods(known, frozen=frozen, eq=eq).items():
        # Python itself writes `__hash__ = None` beside an `__eq__`.
        if body.get(name) is None:
            body[name] = method
    body.update({"__slots__": tuple(own), _FIELDS: known, "__dataclass_fields__": _StandardFields()})
    body["__match_args__"] = tuple(name for name, item in known.items() if item.init and not item.kw_only)
    kind: Any = type(cls)
    made: type[Any] = kind(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    if "__init__" not in cls.__dict__:
        _postpone_init(made, frozen=frozen)
    return made


def _inherited(cls: type[Any]) -> dict[str, _Field]:
    found: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        found.update(base.__dict__.get(_FIELDS, {}))
    return found


def _methods(fields: dict[str, _Field], *, frozen: bool, eq: bool) -> dict[str, Any]:
    shown = [name for name, item in fields.items() if item.repr]

    @recursive_repr()
    def show(self: Any) -> str:
        pairs = (f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({', '.join(pairs)})"

    methods: dict[str, Any] = {"__repr__": show}
    if eq:
        compared = [name for name, item in fields.items() if item.compare]
        read: Callable[[Any], Any] = attrgetter(*compared) if compared else lambda _: ()

        def equal(self: Any, other: Any) -> Any:
            return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

        def hashed(self: Any) -> int:
            return hash(read(self))

        methods |= {"__eq__": equal, "__hash__": hashed if frozen else None}
    if frozen:
        methods |= _FROZEN
    return methods


def _refuse(self: Any, name: str, value: object = None) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in getattr(type(self), _FIELDS)]


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(getattr(type(self), _FIELDS), state, strict=True):
        object.__setattr__(self, name, value)


_FROZEN = {
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    # Copying and unpickling would set attributes.
    "__getstate__": _get_state,
    "__setstate__": _set_state,
}


def _postpone_init(cls: type[Any], *, frozen: bool) -> None:
    def fill(self: Any, /, *args: Any, **values: Any) -> None:
        cls.__init__ = _written_init(cls, frozen=frozen)
        cls.__init__(self, *args, **values)

    cls.__init__ = fill


def _written_init(cls: type[Any], *, frozen: bool) -> Callable[..., None]:
    """The constructor; like the standard one, but a frozen value's slots are filled by their own descriptors."""
    names: dict[str, Any] = {"_missing": _MISSING}
    positional, keywords, lines = ["self"], list[str](), list[str]()
    for name, item in getattr(cls, _FIELDS).items():
        value = name
        if item.factory is not _MISSING:
            names[f"_make_{name}"] = item.factory
            value = f"_make_{name}() if {name} is _missing else {name}" if item.init else f"_make_{name}()"
        elif item.default is not _MISSING:
            names[f"_default_{name}"] = item.default
            value = name if item.init else f"_default_{name}"
        elif not item.init:
            continue
        if item.init:
            default = "" if item.is_required else "=_missing" if item.default is _MISSING else f"=_default_{name}"
            (keywords if item.kw_only else positional).append(name + default)
        names[f"_set_{name}"] = getattr(cls, name).__set__
        lines.append(f" _set_{name}(self, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    head = ", ".join([*positional, *(["*", *keywords] if keywords else [])])
    exec(f"def __init__({head}):\n" + ("\n".join(lines) or " pass"), names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = {name: item.type for name, item in getattr(cls, _FIELDS).items() if item.init}
    made.__module__ = cls.__module__
    return made


class _StandardFields:
    """``__dataclass_fields__``, made by the standard library when somebody asks."""

    def __get__(self, instance: object, owner: type[Any]) -> dict[str, Any]:
        import dataclasses

        body: dict[str, Any] = {"__annotations__": {}}
        for name, item in getattr(owner, _FIELDS).items():
            body["__annotations__"][name] = item.type
            given = {"default": item.default, "default_factory": item.factory}
            body[name] = dataclasses.field(
                init=item.init,
                repr=item.repr,
                compare=item.compare,
                kw_only=item.kw_only,
                **{key: value for key, value in given.items() if value is not _MISSING},
            )
        twin: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(type(owner.__name__, (), body))
        owner.__dataclass_fields__ = found = twin.__dataclass_fields__
        return found  # type: ignore[no-any-return]


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = _dataclass, _field, _replace
