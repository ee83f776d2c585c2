"""Which proxy an address goes through, from pip's setting and the environment."""

from __future__ import annotations

from collections.abc import Mapping

from accelinstall.net.origins import Origin
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies of a run.

    :ivar fixed: pip's ``proxy``, used for everything; empty for none.
    :ivar environ: read for ``https_proxy``, ``http_proxy``, ``all_proxy`` and ``no_proxy`` (lower case first).
    """

    fixed: str
    environ: Mapping[str, str]

    def proxy_for(self, origin: Origin) -> str:
        """Proxy address with scheme, and login if it has one; empty to connect directly."""
        proxy = self.fixed
        if not proxy:
            if is_excluded(origin, self._variable("no_proxy")):
                return ""
            proxy = self._variable(f"{origin.scheme}_proxy") or self._variable("all_proxy")
        return f"http://{proxy}" if proxy and "://" not in proxy else proxy

    def _variable(self, name: str) -> str:
        value = self.environ.get(name, "")
        # A CGI server puts the client's `Proxy:` header into HTTP_PROXY.
        if not value and not (name == "http_proxy" and "REQUEST_METHOD" in self.environ):
            value = self.environ.get(name.upper(), "")
        return value.strip()


def is_excluded(origin: Origin, no_proxy: str) -> bool:
    """Whether *no_proxy* (``*``, names, ``.suffixes``, ``host:port``, addresses, networks) covers *origin*."""
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        if entry == "*":
            return True
        if not entry:
            continue
        host, _, port = entry.rpartition(":")
        if host and port.isdigit() and "/" not in entry and (":" not in host or host.startswith("[")):
            if port != str(origin.port):
                continue
            entry = host
        name = entry.strip("[]").removeprefix("*").lstrip(".")
        if name and (origin.host == name or origin.host.endswith(f".{name}") or _in_network(origin.host, name)):
            return True
    return False


def _in_network(host: str, network: str) -> bool:
    if "/" not in network:
        return False
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
