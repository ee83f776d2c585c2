"""What an address gave: a whole answer or a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

from accelinstall.net.errors import ConnectionLost
from accelinstall.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer.

    :ivar headers: lower-case names.
    :ivar body: decoded (gzip and deflate undone).
    :ivar url: where it came from in the end, after redirects; without login.
    :ivar is_cached: the body came from the disk cache.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = ""
    is_cached: bool = False


class Stream:
    """The bytes of one file or a part of it, read as they arrive; a context manager that frees its connection.

    :ivar status: 206 when a part was asked for and is what comes, else 200: then the whole file comes, from byte 0.
    :ivar headers: lower-case names.
    :ivar start: position in the file of the first byte that comes; *stop* the one after the last, ``None`` if unknown.
    :ivar total: bytes of the whole file, ``None`` when the server does not say.
    :ivar url: where it comes from in the end, after redirects; without login.
    """

    def __init__(
        self,
        *,
        url: str,
        status: int,
        headers: Mapping[str, str],
        start: int,
        stop: int | None,
        total: int | None,
        read: Callable[[int], Iterator[bytes]],
        close: Callable[[], None],
    ) -> None:
        self.url, self.status, self.headers = url, status, headers
        self.start, self.stop, self.total = start, stop, total
        self._read, self._close = read, close

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """The bytes in pieces of at most *size*; to be iterated once.

        A failure inside the stream is not retried here: who reads knows how far it came and can ask for the rest.

        :raises HttpError: :class:`ConnectionLost` when fewer bytes come than were announced, and its kin.
        """
        position = self.start
        for chunk in self._read(size):
            position += len(chunk)
            if self.stop is not None and position > self.stop:
                raise ConnectionLost(self.url, f"more bytes came than the {self.stop - self.start} announced")
            yield chunk
        if self.stop is not None and position < self.stop:
            raise ConnectionLost(self.url, f"{position - self.start} of {self.stop - self.start} bytes came")

    def read(self) -> bytes:
        """All the bytes at once."""
        return b"".join(self.chunks())
