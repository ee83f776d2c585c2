"""A rate holds for all who download together."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelinstall.net import HttpClient
from accelinstall.net.throttle import Throttle
from accelinstall.testing import IndexServer, make_wheel


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now, self.waited = 100.0, 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waited += seconds


@pytest.mark.parametrize("pieces", [[1000] * 10, [10_000], [1, 9_999], [2_500] * 4])
def test_bytes_take_the_time_their_rate_says(pieces: list[int]) -> None:
    clock = Clock()
    throttle = Throttle(1000, clock=lambda: clock.now, wait=clock.wait)
    for piece in pieces:
        throttle.take(piece)
    assert clock.waited == pytest.approx(10.0, abs=0.11)


def test_a_pause_is_saved_up_for_a_moment_only() -> None:
    clock = Clock()
    throttle = Throttle(1000, clock=lambda: clock.now, wait=clock.wait)
    clock.now += 60
    throttle.take(1000)
    assert clock.waited == pytest.approx(0.9)


def test_streams_wait_as_long_as_their_bytes_are_worth(tmp_path: Path) -> None:
    waits: list[float] = []
    wheel = make_wheel(tmp_path, "big", "1", files={"big.txt": "".join(f"{n:x}" for n in range(60_000))})
    with IndexServer() as server:
        server.add(wheel)
        with HttpClient(rate=100_000, wait=waits.append) as http:
            streams = [http.open(server.file_url(wheel.name)) for _ in range(2)]
            for stream in streams:
                with stream:
                    assert stream.read() == wheel.read_bytes()
    assert max(waits) >= 0.9 * (2 * wheel.stat().st_size / 100_000)
