"""Work that may be done early in the background and is never done twice."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Job(Generic[_T]):
    """One piece of work; whoever asks first does it, everybody else gets its outcome."""

    def __init__(self, work: Callable[[], _T]) -> None:
        self._work: Callable[[], _T] | None = work
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._value: _T | None = None
        self._error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        """Whether the outcome is known."""
        return self._done.is_set()

    def run(self) -> None:
        """Do the work now unless someone has begun; its errors are kept for :meth:`result`."""
        with self._lock:
            work, self._work = self._work, None
        if work is None:
            return
        try:
            self._value = work()
        except BaseException as error:
            self._error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._done.set()

    def result(self) -> _T:
        """The outcome: done here when nobody has begun, else waited for.

        :raises Exception: what the work raised.
        """
        self.run()
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


class Workers:
    """Up to *threads* background threads, started as work comes.

    :ivar most: how many there may be; may be raised at any time.

    They are daemons, so an interrupted program does not wait for a stalled server.
    """

    def __init__(self, threads: int) -> None:
        self.most, self._idle = threads, 0
        self._threads: list[threading.Thread] = []
        self._queue: deque[Job[Any]] = deque()
        self._changed = threading.Condition()
        self._closed = self._resting = False

    def submit(self, jobs: Iterable[Job[Any]]) -> None:
        """Do *jobs* soon, in their order; after :meth:`close` they are left to whoever asks for their results."""
        # All under one hold of the lock: a thread that is woken wants it too, and each hand-over costs milliseconds
        # while others parse.
        with self._changed:
            if self._closed:
                return
            self._queue.extend(jobs)
            self._changed.notify(min(self._idle, len(self._queue)))
            for _ in range(min(len(self._queue) - self._idle, self.most - len(self._threads))):
                thread = threading.Thread(target=self._work, name="accelinstall-index", daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Forget what has not begun and let the threads end; does not wait for them."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()

    def rest(self, patience: float) -> None:
        """Let threads that have nothing to do end, and wait for them so many seconds; new work starts new ones."""
        with self._changed:
            self._resting = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._threads, patience)
            self._resting = False

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run()

    def _next(self) -> Job[Any] | None:
        with self._changed:
            self._idle += 1
            while not self._queue and not self._closed and not self._resting:
                self._changed.wait()
            self._idle -= 1
            if self._queue:
                return self._queue.popleft()
            self._threads.remove(threading.current_thread())
            self._changed.notify_all()
            return None
