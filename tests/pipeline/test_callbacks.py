"""A progress callback that fails is its owner's affair: what it raises is neither the disk's fault nor a server's."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from accelinstall import pipeline
from accelinstall.events import Event, FileAdvanced, PhaseAdvanced, PhaseStarted
from accelinstall.model.hardware import Overrides
from accelinstall.pipeline.request import IndexOptions, Request
from accelinstall.testing import IndexServer
from tests.pipeline.running import Workplace


class Failing:
    """Raises *error* at the events that *when* names."""

    def __init__(self, error: Exception, when: Callable[[Event], bool]) -> None:
        self.error, self._when = error, when

    def __call__(self, event: Event) -> None:
        if self._when(event):
            raise self.error


def full() -> OSError:
    """What a callback raises that writes to a disk of its own."""
    return OSError(errno.ENOSPC, "No space left on device", "progress.log")


@pytest.fixture
def request_here(workplace: Workplace, index: IndexServer) -> Request:
    return Request(
        project=str(workplace.project),
        environ=workplace.variables,
        overrides=Overrides(environment="cpu"),
        index=IndexOptions(index_url=index.simple_url),
        prove=False,
    )


@pytest.mark.parametrize(
    "when",
    [
        lambda event: isinstance(event, FileAdvanced),
        lambda event: isinstance(event, PhaseStarted) and event.phase == "link",
        lambda event: isinstance(event, PhaseAdvanced) and event.phase == "commit",
    ],
    ids=["fetching", "linking", "committing"],
)
def test_its_own_error_comes_through_and_nothing_is_installed(
    workplace: Workplace, request_here: Request, when: Callable[[Event], bool]
) -> None:
    failing = Failing(full(), when)
    with pytest.raises(OSError, match="progress") as caught:
        pipeline.optimize(request_here, progress=failing)
    assert caught.value is failing.error
    assert workplace.installed() == {}


def test_a_wheelhouse_is_not_called_full_because_of_it(workplace: Workplace, request_here: Request) -> None:
    failing = Failing(full(), lambda event: isinstance(event, FileAdvanced))
    with pytest.raises(OSError, match="progress") as caught:
        pipeline.download(request_here, str(workplace.root / "house"), progress=failing)
    assert caught.value is failing.error
