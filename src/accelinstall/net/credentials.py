"""Logins: from addresses, from netrc, from keyring; shown to nobody."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from accelinstall.net.addresses import split_credentials
from accelinstall.net.errors import InvalidAddress
from accelinstall.values import dataclass, field

_KEYRING_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password; the password is left out of ``repr``."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The ``Authorization`` value for basic authentication."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class CredentialBook:
    """Every login this run knows, asked by address; thread-safe.

    :param known: address prefix -> login, such as Poetry's repositories.
    :param environ: read for ``NETRC`` and ``HOME``.
    :param keyring: whether the ``keyring`` package may be asked after a refusal.
    """

    def __init__(self, known: Mapping[str, Login], *, environ: Mapping[str, str], keyring: bool = True) -> None:
        self._known = {url.rstrip("/"): login for url, login in known.items()}
        self._environ, self._keyring = environ, keyring
        self._netrc: dict[str, Login] | None = None
        self._services: dict[str, str] = {}
        self._lock = threading.Lock()

    def renew(self) -> None:
        """Wait for no thread that had a login in hand: in a forked process there is none."""
        self._lock = threading.Lock()

    def learn(self, url: str) -> str:
        """*url* without its login, which is kept for every address below it and for its host.

        :raises InvalidAddress: when it cannot be told what is the login.
        """
        if "@" not in url:
            return url
        try:
            bare, user, password = split_credentials(url)
        except ValueError as error:
            raise InvalidAddress(url, "it is not a valid address") from error
        if user or password:
            self.add(bare, Login(user, password))
        return bare

    def add(self, prefix: str, login: Login) -> None:
        """Use *login* for addresses that start with *prefix*, and for its host when nothing fits better."""
        with self._lock:
            self._known[prefix.rstrip("/")] = login

    def login_for(self, url: str) -> Login | None:
        """The login to send unasked: longest known prefix, then the same host, then netrc."""
        with self._lock:
            known = sorted(self._known.items(), key=lambda item: len(item[0]), reverse=True)
        for prefix, login in known:
            if url == prefix or url.startswith(prefix + "/"):
                return login
        parts = urlsplit(url)
        for prefix, login in known:
            other = urlsplit(prefix)
            if (other.scheme, other.netloc) == (parts.scheme, parts.netloc):
                return login
        return self._from_netrc(parts.hostname or "")

    def name_service(self, prefix: str, service: str) -> None:
        """Addresses below *prefix* may be kept as *service* in the keyring, as Poetry keeps its repositories."""
        with self._lock:
            self._services[prefix.rstrip("/")] = service

    def ask_keyring(self, url: str, *, user: str = "") -> Login | None:
        """The login a keyring keeps for *url* or its host, asked as pip does; may take seconds.

        The ``keyring`` package where it is installed beside us, else the program of that name on ``PATH``, which is
        asked for a known user only.
        """
        if not self._keyring:
            return None
        with self._lock:
            named = [name for prefix, name in self._services.items() if url.startswith(prefix + "/")]
        services = (*named, url, urlsplit(url).netloc)
        try:
            import keyring  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            return self._ask_program(services, user) if user else None
        try:
            for service in services:
                found = keyring.get_credential(service, user or None)
                if found is not None and found.password is not None:
                    return Login(found.username or user, found.password)
        except Exception:
            # Backends raise anything, and none of it is about the address that was asked.
            self._keyring = False
        return None

    def _ask_program(self, services: Iterable[str], user: str) -> Login | None:
        import shutil
        import subprocess

        program = shutil.which("keyring", path=self._environ.get("PATH", ""))
        for service in services if program else ():
            command = [str(program), "get", service, user]
            try:
                # Without a terminal it cannot ask for anything; a locked keyring is not waited for.
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**self._environ, "PYTHONIOENCODING": "utf-8"},
                    timeout=_KEYRING_SECONDS,
                )
            except (OSError, subprocess.TimeoutExpired):
                self._keyring = False
                return None
            password = done.stdout.decode("utf-8", "replace").strip("\r\n")
            if done.returncode == 0 and password:
                return Login(user, password)
        return None

    def _from_netrc(self, host: str) -> Login | None:
        with self._lock:
            if self._netrc is None:
                self._netrc = _read_netrc(self._environ)
        return self._netrc.get(host.lower())


def _read_netrc(environ: Mapping[str, str]) -> dict[str, Login]:
    """Logins by host; the ``default`` entry is left out, because it would be sent to every host there is."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    places = [environ["NETRC"]] if environ.get("NETRC") else [f"{home}/.netrc", f"{home}/_netrc"] if home else []
    for place in places:
        if not os.path.exists(place):
            continue
        import netrc

        try:
            hosts = netrc.netrc(place).hosts
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue
        return {
            host.lower(): Login(user or "", password or "")
            for host, (user, _, password) in hosts.items()
            if host != "default"
        }
    return {}
