"""The threads of one process that turn wheels of a queue into entries of the store."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping

from accelinstall.events import PhaseAdvanced
from accelinstall.model.lock import LockedPackage
from accelinstall.model.store import StoreEntry
from accelinstall.store.crew import Cancelled
from accelinstall.store.making import Maker
from accelinstall.store.queues import Queue

PATIENCE = 0.6
"""Seconds that threads are given to end: a run is to be over a second after Ctrl-C."""


class Shift:
    """One process's work on a fetch.

    :param wide: threads that take large wheels first; *narrow* ones take small ones only.
    :param addresses: wheel hash -> where it is fetched from.
    :param done: hears every entry.
    """

    def __init__(
        self,
        maker: Maker,
        queue: Queue,
        *,
        wide: int,
        narrow: int,
        addresses: Mapping[str, str],
        done: Callable[[StoreEntry], object],
    ) -> None:
        self._maker, self._queue, self._addresses, self._done = maker, queue, addresses, done
        self._stop = maker.stop
        roles = [True] * wide + [False] * narrow
        self._threads = [
            threading.Thread(target=self._work, args=(role,), name=f"accelinstall-fetch-{number}", daemon=True)
            for number, role in enumerate(roles)
        ]
        # Not `Thread.join`: interrupted by Ctrl-C, Python 3.11 takes the thread that was waited for as ended.
        self._ended = threading.Condition()
        self._working = 0
        # Wheels that another process has in hand.
        self._elsewhere: deque[LockedPackage] = deque()
        self._error: BaseException | None = None

    def run(self) -> None:
        """:meth:`work` and :meth:`end`."""
        try:
            self.work()
        finally:
            self.end()

    def work(self) -> None:
        """Until nothing is left to take, or the maker is stopped.

        :raises BaseException: the first thing that went wrong.
        """
        self._start()
        with self._ended:
            # In slices: Windows does not interrupt an endless wait for Ctrl-C.
            while self._working and not self._stop.is_set():
                self._ended.wait(0.2)
        if self._error is not None:
            raise self._error

    def _start(self) -> None:
        for thread in self._threads:
            with self._ended:
                self._working += 1
            try:
                thread.start()
            except RuntimeError:
                # The system grants no more threads: those that are there do.
                with self._ended:
                    self._working -= 1
                if thread is self._threads[0]:
                    raise
                return

    def end(self, patience: float = PATIENCE) -> None:
        """Wait for threads that are about to end; one that hangs in a socket is left to its timeout."""
        self._stop.set()
        with self._ended:
            self._ended.wait_for(lambda: not self._working, patience)
        self._maker.close()

    def _work(self, wide: bool) -> None:
        try:
            while wide and not self._stop.is_set() and (package := self._queue.large()):
                self._handle(package, wait=False)
            while not self._stop.is_set() and self._handle_small():
                continue
        except Cancelled:
            return
        except BaseException as error:
            self._error = self._error or error
            self._stop.set()
        finally:
            with self._ended:
                self._working -= 1
                self._ended.notify_all()

    def _handle_small(self) -> bool:
        """Whether there was another wheel, small or in other hands before."""
        with self._maker.turn.in_hand(self._stop.is_set):
            if self._stop.is_set():
                return False
            if package := self._queue.small():
                self._handle(package, wait=False)
                return True
            try:
                package = self._elsewhere.popleft()
            except IndexError:
                return False
            self._handle(package, wait=True)
            return True

    def _handle(self, package: LockedPackage, *, wait: bool) -> None:
        entry = self._maker.obtain(package, self._addresses[package.sha256], wait=wait)
        if entry is None:
            # Another process has it: first what nobody has.
            self._elsewhere.append(package)
            return
        self._done(entry)
        self._maker.progress(PhaseAdvanced(phase="unpack", amount=1, detail=package.filename))
