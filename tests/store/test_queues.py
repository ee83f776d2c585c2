"""Wheels in line: in order, each once, also between processes."""

from __future__ import annotations

import os
import sys

import pytest

from accelinstall.model.lock import LockedPackage
from accelinstall.store.queues import queue_of, shared_queue


def package(name: str, size: int | None) -> LockedPackage:
    return LockedPackage(name=name, version="1", filename=f"{name}-1-py3-none-any.whl", sha256=name, url="", size=size)


PACKAGES = [package("big", 900), package("unknown", None), package("edge", 100), package("small", 3)]


def names(take) -> list[str]:
    found = []
    while item := take():
        found.append(item.name)
    return found


def test_wheels_of_unknown_size_count_as_large():
    queue = queue_of(PACKAGES, 100)
    assert (names(queue.large), names(queue.small)) == (["big", "unknown"], ["edge", "small"])
    assert queue.large() is None


def test_a_shared_queue_has_the_same_lines_and_closes_what_it_opened():
    before = os.listdir("/dev/fd")
    with shared_queue(PACKAGES, 100) as queue:
        assert (names(queue.large), names(queue.small)) == (["big", "unknown"], ["edge", "small"])
        assert queue.small() is None
    assert os.listdir("/dev/fd") == before


@pytest.mark.skipif(sys.platform != "linux", reason="members are forked on Linux only")
def test_no_two_processes_get_the_same_wheel():
    many = [package(str(number), 1) for number in range(2_000)]
    with shared_queue(many, 100) as queue:
        source, sink = os.pipe()
        children = []
        for _ in range(3):
            child = os.fork()
            if not child:
                for name in names(queue.small):
                    os.write(sink, f"{name}\n".encode())
                os._exit(0)
            children.append(child)
        os.close(sink)
        with open(source) as stream:
            taken = stream.read().split()
        for child in children:
            os.waitpid(child, 0)
    assert sorted(taken, key=int) == [item.name for item in many]
