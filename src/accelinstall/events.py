"""What happens while work goes on, as values for whoever draws it.

Rooms call a :data:`Progress` callback; ``cli`` turns events into bars, plain lines or JSON lines.  Events may
arrive from several threads at once, so a callback must be thread-safe and quick.  Sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted:
    """One part of the story begins: ``detect resolve download unpack link prove``.

    :ivar total: units of work when known (bytes for download, files for link), else ``None``.
    """

    phase: str
    detail: str = ""
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseAdvanced:
    """*amount* more units of the phase are done; *detail* names the item at hand."""

    phase: str
    amount: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFinished:
    """The phase is over; *seconds* is its wall time."""

    phase: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStarted:
    """A file of *size* bytes starts to arrive (``None``: the server does not say)."""

    name: str
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAdvanced:
    """*amount* more bytes of *name* arrived; negative when a failed attempt starts over."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFinished:
    """A file is complete and its hash was right."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the user should read now.

    :ivar level: ``info`` or ``warning``.
    :ivar code: stable kebab-case identifier.
    """

    level: str
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The story has reached a value worth showing before the run ends.

    :ivar stage: ``detected`` (a HardwareReport), ``locked`` (a Locked), ``planned`` (a Synced not yet carried out),
        ``laid-out`` (where each file went, for those who remember it).
    """

    stage: str
    value: object


Event = PhaseStarted | PhaseAdvanced | PhaseFinished | FileStarted | FileAdvanced | FileFinished | Note | Reached
Progress = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The callback for those who do not care."""
