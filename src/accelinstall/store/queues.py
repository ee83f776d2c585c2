"""Wheels in line to be fetched, large ones apart from small ones; taken by threads, and by forked processes too."""

from __future__ import annotations

import os
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from accelinstall.model.lock import LockedPackage
from accelinstall.values import dataclass

Take = Callable[[], LockedPackage | None]
"""The next wheel, for one taker only; ``None`` when there is none left."""

MOST_SHARED = 1_000
"""Wheels in a line between processes: their tickets fit the smallest pipe, of one page."""
_TICKET = struct.Struct("<I")


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
    """:func:`queue_of` for this process and those that are forked from it meanwhile.

    Each line is a pipe that holds the numbers of its wheels and that nobody writes to any more: taking never waits,
    and no two takers get the same.
    """
    sources: list[int] = []

    def line(packages: Sequence[LockedPackage]) -> Take:
        source, sink = os.pipe()
        sources.append(source)
        os.write(sink, b"".join(map(_TICKET.pack, range(len(packages)))))
        os.close(sink)

        def take() -> LockedPackage | None:
            ticket = os.read(source, _TICKET.size)
            return packages[_TICKET.unpack(ticket)[0]] if ticket else None

        return take

    large, small = _parted(packages, limit)
    try:
        yield Queue(line(large), line(small))
    finally:
        for source in sources:
            os.close(source)


def _parted(packages: Sequence[LockedPackage], limit: int) -> tuple[list[LockedPackage], list[LockedPackage]]:
    parts: tuple[list[LockedPackage], list[LockedPackage]] = ([], [])
    for package in packages:
        parts[package.size is not None and package.size <= limit].append(package)
    return parts
