"""The hands of one run, opened when first needed and closed together."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Self

from accelinstall import events

if TYPE_CHECKING:
    from accelinstall.index import IndexClient, PipConfiguration
    from accelinstall.net import HttpClient
    from accelinstall.pipeline.request import Request
    from accelinstall.store import Store


def cache_directory(request: Request) -> str:
    """Where unpacked wheels, index pages and metadata are kept; absolute."""
    chosen = request.cache_directory or request.environ.get("ACCELINSTALL_CACHE_DIR", "")
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_cache_dir("accelinstall", appauthor=False)
    return os.path.abspath(os.path.expanduser(chosen))  # noqa: PTH100, PTH111


class Session:
    """HTTP, index and store for one run; nothing is imported or opened before it is used."""

    def __init__(self, request: Request, progress: events.Progress = events.ignore) -> None:
        self.request = request
        self.progress = progress

    @functools.cached_property
    def pip(self) -> PipConfiguration:
        """pip's own configuration, where companies put their mirrors."""
        from accelinstall.index import read_pip_configuration

        return read_pip_configuration(self.request.environ)

    @property
    def is_offline(self) -> bool:
        """Whether any network is forbidden."""
        return self.request.offline or self.request.environ.get("ACCELINSTALL_OFFLINE", "") not in {"", "0"}

    @functools.cached_property
    def http(self) -> HttpClient:
        """The pooled client every hand shares."""
        from accelinstall.net import HttpClient

        return HttpClient(
            offline=self.is_offline,
            cert=self.pip.cert,
            client_cert=self.pip.client_cert,
            proxy=self.pip.proxy,
            trusted_hosts=self.pip.trusted_hosts,
            environ=self.request.environ,
        )

    @functools.cached_property
    def index(self) -> IndexClient:
        """Package indexes behind their cache."""
        from accelinstall.index import IndexClient

        return IndexClient(self.http, cache_directory(self.request))

    @functools.cached_property
    def store(self) -> Store:
        """Unpacked wheels."""
        from accelinstall.store import Store

        return Store(cache_directory(self.request))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for name in ("index", "http"):
            if name in self.__dict__:
                self.__dict__[name].close()
