"""The hands of one run, opened when first needed and closed together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from accelinstall import events
from accelinstall.pipeline.request import IndexOptions, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from accelinstall.hardware import Host
    from accelinstall.index import IndexClient, Mirrors, PipConfiguration
    from accelinstall.model.hardware import HardwareReport
    from accelinstall.model.lock import LockedPackage
    from accelinstall.model.project import Project, Source
    from accelinstall.net import HttpClient
    from accelinstall.store import Store

T = TypeVar("T")

# Seconds that threads are given to end before this process is forked.
_PATIENCE = 0.5


def cache_directory(request: Request) -> str:
    """Where unpacked wheels, index pages and metadata are kept; absolute."""
    chosen = request.cache_directory or request.environ.get("ACCELINSTALL_CACHE_DIR", "")
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_cache_dir("accelinstall", appauthor=False)
    return os.path.abspath(os.path.expanduser(chosen))


def host_of(request: Request) -> Host:
    """This machine, or the recorded one the request names."""
    from accelinstall.hardware import LocalHost, RecordedHost

    return RecordedHost(request.host) if request.host else LocalHost()


class opened_once(Generic[T]):  # noqa: N801 - used as a decorator
    """A property of a :class:`Session` that is made when first asked for: once, even where several threads ask."""

    _opening = threading.RLock()

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name, self.__doc__ = make, make.__name__, make.__doc__

    def __get__(self, session: Session, owner: type[Session] | None = None) -> T:
        # Only the first questions come here: what stands in the object's own dictionary goes before.
        with self._opening:
            known = session.__dict__
            if self._name not in known:
                known[self._name] = self._make(session)
            return known[self._name]  # type: ignore[no-any-return]


class Session:
    """HTTP, index and store for one run; nothing is imported or opened before it is used.

    Several threads may use one.

    :ivar progress: the caller's callback; what it raises leaves the session as it is, whichever room it passes.
    """

    def __init__(self, request: Request, progress: events.Progress = events.ignore) -> None:
        self.request = request
        self.progress = progress if progress is events.ignore else _set_apart(progress)
        self._mirrors: Mirrors | None = None
        self._project: Project | None = None
        self._kept: dict[str, Any] = {}

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """What *make* makes, once under each *name*; closed with the session."""
        with opened_once._opening:
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]  # type: ignore[no-any-return]

    @opened_once
    def machine(self) -> HardwareReport:
        """The hardware as it is, without overrides; looked at once."""
        from accelinstall.hardware import detect

        return detect(host_of(self.request))

    @opened_once
    def pip(self) -> PipConfiguration:
        """pip's own configuration, where companies put their mirrors."""
        from accelinstall.index import read_pip_configuration

        return read_pip_configuration(self.request.environ)

    @property
    def is_offline(self) -> bool:
        """Whether any network is forbidden."""
        return self.request.offline or self.request.environ.get("ACCELINSTALL_OFFLINE", "") not in {"", "0"}

    @opened_once
    def default_index(self) -> str:
        """The simple API that stands for PyPI."""
        from accelinstall.index import default_index_url

        return default_index_url(self.pip)

    @property
    def pip_indexes(self) -> IndexOptions:
        """What pip's configuration adds, as addresses."""
        return self._addressed(self.pip.index_url, self.pip.extra_index_urls, self.pip.find_links, self.pip.no_index)

    @property
    def command_line_indexes(self) -> IndexOptions:
        """What the command line names, as addresses."""
        options = self.request.index
        return self._addressed(options.index_url, options.extra_index_urls, options.find_links, options.no_index)

    def _addressed(
        self, index_url: str, extra: tuple[str, ...], find_links: tuple[str, ...], no_index: bool
    ) -> IndexOptions:
        from accelinstall.index import find_links_address

        here = os.getcwd()
        learn = self.http.learn_credentials
        links = tuple(find_links_address(link, directory=here) for link in find_links)
        return IndexOptions(
            index_url=learn(index_url) if index_url else "",
            extra_index_urls=tuple(map(learn, extra)),
            find_links=links,
            no_index=no_index,
        )

    @opened_once
    def http(self) -> HttpClient:
        """The pooled client every hand shares."""
        from accelinstall.net import HttpClient, PageCache

        client = HttpClient(
            offline=self.is_offline,
            timeout=self.pip.timeout or 30.0,
            cert=self.pip.cert,
            client_cert=self.pip.client_cert,
            proxy=self.pip.proxy,
            trusted_hosts=self.pip.trusted_hosts,
            credentials=self.pip.credentials,
            cache=PageCache(os.path.join(cache_directory(self.request), "pages-v2")),
            environ=self.request.environ,
            rate=self.request.limit_rate,
        )
        # A fresh lock is installed without asking an index, and its files may want the same login.
        for address in (self.request.index.index_url, *self.request.index.extra_index_urls):
            client.learn_credentials(address)
        return client

    def know_project(self, project: Project) -> None:
        """The project's sources from now on: fetched from their mirrors, with the logins written in its addresses.

        Those Poetry is told to use go before them.  What is written down keeps the canonical addresses.
        """
        if self._project is not project:
            self._project = project
            for address in project.logins:
                self.http.learn_credentials(address)
            self._know_sources(project.sources, project.settings.mirrors)

    def _know_sources(self, sources: Iterable[Source], mirrors: Mapping[str, str]) -> None:
        from accelinstall.index import Mirrors, read_poetry_credentials
        from accelinstall.net import join_credentials

        known = tuple(sources)
        self._mirrors = Mirrors.of(known, mirrors)
        for source in known:
            self.http.learn_keyring_service(source.url, f"poetry-repository-{source.name}")
        for address, login in read_poetry_credentials(known, self.request.environ).items():
            self.http.learn_credentials(join_credentials(address, login.user, login.password))

    @opened_once
    def index(self) -> IndexClient:
        """Package indexes behind their cache."""
        from accelinstall.index import IndexClient

        return IndexClient(
            self.http, cache_directory(self.request), mirrors=self._mirrors, variants=self.request.experimental_variants
        )

    @opened_once
    def _wheelhouses(self) -> tuple[str, ...]:
        """The folders among the command line's find-links."""
        if not self.request.index.find_links:
            return ()
        from accelinstall.net.origins import path_of

        links = [link for link in self.command_line_indexes.find_links if link.startswith("file:")]
        return tuple(path for path in map(path_of, links) if os.path.isdir(path))

    def address(self, package: LockedPackage) -> str:
        """Where to fetch a locked package from: a folder named by ``--find-links`` that has it goes first."""
        for folder in self._wheelhouses:
            path = os.path.join(folder, package.filename)
            if os.path.isfile(path) and package.size in (None, os.path.getsize(path)):
                from pathlib import Path

                return Path(path).as_uri()
        return self.fetched(package.url)

    def fetched(self, url: str) -> str:
        """Where to fetch the canonical *url* from."""
        if self._mirrors is None:
            # A lock that is fresh, or taken as it is, comes here without any plan.
            from accelinstall.pipeline.reading import read_addresses_if_any

            self.know_project(read_addresses_if_any(self.request))
        return url if self._mirrors is None else self._mirrors.fetched(url)

    @opened_once
    def store(self) -> Store:
        """Unpacked wheels."""
        from accelinstall.store import Store

        request = self.request
        return Store(cache_directory(request), connections=request.connections, processes=self._processes)

    def _processes(self) -> int:
        """How many processes may fetch from now on: no other thread may be at work in the one that is doubled."""
        from accelinstall.forked import can_fork

        if self.request.processes == 1:
            return 1
        if "index" in self.__dict__:
            self.index.rest(_PATIENCE)
        return self.request.processes if can_fork() else 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for kept in self._kept.values():
            kept.close()
        for name in ("index", "http"):
            if name in self.__dict__:
                self.__dict__[name].close()
        if isinstance(error, _Thrown):
            raise error.what from error.what.__cause__


class _Thrown(Exception):
    """What the caller's callback raised, on its way out: no room is to take it for an error of a disk or a server."""

    def __init__(self, what: Exception) -> None:
        super().__init__(repr(what))
        self.what = what


def _set_apart(progress: events.Progress) -> events.Progress:
    def tell(event: events.Event) -> None:
        try:
            progress(event)
        except Exception as error:
            raise _Thrown(error) from error

    return tell
