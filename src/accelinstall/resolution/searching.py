"""``resolvelib``'s search, asking the same questions less often.

In every round it asks of every name whether its pin still satisfies all requirements, and of every open name how it is
preferred: with 500 packages, a million questions.  Nearly all have the answer of the round before, for a criterion that
has not changed is the same object.  Answers, and so the order of decisions, are those of ``resolvelib`` itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resolvelib.resolvers import Resolution

from accelinstall.resolution.needs import Need, Pin
from accelinstall.resolution.provider import Provider

if TYPE_CHECKING:
    from resolvelib import BaseReporter
    from resolvelib.resolvers import Criterion


class Search(Resolution[Need, Pin, str]):
    """One search; how the provider prefers a name depends on its criterion and its conflicts alone."""

    def __init__(self, provider: Provider, reporter: BaseReporter[Need, Pin, str]) -> None:
        super().__init__(provider, reporter)
        self._provider = provider
        self._satisfied: dict[str, tuple[Criterion[Need, Pin], Pin, bool]] = {}
        self._preferred: dict[str, tuple[Criterion[Need, Pin], int | None, Any]] = {}

    def _is_current_pin_satisfying(self, name: str, criterion: Criterion[Need, Pin]) -> bool:
        pin = self._states[-1].mapping.get(name)
        if pin is None:
            return False
        known = self._satisfied.get(name)
        if known is None or known[0] is not criterion or known[1] is not pin:
            known = criterion, pin, super()._is_current_pin_satisfying(name, criterion)
            self._satisfied[name] = known
        return known[2]

    def _get_preference(self, name: str) -> Any:
        criterion, conflicts = self._states[-1].criteria[name], self._provider.conflicts.get(name)
        known = self._preferred.get(name)
        if known is None or known[0] is not criterion or known[1] != conflicts:
            known = self._preferred[name] = criterion, conflicts, super()._get_preference(name)
        return known[2]
