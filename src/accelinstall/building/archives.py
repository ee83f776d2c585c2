"""Source archives unpacked: nothing leaves the folder, no devices, no links to elsewhere, no bombs."""

from __future__ import annotations

import bz2
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from accelinstall.building.errors import ArchiveRefused, WorkFailed

SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
"""The names archives of source may end with."""

# A bomb: more than this, and so many times the archive's own size.
_LARGE, _RATIO = 256 << 20, 100
_MOST_MEMBERS = 200_000
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError),
    # Two entries of one name, or a file where another entry has a folder.
    *(FileExistsError, NotADirectoryError, IsADirectoryError),
)


@contextmanager
def unpacked(archive: str, *, filename: str, folder: str = "") -> Iterator[str]:
    """The top folder of *archive*'s content, laid out in a folder that is gone when the block ends.

    :param folder: where to make it; empty = where temporary files go.
    :raises ArchiveRefused: for an archive that no build backend would make, with the entry.
    """
    place = tempfile.mkdtemp(prefix="source-", dir=folder or None)
    try:
        try:
            if filename.lower().endswith(".zip"):
                _unpack_zip(archive, place, filename)
            else:
                _unpack_tar(archive, place, filename)
        except (*_BROKEN, OSError) as error:
            # What the system says carries a number, what a decompressor says of bytes does not.
            if isinstance(error, OSError) and error.errno is not None and not isinstance(error, _BROKEN):
                raise WorkFailed(doing=f"unpacking {filename}", error=error) from error
            raise ArchiveRefused(filename=filename, reason=f"it cannot be unpacked: {error}") from error
        yield _top(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _top(place: str) -> str:
    """The one folder in *place*, as source archives have it; *place* itself where they are otherwise."""
    names = [name for name in os.listdir(place) if name != "pax_global_header"]
    folder = os.path.join(place, names[0]) if len(names) == 1 else place
    return folder if os.path.isdir(folder) else place


def _unpack_tar(archive: str, place: str, filename: str) -> None:
    if not hasattr(tarfile, "data_filter"):  # 3.11.0 to 3.11.3
        raise ArchiveRefused(filename=filename, reason="Python 3.11.4 or later is needed to unpack it safely")
    # Inflated first and counted, so that no header can ask for more memory than there are bytes.
    with tempfile.TemporaryFile() as plain:
        _inflate(archive, plain, filename)
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as source:
            members, size = 0, 0
            for member in source:
                members, size = members + 1, size + member.size
                _refuse_bomb(filename, size=size, members=members, packed=os.stat(archive).st_size)
                source.extract(_allowed(member, place, filename), place, filter="fully_trusted")


def _allowed(member: tarfile.TarInfo, place: str, filename: str) -> tarfile.TarInfo:
    """*member* as Python's own filter ``data`` lets it pass, which also takes away what modes may not say."""
    if member.name.startswith(("/", "\\")) or "\\" in member.name or member.name[1:2] == ":":
        raise ArchiveRefused(filename=filename, member=member.name, reason="has a path that is not relative")
    try:
        return tarfile.data_filter(member, place)
    except tarfile.FilterError as error:
        raise ArchiveRefused(filename=filename, member=member.name, reason=_reason(error)) from error


def _reason(error: tarfile.FilterError) -> str:
    reasons: dict[type[tarfile.FilterError], str] = {
        tarfile.OutsideDestinationError: "would be written outside its folder",
        tarfile.AbsolutePathError: "has a path that is not relative",
        tarfile.SpecialFileError: "is a device or a pipe",
        tarfile.AbsoluteLinkError: "is a link to an absolute path",
        tarfile.LinkOutsideDestinationError: "is a link that leads outside its folder",
    }
    return reasons.get(type(error), str(error))


def _inflate(archive: str, target: IO[bytes], filename: str) -> None:
    openers = {".gz": _open_gzip, ".tgz": _open_gzip, ".bz2": bz2.open, ".xz": lzma.open}
    opener = openers.get(os.path.splitext(filename.lower())[1])
    if opener is None:
        raise ArchiveRefused(filename=filename, reason=f"it is none of {', '.join(SUFFIXES)}")
    packed, size = os.stat(archive).st_size, 0
    with opener(archive, "rb") as stream:  # type: ignore[operator]
        while chunk := stream.read(1 << 20):
            size += len(chunk)
            _refuse_bomb(filename, size=size, members=0, packed=packed)
            target.write(chunk)


def _open_gzip(path: str, mode: str) -> IO[bytes]:
    import gzip

    return gzip.open(path, mode)  # type: ignore[return-value]


def _unpack_zip(archive: str, place: str, filename: str) -> None:
    packed, size = os.stat(archive).st_size, 0
    with zipfile.ZipFile(archive) as source:
        for number, entry in enumerate(source.infolist()):
            size += entry.file_size
            _refuse_bomb(filename, size=size, members=number, packed=packed)
            _refuse_entry(entry, filename)
            target = os.path.join(place, *entry.filename.split("/"))
            if entry.is_dir():
                os.makedirs(target, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            # zipfile stops at the size the entry declares, which was counted.
            with source.open(entry) as reader, open(target, "xb") as writer:
                shutil.copyfileobj(reader, writer)
            if (entry.external_attr >> 16) & 0o100:
                os.chmod(target, 0o755)


def _refuse_entry(entry: zipfile.ZipInfo, filename: str) -> None:
    name = entry.filename
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if name.startswith("/") or "\\" in name or "\0" in name or name[1:2] == ":":
        raise ArchiveRefused(filename=filename, member=name, reason="has a path that is not relative")
    if ".." in name.split("/"):
        raise ArchiveRefused(filename=filename, member=name, reason="would be written outside its folder")
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ArchiveRefused(filename=filename, member=name, reason="is a link, a device or a pipe")


def _refuse_bomb(filename: str, *, size: int, members: int, packed: int) -> None:
    if members > _MOST_MEMBERS:
        raise ArchiveRefused(filename=filename, reason=f"it holds more than {_MOST_MEMBERS} entries")
    if size > _LARGE and size > _RATIO * packed:
        raise ArchiveRefused(
            filename=filename, reason=f"it unpacks to more than {_RATIO} times its size ({size >> 20} MiB and counting)"
        )
