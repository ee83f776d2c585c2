"""One connection of the loopback index: how a request becomes an answer, with or without its fault."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from accelinstall.testing.faults import Fault

if TYPE_CHECKING:
    from accelinstall.testing.server import IndexServer, ServedRequest

_CHUNK = 1 << 16
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with keep-alive; everything it decides comes from the server's ``index``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _CHUNK
    request_served: ServedRequest
    connection_number = 0

    @property
    def index(self) -> IndexServer:
        """The server this connection belongs to."""
        return self.server.index  # type: ignore[attr-defined, no-any-return]

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        self.connection_number = self.index.next_connection()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the request log is the server's."""

    def do_GET(self) -> None:
        """Answer with a body."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer without one."""
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self._note(path)
        fault = self.index.fault_for(path, method=self.command, ranged="Range" in self.headers)
        try:
            if fault.delay:
                self.index.stopping.wait(fault.delay)
            if fault.hang_up:
                self.close_connection = True
            else:
                self._respond(path, fault)
            self.wfile.flush()
        except OSError:
            # The client hung up or the server stops.
            self.close_connection = True

    def _note(self, path: str) -> None:
        from accelinstall.testing.server import ServedRequest

        headers = {name.lower(): value for name, value in self.headers.items()}
        self.request_served = ServedRequest(
            method=self.command,
            path=path,
            range=headers.get("range", ""),
            connection=self.connection_number,
            headers=headers,
        )
        self.index.note(self.request_served)

    def _respond(self, path: str, fault: Fault) -> None:
        if fault.redirect:
            self._plain(fault.status or 302, fault, {"Location": fault.redirect})
        elif fault.status:
            self._plain(fault.status, fault, {})
        elif not self._is_authorised():
            self._plain(401, fault, {"WWW-Authenticate": 'Basic realm="index"'})
        elif (found := self.index.body_for(path, self.headers.get("Accept", ""))) is None:
            self._plain(404, fault, {})
        else:
            body, kind = found
            self._serve(fault.content if fault.content is not None else body, kind, fault)

    def _is_authorised(self) -> bool:
        if self.index.credentials is None:
            return True
        token = base64.b64encode(":".join(self.index.credentials).encode()).decode()
        return self.headers.get("Authorization", "") == f"Basic {token}"

    def _plain(self, status: int, fault: Fault, headers: dict[str, str]) -> None:
        body = b"" if self.command == "HEAD" else f"status {status}\n".encode()
        self._start(status, {"Content-Length": str(len(body)), **headers}, fault)
        self._send([body], fault)

    def _serve(self, body: bytes | Path, kind: str, fault: Fault) -> None:
        total = body.stat().st_size if isinstance(body, Path) else len(body)
        etag = _etag(body)
        headers = {"Content-Type": kind, "Accept-Ranges": "bytes"}
        if self.index.etags:
            headers["ETag"] = etag
        if not isinstance(body, Path) and self.index.cache_control:
            headers["Cache-Control"] = self.index.cache_control
        if self.index.etags and self.headers.get("If-None-Match", "") == etag:
            self._start(304, headers, fault)
            return
        start, stop, status = 0, total, 200
        wanted = _parse_range(self.headers.get("Range", ""), total)
        if wanted and not fault.ignore_ranges and self.headers.get("If-Range", etag) == etag:
            start, stop = wanted
            if start >= stop:
                self._plain(416, fault, {"Content-Range": f"bytes */{total}"})
                return
            status = 206
            headers["Content-Range"] = fault.content_range or f"bytes {start}-{stop - 1}/{total}"
            if fault.shift_range:
                start, stop = start + fault.shift_range, stop + fault.shift_range
        headers["Content-Length"] = str(stop - start)
        self._start(status, headers, fault)
        self._send(_slices(body, start, stop), fault)

    def _start(self, status: int, headers: dict[str, str], fault: Fault) -> None:
        self.request_served.status = status
        self.send_response(status)
        for name, value in {**headers, **fault.headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()

    def _send(self, chunks: Iterator[bytes] | list[bytes], fault: Fault) -> None:
        if self.command == "HEAD":
            return
        limits = [limit for limit in (fault.close_after, fault.stall_after) if limit is not None]
        left = min(limits, default=None)
        began = time.monotonic()
        for chunk in chunks:
            part = chunk if left is None else chunk[:left]
            # Counted first: the client must not see bytes that the log does not know.
            self.request_served.sent += len(part)
            self.wfile.write(part)
            if fault.rate:
                self.wfile.flush()
                self.index.stopping.wait(max(0.0, self.request_served.sent / fault.rate - (time.monotonic() - began)))
            if left is not None:
                left -= len(part)
                if left <= 0:
                    break
        if left is not None:
            self.wfile.flush()
            if fault.stall_after is not None:
                self.index.stopping.wait(fault.stall)
            self.close_connection = True


def _etag(body: bytes | Path) -> str:
    if isinstance(body, Path):
        facts = body.stat()
        return f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"'
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def _parse_range(text: str, total: int) -> tuple[int, int] | None:
    match = _RANGE.fullmatch(text)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, total - int(last)), total
    return int(first), min(total, int(last) + 1) if last else total


def _slices(body: bytes | Path, start: int, stop: int) -> Iterator[bytes]:
    if isinstance(body, bytes):
        for position in range(start, stop, _CHUNK):
            yield body[position : min(stop, position + _CHUNK)]
        return
    with open(body, "rb") as stream:
        stream.seek(start)
        while start < stop and (chunk := stream.read(min(_CHUNK, stop - start))):
            start += len(chunk)
            yield chunk
