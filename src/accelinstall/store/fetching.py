"""Many wheels fetched at once: large ones first, each by one thread of one process, stopped within a second."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from accelinstall import fs
from accelinstall.apart import keep_apart
from accelinstall.events import FileAdvanced, FileFinished, PhaseFinished, PhaseStarted, Progress
from accelinstall.model.lock import LockedPackage
from accelinstall.model.store import StoreEntry
from accelinstall.store.errors import NotInStore
from accelinstall.store.making import Maker, require_room, system_errors
from accelinstall.store.origins import local_path
from accelinstall.store.queues import MOST_SHARED, Queue, queue_of, shared_queue
from accelinstall.store.shift import PATIENCE, Shift
from accelinstall.store.team import Team, Voice, event_of, packed_error, unpacked_error

if TYPE_CHECKING:
    from accelinstall.net import HttpClient
    from accelinstall.store.cache import Store

# Bytes: below, a second process costs more than it saves.
_WORTH_SHARING = 2 << 20
# Seconds without a word after which the work of members is done here: longer than any server is waited for.
_SILENCE = 120.0
# Seconds more that members are given on a busy machine to keep what has arrived.
_WORTH_WAITING = 1.0


class Fetching:
    """One call of :meth:`Store.fetch`: what is to be fetched, by how many threads and processes.

    :param workers: large wheels at once, four times as many small ones; one = everything in order.
    :param processes: at most; several only where this process may be doubled.
    """

    def __init__(
        self,
        store: Store,
        packages: Sequence[LockedPackage],
        *,
        http: HttpClient,
        progress: Progress,
        address: Callable[[LockedPackage], str],
        workers: int,
        processes: int = 1,
    ) -> None:
        self._store, self._http, self._progress = store, http, progress
        self._addresses = {package.sha256: address(package) for package in packages}
        # The longest work first, so that the end is not one worker with the largest file; ties by name.
        self._packages = sorted(packages, key=lambda package: (-(package.size or 0), package.name))
        self._workers = workers
        size = sum(package.size or 0 for package in packages)
        shares = size >= _WORTH_SHARING and len(packages) <= MOST_SHARED
        self._processes = min(processes, len(packages)) if shares else 1
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._entries: dict[str, StoreEntry] = {}
        self._brought: list[LockedPackage] = []
        # Bytes that members have told of files that are not complete yet.
        self._arriving: dict[str, int] = {}
        self._heard = 0.0

    def run(self) -> Mapping[str, StoreEntry]:
        """The entries of all packages.

        :raises BaseException: the first thing that went wrong anywhere.
        """
        remote = [package for package in self._packages if not local_path(self._addresses[package.sha256], package)]
        if getattr(self._http, "is_offline", False) and remote:
            raise NotInStore(tuple(sorted(package.filename for package in remote)))
        with system_errors(self._store, "preparing the store"):
            self._prepare()
        sizes = [package.size for package in remote]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        started = time.monotonic()
        self._progress(PhaseStarted(phase="download", total=total, detail=f"{len(remote)} files"))
        self._progress(PhaseStarted(phase="unpack", total=len(self._packages), detail=f"{len(self._packages)} wheels"))
        if self._processes > 1:
            self._work_together()
        # What others did not bring, be it that one was killed, is brought here.
        left = [package for package in self._packages if package.sha256 not in self._entries]
        if left:
            self._shift(queue_of(left, self._store.small), among=1).run()
        for phase in ("download", "unpack"):
            self._progress(PhaseFinished(phase=phase, seconds=time.monotonic() - started))
        return self._entries

    def _prepare(self) -> None:
        """:raises DiskFull: when what will be written is known not to fit, to the byte as far as large wheels go."""
        for folder in (".partial", ".locks"):
            os.makedirs(os.path.join(self._store.directory, folder), exist_ok=True)
        keep_apart(os.path.join(self._store.directory, ".partial"))
        # makedirs is content with a folder that exists; only a file tells whether it can be written.
        fs.write_atomic(os.path.join(self._store.directory, ".partial", ".writable"), b"")
        self._store.look_ahead(self._packages, http=self._http, addresses=self._addresses)
        needed = self._store.unpacked_size(self._packages, {}) + sum(map(self._beside, self._packages))
        count = len(self._packages)
        require_room(self._store, needed, doing="fetching 1 wheel" if count == 1 else f"fetching {count} wheels")

    def _beside(self, package: LockedPackage) -> int:
        """Bytes that the file of the wheel itself will take, while it is unpacked."""
        if self._store.streams(package) or local_path(self._addresses[package.sha256], package):
            return 0
        there = 0
        with suppress(OSError):
            there = os.stat(self._store.partial(package.sha256, "whl")).st_size
        return max(0, (package.size or 0) - there)

    def _work_together(self) -> None:
        """The work shared with forked processes; what they leave undone is not in the entries afterwards."""
        with shared_queue(self._packages, self._store.small) as queue:
            team = Team(self._processes - 1, lambda voice, stop: self._be_member(queue, voice, stop), hear=self._hear)
            shift = self._shift(queue, among=self._processes)
            try:
                shift.work()
                self._heard = time.monotonic()
                while team.is_busy() and self._error is None and time.monotonic() - self._heard < _SILENCE:
                    team.join(0.2)
            finally:
                team.ask_to_end()
                shift.end()
                team.end(_WORTH_WAITING)
        if self._error is not None:
            raise self._error
        self._stop.clear()
        self._entries.update(self._store.find(self._brought))
        # What a killed member had of a file comes once more.
        for name, amount in list(self._arriving.items()):
            self._progress(FileAdvanced(name=name, amount=-amount))

    def _be_member(self, queue: Queue, voice: Voice, stop: threading.Event) -> None:
        """What a forked process does."""
        self._progress, self._stop = voice.progress, stop
        self._http.renew()
        shift = self._shift(queue, among=self._processes, done=lambda entry: voice.say("brought", entry.sha256))
        try:
            shift.work()
        except BaseException as error:
            voice.say("failed", packed_error(error))
        finally:
            shift.end(PATIENCE / 2)

    def _hear(self, word: str, value: Any) -> None:
        """What a member says."""
        self._heard = time.monotonic()
        try:
            if word == "event":
                event = event_of(*value)
                if isinstance(event, FileAdvanced):
                    self._arriving[event.name] = self._arriving.get(event.name, 0) + event.amount
                elif isinstance(event, FileFinished):
                    self._arriving.pop(event.name, None)
                self._progress(event)
            elif word == "brought":
                self._brought += [package for package in self._packages if package.sha256 == value]
            elif word == "failed" and (error := unpacked_error(value)):
                raise error
        except BaseException as error:
            self._error = self._error or error
            self._stop.set()

    def _shift(self, queue: Queue, *, among: int, done: Callable[[StoreEntry], object] | None = None) -> Shift:
        """One process's share of the work, of *among* processes."""
        maker = Maker(self._store, http=self._http, progress=self._progress, stop=self._stop, among=among)
        wide, narrow = self._threads(among)
        return Shift(
            maker,
            queue,
            wide=wide,
            narrow=narrow,
            addresses=self._addresses,
            done=done or self._take_in,
        )

    def _take_in(self, entry: StoreEntry) -> None:
        self._entries[entry.sha256] = entry

    def _threads(self, among: int) -> tuple[int, int]:
        """How many threads take large wheels first, and how many only small ones."""
        if self._workers == 1:
            return 1, 0
        # Each large wheel is unpacked while it comes, so many at a time only get in each other's way; of two, one works
        # while the other waits for its directory or its end.  Small ones wait for the network more.
        wide = max(2, min(self._workers, 1 + max(2, os.cpu_count() or 1)) // among)
        most = self._store.connections or len(self._packages)
        return min(wide, most), max(0, min(4 * self._workers // among, most) - wide)
