"""A package index on loopback that keeps count and misbehaves on request."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from accelinstall.model.project import Source
from accelinstall.testing.answers import Handler
from accelinstall.testing.faults import Fault
from accelinstall.testing.pages import HTML_TYPE, JSON_TYPE, Offer, render_html, render_json, sha256_of


@dataclass(slots=True, kw_only=True)
class ServedRequest:
    """One request and what becomes of it; counted when it arrives, before any byte of the answer leaves.

    :ivar path: without query; *range* is the ``Range`` header, empty for none.
    :ivar status: as answered; 0 when the connection was closed without an answer.
    :ivar sent: bytes of the body that left.
    :ivar connection: number of the connection it came on, from 1.
    """

    method: str
    path: str
    status: int = 0
    sent: int = 0
    range: str = ""
    connection: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class IndexServer:
    """A threaded HTTP/1.1 package index; use it as a context manager.

    It serves ``/simple/<name>/`` (HTML, JSON, or what ``Accept`` prefers), ``/files/<file>`` with ranges, and
    ``.metadata`` beside files that were added with it.  Every request is counted when it arrives.

    :param json: whether pages exist as JSON; *html* likewise.
    :param credentials: user and password that every request must carry (basic auth), else 401.
    :param cache_control: header of pages, such as ``max-age=600``; *etags* turns ETag and 304 on.
    :param tls: certificate and key files; ``url`` is then ``https://``.
    """

    def __init__(
        self,
        *,
        json: bool = True,
        html: bool = True,
        credentials: tuple[str, str] | None = None,
        cache_control: str = "",
        etags: bool = True,
        api_version: str = "1.1",
        tls: tuple[str | Path, str | Path] | None = None,
    ) -> None:
        self.json, self.html, self.credentials = json, html, credentials
        self.cache_control, self.etags, self.api_version, self.tls = cache_control, etags, api_version, tls
        self.requests: list[ServedRequest] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._offers: dict[str, Offer] = {}
        self._bodies: dict[str, tuple[bytes, str]] = {}
        self._faults: dict[str, list[tuple[Fault, list[int]]]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.index = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Root address without a final slash."""
        return self.url_for("127.0.0.1")

    def url_for(self, host: str) -> str:
        """The same server under another name, such as ``localhost``."""
        return f"{'https' if self.tls else 'http'}://{host}:{self._server.server_address[1]}"

    @property
    def simple_url(self) -> str:
        """Address of the simple API, with a final slash."""
        return f"{self.url}/simple/"

    def source(self, name: str = "default") -> Source:
        """This index as a :class:`~accelinstall.model.project.Source`."""
        return Source(name=name, url=self.simple_url)

    def file_url(self, filename: str) -> str:
        """Address of one file."""
        return self.url + self.file_path(filename)

    def file_path(self, filename: str) -> str:
        """Path of one file, as faults and counts name it."""
        return f"/files/{filename}"

    def add(
        self,
        path: str | Path,
        *,
        sha256: str | None = None,
        size: bool = True,
        requires_python: str = "",
        yanked: str | None = None,
        upload_time: str = "",
        metadata: bool | bytes = False,
        metadata_sha256: str | None = None,
    ) -> Offer:
        """Offer the file at *path* (not copied) on its project's page.

        :param sha256: ``None`` computes it, ``""`` leaves it out, any other text is printed as it is.
        :param metadata: ``True`` offers the wheel's METADATA as ``.metadata``, bytes offer those instead.
        :param metadata_sha256: as *sha256*, of the ``.metadata`` file.
        """
        path = Path(path)
        beside = _metadata_of(path) if metadata is True else metadata or None
        if metadata_sha256 is None:
            metadata_sha256 = hashlib.sha256(beside).hexdigest() if beside is not None else ""
        offer = Offer(
            path=path,
            sha256=sha256_of(path) if sha256 is None else sha256,
            size=path.stat().st_size if size else None,
            requires_python=requires_python,
            yanked=yanked,
            upload_time=upload_time,
            metadata=beside,
            metadata_sha256=metadata_sha256,
        )
        with self._lock:
            self._offers[offer.filename] = offer
        return offer

    def add_body(self, path: str, body: bytes, *, content_type: str = "text/html") -> None:
        """Serve *body* at *path* (``/simple/x/``, ``/links.html``...), instead of what would stand there."""
        with self._lock:
            self._bodies[path] = (body, content_type)

    def add_fault(self, path: str, fault: Fault) -> None:
        """Let *fault* strike requests for *path*; several faults on one path are tried in the order added."""
        with self._lock:
            self._faults.setdefault(path, []).append((fault, [0]))

    def clear_faults(self) -> None:
        """Behave again."""
        with self._lock:
            self._faults.clear()

    def clear_requests(self) -> None:
        """Start counting anew."""
        with self._lock:
            self.requests.clear()

    def count(self, prefix: str = "/", *, method: str = "") -> int:
        """How many requests for paths that start with *prefix* arrived."""
        return len(self._matching(prefix, method))

    def bytes_sent(self, prefix: str = "/") -> int:
        """Body bytes sent for paths that start with *prefix*."""
        return sum(request.sent for request in self._matching(prefix, ""))

    def _matching(self, prefix: str, method: str) -> list[ServedRequest]:
        with self._lock:
            return [r for r in self.requests if r.path.startswith(prefix) and method in ("", r.method)]

    # What the handler asks.

    def note(self, request: ServedRequest) -> None:
        """Count *request*."""
        with self._lock:
            self.requests.append(request)

    def next_connection(self) -> int:
        """The number of a connection that was just accepted."""
        with self._lock:
            self.connections += 1
            return self.connections

    def fault_for(self, path: str, *, method: str, ranged: bool) -> Fault:
        """The fault that strikes this request; one without fields when none does."""
        with self._lock:
            struck = Fault()
            for fault, seen in self._faults.get(path, ()):
                if method not in fault.methods or (fault.only_ranged and not ranged):
                    continue
                seen[0] += 1
                if struck == Fault() and fault.strikes(method=method, ranged=ranged, earlier=seen[0] - 1):
                    struck = fault
            return struck

    def body_for(self, path: str, accept: str) -> tuple[bytes | Path, str] | None:
        """Bytes or file to serve at *path*, and its content type; ``None`` for 404."""
        with self._lock:
            if path in self._bodies:
                return self._bodies[path]
            offers = list(self._offers.values())
        if path.startswith("/files/"):
            filename = path.removeprefix("/files/")
            for offer in offers:
                if offer.filename == filename:
                    return offer.path, "application/octet-stream"
                if offer.metadata is not None and filename == f"{offer.filename}.metadata":
                    return offer.metadata, "application/octet-stream"
        if path.startswith("/simple/") and path.count("/") == 3 and path.endswith("/"):
            name = path.split("/")[2]
            chosen = [offer for offer in offers if offer.project == name]
            return self._page(name, chosen, accept) if chosen else None
        return None

    def _page(self, name: str, offers: list[Offer], accept: str) -> tuple[bytes, str] | None:
        if self.json and (JSON_TYPE in accept or not self.html):
            return render_json(name, offers, files_url="../../files/", version=self.api_version), JSON_TYPE
        if self.html:
            kind = HTML_TYPE if HTML_TYPE in accept else "text/html"
            return render_html(name, offers, files_url="../../files/", version=self.api_version), kind
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    index: IndexServer

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake every thread that waits for a next request, so that nothing outlives the server."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests; other errors still show."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _metadata_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))
