"""What a build needs from the outside: an environment of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class BuildEnvironment(Protocol):
    """An isolated environment that lives as long as one build."""

    @property
    def python(self) -> str:
        """Absolute path of its interpreter."""

    @property
    def scripts(self) -> str:
        """Its folder of commands."""

    def install(self, requirements: Sequence[str]) -> None:
        """Adds what *requirements* (PEP 508) need.

        :raises AccelinstallError: when that cannot be resolved or installed.
        """


EnvironmentOpener = Callable[[Sequence[str]], AbstractContextManager[BuildEnvironment]]
"""Opens an environment with those requirements in it; it is gone when the block ends."""
