"""One check's result."""

from __future__ import annotations

from typing import Literal

from accelinstall.values import dataclass

Level = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a check has to say.

    :ivar id: stable kebab-case identifier.
    :ivar hint: what to do, a command or an exact edit where possible.
    :ivar where: ``path:line`` relative to the project, or empty.
    """

    id: str
    level: Level
    message: str
    hint: str = ""
    where: str = ""
    fixable: bool = False
