"""One request, one answer: the pools of urllib3, and nothing decided here."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from accelinstall.net.addresses import split_credentials
from accelinstall.net.certificates import ssl_context
from accelinstall.net.credentials import Login
from accelinstall.net.errors import SetupUnreadable
from accelinstall.net.lookups import AddressBook, LookUp
from accelinstall.net.mapping import mapped
from accelinstall.net.origins import Origin, origin_of
from accelinstall.net.proxies import Proxies
from accelinstall.values import dataclass, field

if TYPE_CHECKING:
    import ssl

    import urllib3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How connections are made.

    :ivar cert: file or folder of trusted certificates, empty to ask the environment and the system.
    :ivar client_cert: PEM file with key and certificate, empty for none.
    :ivar trusted_hosts: ``host`` or ``host:port`` whose certificates are not checked.
    :ivar connect_timeout: seconds; *read_timeout* bounds each wait for more bytes, not the whole answer.
    :ivar connections: kept open per host.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str = field(default="", repr=False)
    cert: str = ""
    client_cert: str = ""
    trusted_hosts: tuple[str, ...] = ()
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    connections: int = 64

    def trusts(self, origin: Origin) -> bool:
        """Whether the user vouches for *origin* whatever its certificate."""
        return any(host.lower() in (origin.host, f"{origin.host}:{origin.port}") for host in self.trusted_hosts)


class Transport:
    """Connection pools, one set per proxy and trust, opened when first needed; thread-safe.

    :param look_up: see :class:`AddressBook`.
    """

    def __init__(self, settings: Settings, *, look_up: LookUp | None = None) -> None:
        self.settings = settings
        self._book = AddressBook(look_up)
        self._proxies = Proxies(fixed=settings.proxy, environ=settings.environ)
        self._pools: dict[tuple[str, bool, bool], urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    @property
    def round_trip(self) -> float | None:
        """Seconds of the quickest connecting so far, ``None`` before the first and behind proxies."""
        return self._book.round_trip

    def send(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """The answer to one GET, its body unread; redirects and errors of status are answers like others.

        :raises HttpError: when no answer came.
        """
        origin = origin_of(url)
        pool = self._pool(origin, url)
        with mapped(url):
            return pool.request("GET", url, headers=dict(headers), retries=False, redirect=False, preload_content=False)

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.clear()

    def _pool(self, origin: Origin, url: str) -> urllib3.PoolManager:
        secure = origin.scheme == "https"
        key = (self._proxies.proxy_for(origin), secure, not (secure and self.settings.trusts(origin)))
        with self._lock:
            if key not in self._pools:
                with mapped(url):
                    self._pools[key] = self._make_pool(*key, url=url)
            return self._pools[key]

    def _make_pool(self, proxy: str, secure: bool, verify: bool, *, url: str) -> urllib3.PoolManager:
        import urllib3

        from accelinstall.net.connections import pool_classes

        settings = self.settings
        context: ssl.SSLContext | None = None
        if secure or proxy.startswith("https://"):
            context = ssl_context(
                url, cert=settings.cert, client_cert=settings.client_cert, environ=settings.environ, verify=verify
            )
        timeout = urllib3.Timeout(connect=settings.connect_timeout, read=settings.read_timeout)
        size = settings.connections
        if not verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if not proxy:
            pools = urllib3.PoolManager(num_pools=size, maxsize=size, timeout=timeout, ssl_context=context)
            pools.pool_classes_by_scheme = pool_classes(self._book)
            return pools
        try:
            address, user, password = split_credentials(proxy)
            _ = urlsplit(address).port
        except ValueError:
            # What is wrong with it may hold the login.
            raise SetupUnreadable(url, "the proxy's address is none") from None
        login = {"proxy-authorization": Login(user, password).header} if user or password else None
        return urllib3.ProxyManager(
            address,
            num_pools=size,
            maxsize=size,
            timeout=timeout,
            ssl_context=context,
            proxy_ssl_context=context,
            proxy_headers=login,
        )
