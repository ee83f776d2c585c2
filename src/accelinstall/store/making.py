"""One wheel made into an entry of the store, whatever way is open: out of its download, from memory or from a file."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from accelinstall import fs
from accelinstall.events import Note, Progress
from accelinstall.model.lock import LockedPackage
from accelinstall.model.store import StoreEntry
from accelinstall.store.behind import AtOnce, Behind
from accelinstall.store.crew import Cancelled, Crew
from accelinstall.store.errors import DiskFull, HashMismatch, LocalWheelUnreadable, from_os_error
from accelinstall.store.manifest import Manifest, write_manifest
from accelinstall.store.origins import local_path
from accelinstall.store.transfer.download import Download, download
from accelinstall.store.transfer.lanes import Lanes
from accelinstall.store.transfer.memory import fetch_whole
from accelinstall.store.turns import MEMORY, Budget, Turn
from accelinstall.store.unpacking.refusals import WheelRefused
from accelinstall.store.unpacking.streaming import stream_wheel
from accelinstall.store.unpacking.unpack import run_here, unpack, unpack_read
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.net import HttpClient
    from accelinstall.store.cache import Store

_Unpack = Callable[[str], Manifest | None]
"""Lays a wheel out in the folder that is named."""


class Maker:
    """What all threads of one process share while they make entries.

    :param among: how many processes share the machine and the connections.
    :ivar stop: set when whatever is under way is to be given up.
    """

    def __init__(
        self, store: Store, *, http: HttpClient, progress: Progress, stop: threading.Event, among: int = 1
    ) -> None:
        self._store, self._http, self.progress, self.stop = store, http, progress, stop
        self._crew = Crew(max(1, (os.cpu_count() or 1) // among))
        self._lanes = Lanes(store.pace(among))
        # Threads that unpack small files only wait for each other's interpreter lock.
        self.turn = Turn()
        self._memory = Budget(MEMORY // among)
        # What threads have in hand that may have to be left to a server that stalls.
        self._arriving: dict[str, list[bytes]] = {}
        self._building: set[str] = set()

    def close(self) -> None:
        """Clean up after threads that hang in a socket and will give up at the next byte."""
        self._crew.close()
        for partial, arrived in list(self._arriving.items()):
            if arrived:
                with suppress(OSError):
                    fs.write_atomic(partial, b"".join(arrived))
        for building in list(self._building):
            with suppress(OSError):
                fs.remove_tree(building)

    def obtain(self, package: LockedPackage, address: str, *, wait: bool) -> StoreEntry | None:
        """The entry, or ``None`` when another process works on it and *wait* is false."""
        told = Note(
            level="info",
            code="waiting-for-process",
            message=f"another process is fetching `{package.filename}`, waiting for it",
        )
        with system_errors(self._store, f"fetching `{package.filename}`"):
            path = self._store.lock_path(package.sha256)
            with fs.directory_lock(
                path,
                on_wait=lambda: self.progress(told) if wait else None,
                cancelled=lambda: self.stop.is_set() or not wait,
            ) as held:
                if not held:
                    if self.stop.is_set():
                        raise Cancelled
                    return None
                return self._store.get(package.sha256) or self._make(package, address)

    def _make(self, package: LockedPackage, address: str) -> StoreEntry:
        wheel = local_path(address, package)
        partial = self._store.partial(package.sha256, "whl")
        if wheel:
            self._verify_local(package, wheel)
            return _there(self._publish(package, self._from_file(package, wheel), source=wheel))
        if self.stop.is_set():
            raise Cancelled
        task = self._task(package, address, partial)
        if self._store.streams(package):
            entry = self._at_once(task)
            if entry is not None:
                return entry
        download(task)
        try:
            entry = _there(self._publish(package, self._from_file(package, partial), source=address))
        except WheelRefused:
            os.unlink(partial)
            raise
        os.unlink(partial)
        return entry

    def _at_once(self, task: Download) -> StoreEntry | None:
        """The entry of a wheel that is unpacked out of its download; ``None``: it has to be on the disk first."""
        package = task.package
        if package.size is not None and package.size <= self._store.small:
            with self._memory.of(package.size):
                content = self._fetched(task)
                if content is None:
                    return None
                with self.turn.of(-package.size):
                    return self._publish(package, self._from_memory(package, content), source=task.address)
        preview, room = self._store.previews.get(package.sha256), self._room_for(package)
        # With a core of its own a second thread helps; where other processes have it, it only costs.
        behind = Behind if self._crew.size > 1 else AtOnce
        return self._publish(
            package,
            lambda tree: stream_wheel(task, tree, make_room=room, preview=preview, behind=behind),
            source=task.address,
        )

    def _fetched(self, task: Download) -> bytes | None:
        arrived = self._arriving[task.partial] = []
        # Where connections are limited, those of small wheels count like all others.
        counted = bool(self._store.connections)
        if counted:
            self._lanes.begin()
        try:
            return fetch_whole(task, arrived)
        finally:
            del self._arriving[task.partial]
            if counted:
                self._lanes.end()

    def _task(self, package: LockedPackage, address: str, partial: str) -> Download:
        return Download(
            package=package,
            address=address,
            partial=partial,
            http=self._http,
            progress=self.progress,
            cancelled=self.stop.is_set,
            make_room=lambda size: require_room(self._store, size, doing=f"downloading `{package.filename}`"),
            pause=self.stop.wait,
            delay=self._store.retry_delay,
            lanes=self._lanes,
            part=self._store.part,
        )

    def _room_for(self, package: LockedPackage) -> Callable[[int], object]:
        return lambda size: require_room(self._store, size, doing=f"unpacking `{package.filename}`")

    def _from_file(self, package: LockedPackage, wheel: str) -> _Unpack:
        return lambda tree: unpack(
            wheel,
            tree,
            package=package,
            crew=self._crew,
            make_room=self._room_for(package),
            cancelled=self.stop.is_set,
        )

    def _from_memory(self, package: LockedPackage, content: bytes) -> _Unpack:
        return lambda tree: unpack_read(
            lambda offset, length: content[offset : offset + length],
            len(content),
            tree,
            package=package,
            run=run_here,
            make_room=self._room_for(package),
            cancelled=self.stop.is_set,
        )

    def _verify_local(self, package: LockedPackage, path: str) -> None:
        digest = hashlib.sha256()
        try:
            with open(path, "rb", buffering=0) as stream:
                while chunk := stream.read(1 << 20):
                    if self.stop.is_set():
                        raise Cancelled
                    digest.update(chunk)
        except OSError as error:
            raise LocalWheelUnreadable(path=path, reason=error.strerror or str(error)) from None
        if digest.hexdigest() != package.sha256:
            raise HashMismatch(
                filename=package.filename,
                address=path,
                source="",
                expected=package.sha256,
                found=digest.hexdigest(),
            )

    def _publish(self, package: LockedPackage, unpack: _Unpack, *, source: str) -> StoreEntry | None:
        """Unpack a wheel beside the store and rename it into place; ``None`` when *unpack* could not."""
        building, place = self._store.partial(package.sha256, "tree"), self._store.place(package.sha256)
        fs.remove_tree(building)
        try:
            os.mkdir(building)
            self._building.add(building)
            manifest = unpack(os.path.join(building, "tree"))
            if manifest is None:
                return None
            manifest = replace(manifest, boot=self._store.boot)
            write_manifest(building, manifest)
            # A damaged entry may be in the way.
            self._store.evict(package.sha256)
            os.rename(building, place)
        except WheelRefused as refusal:
            raise refusal.of(wheel=package.filename, source=source) from None
        finally:
            fs.remove_tree(building)
            self._building.discard(building)
        for warning in manifest.warnings:
            message = f"`{package.filename}`: {warning}"
            self.progress(Note(level="warning", code="wheel-flaw", message=message))
        return manifest.entry(sha256=package.sha256, root=f"{place}/tree", shareable=True)


def require_room(store: Store, needed: int, *, doing: str) -> None:
    """:raises DiskFull: when the store has less room than *needed* bytes."""
    free = store.free_bytes(store.directory)
    if needed > free:
        raise DiskFull(directory=store.directory, needed=needed, free=free, doing=doing)


@contextmanager
def system_errors(store: Store, doing: str) -> Iterator[None]:
    """The one place where the system's errors become ours."""
    try:
        yield
    except OSError as error:
        free = 0
        with suppress(OSError):
            free = store.free_bytes(store.directory)
        raise from_os_error(error, directory=store.directory, doing=doing, free=free) from error


def _there(entry: StoreEntry | None) -> StoreEntry:
    """What unpacking a file gives: an entry or an error."""
    assert entry is not None
    return entry
