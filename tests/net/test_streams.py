"""Files and parts of files as streams."""

import pytest

from accelinstall.net import (
    AnswerBroken,
    ConnectionLost,
    HttpClient,
    NotFound,
    RangeRefused,
    TimedOut,
    WrongRange,
)
from accelinstall.net.addresses import file_address
from accelinstall.testing import Fault, IndexServer

CONTENT = bytes(range(256)) * 1200


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a b+c.whl"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def server(file):
    with IndexServer() as server:
        server.add(file)
        yield server


@pytest.fixture
def client():
    with HttpClient(environ={}, wait=lambda _: None, timeout=5) as client:
        yield client


@pytest.fixture(params=["http", "file"])
def url(request, server, file):
    return server.file_url("a%20b+c.whl") if request.param == "http" else file_address(str(file))


def test_a_whole_file_comes_in_pieces(client, url):
    with client.open(url) as stream:
        assert (stream.status, stream.start, stream.total) == (200, 0, len(CONTENT))
        pieces = list(stream.chunks(100_000))
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= 100_000
    assert len(pieces) >= 4


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ({"start": 10}, 10, len(CONTENT)),
        ({"start": 10, "stop": 20}, 10, 20),
        ({"stop": 20}, 0, 20),
        ({"start": len(CONTENT) - 5, "stop": len(CONTENT) + 50}, len(CONTENT) - 5, len(CONTENT)),
        ({"tail": 7}, len(CONTENT) - 7, len(CONTENT)),
        ({"tail": 10_000_000}, 0, len(CONTENT)),
    ],
)
def test_a_part_is_exactly_what_was_asked_for(client, url, asked, start, stop):
    with client.open(url, **asked) as stream:
        assert (stream.status, stream.start, stream.stop, stream.total) == (206, start, stop, len(CONTENT))
        assert stream.read() == CONTENT[start:stop]


def test_a_part_outside_the_file_is_an_error(client, url):
    with pytest.raises(RangeRefused):
        client.open(url, start=len(CONTENT))


def test_a_missing_file_is_told_apart(client, url):
    with pytest.raises(NotFound):
        client.open(url + "x")
    with pytest.raises(NotFound):
        client.get(url + "x")


def test_a_server_without_ranges_sends_everything_and_says_so(client, server):
    server.add_fault("/files/a b+c.whl", Fault(ignore_ranges=True))
    with client.open(server.file_url("a%20b+c.whl"), start=100) as stream:
        assert (stream.status, stream.start) == (200, 0)
        assert stream.read() == CONTENT


@pytest.mark.parametrize(
    "header", ["bytes 0-9/99", "bytes 11-20/307200", "bytes x-y/z", "bytes */307200", "items 10-19/307200"]
)
def test_a_wrong_content_range_is_not_believed(client, server, header):
    server.add_fault("/files/a b+c.whl", Fault(content_range=header))
    with pytest.raises(WrongRange) as caught:
        client.open(server.file_url("a%20b+c.whl"), start=10, stop=20)
    assert caught.value.code == "wrong-range"


def test_fewer_bytes_than_announced_are_an_error_that_counts(client, server):
    server.add_fault("/files/a b+c.whl", Fault(close_after=1000))
    received = []
    with client.open(server.file_url("a%20b+c.whl")) as stream, pytest.raises(ConnectionLost):
        received.extend(stream.chunks(100))
    assert sum(map(len, received)) == 1000


def test_who_lost_the_connection_can_ask_for_the_rest(client, server):
    server.add_fault("/files/a b+c.whl", Fault(close_after=1000, times=1))
    received = b""
    while len(received) < len(CONTENT):
        with client.open(server.file_url("a%20b+c.whl"), start=len(received)) as stream:
            try:
                for chunk in stream.chunks(500):
                    received += chunk
            except ConnectionLost:
                continue
    assert received == CONTENT
    assert server.bytes_sent("/files/") == len(CONTENT)


def test_a_stalled_stream_times_out(server):
    server.add_fault("/files/a b+c.whl", Fault(stall_after=1000, stall=30))
    with HttpClient(environ={}, timeout=0.2) as client:
        stream = client.open(server.file_url("a%20b+c.whl"))
        with stream, pytest.raises(TimedOut):
            stream.read()


def test_attempts_are_repeated_until_the_answer_starts(client, server):
    server.add_fault("/files/a b+c.whl", Fault(status=503, times=3))
    with client.open(server.file_url("a%20b+c.whl"), start=5, stop=9) as stream:
        assert stream.read() == CONTENT[5:9]
    assert [request.range for request in server.requests] == ["bytes=5-8"] * 4


def test_a_stream_left_half_read_does_not_spoil_the_next_answer(client, server):
    for _ in range(3):
        with client.open(server.file_url("a%20b+c.whl")) as stream:
            next(stream.chunks(10))
    with client.open(server.file_url("a%20b+c.whl"), stop=4) as stream:
        assert stream.read() == CONTENT[:4]


def test_a_stream_read_to_its_end_gives_its_connection_back(client, server):
    for position in range(6):
        with client.open(server.file_url("a%20b+c.whl"), start=position, stop=position + 10) as stream:
            stream.read()
    assert server.connections == 1


def test_a_changed_file_is_seen_by_if_range(client, server, file):
    with client.open(server.file_url("a%20b+c.whl"), stop=10) as stream:
        tag = stream.headers["etag"]
        stream.read()
    file.write_bytes(CONTENT + b"!")
    with client.open(server.file_url("a%20b+c.whl"), start=10, headers={"If-Range": tag}) as stream:
        assert (stream.status, stream.start, stream.total) == (200, 0, len(CONTENT) + 1)


def test_an_answer_without_the_file_is_an_error(client, server):
    server.add_fault("/files/a b+c.whl", Fault(status=204))
    with pytest.raises(AnswerBroken):
        client.open(server.file_url("a%20b+c.whl"))


def test_a_folder_on_disk_answers_with_its_index(client, tmp_path):
    (tmp_path / "index.html").write_bytes(b"<html>")
    response = client.get(file_address(str(tmp_path)))
    assert (response.body, response.headers["content-type"]) == (b"<html>", "text/html")
    assert response.url.endswith("/")
