"""How many connections pay: as many as the path and this machine can use, and no more.

A server, a proxy or a path may limit each connection; then ten connections bring ten times as much.  Where nothing
limits them (a near mirror), or where all of them together are limited (a home line), further connections only cost: on
loopback four lose 17 % against one.  Which of these it is, a trial tells: twice as many connections bring nearly twice
as much, or they do not.
"""

from __future__ import annotations

import math

from accelinstall.values import dataclass

MOST = 64
"""Connections of one fetch.  A package server is used to that from one client: uv opens up to 50, curl's
``--parallel-max`` is 50, aria2 has 16 for each of 5 files, and the least number of streams that HTTP/2 advises a server
to allow is 100 (RFC 9113, section 6.5.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was seen during one interval.

    :ivar rate: bytes per second of all connections together.
    :ivar files: files that are being fetched; ``extra``: connections beside the first one of each.
    :ivar waiting: 0..1, the part of the time that the users of the files waited for the network.
    :ivar idle: 0..1, the part of the time that connections did not read, because nobody wanted more yet.
    :ivar broken: connections that broke or were refused.
    """

    rate: float
    files: int
    extra: int
    waiting: float
    idle: float = 0.0
    broken: int = 0

    @property
    def connections(self) -> int:
        """All of them."""
        return self.files + self.extra

    @property
    def headroom(self) -> float:
        """How many times as much would be used if nobody waited."""
        return 1 / max(0.01, 1 - self.waiting)


class Pace:
    """Decides how many connections are wanted beside the first one of each file; values in, a number out.

    It opens twice as many while the users of the files wait.  Once that has brought nearly twice as much, the limit
    is one of each connection, and the part of the time spent waiting tells how many would be used: they are opened at
    once.  When more of them brought little, as many stay as brought it.

    :param most: never more connections than this in all.
    """

    PAYS = 0.65
    """Further connections pay when they bring this part of what as many had brought before.  Whoever shares a full path
    with as many connections of others gets a third by doubling: taking that away from them is no gain."""
    SOME, GAIN = 0.1, 0.25
    """Fewer new connections than this part of them, and less growth of the rate, say nothing."""
    EAGER, HUNGRY = 0.6, 0.15
    """Parts of the time spent waiting: above the first, further connections are tried where there are none; above the
    second, more are tried where there are some.  Below, something other than the network is the limit."""
    IDLE, SMOOTH = 0.2, 0.3
    """Above this part of the time spent idle there are too many connections; and how much the last interval tells."""
    GROWING, LONGEST_GROWTH = 1.1, 6
    """New connections are judged when the rate no longer grows by this factor, or after so many intervals."""
    REST, LONGEST_REST = 4, 80
    """Intervals before another trial after one that did not pay; doubled each time."""

    def __init__(self, *, most: int = MOST) -> None:
        self.target = 0
        self.most = most
        self._before: Sample | None = None
        self._evident = False
        self._rest, self._patience = 0, self.REST
        self._settling, self._age = True, 0
        self._last = self._best = self._idle = 0.0

    def decide(self, sample: Sample) -> int:
        """How many further connections are wanted from now on."""
        self._keep(self.most, sample)
        if sample.broken > 1 and sample.broken * 10 > sample.connections:
            return self._retreat(sample)
        if self._settling and not self._has_settled(sample):
            return self.target
        self._idle += self.SMOOTH * (sample.idle - self._idle)
        if self._before is not None:
            before, self._before = self._before, None
            if not self._judge(before, sample):
                return self.target
        if self._idle > self.IDLE and sample.waiting < 2 * self.HUNGRY:
            self._keep(math.ceil((sample.files + self.target) * (1 - self._idle / 2)), sample)
            self._idle = 0.0
        elif self._rest:
            self._rest -= 1
        elif sample.waiting > (self.HUNGRY if self.target else self.EAGER):
            self._try(sample)
        return self.target

    def _keep(self, connections: int, sample: Sample) -> None:
        """No more than these in all."""
        self.target = max(0, min(self.target, connections - sample.files))

    def _settle(self) -> None:
        self._settling, self._age = True, 0
        self._last = self._best = self._idle = 0.0

    def _has_settled(self, sample: Sample) -> bool:
        """Whether connections that have just been opened bring what they will bring."""
        self._age += 1
        grows = sample.rate > self._last * self.GROWING
        self._last, self._best = sample.rate, max(self._best, sample.rate)
        self._settling = self._age < 2 or (grows and self._age < self.LONGEST_GROWTH)
        return not self._settling

    def _judge(self, before: Sample, sample: Sample) -> bool:
        """Whether the connections opened after *before* pay; if they do not, only as many stay as brought something."""
        more = sample.connections * (1 - sample.idle) / max(1, before.connections) - 1
        gain = self._best / max(1.0, before.rate) - 1
        if more <= self.SOME:
            return True
        if gain >= self.PAYS * min(more, before.headroom - 1):
            self._evident, self._patience = True, self.REST
            return True
        useful = math.ceil(before.connections * (1 + gain)) if gain > self.GAIN else before.connections
        self._keep(useful, sample)
        self._evident = False
        self._rest, self._patience = self._patience, min(self.LONGEST_REST, 2 * self._patience)
        return False

    def _try(self, sample: Sample) -> None:
        """Open more, unless those that are wanted already are not all there."""
        factor = sample.headroom if self._evident else min(2.0, sample.headroom)
        wider = min(self.most, math.ceil(sample.connections * factor)) - sample.files
        if sample.files and sample.extra >= 0.9 * self.target and wider > self.target:
            self.target, self._before = wider, sample
            self._settle()

    def _retreat(self, sample: Sample) -> int:
        """Fewer than the server has just borne, for good."""
        self.most = min(self.most, max(1, sample.connections * 3 // 4))
        self._keep(self.most, sample)
        self._before, self._evident = None, False
        self._settle()
        self._rest = self._patience
        return self.target
