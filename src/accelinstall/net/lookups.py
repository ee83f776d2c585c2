"""Addresses of hosts, asked for once: resolvers drop bursts of questions, and each drop costs five seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

LookUp = Callable[[str, int], Sequence[str]]


class AddressBook:
    """What is known of hosts' addresses; thread-safe.

    Connections that are opened at the same time wait for one look-up; different hosts do not wait for each other.

    :param look_up: host and port -> addresses, best first; raises :class:`OSError` when there are none.
    :ivar round_trip: seconds of the quickest connecting so far, ``None`` before the first.
    """

    def __init__(self, look_up: LookUp | None = None) -> None:
        self._look_up = look_up or look_up_address
        self._known: dict[str, tuple[str, ...]] = {}
        self._asking: dict[str, threading.Lock] = {}
        self.round_trip: float | None = None

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of *host*, best first; a failed look-up is not remembered.

        :raises OSError: when the host is not known.
        """
        found = self._known.get(host)
        if found is None:
            with self._asking.setdefault(host, threading.Lock()):
                found = self._known.get(host)
                if found is None:
                    found = self._known[host] = tuple(dict.fromkeys(self._look_up(host, port)))
        return found

    def connected(self, seconds: float) -> None:
        """Note how long it took to connect to one of the addresses."""
        known = self.round_trip
        self.round_trip = seconds if known is None else min(known, seconds)

    def forget(self, host: str) -> None:
        """Look *host* up anew next time: none of its addresses answered."""
        self._known.pop(host, None)


def look_up_address(host: str, port: int) -> list[str]:
    """As the system resolves it."""
    import socket

    from urllib3.util.connection import allowed_gai_family

    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)]
