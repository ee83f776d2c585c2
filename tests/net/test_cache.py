"""Pages kept between runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.net import HttpClient, Offline, PageCache
from accelinstall.net.cache import Page
from accelinstall.testing import Fault, IndexServer

PAGE = "/simple/x/"


@pytest.fixture
def server():
    with IndexServer(cache_control="max-age=600") as server:
        server.add_body(PAGE, b"one")
        yield server


def opened(tmp_path, *, at=1000.0, **options):
    return HttpClient(environ={}, cache=PageCache(str(tmp_path / "pages"), clock=lambda: at), **options)


def test_a_fresh_page_costs_no_request_in_the_next_run(server, tmp_path):
    with opened(tmp_path) as client:
        assert not client.get(server.url + PAGE).is_cached
    with opened(tmp_path, at=1599.0) as client:
        response = client.get(server.url + PAGE)
        assert (response.body, response.is_cached, client.cache.hits) == (b"one", True, 1)
        assert response.headers["content-type"] == "text/html"
    assert server.count(PAGE) == 1


def test_a_stale_page_is_confirmed_without_sending_it_again(server, tmp_path):
    with opened(tmp_path) as client:
        client.get(server.url + PAGE)
    with opened(tmp_path, at=1601.0) as client:
        assert client.get(server.url + PAGE).body == b"one"
        assert client.cache.confirmed == 1
    assert [request.status for request in server.requests] == [200, 304]
    with opened(tmp_path, at=2200.0) as client:
        client.get(server.url + PAGE)
    assert server.count(PAGE) == 2


def test_a_changed_page_replaces_the_kept_one(server, tmp_path):
    with opened(tmp_path) as client:
        client.get(server.url + PAGE)
    server.add_body(PAGE, b"two")
    for at in (1601.0, 1700.0):
        with opened(tmp_path, at=at) as client:
            assert client.get(server.url + PAGE).body == b"two"
    assert server.count(PAGE) == 2


def test_json_and_html_of_one_page_are_kept_apart(server, tmp_path):
    with opened(tmp_path) as client:
        client.get(server.url + PAGE, headers={"Accept": "application/json"})
        client.get(server.url + PAGE, headers={"Accept": "text/html"})
    assert server.count(PAGE) == 2


def test_offline_uses_what_is_kept_however_old(server, tmp_path):
    with opened(tmp_path) as client:
        client.get(server.url + PAGE)
    with opened(tmp_path, at=1e9, offline=True) as client:
        assert client.get(server.url + PAGE).body == b"one"
        with pytest.raises(Offline):
            client.get(server.url + "/simple/y/")
    assert server.count() == 1


@pytest.mark.parametrize("header", ["no-store", "no-store, max-age=600"])
def test_what_must_not_be_kept_is_not(server, tmp_path, header):
    server.add_fault(PAGE, Fault(headers={"Cache-Control": header}))
    for _ in range(2):
        with opened(tmp_path) as client:
            client.get(server.url + PAGE)
            assert client.cache.stored == 0
    assert [request.status for request in server.requests] == [200, 200]


def test_no_cache_means_ask_every_time(server, tmp_path):
    server.add_fault(PAGE, Fault(headers={"Cache-Control": "no-cache, max-age=600"}))
    for _ in range(2):
        with opened(tmp_path) as client:
            client.get(server.url + PAGE)
    assert [request.status for request in server.requests] == [200, 304]


def test_a_page_without_any_means_to_ask_is_not_kept(server, tmp_path):
    server.etags, server.cache_control = False, ""
    with opened(tmp_path) as client:
        client.get(server.url + PAGE)
        assert client.cache.stored == 0


def test_errors_are_not_kept(server, tmp_path):
    server.add_fault(PAGE, Fault(status=404, times=1, headers={"Cache-Control": "max-age=600"}))
    with opened(tmp_path) as client:
        with pytest.raises(Exception, match="404"):
            client.get(server.url + PAGE)
        assert client.get(server.url + PAGE).body == b"one"


@given(damage=st.binary(max_size=40), position=st.integers(0, 400))
def test_a_damaged_page_is_simply_not_there(tmp_path_factory, damage, position):
    directory = tmp_path_factory.mktemp("pages")
    cache = PageCache(str(directory), clock=lambda: 0.0)
    from accelinstall.net import Response

    right = Response(status=200, headers={"etag": "x"}, body=b"body" * 10, url="http://h/")
    cache.store("http://h/", "a", right)
    [path] = [Path(root) / name for root, _, names in os.walk(directory) for name in names]
    content = path.read_bytes()
    path.write_bytes(content[:position] + damage)
    page = cache.find("http://h/", "a")
    assert page is None or isinstance(page, Page)
    if page is not None:
        assert len(page.body) == page.length


def test_a_folder_that_cannot_be_written_costs_the_cache_only(server, tmp_path):
    (tmp_path / "pages").write_text("a file stands in the way")
    with opened(tmp_path) as client:
        assert client.get(server.url + PAGE).body == b"one"


def test_processes_may_share_the_folder(tmp_path):
    code = """
import sys
from accelinstall.net import PageCache, Response
cache = PageCache(sys.argv[1])
for number in range(150):
    body = bytes([65 + number % 26]) * 200_000
    cache.store("http://h/", "a", Response(status=200, headers={"etag": "x"}, body=body, url="http://h/"))
    page = cache.find("http://h/", "a")
    assert page is not None and len(page.body) == 200_000 and len(set(page.body)) == 1, number
"""
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    left = [name for _, _, names in os.walk(tmp_path) for name in names]
    assert len(left) == 1
