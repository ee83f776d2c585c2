"""urllib3's connections, with the addresses of their hosts out of a book."""

from __future__ import annotations

# urllib3 asks for this codec at the first connection, in each of the processes that fetch.
import encodings.idna  # noqa: F401
import socket
import time

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from accelinstall.net.lookups import AddressBook


def pool_classes(book: AddressBook) -> dict[str, type[HTTPConnectionPool]]:
    """Scheme -> a pool whose connections are opened to the addresses that *book* knows."""

    class _Booked(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            name = self.host
            try:
                addresses = book.addresses(name, self.port)
            except socket.gaierror as error:
                raise NameResolutionError(name, self, error) from error
            try:
                return self._first_of(addresses)
            except (NewConnectionError, ConnectTimeoutError):
                book.forget(name)
                raise
            finally:
                self.host = name

        def _first_of(self, addresses: tuple[str, ...]) -> socket.socket:
            for address in addresses[:-1]:
                try:
                    return self._connected_to(address)
                except (NewConnectionError, ConnectTimeoutError):
                    continue
            return self._connected_to(addresses[-1])

        def _connected_to(self, address: str) -> socket.socket:
            self.host = address
            started = time.monotonic()
            connection = super()._new_conn()
            book.connected(time.monotonic() - started)
            return connection

    class _Secure(_Booked, HTTPSConnection):
        pass

    class _Pool(HTTPConnectionPool):
        ConnectionCls = _Booked

    class _SecurePool(HTTPSConnectionPool):
        ConnectionCls = _Secure

    return {"http": _Pool, "https": _SecurePool}
