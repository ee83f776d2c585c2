"""A folder of wheel files, each with the locked hash, for machines without network: what ``--find-links`` reads."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from accelinstall import events, fs
from accelinstall.model.commands import is_plain_name
from accelinstall.model.lock import LockedPackage
from accelinstall.store.crew import Cancelled, Crew
from accelinstall.store.errors import (
    DiskFull,
    FilenameUnusable,
    FolderFull,
    FolderNotWritable,
    HashMismatch,
    LocalWheelUnreadable,
    WheelInTheWay,
    from_os_error,
)
from accelinstall.store.transfer.download import Download, download
from accelinstall.store.transfer.lanes import Lanes

if TYPE_CHECKING:
    from accelinstall.net import HttpClient

_LOCK = ".accelinstall.lock"
_CHUNK = 1 << 20
_DOING = "filling the wheelhouse"


def fill_wheelhouse(
    packages: Iterable[LockedPackage],
    folder: str,
    *,
    http: HttpClient,
    progress: events.Progress = events.ignore,
    address: Callable[[LockedPackage], str] = lambda package: package.url,
    workers: int = 6,
) -> tuple[LockedPackage, ...]:
    """The packages whose wheel files were brought into *folder*; those that lay there already were read and compared.

    Large files first, several at once; what a killed run left is gone on with.  A file has its name only when it is
    whole and has the locked hash.  One run fills a folder at a time, others wait.

    :raises FilenameUnusable: when a lock would have a file land elsewhere.
    :raises WheelInTheWay: when another file of that name lies there; nothing is fetched then.
    :raises StoreError: the first failure; what was complete stays.
    :raises SourceError: when a server cannot be asked at all.
    """
    wanted = {package.filename: package for package in packages}
    for filename, package in wanted.items():
        if not is_plain_name(filename) or filename.startswith("."):
            raise FilenameUnusable(package.name, filename=filename)
    folder = os.path.abspath(folder)
    work = _Filling(folder, http=http, progress=progress, address=address)
    with _told(folder):
        os.makedirs(folder, exist_ok=True)
        lock = os.path.join(folder, _LOCK)
        with fs.directory_lock(lock, on_wait=work.say_waiting):
            missing = [package for name, package in sorted(wanted.items()) if not work.holds(package)]
            work.run(missing, workers=workers)
            os.unlink(lock)
    return tuple(missing)


@contextmanager
def _told(folder: str) -> Iterator[None]:
    """The system's errors about *folder*, as ours."""
    try:
        yield
    except OSError as error:
        free = fs.free_bytes(folder)
        if isinstance(from_os_error(error, directory=folder, doing=_DOING, free=free), DiskFull):
            raise FolderFull(directory=folder, needed=None, free=free, doing=_DOING) from error
        raise FolderNotWritable(folder, reason=error.strerror or str(error)) from error


class _Filling:
    def __init__(
        self,
        folder: str,
        *,
        http: HttpClient,
        progress: events.Progress,
        address: Callable[[LockedPackage], str],
    ) -> None:
        self._folder, self._http, self._progress, self._address = folder, http, progress, address
        self._stop = threading.Event()
        self._lanes = Lanes()

    def say_waiting(self) -> None:
        message = f"another process is filling `{self._folder}`, waiting for it"
        self._progress(events.Note(level="info", code="waiting-for-process", message=message))

    def holds(self, package: LockedPackage) -> bool:
        """Whether the wheel is there; it is read to its end."""
        path = os.path.join(self._folder, package.filename)
        if not os.path.lexists(path):
            return False
        found = _sha256(path)
        if found != package.sha256:
            raise WheelInTheWay(path, expected=package.sha256, found=found)
        return True

    def run(self, missing: Sequence[LockedPackage], *, workers: int) -> None:
        """Bring every one of *missing*."""
        needed = sum(package.size or 0 for package in missing)
        if needed > (free := fs.free_bytes(self._folder)):
            raise FolderFull(directory=self._folder, needed=needed, free=free, doing=_DOING)
        self._progress(events.PhaseStarted(phase="download", total=needed or None, detail=f"{len(missing)} files"))
        crew = Crew(workers)
        order = sorted(missing, key=lambda package: (-(package.size or 0), package.name))
        try:
            crew.run([lambda package=package: self._bring(package) for package in order])  # type: ignore[misc]
        finally:
            self._stop.set()
            crew.close()
        self._progress(events.PhaseAdvanced(phase="download", detail=f"{len(missing)} files"))

    def _bring(self, package: LockedPackage) -> None:
        if self._stop.is_set():
            raise Cancelled
        partial = os.path.join(self._folder, f".{package.sha256}.partial")
        address = self._address(package)
        try:
            if package.path or address.startswith("file:"):
                self._copy(package, package.path or _path_of(address), partial)
            else:
                self._download(package, address, partial)
        except BaseException:
            self._stop.set()
            raise
        os.replace(partial, os.path.join(self._folder, package.filename))

    def _download(self, package: LockedPackage, address: str, partial: str) -> None:
        download(
            Download(
                package=package,
                address=address,
                partial=partial,
                http=self._http,
                progress=self._progress,
                cancelled=self._stop.is_set,
                make_room=lambda size: None,
                pause=self._stop.wait,
                delay=0.25,
                lanes=self._lanes,
            )
        )

    def _copy(self, package: LockedPackage, source: str, partial: str) -> None:
        try:
            found = _sha256(source)
        except OSError as error:
            raise LocalWheelUnreadable(path=source, reason=error.strerror or str(error)) from None
        if found != package.sha256:
            raise HashMismatch(
                filename=package.filename, address=source, source="", expected=package.sha256, found=found
            )
        with suppress(FileNotFoundError):
            os.unlink(partial)
        shutil.copyfile(source, partial)


def _path_of(address: str) -> str:
    from accelinstall.net.origins import path_of

    return path_of(address)


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
