"""A second thread for one large wheel: while a piece is inflated, the one before it is hashed and written.

Inflating takes a little more than half of the time that a large wheel needs, hashing and writing the rest, and all of
them let other threads run meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], object]
# Pieces that wait to be hashed and written, of half a megabyte each.
_AHEAD = 6


class AtOnce:
    """Every job is done by whoever brings it: where no core is free for a second thread."""

    def do(self, job: Job) -> None:
        """Do *job*, now or soon, after those before it."""
        job()

    def settle(self) -> None:
        """Wait until every job is done; raises what one of them raised."""

    def drain(self) -> None:
        """Wait until no job is under way."""

    def close(self) -> None:
        """No more jobs will come."""


AT_ONCE = AtOnce()


class Behind(AtOnce):
    """Jobs are done in order by a thread of their own, a few of them behind; used by one thread.

    After a job that raised no further one is done, and the error is raised at the next call of :meth:`do`.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._room = threading.Semaphore(_AHEAD)
        self._error: BaseException | None = None
        threading.Thread(target=self._work, name="accelinstall-behind", daemon=True).start()

    def do(self, job: Job) -> None:
        if self._error is not None:
            raise self._error
        self._room.acquire()
        self._jobs.put(job)

    def settle(self) -> None:
        self.drain()
        if self._error is not None:
            raise self._error

    def drain(self) -> None:
        # All room is free when nothing is under way.
        for _ in range(_AHEAD):
            self._room.acquire()
        self._room.release(_AHEAD)

    def close(self) -> None:
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                if self._error is None:
                    job()
            except BaseException as error:
                self._error = error
            finally:
                self._room.release()
