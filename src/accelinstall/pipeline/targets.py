"""The targets of one request side by side: one plan each, one session for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from accelinstall import events
from accelinstall.errors import AccelinstallError, UsageError

if TYPE_CHECKING:
    from accelinstall.model.project import Project
    from accelinstall.pipeline.planning import Plan
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session

T = TypeVar("T")
Failures = tuple[tuple[str, AccelinstallError], ...]
Work = Callable[["Plan", "Request", "Session"], T]

_AT_ONCE = 8
# How often the waiting main thread looks up, so that Ctrl-C is heard on every platform.
_PATIENCE_SECONDS = 0.2


def for_each_target(
    request: Request, session: Session, work: Work[T], *, project: Project | None = None
) -> tuple[tuple[T, ...], Failures]:
    """What *work* makes of every target, in the order they were asked for, and the targets that failed.

    A single target that fails raises its error; of several, none stops the others.  Interrupted, it leaves at once:
    what is under way is abandoned.

    :param project: instead of the one the request names.
    """
    from accelinstall.pipeline.places import read_interpreter
    from accelinstall.pipeline.planning import make_plan, requests_for_targets

    interpreter = read_interpreter(request)
    requests = requests_for_targets(request, interpreter, session, project=project)

    def worker(one: Request) -> Callable[[], T]:
        return lambda: work(make_plan(one, interpreter, session, project=project), one, session)

    if request.output and len(requests) > 1:
        raise UsageError("`--output` names one file, but several targets are locked", hint="leave it out")
    if len(requests) == 1:
        return (worker(requests[0])(),), ()
    with _told_once(session, len(requests)):
        outcomes = _side_by_side([worker(one) for one in requests])
    done: list[T] = []
    failed: list[tuple[str, AccelinstallError]] = []
    for one, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, AccelinstallError):
            failed.append((one.target.slug if one.target else "", outcome))
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            done.append(outcome)
    return tuple(done), tuple(failed)


def _side_by_side(works: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """What each of *works* returned or raised, in their order."""
    outcomes: dict[int, T | BaseException] = {}
    waiting: Iterator[tuple[int, Callable[[], T]]] = iter(enumerate(works))
    taking = threading.Lock()

    def serve() -> None:
        while True:
            with taking:
                number, work = next(waiting, (-1, None))
            if work is None:
                return
            try:
                outcomes[number] = work()
            except BaseException as error:
                outcomes[number] = error

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(min(_AT_ONCE, len(works)))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(_PATIENCE_SECONDS)
    finally:
        with taking:
            waiting = iter(())
    return [outcomes[number] for number in range(len(works))]


@contextmanager
def _told_once(session: Session, targets: int) -> Iterator[None]:
    """Of the same phase in several targets at once, the first beginning and one end are told."""
    tell, started, telling = session.progress, dict[str, float](), threading.Lock()

    def pass_on(event: events.Event) -> None:
        if isinstance(event, events.PhaseFinished):
            return
        if isinstance(event, events.PhaseStarted):
            with telling:
                if event.phase in started:
                    return
                started[event.phase] = time.monotonic()
        tell(event)

    session.progress = pass_on
    try:
        yield
    finally:
        session.progress = tell
    for phase, begun in started.items():
        tell(events.PhaseFinished(phase=phase, seconds=time.monotonic() - begun, detail=f"{targets} targets"))
