"""How many connections are opened, on simulated paths; how they are counted, and how far they run ahead."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.store.transfer.lanes import INTERVAL, LONGEST_INTERVAL, TELLING, Lanes
from accelinstall.store.transfer.pace import MOST, Pace, Sample
from accelinstall.store.transfer.room import Room, part_length
from accelinstall.values import dataclass

NEVER = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What limits a fetch, in bytes per second.

    :ivar per_connection: the server's limit; ``in_all``: the line's, shared fairly with *others'* connections.
    :ivar client: what this machine unpacks; ``bears``: connections that the server takes without breaking some.
    :ivar noise: 0..1, by how much a rate differs from one interval to the next.
    """

    per_connection: float = 1e12
    in_all: float = 1e12
    client: float = 300e6
    others: int = 0
    bears: int = NEVER
    noise: float = 0.0

    def sample(self, *, files: int, extra: int, chance: random.Random) -> Sample:
        """What an interval on this path looks like."""
        connections = min(files + extra, self.bears)
        line = self.in_all * connections / (connections + self.others)
        offered = min(line, connections * self.per_connection) * (1 + self.noise * (2 * chance.random() - 1))
        rate = min(offered, self.client)
        return Sample(
            rate=rate,
            files=files,
            extra=extra,
            waiting=1 - rate / self.client,
            idle=1 - rate / offered,
            broken=max(0, files + extra - self.bears),
        )


def targets_on(path: Path, *, files: int = 3, intervals: int = 100, most: int = MOST) -> list[int]:
    """How many further connections are wanted after each interval."""
    pace, chance = Pace(most=most), random.Random(1)
    extra, targets = 0, []
    for _ in range(intervals):
        targets.append(pace.decide(path.sample(files=files, extra=extra, chance=chance)))
        # They are there in the next interval.
        extra = pace.target
    return targets


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_connections_that_are_limited_one_by_one_multiply_at_once_to_what_this_machine_can_use(noise):
    targets = targets_on(Path(per_connection=20e6, client=300e6, noise=noise))
    assert targets.index(max(targets[:10])) <= 6
    assert 12 <= max(targets[:10]) <= 18
    assert all(9 <= target <= 26 for target in targets[10:])


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_slow_connections_multiply_to_the_most_there_may_be(noise):
    targets = targets_on(Path(per_connection=2e6, noise=noise))
    assert targets.index(MOST - 3) <= 6
    assert targets[-1] == MOST - 3
    assert max(targets_on(Path(per_connection=2e6), most=8)) == 5


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_line_that_is_full_is_left_to_few_connections_but_for_rare_trials(noise):
    targets = targets_on(Path(in_all=10e6, noise=noise), intervals=300)
    assert max(targets) <= 6
    assert sum(target > 0 for target in targets) <= 25
    assert targets[-1] == 0


def test_a_machine_that_is_the_limit_opens_nothing():
    assert set(targets_on(Path(in_all=1e9, client=300e6))) == {0}


@pytest.mark.parametrize("per_connection", [5e6, 20e6])
@pytest.mark.parametrize("in_all", [100e6, 220e6])
def test_a_line_that_fills_under_way_gets_as_many_connections_as_fill_it(per_connection, in_all):
    needed = in_all / per_connection
    targets = targets_on(Path(per_connection=per_connection, in_all=in_all), intervals=200)
    assert 0.7 * needed <= targets[-1] + 3 <= 1.5 * needed


def test_two_fetches_on_one_full_line_do_not_drive_each_other_up():
    paces, chance = (Pace(), Pace()), random.Random(1)
    for _ in range(300):
        extras = [pace.target for pace in paces]
        for pace, mine, other in zip(paces, extras, reversed(extras), strict=True):
            path = Path(in_all=20e6, others=1 + other)
            pace.decide(path.sample(files=1, extra=mine, chance=chance))
    assert all(pace.target <= 1 for pace in paces)


def test_a_server_that_breaks_connections_is_soon_asked_for_no_more_than_it_bears():
    targets = targets_on(Path(per_connection=2e6, bears=16), intervals=300)
    assert max(targets[40:]) + 3 <= 16
    assert targets[-1] + 3 >= 8


def test_one_connection_that_breaks_is_an_accident():
    pace = Pace()
    path = Path(per_connection=2e6)
    for number in range(60):
        sample = path.sample(files=1, extra=pace.target, chance=random.Random(1))
        pace.decide(
            Sample(
                rate=sample.rate,
                files=1,
                extra=sample.extra,
                waiting=sample.waiting,
                idle=sample.idle,
                broken=number % 7 == 0,
            )
        )
    assert pace.target == MOST - 1


def test_a_server_that_answers_only_some_at_a_time_keeps_as_many():
    # The others wait for their turn, as after status 429: nothing breaks, and they bring nothing.
    pace, chance = Pace(), random.Random(1)
    for _ in range(200):
        extra = pace.target
        some = Path(per_connection=5e6).sample(files=1, extra=min(extra, 9), chance=chance)
        pace.decide(Sample(rate=some.rate, files=1, extra=extra, waiting=some.waiting))
    assert 7 <= pace.target <= 14


def test_connections_go_when_nobody_wants_what_they_bring():
    pace, chance = Pace(), random.Random(1)
    for _ in range(20):
        pace.decide(Path(per_connection=5e6).sample(files=1, extra=pace.target, chance=chance))
    assert pace.target > 40
    for _ in range(40):
        pace.decide(Path(per_connection=5e6, client=25e6).sample(files=1, extra=pace.target, chance=chance))
    assert pace.target <= 8


