"""A wheel's METADATA from wherever the wheel is, with as few bytes and requests as its server allows."""

from __future__ import annotations

from accelinstall.index.filenames import canonical
from accelinstall.index.wheel_tail import TailMalformed, extract, find_directory, find_metadata
from accelinstall.net import HttpClient, HttpError, StatusRefused, Stream, WrongRange

# What holds the directory and METADATA of nearly all wheels of a kind: of 100 usual packages, 6 need a second request.
_LEAST, _MOST, _WHOLE = 64 << 10, 256 << 10, 160 << 10
# METADATA farther than this from the known end is read alone.
_FAR = 256 << 10
# At most this is read before a big directory, where METADATA usually lies behind a RECORD of the directory's size.
_BEFORE = 256 << 10
_SPOOLED = 16 << 20
# How servers refuse a range, or the form "the last n bytes" of one.
_NO_RANGES = frozenset({400, 405, 416, 501})


def tail_of(filename: str, size: int | None) -> int:
    """How many of the last bytes of a wheel to ask for first; a request costs about as much as 100 kB.

    The directory grows with the number of files: in pure-Python wheels with the size, in those with extension modules
    more slowly, and in those that only carry libraries (``py3-none-manylinux...``) hardly.
    """
    if size is None:
        return _LEAST
    if size <= _WHOLE:
        return size
    abi, platform = filename.removesuffix(".whl").rsplit("-", 2)[1:] if filename.count("-") > 1 else ("none", "")
    if platform == "any":
        return max(_LEAST, min(size // 24, 2 * _MOST))
    return _LEAST if abi == "none" else max(_LEAST, min(size // 40, _MOST))


class _NoRanges(Exception):
    """The server does not serve parts of this file in a usable way."""


def read_wheel_metadata(http: HttpClient, url: str, *, project: str, size: int | None = None) -> tuple[bytes, int]:
    """The bytes of METADATA in the wheel at *url*, by ranges, else out of the whole file; and the wheel's size.

    :param project: canonical name; *size* of the wheel in bytes, when the index told it.
    :raises HttpError: when it cannot be read; :class:`TailMalformed` when it is no wheel.
    """
    try:
        window = _Window(http, url, size=size, tail=tail_of(url.rpartition("/")[2], size))
        return _from_ranges(window, project), window.total
    except (_NoRanges, WrongRange, TailMalformed):
        # A server that lies about ranges, or a file that only a patient reader understands.
        with http.open(url) as stream:
            return _from_whole(stream, project)


class _Window:
    """The known end of a remote file, grown towards its beginning by further requests."""

    def __init__(self, http: HttpClient, url: str, *, size: int | None, tail: int) -> None:
        self._http, self._url, self._length = http, url, tail
        self.data, self.start, self.total = self._tail(size)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes *start* up to *stop* of the file; fetches what is missing."""
        if start < self.start:
            with self._http.open(self._url, start=start, stop=self.start) as stream:
                if stream.status != 206 or stream.total != self.total or stream.stop != self.start:
                    raise _NoRanges
                self.data = stream.read() + self.data
            self.start = start
        return self.data[start - self.start : stop - self.start]

    def read_apart(self, start: int, stop: int) -> bytes:
        """Bytes *start* up to *stop*, without what lies between them and the known end."""
        with self._http.open(self._url, start=start, stop=stop) as stream:
            if stream.status != 206 or stream.total != self.total:
                raise _NoRanges
            return stream.read()

    def _tail(self, size: int | None) -> tuple[bytes, int, int]:
        try:
            with self._http.open(self._url, tail=self._length) as stream:
                return self._taken(stream)
        except StatusRefused as error:
            if error.status not in _NO_RANGES:
                raise
        try:
            if size is None:
                with self._http.open(self._url, start=0, stop=1) as stream:
                    size = stream.total
                    if stream.status != 206 or size is None:
                        raise _NoRanges
            with self._http.open(self._url, start=max(0, size - self._length)) as stream:
                return self._taken(stream)
        except StatusRefused as error:
            if error.status not in _NO_RANGES:
                raise
            raise _NoRanges from None

    def _taken(self, stream: Stream) -> tuple[bytes, int, int]:
        if stream.total is None or (stream.status != 206 and stream.total > self._length):
            raise _NoRanges
        return stream.read(), stream.start, stream.total


def _from_ranges(window: _Window, project: str) -> bytes:
    directory = find_directory(window.data, total=window.total)
    if directory.start < window.start:
        size = directory.stop - directory.start
        window.read(max(0, directory.start - min(size, _BEFORE)), directory.stop)
    entry = find_metadata(window.read(directory.start, directory.stop), project=project)
    if window.start - entry.start > _FAR:
        return extract(window.read_apart(entry.start, entry.start + entry.reach), entry)
    return extract(window.read(entry.start, directory.start), entry)


def _from_whole(stream: Stream, project: str) -> tuple[bytes, int]:
    """METADATA of the whole wheel that *stream* brings, and its size.

    Memory stays small; a temporary file holds the rest.
    """
    import tempfile
    import zipfile

    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as file:
        for chunk in stream.chunks():
            file.write(chunk)
        size = file.tell()
        file.seek(0)
        try:
            with zipfile.ZipFile(file) as archive:
                names = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA") and n.count("/") == 1]
                if len(names) > 1:
                    names = [name for name in names if canonical(name.partition("-")[0]) == project]
                if len(names) != 1:
                    raise TailMalformed("it has several METADATA files" if names else "it has no METADATA file")
                return archive.read(names[0]), size
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
            if isinstance(error, (TailMalformed, HttpError)):
                raise
            raise TailMalformed(f"it is no ZIP archive ({error})") from None
