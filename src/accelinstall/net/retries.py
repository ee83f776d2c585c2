"""When a failure is worth another attempt, and after how long."""

from __future__ import annotations

from accelinstall.net.errors import HttpError, StatusRefused
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff with jitter.

    :ivar attempts: how often one address is tried in all.
    :ivar backoff: seconds before the second attempt; doubled each time, up to *longest*.
    :ivar patience: the longest ``Retry-After`` that is waited for, in seconds; a longer one ends the matter.
    """

    attempts: int = 5
    backoff: float = 0.4
    longest: float = 20.0
    patience: float = 60.0

    def delay(self, error: HttpError, *, attempt: int, chance: float) -> float | None:
        """Seconds to wait after *error* on the given *attempt* (from 1), ``None`` to give up.

        :param chance: uniform in 0..1; spreads many clients over the second half of the interval.
        """
        allowed = self.attempts if error.attempts is None else min(self.attempts, error.attempts)
        if attempt >= allowed:
            return None
        asked = error.retry_after if isinstance(error, StatusRefused) else None
        if asked is not None:
            return asked if asked <= self.patience else None
        return float(min(self.longest, self.backoff * 2 ** (attempt - 1)) * (0.5 + chance / 2))
