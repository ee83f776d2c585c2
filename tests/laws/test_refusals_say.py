"""Every refusal of store, installation, network and indexes has its own code and a sentence, and says what to do."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from accelinstall.errors import AccelinstallError, InstallationError, SourceError, StoreError
from accelinstall.index import errors as _index  # noqa: F401
from accelinstall.installation import errors as _installation  # noqa: F401 - defines them
from accelinstall.net import HttpError
from accelinstall.pipeline import downloading as _downloading  # noqa: F401
from accelinstall.store import errors as _store  # noqa: F401
from accelinstall.store.unpacking import refusals as _refusals  # noqa: F401

SAMPLES: dict[str, Any] = {"needed": 2_000_000, "free": 1_000_000, "attempts": 5, "arrived": 100, "undone": True}
SAMPLES |= {"names": ("a", "b"), "missing": ("a 1.0",), "filenames": ("a-1.0-py3-none-any.whl",)}


def kin(root: type[AccelinstallError]) -> Iterator[type[AccelinstallError]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("accelinstall."):
            yield kind
            yield from kin(kind)


EVERY = sorted(
    {*kin(StoreError), *kin(InstallationError), *(kin(HttpError)), *kin(SourceError)}, key=lambda kind: kind.__name__
)


def made(kind: type[AccelinstallError]) -> AccelinstallError:
    parameters = inspect.signature(kind).parameters.values()
    given = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name != "hint"]
    positional = [_sample(p) for p in given if p.kind is not p.KEYWORD_ONLY]
    named = {p.name: _sample(p) for p in given if p.kind is p.KEYWORD_ONLY}
    return kind(*positional, **named)


def _sample(parameter: inspect.Parameter) -> Any:
    return SAMPLES.get(parameter.name, 3_000_000 if parameter.annotation == "int" else parameter.name)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_a_refusal_says_what_is_wrong_and_what_to_do(kind: type[AccelinstallError]) -> None:
    error = made(kind)
    assert error.message and not error.message.endswith(".")
    assert error.hint, error.message


def test_codes_are_not_shared() -> None:
    own = [kind for kind in EVERY if not issubclass(kind, HttpError)]
    assert len(own) > 50
    assert len({kind.code for kind in own}) == len(own)
