"""Jobs done behind the one that asks: in order, bounded, and none after one that failed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from accelinstall.store.behind import AtOnce, Behind
from accelinstall.store.unpacking.archive import read_members
from accelinstall.store.unpacking.members import find_inflater, write_member
from accelinstall.store.unpacking.unpack import reader_of
from accelinstall.testing import make_wheel
from tests.store.kit import noise


@pytest.mark.parametrize("kind", [AtOnce, Behind])
def test_jobs_are_done_in_order_and_settled(kind: type[AtOnce]):
    behind, done = kind(), []
    for number in range(100):
        behind.do(lambda number=number: done.append(number))
    behind.settle()
    assert done == list(range(100))
    behind.close()


def test_few_jobs_wait_so_that_memory_stays_bounded():
    behind, gate, begun = Behind(), threading.Event(), []
    behind.do(lambda: gate.wait(20))
    asking = threading.Thread(target=lambda: [(behind.do(int), begun.append(number)) for number in range(50)])
    asking.start()
    asking.join(0.2)
    assert asking.is_alive() and len(begun) < 10
    gate.set()
    asking.join(20)
    behind.settle()
    assert len(begun) == 50
    behind.close()


def test_an_error_is_raised_to_the_one_that_asks_and_ends_the_work():
    behind, done = Behind(), []

    def fail() -> None:
        raise OSError(28, "full")

    behind.do(fail)
    behind.drain()
    with pytest.raises(OSError, match="full"):
        behind.do(lambda: done.append(1))
    with pytest.raises(OSError, match="full"):
        behind.settle()
    assert done == []
    behind.close()


@pytest.mark.parametrize("kind", [AtOnce, Behind])
def test_a_member_is_the_same_whoever_writes_it(tmp_path: Path, kind: type[AtOnce]):
    content = noise(3_000_000) + bytes(9_000_000)
    wheel = make_wheel(tmp_path, "big", "1.0", files={"big/blob.bin": content})
    descriptor, behind = os.open(wheel, os.O_RDONLY), kind()
    try:
        read = reader_of(descriptor)
        member = next(m for m in read_members(read, wheel.stat().st_size) if m.path == "big/blob.bin")
        target = str(tmp_path / "blob.bin")
        digest, wrong = write_member(
            member, None, read=read, target=target, zlib=find_inflater(), cancelled=lambda: False, behind=behind
        )
    finally:
        os.close(descriptor)
        behind.close()
    assert Path(target).read_bytes() == content
    assert wrong is None and len(digest) == 43


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_disk_that_fills_up_behind_is_told(tmp_path: Path):
    behind = Behind()
    descriptor = os.open("/dev/full", os.O_WRONLY)
    behind.do(lambda: os.write(descriptor, b"x"))
    with pytest.raises(OSError, match="No space"):
        behind.settle()
    os.close(descriptor)
    behind.close()
