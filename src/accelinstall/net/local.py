"""``file://`` addresses answered the way a server would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from accelinstall.net.errors import ConnectionFailed, HttpError, NotFound, RangeRefused
from accelinstall.net.origins import path_of
from accelinstall.net.ranges import ByteRange
from accelinstall.net.responses import Response, Stream


def read_local(url: str) -> Response:
    """The file that *url* names; for a folder its ``index.html``.

    :raises HttpError: :class:`NotFound` when there is none, :class:`ConnectionFailed` when it cannot be read.
    """
    path = path_of(url)
    try:
        if os.path.isdir(path):
            url, path = url.rstrip("/") + "/", os.path.join(path, "index.html")
        with open(path, "rb") as stream:
            body = stream.read()
    except (OSError, ValueError) as error:
        raise _unreadable(url, error) from None
    kind = {"html": "text/html", "json": "application/json"}.get(path.rpartition(".")[2], "application/octet-stream")
    return Response(status=200, headers={"content-type": kind}, body=body, url=url)


def open_local(url: str, wanted: ByteRange) -> Stream:
    """The part of the file that *url* names; ranges always work.

    :raises HttpError: as :func:`read_local`, and :class:`RangeRefused` outside the file.
    """
    path = path_of(url)
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - the stream closes it
        total = os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        raise _unreadable(url, error) from None
    start, stop = wanted.bounds(total)
    if wanted.header and start >= stop:
        file.close()
        raise RangeRefused(url, f"the file has {total} bytes", status=416)
    return Stream(
        url=url,
        status=206 if wanted.header else 200,
        headers={"content-length": str(stop - start)},
        start=start,
        stop=stop,
        total=total,
        read=lambda size: _chunks(file, url, start, stop, size),
        close=file.close,
    )


def _chunks(file: BinaryIO, url: str, start: int, stop: int, size: int) -> Iterator[bytes]:
    try:
        file.seek(start)
        while start < stop and (chunk := file.read(min(size, stop - start))):
            start += len(chunk)
            yield chunk
    except (OSError, ValueError) as error:
        raise _unreadable(url, error) from None


def _unreadable(url: str, error: OSError | ValueError) -> HttpError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return NotFound(url, "there is no such file", status=404)
    reason = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else str(error)
    return ConnectionFailed(url, f"it cannot be read: {reason}", hint="check the path and its permissions")
