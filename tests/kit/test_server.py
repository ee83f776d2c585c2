"""The loopback index serves, counts and misbehaves as told."""

import base64
import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from accelinstall.testing import Fault, IndexServer, make_wheel

JSON = "application/vnd.pypi.simple.v1+json"


def ask(server, path, headers=None, *, method="GET"):
    """Status, headers (lower case) and body of one request on a fresh connection."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


@pytest.fixture
def wheel(tmp_path):
    return make_wheel(tmp_path, "demo", "1.0", files={"demo.py": b"x" * 300_000})


@pytest.fixture
def server(wheel):
    with IndexServer() as server:
        server.add(wheel, requires_python=">=3.9", yanked="broken", upload_time="2026-01-01T00:00:00Z", metadata=True)
        yield server


def test_a_page_comes_as_json_or_html_as_asked(server, wheel):
    status, headers, body = ask(server, "/simple/demo/", {"Accept": JSON})
    file = json.loads(body)["files"][0]
    assert (status, headers["content-type"]) == (200, JSON)
    assert file["size"] == wheel.stat().st_size
    assert (file["yanked"], file["requires-python"]) == ("broken", ">=3.9")
    status, headers, body = ask(server, "/simple/demo/")
    assert headers["content-type"] == "text/html"
    assert b'data-requires-python="&gt;=3.9"' in body
    assert ask(server, "/simple/unknown/")[0] == 404


def test_ranges_metadata_and_head_are_served_and_counted(server, wheel):
    path = server.file_path(wheel.name)
    whole = wheel.read_bytes()
    assert ask(server, path)[2] == whole
    status, headers, body = ask(server, path, {"Range": "bytes=10-19"})
    assert (status, body, headers["content-range"]) == (206, whole[10:20], f"bytes 10-19/{len(whole)}")
    assert ask(server, path, {"Range": "bytes=-7"})[2] == whole[-7:]
    assert ask(server, path, {"Range": f"bytes={len(whole)}-"})[0] == 416
    assert ask(server, path, method="HEAD")[1]["content-length"] == str(len(whole))
    assert ask(server, path + ".metadata")[2].startswith(b"Metadata-Version")
    assert server.count(path) == 6
    assert server.count(path, method="HEAD") == 1
    assert [request.range for request in server.requests][1] == "bytes=10-19"
    assert server.connections == 6


def test_an_unchanged_page_is_not_sent_again(server):
    etag = ask(server, "/simple/demo/")[1]["etag"]
    server.clear_requests()
    assert ask(server, "/simple/demo/", {"If-None-Match": etag})[0] == 304
    assert server.bytes_sent("/simple/") == 0


def test_a_fault_strikes_as_often_as_told(server, wheel):
    path = server.file_path(wheel.name)
    server.add_fault(path, Fault(status=503, times=2, after=1, headers={"Retry-After": "1"}))
    answers = [ask(server, path) for _ in range(4)]
    assert [answer[0] for answer in answers] == [200, 503, 503, 200]
    assert answers[1][1]["retry-after"] == "1"


def test_every_way_to_spoil_a_range(server, wheel):
    path, ranged = server.file_path(wheel.name), {"Range": "bytes=0-9"}
    server.add_fault(path, Fault(ignore_ranges=True, times=1))
    server.add_fault(path, Fault(content_range="bytes 5-14/99", after=1, times=1))
    server.add_fault(path, Fault(shift_range=1, after=2, times=1))
    server.add_fault(path, Fault(methods=("HEAD",), status=405))
    assert ask(server, path, ranged)[0] == 200
    assert ask(server, path, ranged)[1]["content-range"] == "bytes 5-14/99"
    assert ask(server, path, ranged)[2] == wheel.read_bytes()[1:11]
    assert ask(server, path, ranged)[2] == wheel.read_bytes()[:10]
    assert ask(server, path, method="HEAD")[0] == 405


def test_connections_can_close_early(server, wheel):
    path = server.file_path(wheel.name)
    server.add_fault(path, Fault(close_after=100))
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, path)
    assert len(caught.value.partial) == 100


def test_a_stalled_answer_does_not_hold_the_server_up(tmp_path):
    wheel = make_wheel(tmp_path, "demo", "1.0")
    began = time.monotonic()
    with IndexServer() as server:
        server.add(wheel)
        server.add_fault(server.file_path(wheel.name), Fault(stall_after=10, stall=60))
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("GET", server.file_path(wheel.name))
        assert len(connection.getresponse().read(10)) == 10
    connection.close()
    assert time.monotonic() - began < 10


def test_redirects_credentials_and_changed_files(wheel):
    with IndexServer(credentials=("me", "secret")) as server:
        server.add(wheel)
        path = server.file_path(wheel.name)
        token = {"Authorization": "Basic " + base64.b64encode(b"me:secret").decode()}
        assert ask(server, path)[0] == 401
        assert ask(server, path, token)[0] == 200
        server.add_fault(path, Fault(content=b"changed", times=1))
        server.add_fault(path, Fault(redirect=server.url_for("localhost") + path, after=1))
        assert ask(server, path, token)[2] == b"changed"
        assert ask(server, path, token)[1]["location"].startswith("http://localhost:")


def test_a_rate_holds_per_connection(server, wheel):
    server.add_fault(server.file_path(wheel.name), Fault(rate=2_000_000, content=b"x" * 400_000))
    began = time.monotonic()
    ask(server, server.file_path(wheel.name))
    assert time.monotonic() - began >= 0.15
