"""Threads that wait for memory and for their turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from accelinstall.store.turns import Budget, Turn


def begin(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def settle(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_of_those_who_wait_the_lowest_rank_is_next():
    turn, order = Turn(), []

    def take(rank: int) -> None:
        with turn.of(rank):
            order.append(rank)

    with turn.of(0):
        threads = [begin(lambda rank=rank: take(rank)) for rank in (3, 1, 2)]
        settle(lambda: len(turn._waiting) == 3)
    for thread in threads:
        thread.join(20)
    assert order == [1, 2, 3]


def test_one_is_taken_in_hand_and_another_when_there_was_time_to_do_more():
    now, worked, taken, done = [0.0], [0.0], [], threading.Event()
    turn = Turn(clock=lambda: now[0], work=lambda: worked[0])

    def take() -> None:
        with turn.in_hand(done.is_set):
            taken.append(now[0])
            done.wait(20)

    threads = [begin(take) for _ in range(3)]
    settle(lambda: taken == [0.0])
    worked[0], now[0] = 0.9, 1.0
    time.sleep(0.05)
    assert taken == [0.0]
    worked[0], now[0] = 1.0, 2.0
    settle(lambda: taken == [0.0, 2.0])
    time.sleep(0.05)
    assert taken == [0.0, 2.0]
    now[0] = 3.0
    settle(lambda: taken == [0.0, 2.0, 3.0])
    done.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_whoever_stops_waits_no_longer():
    turn, stopped = Turn(), threading.Event()

    def hold() -> None:
        with turn.in_hand(stopped.is_set):
            stopped.wait(20)

    with turn.of(0):
        threads = [begin(hold) for _ in range(4)]
        stopped.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def test_memory_is_shared_out_and_one_thread_gets_what_it_needs():
    budget, held, peak = Budget(10), [], []
    lock = threading.Lock()

    def use(count: int) -> None:
        with budget.of(count):
            with lock:
                held.append(count)
                peak.append(sum(held))
            time.sleep(0.005)
            with lock:
                held.remove(count)

    threads = [begin(lambda count=count: use(count)) for count in (4, 6, 3, 25, 5, 5, 5)]
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert len(peak) == 7
    assert max(amount for amount in peak if amount != 25) <= 10
