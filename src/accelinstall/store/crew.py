"""Threads that can be left behind.

``concurrent.futures`` waits for its threads when the interpreter ends, so that Ctrl-C during a stalled download would
hang; these are daemons, and whoever waits for them can stop waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import SimpleQueue

Job = Callable[[], object]


class Cancelled(Exception):
    """Work was given up because somebody asked to."""


class Crew:
    """A few threads that take jobs from one queue, started when the first job comes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def run(self, jobs: Iterable[Job]) -> None:
        """Run every job and return when all are done; the first error is raised here and spares the jobs after it."""
        waiting = list(jobs)
        if not waiting:
            return
        self._start(len(waiting))
        batch = _Batch(len(waiting))
        for job in waiting:
            self._queue.put(lambda job=job: batch.do(job))  # type: ignore[misc]
        # In slices: Windows does not interrupt an endless wait for Ctrl-C.
        while not batch.finished.wait(0.2):
            continue
        if batch.error is not None:
            raise batch.error

    def close(self) -> None:
        """Let the threads end once the queue is empty; does not wait for them."""
        for _ in self._threads:
            self._queue.put(None)

    def join(self, patience: float) -> None:
        """After :meth:`close`, wait so many seconds for each thread to end."""
        for thread in self._threads:
            thread.join(patience)

    def _start(self, wanted: int) -> None:
        with self._lock:
            for _ in range(min(wanted, self.size) - len(self._threads)):
                thread = threading.Thread(target=self._work, name="accelinstall-unpack", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            job()


class _Batch:
    def __init__(self, count: int) -> None:
        self.finished = threading.Event()
        self.error: BaseException | None = None
        self._left = count
        self._lock = threading.Lock()

    def do(self, job: Job) -> None:
        try:
            if self.error is None:
                job()
        except BaseException as error:
            with self._lock:
                self.error = self.error or error
        finally:
            with self._lock:
                self._left -= 1
                if not self._left:
                    self.finished.set()
