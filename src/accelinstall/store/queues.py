"""Wheels in line to be fetched, large ones apart from small ones; taken by threads, and by forked processes too."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from accelinstall.forked import Tickets
from accelinstall.model.lock import LockedPackage
from accelinstall.values import dataclass

Take = Callable[[], LockedPackage | None]
"""The next wheel, for one taker only; ``None`` when there is none left."""

MOST_SHARED = Tickets.MOST
"""Wheels in a line between processes."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Two lines: *large* wheels, which are unpacked while they come, and *small* ones, fetched as a whole first."""

    large: Take
    small: Take


def queue_of(packages: Sequence[LockedPackage], limit: int) -> Queue:
    """The lines of *packages*, in their order, for the threads of this process.

    :param limit: bytes of the largest small wheel.
    """

    def line(waiting: deque[LockedPackage]) -> Take:
        def take() -> LockedPackage | None:
            try:
                return waiting.popleft()
            except IndexError:
                return None

        return take

    large, small = _parted(packages, limit)
    return Queue(line(deque(large)), line(deque(small)))


@contextmanager
def shared_queue(packages: Sequence[LockedPackage], limit: int) -> Iterator[Queue]:
    """:func:`queue_of` for this process and those that are forked from it meanwhile; no two takers get the same."""

    def line(packages: Sequence[LockedPackage], tickets: Tickets) -> Take:
        def take() -> LockedPackage | None:
            number = tickets.take()
            return None if number is None else packages[number]

        return take

    large, small = _parted(packages, limit)
    with closing(Tickets(len(large))) as first, closing(Tickets(len(small))) as second:
        yield Queue(line(large, first), line(small, second))


def _parted(packages: Sequence[LockedPackage], limit: int) -> tuple[list[LockedPackage], list[LockedPackage]]:
    parts: tuple[list[LockedPackage], list[LockedPackage]] = ([], [])
    for package in packages:
        parts[package.size is not None and package.size <= limit].append(package)
    return parts
