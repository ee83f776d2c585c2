"""How far connections may run ahead of what is used of their files, so that memory stays bounded."""

from __future__ import annotations

import threading


class Room:
    """Bytes that are asked for and not used yet, of all files of a fetch together; thread-safe.

    :param size: how many there may be.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._taken = 0
        self._lock = threading.Lock()

    def share(self, files: int) -> int:
        """Bytes for each of *files*."""
        return self.size // max(1, files)

    def has(self, count: int, *, mine: int, files: int) -> bool:
        """Whether a file that has taken *mine* bytes may take *count* more while *files* want some."""
        return self._taken + count <= self.size and mine + count <= self.share(files)

    def take(self, count: int) -> None:
        """*count* bytes are asked for."""
        with self._lock:
            self._taken += count

    def free(self, count: int) -> None:
        """*count* bytes have been used, or nobody will use them."""
        with self._lock:
            self._taken -= count


def part_length(*, ahead: int, left: int, window: int, connections: int, most: int, least: int) -> int:
    """Bytes that a connection should ask for at once, in the part of a file that is *ahead* of what is used.

    Longer parts mean fewer requests.  But the user of the file waits for the first of them, so all that are on their
    way have to fit the *window*, with some to spare.  Those that are asked for first, all at the same moment, are
    shorter, so that they do not all end at the same moment either; and so are the last, so that all connections work
    until the end.

    :param left: bytes of the file that nobody has asked for yet.
    :param connections: that the file has, or will soon have.
    """
    length = min(most, window * 4 // (5 * connections))
    length = min(length, length // 4 + length * ahead // max(1, window), left // connections)
    return min(left, max(least, length))
