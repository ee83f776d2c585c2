"""What a server can do wrong, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misbehaviour for one path; fields that are not set leave that part of the answer right.

    :ivar times: how many requests it strikes, ``None`` for all; the first *after* requests are spared.
    :ivar methods: which methods it strikes.
    :ivar only_ranged: strikes only requests with a ``Range`` header.
    :ivar status: answered instead of the file (``429``, ``500``, ``503``, ``403``...).
    :ivar redirect: absolute address sent as ``Location`` (status 302 unless *status* says another).
    :ivar headers: sent beside or instead of the right ones; a value of ``""`` drops that header.
    :ivar content: served instead of the right bytes (a file that changed; a wrong hash).
    :ivar ignore_ranges: answers 200 and the whole file to a ranged request.
    :ivar content_range: replaces the ``Content-Range`` value; *shift_range* serves bytes that many further on.
    :ivar close_after: closes the connection after that many bytes of the body.
    :ivar stall_after: sends that many bytes of the body, then nothing for *stall* seconds.
    :ivar rate: bytes per second on one connection.
    :ivar hang_up: closes the connection without any answer.
    :ivar delay: seconds before the answer starts.
    """

    times: int | None = None
    after: int = 0
    methods: tuple[str, ...] = ("GET", "HEAD")
    only_ranged: bool = False
    status: int = 0
    redirect: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    ignore_ranges: bool = False
    content_range: str = ""
    shift_range: int = 0
    close_after: int | None = None
    stall_after: int | None = None
    stall: float = 30.0
    rate: float = 0.0
    hang_up: bool = False
    delay: float = 0.0

    def strikes(self, *, method: str, ranged: bool, earlier: int) -> bool:
        """Whether the request is hit, given how many *earlier* ones it could have hit."""
        if method not in self.methods or (self.only_ranged and not ranged):
            return False
        return earlier >= self.after and (self.times is None or earlier < self.after + self.times)