def test_new_connections_are_judged_when_they_have_come_up_to_speed():
    pace, chance, reached = Pace(), random.Random(1), 0.0
    for _ in range(40):
        sample = Path(per_connection=5e6).sample(files=1, extra=pace.target, chance=chance)
        reached += 0.5 * (sample.rate - reached)
        pace.decide(Sample(rate=reached, files=1, extra=sample.extra, waiting=1 - reached / 300e6))
    assert pace.target > 40


@given(
    st.lists(
        st.builds(
            Sample,
            rate=st.floats(0, 1e10),
            files=st.integers(0, 6),
            extra=st.integers(0, 64),
            waiting=st.floats(0, 1),
            idle=st.floats(0, 1),
            broken=st.integers(0, 5),
        ),
        max_size=30,
    ),
    st.integers(1, 64),
)
def test_whatever_is_seen_there_are_never_more_than_the_most(samples, most):
    pace = Pace(most=most)
    for sample in samples:
        assert 0 <= pace.decide(sample) <= most


def lanes_with(target: int, now: list[float] | None = None) -> Lanes:
    pace = Pace()
    pace.target = target
    clock = now or [0.0]
    return Lanes(pace, clock=lambda: clock[0])


def test_further_connections_are_shared_fairly_among_files_that_have_parts_for_them():
    lanes = lanes_with(4)
    lanes.offer()
    assert [lanes.join(mine) for mine in (0, 1, 2)] == [True, True, True]
    lanes.offer()
    assert [lanes.join(mine) for mine in (0, 1)] == [True, False]
    assert lanes.is_crowded(3)
    lanes.leave()
    assert not lanes.is_crowded(2)
    assert lanes.join(1)
    lanes.withdraw()
    assert lanes.share == 4


def test_connections_beyond_those_wanted_end():
    lanes = lanes_with(3)
    assert all(lanes.join(mine) for mine in range(3))
    assert not lanes.has_room and not lanes.is_crowded()
    lanes._pace.target = 1
    assert lanes.is_crowded()
    lanes.leave()
    lanes.leave()
    assert not lanes.is_crowded()


class Remembering(Pace):
    """Keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.samples: list[Sample] = []

    def decide(self, sample: Sample) -> int:
        self.samples.append(sample)
        return self.target


def test_an_interval_is_as_long_as_it_takes_for_every_connection_to_bring_something():
    now = [5.0]
    pace = Remembering()
    lanes = Lanes(pace, clock=lambda: now[0])
    lanes.begin()
    lanes.begin()
    lanes.note(1)
    now[0] += INTERVAL
    lanes.note(TELLING, 0.02)
    assert not pace.samples
    now[0] += INTERVAL
    lanes.note(TELLING - 1, 0.02, idle=0.04)
    lanes.broke()
    (sample,) = pace.samples
    assert (sample.files, sample.extra, sample.broken) == (2, 0, 0)
    assert sample.rate == pytest.approx(2 * TELLING / (2 * INTERVAL))
    assert (sample.waiting, sample.idle) == pytest.approx((0.1, 0.1))
    assert lanes.rate == pytest.approx(sample.rate / 1.8)
    now[0] += LONGEST_INTERVAL
    lanes.note(0)
    assert (pace.samples[1].rate, pace.samples[1].broken) == (0.0, 1)


def test_where_answers_take_long_an_interval_does_too():
    now = [5.0]
    pace = Remembering()
    lanes = Lanes(pace, clock=lambda: now[0])
    lanes.answered(0.3)
    lanes.answered(0.2)
    lanes.answered(0.5)
    lanes.begin()
    lanes.note(TELLING)
    now[0] += 3.9 * 0.2
    lanes.note(1)
    assert not pace.samples
    now[0] += 0.1 * 0.2 + 1e-6
    lanes.note(1)
    assert len(pace.samples) == 1


def test_room_is_shared_and_never_more_than_there_is():
    room = Room(100)
    assert room.has(100, mine=0, files=1)
    assert not room.has(51, mine=0, files=2)
    room.take(80)
    assert room.has(20, mine=0, files=2)
    assert not room.has(21, mine=0, files=2)
    room.free(80)
    assert room.has(50, mine=0, files=2)


@given(
    ahead=st.integers(0, 10**9),
    left=st.integers(0, 10**9),
    window=st.integers(0, 10**9),
    connections=st.integers(1, 100),
    most=st.integers(1, 10**8),
)
def test_a_part_is_no_longer_than_what_is_left_and_no_shorter_than_worth_a_request(
    ahead, left, window, connections, most
):
    least = min(most, 1_000)
    length = part_length(ahead=ahead, left=left, window=window, connections=connections, most=most, least=least)
    assert min(left, least) <= length <= min(left, max(least, most))


def test_parts_fit_the_window_and_begin_and_end_short():
    def length(ahead: int, left: int = 10**9) -> int:
        return part_length(ahead=ahead, left=left, window=1_000, connections=8, most=400, least=10)

    assert length(0) == 25
    assert length(500) == 75
    assert length(1_000) == 100
    assert 8 * length(1_000) <= 1_000
    assert length(1_000, left=160) == 20
