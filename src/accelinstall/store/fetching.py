"""Many wheels fetched at once: large ones first, each by one process, stopped within a second."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from accelinstall import fs
from accelinstall.events import Note, PhaseAdvanced, PhaseFinished, PhaseStarted, Progress
from accelinstall.model.lock import LockedPackage
from accelinstall.model.store import StoreEntry
from accelinstall.store.cache import EXPANSION
from accelinstall.store.crew import Crew
from accelinstall.store.download import Download, download
from accelinstall.store.errors import DiskFull, HashMismatch, LocalWheelUnreadable, NotInStore, from_os_error
from accelinstall.store.lanes import Lanes
from accelinstall.store.manifest import Manifest, write_manifest
from accelinstall.store.members import Cancelled
from accelinstall.store.memory import SMALL, fetch_whole
from accelinstall.store.refusals import WheelRefused
from accelinstall.store.streaming import stream_wheel
from accelinstall.store.unpack import run_here, unpack, unpack_read
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.net import HttpClient
    from accelinstall.store.cache import Store

_PATIENCE = 0.8

_Unpack = Callable[[str], Manifest | None]
"""Lays a wheel out in the folder that is named."""


class Fetching:
    """One call of :meth:`Store.fetch`: the queue, the threads and the first thing that went wrong."""

    def __init__(
        self,
        store: Store,
        packages: Sequence[LockedPackage],
        *,
        http: HttpClient,
        progress: Progress,
        address: Callable[[LockedPackage], str],
        workers: int,
    ) -> None:
        self._store, self._http, self._progress = store, http, progress
        self._addresses = {package.sha256: address(package) for package in packages}
        # The longest work first, so that the end is not one worker with the largest file; ties by name.
        order = sorted(packages, key=lambda package: (-(package.size or 0), package.name))
        self._queue = deque((package, False) for package in order)
        # Small wheels wait for the network more than for a core, and the large ones for each other.
        self._workers = min(4 * workers if workers > 1 else 1, len(order), store.connections or len(order))
        # Each large wheel is unpacked while it comes, so more of them than cores only get in each other's way; where
        # the network is the limit, each gains connections.
        self._downloads = threading.Semaphore(min(workers, 1 + max(2, os.cpu_count() or 1)))
        self._crew = Crew(max(1, os.cpu_count() or 1))
        self._lanes = Lanes(store.pace())
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._entries: dict[str, StoreEntry] = {}
        # What threads have in hand that may have to be left to a server that stalls.
        self._arriving: dict[str, bytearray] = {}
        self._building: set[str] = set()

    def run(self) -> Mapping[str, StoreEntry]:
        """The entries of all packages."""
        packages = [package for package, _ in self._queue]
        remote = [package for package in packages if not _local_path(self._addresses[package.sha256], package)]
        if getattr(self._http, "is_offline", False) and remote:
            raise NotInStore(tuple(sorted(package.filename for package in remote)))
        self._prepare(packages)
        sizes = [package.size for package in remote]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        started = time.monotonic()
        self._progress(PhaseStarted(phase="download", total=total, detail=f"{len(remote)} files"))
        self._progress(PhaseStarted(phase="unpack", total=len(packages), detail=f"{len(packages)} wheels"))
        self._work_all()
        for phase in ("download", "unpack"):
            self._progress(PhaseFinished(phase=phase, seconds=time.monotonic() - started))
        return self._entries

    def _prepare(self, packages: Sequence[LockedPackage]) -> None:
        with self._system_errors("preparing the store"):
            for folder in (".partial", ".locks"):
                os.makedirs(os.path.join(self._store.directory, folder), exist_ok=True)
            # makedirs is content with a folder that exists; only a file tells whether it can be written.
            fs.write_atomic(os.path.join(self._store.directory, ".partial", ".writable"), b"")
        needed = 0
        for package in packages:
            size = package.size or 0
            there = 0
            with suppress(OSError):
                there = os.stat(self._store.partial(package.sha256, "whl")).st_size
            needed += int(size * EXPANSION) + (0 if package.path else max(0, size - there))
        self._require(needed, doing="fetching 1 wheel" if len(packages) == 1 else f"fetching {len(packages)} wheels")

    def _require(self, needed: int, *, doing: str) -> None:
        free = self._store.free_bytes(self._store.directory)
        if needed > free:
            raise DiskFull(directory=self._store.directory, needed=needed, free=free, doing=doing)

    def _work_all(self) -> None:
        threads = [
            threading.Thread(target=self._work, name=f"accelinstall-fetch-{number}", daemon=True)
            for number in range(self._workers)
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                # In slices: Windows does not interrupt an endless wait for Ctrl-C.
                while thread.is_alive() and self._error is None:
                    thread.join(0.2)
        finally:
            self._stop.set()
            self._leave(threads)
            self._crew.close()
        if self._error is not None:
            raise self._error

    def _leave(self, threads: Sequence[threading.Thread]) -> None:
        """Wait for threads that are about to end; one that hangs in a socket is left to its timeout."""
        deadline = time.monotonic() + _PATIENCE
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        # Who is left hangs in a socket and gives up at the next byte; it is cleaned up after here.
        for partial, arrived in list(self._arriving.items()):
            if arrived:
                with suppress(OSError):
                    fs.write_atomic(partial, bytes(arrived))
        for building in list(self._building):
            with suppress(OSError):
                fs.remove_tree(building)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                with self._lock:
                    if not self._queue:
                        return
                    package, wait = self._queue.popleft()
                entry = self._obtain(package, wait=wait)
                if entry is None:
                    # Another process has it: first what nobody has.
                    with self._lock:
                        self._queue.append((package, True))
                    continue
                with self._lock:
                    self._entries[package.sha256] = entry
                self._progress(PhaseAdvanced(phase="unpack", amount=1, detail=package.filename))
        except Cancelled:
            return
        except BaseException as error:
            with self._lock:
                self._error = self._error or error
            self._stop.set()

    def _obtain(self, package: LockedPackage, *, wait: bool) -> StoreEntry | None:
        """The entry, or ``None`` when another process works on it and *wait* is false."""
        told = Note(
            level="info",
            code="waiting-for-process",
            message=f"another process is fetching `{package.filename}`, waiting for it",
        )
        with self._system_errors(f"fetching `{package.filename}`"):
            path = self._store.lock_path(package.sha256)
            with fs.directory_lock(
                path,
                on_wait=lambda: self._progress(told) if wait else None,
                cancelled=lambda: self._stop.is_set() or not wait,
            ) as held:
                if not held:
                    if self._stop.is_set():
                        raise Cancelled
                    return None
                return self._store.get(package.sha256) or self._make(package)

    def _make(self, package: LockedPackage) -> StoreEntry:
        address = self._addresses[package.sha256]
        wheel = _local_path(address, package)
        partial = self._store.partial(package.sha256, "whl")
        if wheel:
            self._verify_local(package, wheel)
            return _there(self._publish(package, self._from_file(package, wheel), source=wheel))
        if self._stop.is_set():
            raise Cancelled
        task = self._task(package, address, partial)
        if self._store.streaming and package.size is not None and not os.path.exists(partial):
            entry = self._at_once(task, package.size)
            if entry is not None:
                return entry
        with self._downloads:
            if self._stop.is_set():
                raise Cancelled
            download(task)
        try:
            entry = _there(self._publish(package, self._from_file(package, partial), source=address))
        except WheelRefused:
            os.unlink(partial)
            raise
        os.unlink(partial)
        return entry

    def _at_once(self, task: Download, size: int) -> StoreEntry | None:
        """The entry of a wheel that is unpacked out of its download; ``None``: it has to be on the disk first."""
        package = task.package
        if size <= min(SMALL, self._store.part):
            arrived = self._arriving[task.partial] = bytearray()
            try:
                content = fetch_whole(task, arrived)
            finally:
                del self._arriving[task.partial]
            if content is None:
                return None
            return self._publish(package, self._from_memory(package, content), source=task.address)
        with self._downloads:
            return self._publish(
                package,
                lambda tree: stream_wheel(task, tree, make_room=self._room_for(package)),
                source=task.address,
            )

    def _task(self, package: LockedPackage, address: str, partial: str) -> Download:
        return Download(
            package=package,
            address=address,
            partial=partial,
            http=self._http,
            progress=self._progress,
            cancelled=self._stop.is_set,
            make_room=lambda size: self._require(size, doing=f"downloading `{package.filename}`"),
            pause=self._stop.wait,
            delay=self._store.retry_delay,
            lanes=self._lanes,
            part=self._store.part,
        )

    def _room_for(self, package: LockedPackage) -> Callable[[int], object]:
        return lambda size: self._require(size, doing=f"unpacking `{package.filename}`")

    def _from_file(self, package: LockedPackage, wheel: str) -> _Unpack:
        return lambda tree: unpack(
            wheel,
            tree,
            package=package,
            crew=self._crew,
            make_room=self._room_for(package),
            cancelled=self._stop.is_set,
        )

    def _from_memory(self, package: LockedPackage, content: bytes) -> _Unpack:
        return lambda tree: unpack_read(
            lambda offset, length: content[offset : offset + length],
            len(content),
            tree,
            package=package,
            run=run_here,
            make_room=self._room_for(package),
            cancelled=self._stop.is_set,
        )

    def _verify_local(self, package: LockedPackage, path: str) -> None:
        digest = hashlib.sha256()
        try:
            with open(path, "rb", buffering=0) as stream:
                while chunk := stream.read(1 << 20):
                    if self._stop.is_set():
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
            self._progress(Note(level="warning", code="wheel-flaw", message=message))
        return manifest.entry(sha256=package.sha256, root=f"{place}/tree", shareable=True)

    @contextmanager
    def _system_errors(self, doing: str) -> Iterator[None]:
        """The one place where the system's errors become ours."""
        try:
            yield
        except OSError as error:
            directory = self._store.directory
            free = 0
            with suppress(OSError):
                free = self._store.free_bytes(directory)
            raise from_os_error(error, directory=directory, doing=doing, free=free) from error


def _there(entry: StoreEntry | None) -> StoreEntry:
    """What unpacking a file gives: an entry or an error."""
    assert entry is not None
    return entry


def _local_path(address: str, package: LockedPackage) -> str:
    """The file to unpack in place, empty when it has to be downloaded."""
    if package.path:
        return package.path
    if address.startswith("file:"):
        from accelinstall.net.origins import path_of

        return path_of(address)
    return ""
