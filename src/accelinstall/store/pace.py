"""How many connections pay: more while the total rate rises, fewer when it does not.

A server, a proxy or a path may limit each connection; then ten connections bring ten times as much.  Where nothing
limits them (a near mirror), further connections only cost: on loopback four lose 17 % against one.
"""

from __future__ import annotations

from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was seen during one interval.

    :ivar rate: bytes per second of all connections together.
    :ivar files: files that are being fetched; ``extra``: connections beside the first one of each.
    :ivar waiting: 0..1, the part of the time that connections spent waiting for the network.
    """

    rate: float
    files: int
    extra: int
    waiting: float


class Pace:
    """Decides how many connections are wanted beside the first one of each file; values in, a number out.

    :param most: never more connections than this in all.
    """

    GAIN = 1.15
    """Further connections stay when the rate grew by this factor."""
    EAGER = 0.6
    """Below this part of the time spent waiting, something other than the network is the limit."""
    REST, LONGEST_REST = 5, 40
    """Intervals before another trial after one that did not pay; doubled each time."""

    def __init__(self, *, most: int = 32) -> None:
        self.target = 0
        self._most = most
        self._before, self._previous = 0.0, 0
        self._trying, self._settling = False, True
        self._rest, self._patience = 0, self.REST

    def decide(self, sample: Sample) -> int:
        """How many further connections are wanted from now on."""
        if self._settling:
            # Connections that have just been opened say little.
            self._settling = False
            return self.target
        if self._trying:
            self._trying = False
            if sample.rate < self._before * self.GAIN:
                self.target, self._settling = self._previous, True
                self._rest, self._patience = self._patience, min(self.LONGEST_REST, 2 * self._patience)
                return self.target
            self._patience = self.REST
        if self._rest:
            self._rest -= 1
        elif sample.waiting < self.EAGER:
            self.target //= 2
        elif sample.files and sample.extra >= self.target:
            self._try(sample)
        return self.target

    def _try(self, sample: Sample) -> None:
        wider = min(self._most - sample.files, sample.files + 2 * self.target)
        if wider > self.target:
            self._before, self._previous, self.target = sample.rate, self.target, wider
            self._trying = self._settling = True
