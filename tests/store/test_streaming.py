"""Wheels unpacked out of their download: what is asked, what is kept, and that nothing wrong gets through."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.errors import AccelinstallError, SourceError
from accelinstall.events import FileAdvanced, FileFinished
from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.store import HashMismatch, Store, WheelRefused
from accelinstall.store.transfer.lanes import Lanes
from accelinstall.store.transfer.pace import Pace
from accelinstall.store.transfer.wide import Unstreamable, Wide
from accelinstall.testing import Fault, IndexServer, make_wheel
from tests.store.hostile import GOOD, HOSTILE
from tests.store.kit import Ear, Three, leftovers, locked, noise, tree_of

PART = 256 << 10
NAME = "evil-1.0-py3-none-any.whl"


class Broken(SourceError):
    """A connection that broke."""

    def __init__(self) -> None:
        super().__init__("broken")


@pytest.fixture
def package(tmp_path: Path, server: IndexServer) -> LockedPackage:
    files = {"big/blob.bin": noise(3_000_000), "big/zeros.bin": bytes(3_000_000), "big/small.py": b"x = 1\n"}
    path = make_wheel(tmp_path / "wheels", "big", "1.0", files=files)
    server.add(path)
    return locked(path, server)


def store_in(tmp_path: Path, name: str = "cache", **options: object) -> Store:
    return Store(str(tmp_path / name), retry_delay=0.001, part=PART, **options)  # type: ignore[arg-type]


def expected(tmp_path: Path, package: LockedPackage, http: HttpClient) -> dict[str, bytes]:
    """The tree as it is unpacked from a file."""
    entry = store_in(tmp_path, "other", streaming=False).fetch([package], http=http)[package.sha256]
    return tree_of(entry.root)


def test_a_large_wheel_is_asked_for_its_end_and_then_once_and_nothing_else_is_written(tmp_path, server, http, package):
    ear = Ear()
    store = store_in(tmp_path)
    entry = store.fetch([package], http=http, progress=ear)[package.sha256]
    assert [request.range for request in server.requests] == [f"bytes=-{128 << 10}", ""]
    assert server.bytes_sent("/files/") == package.size + (128 << 10)
    assert sum(event.amount for event in ear.of(FileAdvanced)) == package.size
    assert len(ear.of(FileFinished)) == 1
    assert leftovers(tmp_path / "cache") == []
    assert tree_of(entry.root) == expected(tmp_path, package, http)
    assert store.get(package.sha256) == entry


def test_a_small_wheel_is_asked_for_once_and_told_once(tmp_path, server, http):
    path = make_wheel(tmp_path / "wheels", "little", "1.0")
    server.add(path)
    ear = Ear()
    little = locked(path, server)
    store_in(tmp_path).fetch([little], http=http, progress=ear)
    assert [request.range for request in server.requests] == [""]
    assert sum(event.amount for event in ear.of(FileAdvanced)) == little.size
    assert leftovers(tmp_path / "cache") == []


def test_several_connections_bring_parts_of_one_wheel_under_one_tag(tmp_path, server, http, package):
    server.add_fault(server.file_path(package.filename), Fault(rate=12e6))
    ear = Ear()
    entry = store_in(tmp_path, pace=Three).fetch([package], http=http, progress=ear)[package.sha256]
    end, *parts = server.requests
    assert end.range.startswith("bytes=-")
    assert len(parts) > 3 and all(request.headers["if-range"] for request in parts)
    assert len({request.connection for request in server.requests}) >= 3
    assert sum(event.amount for event in ear.of(FileAdvanced)) == package.size
    assert tree_of(entry.root) == expected(tmp_path, package, http)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(ignore_ranges=True),
        Fault(only_ranged=True, status=416),
        Fault(only_ranged=True, content_range="bytes 5-9/10"),
        Fault(only_ranged=True, content_range="nonsense"),
        Fault(only_ranged=True, times=1, shift_range=-7),
        Fault(only_ranged=True, after=1, times=2, shift_range=-7),
        Fault(only_ranged=True, times=1, content=noise(3_100_000, seed=1)),
        Fault(after=1, times=1, close_after=1_000_000),
        Fault(after=1, times=3, close_after=10_000),
        Fault(after=2, times=3, hang_up=True),
        Fault(after=1, times=2, status=503),
        Fault(after=1, times=1, stall_after=600_000, stall=5),
        Fault(only_ranged=True, after=2, times=3, close_after=30_000),
    ],
)
@pytest.mark.parametrize("pace", [Pace, Three])
def test_trouble_never_ends_in_wrong_bytes(tmp_path, server, http, package, fault, pace):
    path = server.file_path(package.filename)
    server.add_fault(path, fault)
    server.add_fault(path, Fault(rate=30e6))
    entry = store_in(tmp_path, pace=pace).fetch([package], http=http)[package.sha256]
    assert Path(entry.root, "big/blob.bin").read_bytes() == noise(3_000_000)
    assert Path(entry.root, "big/zeros.bin").read_bytes() == bytes(3_000_000)
    assert leftovers(tmp_path / "cache") == []


def test_a_file_that_changed_after_its_end_was_read_is_not_mixed(tmp_path, server, http, package):
    path = server.file_path(package.filename)
    server.add_fault(path, Fault(after=1, content=noise(package.size, seed=3), headers={"ETag": '"other"'}))
    with pytest.raises(HashMismatch):
        store_in(tmp_path).fetch([package], http=http)
    assert leftovers(tmp_path / "cache") == []
    assert store_in(tmp_path).get(package.sha256) is None


def test_what_came_slowly_is_kept_and_only_the_rest_is_asked_for(tmp_path, server, http, package):
    path = server.file_path(package.filename)
    server.add_fault(path, Fault(after=1, times=1, close_after=1_000_000))
    server.add_fault(path, Fault(after=1, hang_up=True))
    with pytest.raises(AccelinstallError):
        store_in(tmp_path).fetch([package], http=http)
    assert leftovers(tmp_path / "cache") == [f"{package.sha256}.whl"]
    arrived = os.path.getsize(store_in(tmp_path).partial(package.sha256, "whl"))
    assert arrived >= 900_000
    server.clear_faults()
    server.clear_requests()
    with HttpClient(environ={}, keyring=False) as again:
        store_in(tmp_path).fetch([package], http=again)
    assert [request.range for request in server.requests] == [f"bytes={arrived}-"]
    assert leftovers(tmp_path / "cache") == []


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_wheel_is_refused_by_its_own_code_and_leaves_nothing(tmp_path, server, http, title):
    data, code = HOSTILE[title]
    path = tmp_path / NAME
    path.write_bytes(data)
    server.add(path)
    store = Store(str(tmp_path / "cache"), part=1)
    with pytest.raises(WheelRefused) as caught:
        store.fetch([locked(path, server)], http=http)
    assert caught.value.code == code, caught.value.message
    assert leftovers(tmp_path / "cache") == []
    assert store.keys() == ()


def test_a_good_wheel_is_unpacked_in_one_pass(tmp_path, server, http):
    path = tmp_path / NAME
    path.write_bytes(GOOD)
    server.add(path)
    Store(str(tmp_path / "cache"), part=1).fetch([locked(path, server)], http=http)
    assert len(server.requests) == 2


class Slow:
    """A file of noise whose parts come at once, and a count of how far they are ahead of what was used."""

    def __init__(self, size: int) -> None:
        self.content = noise(size)
        self.asked = 0
        self._lock = threading.Lock()

    def open(self, start: int, stop: int) -> Iterator[bytes]:
        with self._lock:
            self.asked = max(self.asked, stop)
        for at in range(start, stop, 10_000):
            yield self.content[at : min(stop, at + 10_000)]


def test_what_waits_in_memory_is_bounded_however_slow_its_user_is():
    source, lanes = Slow(4_000_000), Lanes(Three())
    for _ in range(399):  # files that share the memory, so that the window is as small as it gets
        lanes.offer()
    window = lanes.room.share(400)
    wide = Wide(0, 4_000_000, part=50_000, lanes=lanes, open=source.open, cancelled=lambda: False)
    used = 0
    for number, piece in enumerate(wide.pieces()):
        if number % 40 == 0:
            time.sleep(0.005)
        assert piece == source.content[used : used + len(piece)]
        used += len(piece)
        # Four pieces are handed over at once.
        assert source.asked <= used + window + 4 * 10_000
    assert used == 4_000_000
    assert lanes.room.has(lanes.room.size, mine=0, files=1)


def test_what_is_left_when_a_file_is_given_up_takes_no_room():
    source, lanes = Slow(4_000_000), Lanes(Three())
    wide = Wide(0, 4_000_000, part=50_000, lanes=lanes, open=source.open, cancelled=lambda: False)
    pieces = wide.pieces()
    next(pieces)
    wide.close()
    assert lanes.offers == 0
    assert lanes.room.has(lanes.room.size, mine=0, files=1)


def test_a_connection_that_stands_still_is_relieved_by_one_that_has_nothing_to_do():
    source, stands = Slow(1_000_000), threading.Event()

    def open_part(start: int, stop: int) -> Iterator[bytes]:
        pieces = source.open(start, stop)
        if not stands.is_set():
            stands.set()
            yield next(pieces)
            # Longer than the test may take: the file is complete without it.
            never.wait(20)
        yield from pieces

    never = threading.Event()
    wide = Wide(
        0,
        1_000_000,
        part=400_000,
        lanes=Lanes(Three()),
        open=open_part,
        cancelled=lambda: False,
        patience=0.05,
    )
    assert b"".join(wide.pieces()) == source.content
    never.set()


def test_a_connection_that_is_open_goes_on_with_the_first_part():
    source, asked, closed = Slow(1_000_000), [], threading.Event()

    def open_part(start: int, stop: int) -> Iterator[bytes]:
        asked.append((start, stop))
        yield from source.open(start, stop)

    def open_all() -> Iterator[bytes]:
        try:
            yield from source.open(0, 1_000_000)
        finally:
            closed.set()

    begun = open_all()

    wide = Wide(
        0,
        1_000_000,
        part=100_000,
        lanes=Lanes(Three()),
        open=open_part,
        cancelled=lambda: False,
        begun=begun,
    )
    assert b"".join(wide.pieces()) == source.content
    assert asked and min(start for start, _ in asked) > 0
    assert closed.wait(5)


def test_a_part_that_breaks_is_fetched_by_another_connection():
    source = Slow(1_000_000)
    broken = set()

    def open_part(start: int, stop: int) -> Iterator[bytes]:
        for piece in source.open(start, stop):
            yield piece
            if start not in broken and len(broken) < 5:
                broken.add(start)
                raise Broken
            start += len(piece)

    wide = Wide(0, 1_000_000, part=100_000, lanes=Lanes(Three()), open=open_part, cancelled=lambda: False)
    assert b"".join(wide.pieces()) == source.content
    assert len(broken) == 5


def test_parts_that_break_now_and_then_are_never_given_up():
    source, opened = Slow(1_000_000), []

    def open_part(start: int, stop: int) -> Iterator[bytes]:
        opened.append(start)
        breaks = len(opened) % 2
        for piece in source.open(start, stop):
            yield piece
            if breaks:
                raise Broken

    wide = Wide(0, 1_000_000, part=20_000, lanes=Lanes(Three()), open=open_part, cancelled=lambda: False)
    assert b"".join(wide.pieces()) == source.content
    assert len(opened) > 40


def test_parts_that_always_break_are_given_up():
    def open_part(start: int, stop: int) -> Iterator[bytes]:
        raise Broken
        yield b""

    wide = Wide(0, 1_000_000, part=100_000, lanes=Lanes(Three()), open=open_part, cancelled=lambda: False)
    with pytest.raises(Unstreamable):
        list(wide.pieces())
