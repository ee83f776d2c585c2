"""Processes forked from this one, which work beside it: one interpreter has one lock, and small files keep it busy.

They take their work from what they inherited, say what they have done through a pipe each, and end when they are
done, when this process stops them, or when it is gone, however it went.
"""

from __future__ import annotations

import marshal
import os
import signal
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from accelinstall import events
from accelinstall.events import FileAdvanced
from accelinstall.forked import Forked
from accelinstall.fs import write_all
from accelinstall.values import dataclass

_LENGTH = struct.Struct("<I")
# Seconds between two words about one file.
_PULSE = 0.05

Hear = Callable[[str, Any], object]
"""Hears what a member says: a word and a value of plain types."""


class Voice:
    """How a member speaks; thread-safe.  A listener who has gone is no error: the member is being stopped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._advanced: dict[str, int] = {}
        self._told = 0.0

    def say(self, word: str, value: Any = None) -> None:
        """Say *word* with a *value* that ``marshal`` knows."""
        data = marshal.dumps((word, value))
        with self._lock, suppress(BrokenPipeError):
            write_all(self._descriptor, _LENGTH.pack(len(data)) + data)

    def progress(self, event: events.Event) -> None:
        """An event of the member's work; arriving bytes are added up for a moment."""
        if isinstance(event, FileAdvanced):
            with self._lock:
                self._advanced[event.name] = self._advanced.get(event.name, 0) + event.amount
                if time.monotonic() - self._told < _PULSE:
                    return
        self.flush()
        if not isinstance(event, FileAdvanced):
            self.say("event", (type(event).__name__, {name: getattr(event, name) for name in event.__slots__}))

    def flush(self) -> None:
        """Tell what has been added up."""
        with self._lock:
            advanced, self._advanced, self._told = self._advanced, {}, time.monotonic()
        for name, amount in advanced.items():
            self.say("event", ("FileAdvanced", {"name": name, "amount": amount}))


Work = Callable[[Voice, threading.Event], object]


@dataclass(frozen=True, slots=True)
class _Member:
    """:ivar ended: set by the thread that listened to the last word.

    It is not joined: interrupted by Ctrl-C meanwhile, Python 3.11 takes a thread as ended.
    """

    process: Forked
    source: int
    ended: threading.Event


class Team:
    """At most *size* forked processes that do *work*, which ends early once its event is set; for one thread.

    There are fewer, perhaps none, when the system grants no more.

    :param hear: called by a thread for each member.
    """

    def __init__(self, size: int, work: Work, *, hear: Hear) -> None:
        self._hear, self._work = hear, work
        self._members: list[_Member] = []
        # Held open by this process alone: when it ends, every member reads the end of it.
        self._leash, self._hand = os.pipe()
        with suppress(OSError):
            for _ in range(size):
                self._add()
        # Not before the last fork: a member should find no other threads in what it inherits.
        for member in self._members:
            threading.Thread(target=self._listen, args=(member,), name="accelinstall-team", daemon=True).start()

    def _add(self) -> None:
        source, sink = os.pipe()
        unwanted = [self._hand, source, *(member.source for member in self._members)]
        try:
            process = Forked(lambda _: self._be_member(sink, unwanted))
        except OSError:
            os.close(source)
            raise
        finally:
            os.close(sink)
        self._members.append(_Member(process, source, threading.Event()))

    def _be_member(self, sink: int, unwanted: list[int]) -> None:
        # Ctrl-C reaches the whole group, and SIGTERM may; the first process decides what they mean.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for descriptor in unwanted:
            os.close(descriptor)
        stop = threading.Event()

        def watch() -> None:
            os.read(self._leash, 1)
            stop.set()

        threading.Thread(target=watch, daemon=True).start()
        voice = Voice(sink)
        self._work(voice, stop)
        voice.flush()

    def _listen(self, member: _Member) -> None:
        try:
            with open(member.source, "rb") as stream:
                while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
                    data = stream.read(_LENGTH.unpack(head)[0])
                    self._hear(*marshal.loads(data))
        except (EOFError, ValueError):
            return  # killed in the middle of a word
        finally:
            member.ended.set()

    def is_busy(self) -> bool:
        """Whether any member is still at work."""
        return not all(member.ended.is_set() for member in self._members)

    def join(self, seconds: float) -> None:
        """Wait so long for one member that is still at work."""
        for member in self._members:
            if not member.ended.is_set():
                member.ended.wait(seconds)
                return

    def ask_to_end(self) -> None:
        """Set every member's event."""
        os.close(self._hand)

    def end(self, patience: float) -> None:
        """Wait for members that were asked to end; kill those that still work after *patience* seconds."""
        deadline = time.monotonic() + patience
        for member in self._members:
            member.ended.wait(max(0.0, deadline - time.monotonic()))
        for member in self._members:
            if member.ended.is_set():
                member.process.finish()
            else:
                member.process.stop()
                member.ended.wait(1.0)
        os.close(self._leash)


def event_of(name: str, values: dict[str, Any]) -> events.Event:
    """The event that a :class:`Voice` told."""
    event: events.Event = getattr(events, name)(**values)
    return event


def packed_error(error: BaseException) -> bytes:
    """*error* so that :func:`unpacked_error` makes it again; empty for one that cannot leave its process."""
    import pickle

    try:
        # Not as exceptions pickle themselves: ours are made from named values.
        return pickle.dumps((type(error), error.args, error.__dict__))
    except Exception:
        return b""


def unpacked_error(data: bytes) -> BaseException | None:
    """The error in *data*, if there is one."""
    import pickle

    if not data:
        return None
    kind, arguments, state = pickle.loads(data)
    error: BaseException = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error
