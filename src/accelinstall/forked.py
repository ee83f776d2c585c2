"""A second process for a moment: a copy of this one that does a part of the work and ends.

Threads do not help with calls that take two microseconds each: they hand the interpreter's lock to and fro.  17,500
links took one thread 42 ms, two threads 77 ms and two processes 26 ms (measured 2026-11).

Imports nothing but ``os``: the shortcut of a warm run uses it.
"""

import os
import sys

TYPE_CHECKING = False  # `typing` itself costs 2 ms.
if TYPE_CHECKING:
    from collections.abc import Callable


def can_fork() -> bool:
    """Whether a copy helps and does no harm: another core, and no other thread whose locks it would hold for ever."""
    if sys.platform != "linux":
        return False
    try:
        return len(os.sched_getaffinity(0)) > 1 and len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


class Tickets:
    """The numbers below *count*, each for one taker only: this process and the copies that are made of it meanwhile.

    They lie in a pipe that nobody writes to any more, so taking never waits.

    :param count: at most ``MOST``: what the smallest pipe holds, of one page.
    """

    MOST, _WIDTH = 1_000, 4

    def __init__(self, count: int) -> None:
        self._source, sink = os.pipe()
        os.write(sink, b"".join([number.to_bytes(self._WIDTH, "little") for number in range(count)]))
        os.close(sink)

    def take(self) -> "int | None":
        """The next number; ``None`` when there is none left."""
        ticket = os.read(self._source, self._WIDTH)
        return int.from_bytes(ticket, "little") if ticket else None

    def close(self) -> None:
        """No more are taken by this process."""
        os.close(self._source)


class Forked:
    """*work* under way in a copy of this process, which ends as soon as *work* returns, raises, or is not wanted.

    The copy has every descriptor of this process, so it shares its locks: who waits for them waits for the copy too.
    *work* gets a function that says whether this process still lives; it must not print.

    :raises OSError: when the system grants no other process.
    """

    def __init__(self, work: "Callable[[Callable[[], bool]], object]") -> None:
        parent, code = os.getpid(), 1
        self._pid = 0
        try:
            self._pid = os.fork()
            if not self._pid:
                _take_signals_plainly()
                work(lambda: os.getppid() == parent)
                code = 0
        finally:
            # Whatever happens in the copy: nothing of what this process has still to do may be done twice.
            if os.getpid() != parent:
                os._exit(code)

    def finish(self) -> bool:
        """Whether *work* returned, once the copy has ended."""
        pid, self._pid = self._pid, 0
        try:
            return os.waitpid(pid, 0)[1] == 0
        except ChildProcessError:
            # Somebody has told the system to forget children; what they did is not known.
            return False
        except BaseException:
            self._pid = pid
            raise

    def stop(self) -> None:
        """End the copy at once; nothing when it has ended."""
        if self._pid:
            try:
                os.kill(self._pid, 9)
            except ProcessLookupError:
                return
            finally:
                self.finish()


def fork(work: "Callable[[Callable[[], bool]], object]") -> "Forked | None":
    """*work* under way beside this process; ``None`` where it cannot be, and the caller does it himself."""
    try:
        return Forked(work) if can_fork() else None
    except OSError:
        return None


def _take_signals_plainly() -> None:
    """An interrupt ends the copy without a word: it reaches this process too, which tells the user."""
    # The module behind `signal`, whose import loads `enum`.
    import _signal  # type: ignore[import-not-found]

    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
