"""A wheel's directory, read before anything else of it: what will be written is known to the byte, and judged first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from accelinstall.errors import SourceError
from accelinstall.store.crew import Crew, Job
from accelinstall.store.transfer.wide import CHUNK, Unstreamable
from accelinstall.store.unpacking.archive import Central, Read, read_directory
from accelinstall.store.unpacking.refusals import WheelRefused
from accelinstall.values import dataclass, field

if TYPE_CHECKING:
    from accelinstall.net import HttpClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the last part of a wheel file tells.

    :ivar start: position of *tail*, the last part as it was read.
    :ivar validator: what the server calls this file, for ``If-Range``.
    :ivar entries: of the directory, which starts at *directory*.
    """

    start: int
    tail: bytes = field(repr=False)
    validator: str
    entries: tuple[Central, ...] = field(repr=False)
    directory: int

    @property
    def unpacked(self) -> int:
        """Bytes of all members."""
        return sum(entry.size for entry in self.entries)

    def reader(self, http: HttpClient, address: str) -> Read:
        """Reads anywhere in the file, most of what is asked for from memory."""
        size = self.start + len(self.tail)
        return reader_behind(_asking(http, address, size, self.validator), self.start, self.tail)


def preview_of(http: HttpClient, address: str, size: int) -> Preview:
    """The preview of the wheel of *size* bytes at *address*; one request, and further ones for a long directory.

    :raises Unstreamable: when the server does not give parts of files.
    :raises WheelRefused: when the file is no archive.
    """
    from accelinstall.store.transfer.download import validator_of

    # The directory of a wheel, its RECORD and METADATA usually fit: 2 MB of torch's 530.
    wanted = min(size, max(128 << 10, size // 256))
    with http.open(address, tail=wanted) as stream:
        if stream.status != 206 or stream.total != size or stream.start != size - wanted:
            raise Unstreamable("no parts")
        validator = validator_of(stream)
        tail = b"".join(stream.chunks(CHUNK))
    read = reader_behind(_asking(http, address, size, validator), size - wanted, tail)
    entries, directory = read_directory(read, size)
    return Preview(start=size - wanted, tail=tail, validator=validator, entries=tuple(entries), directory=directory)


def previews_of(http: HttpClient, wheels: Sequence[tuple[str, str, int]], *, at_once: int) -> dict[str, Preview | None]:
    """Key -> preview of each wheel, given as key, address and size; ``None`` for one that is to be had as a whole only.

    Whoever fetches that meets the same trouble, if there is any, and tells.

    :param at_once: requests under way at a time.
    """
    found: dict[str, Preview | None] = {}

    def look(key: str, address: str, size: int) -> None:
        try:
            found[key] = preview_of(http, address, size)
        except (Unstreamable, WheelRefused, SourceError):
            found[key] = None

    crew = Crew(at_once)
    try:
        jobs: list[Job] = [lambda wheel=wheel: look(*wheel) for wheel in wheels]  # type: ignore[misc]
        crew.run(jobs)
    finally:
        crew.close()
    # Nothing but this thread should be at work when the process is forked.
    crew.join(1.0)
    return found


def _asking(http: HttpClient, address: str, size: int, validator: str) -> Callable[[int, int], bytes]:
    def open_part(start: int, stop: int) -> bytes:
        headers = {"If-Range": validator} if validator else None
        with http.open(address, start=start, stop=stop, headers=headers) as part:
            if part.start != start or part.total != size:
                raise Unstreamable("another part")
            return b"".join(part.chunks(CHUNK))

    return open_part


def reader_behind(open_part: Callable[[int, int], bytes], start: int, tail: bytes) -> Callable[[int, int], bytes]:
    """Reads anywhere in a file of which everything from *start* on is known to be *tail*; the rest is asked for."""
    blocks = [(start, tail)]

    def read(offset: int, length: int) -> bytes:
        for first, block in blocks:
            if first <= offset and offset + length <= first + len(block):
                return block[offset - first : offset - first + length]
        end = start + len(tail)
        stop = min(end, offset + max(length, 64 << 10))
        if offset + length > end:
            # At the end of the file fewer bytes come than were asked for.
            return read(offset, end - offset) if offset < end else b""
        blocks.append((offset, open_part(offset, stop)))
        return read(offset, length)

    return read
