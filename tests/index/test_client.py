"""The index client reads everything once, early where asked, with as few requests as the server allows."""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from accelinstall.errors import SourceError
from accelinstall.index import (
    IndexClient,
    MetadataChanged,
    MetadataNeedsBuild,
    MetadataUnreadable,
    Mirrors,
    PageMalformed,
    SourceRefusesLogin,
    SourceUnreachable,
)
from accelinstall.model.index import IndexFile
from accelinstall.model.project import Source
from accelinstall.net import HttpClient, Login, PageCache
from accelinstall.testing import Fault, IndexServer, make_sdist, make_wheel


@pytest.fixture
def wheel(tmp_path):
    return make_wheel(tmp_path, "demo", "1.0", requires=["idna>=3"], requires_python=">=3.9", extras=["x"])


@pytest.fixture
def big_wheel(tmp_path):
    """Its directory is larger than the first range, and METADATA lies right before it."""
    files = {f"big/{number:04}_{'x' * 60}.py": bytes([number % 256]) * 40 for number in range(700)}
    return make_wheel(tmp_path, "big", "1.0", files=files, requires=["idna"])


@pytest.fixture
def server(wheel, big_wheel):
    with IndexServer() as server:
        server.add(wheel)
        server.add(big_wheel)
        yield server


@pytest.fixture
def http():
    with HttpClient(environ={}, wait=lambda _: None, timeout=10) as http:
        yield http


@pytest.fixture
def index(http):
    with IndexClient(http) as index:
        yield index


def test_files_and_metadata_of_one_wheel_cost_two_requests(server, index, wheel):
    [file] = index.files(server.source(), "Demo")
    metadata = index.metadata(file)
    assert (metadata.name, metadata.version, metadata.requires_dist) == ("demo", "1.0", ("idna>=3",))
    assert (metadata.requires_python, metadata.provides_extra) == (">=3.9", ("x",))
    assert (file.size, file.source) == (wheel.stat().st_size, "default")
    assert [request.path for request in server.requests] == ["/simple/demo/", server.file_path(wheel.name)]
    assert server.count(method="HEAD") == 0


def test_a_big_directory_costs_one_request_more_and_not_the_file(server, index, big_wheel):
    [file] = index.files(server.source(), "big")
    assert index.metadata(file).requires_dist == ("idna",)
    assert server.count("/files/") == 2
    assert server.bytes_sent("/files/") < big_wheel.stat().st_size


def test_html_and_json_give_the_same_files_but_for_sizes(server, index):
    [from_json] = index.files(server.source(), "demo")
    server.json = False
    [from_html] = index.files(server.source("other"), "demo")
    assert replace(from_html, size=from_json.size, source="default") == from_json


def test_an_unknown_name_is_no_error(server, index):
    assert index.files(server.source(), "nobody") == ()


def test_a_metadata_file_is_preferred_and_checked(server, index, wheel):
    server.add(wheel, metadata=True)
    [file] = index.files(server.source(), "demo")
    assert index.metadata(file).requires_dist == ("idna>=3",)
    assert [request.path for request in server.requests][1:] == [server.file_path(wheel.name) + ".metadata"]


def test_a_metadata_file_with_another_hash_is_refused(server, index, wheel):
    server.add(wheel, metadata=b"Name: demo\nVersion: 1.0\nRequires-Dist: evil\n", metadata_sha256="0" * 64)
    [file] = index.files(server.source(), "demo")
    with pytest.raises(MetadataChanged) as caught:
        index.metadata(file)
    assert wheel.name in caught.value.message
    assert caught.value.hint


def test_a_promised_metadata_file_that_is_missing_is_made_up_for(server, index, wheel):
    server.add(wheel, metadata=True)
    server.add_fault(server.file_path(wheel.name) + ".metadata", Fault(status=404))
    [file] = index.files(server.source(), "demo")
    assert index.metadata(file).requires_dist == ("idna>=3",)


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (Fault(ignore_ranges=True), 2),
        (Fault(content_range="bytes 0-9/99"), 2),
        (Fault(shift_range=-20), 2),
        (Fault(status=501, times=1), 3),
        (Fault(status=416, times=1), 3),
        (Fault(status=400, only_ranged=True), 3),
    ],
    ids=["ignored", "wrong-header", "wrong-bytes", "no-suffix-501", "no-suffix-416", "refused"],
)
def test_servers_that_are_bad_at_ranges_are_read_all_the_same(server, index, big_wheel, fault, requests):
    server.add_fault(server.file_path(big_wheel.name), fault)
    [file] = index.files(server.source(), "big")
    assert index.metadata(file).requires_dist == ("idna",)
    assert server.count("/files/") == requests


def test_a_server_that_knows_no_suffix_and_told_no_size_is_asked_for_it(server, index, big_wheel):
    server.json = False
    server.add_fault(server.file_path(big_wheel.name), Fault(status=501, times=1))
    [file] = index.files(server.source(), "big")
    assert file.size is None
    assert index.metadata(file).requires_dist == ("idna",)
    assert [request.range for request in server.requests][2] == "bytes=0-0"


def test_a_file_that_changes_between_two_ranges_is_read_anew(server, index, big_wheel, tmp_path):
    other = make_wheel(tmp_path / "b", "big", "1.0", files={"a": b"x" * 500_000}, requires=["changed"], compression=0)
    server.add_fault(server.file_path(big_wheel.name), Fault(content=other.read_bytes(), after=1))
    [file] = index.files(server.source(), "big")
    assert index.metadata(file).requires_dist == ("changed",)


def test_a_wheel_that_speaks_of_another_project_is_refused(server, index, tmp_path):
    path = make_wheel(tmp_path, "evil", "6.6", filename="demo-2.0-py3-none-any.whl")
    server.add(path)
    file = next(file for file in index.files(server.source(), "demo") if file.version == "2.0")
    with pytest.raises(MetadataUnreadable) as caught:
        index.metadata(file)
    assert "it says evil 6.6" in caught.value.message


def test_versions_are_compared_as_versions(server, index, tmp_path):
    server.add(make_wheel(tmp_path, "demo", "2", filename="demo-2.0.0-py3-none-any.whl"))
    file = next(file for file in index.files(server.source(), "demo") if file.version == "2.0.0")
    assert index.metadata(file).version == "2"


def test_what_is_no_wheel_at_all_is_named(server, index, tmp_path):
    path = tmp_path / "demo-3.0-py3-none-any.whl"
    path.write_bytes(b"<html>please log in</html>")
    server.add(path)
    file = next(file for file in index.files(server.source(), "demo") if file.version == "3.0")
    with pytest.raises(MetadataUnreadable) as caught:
        index.metadata(file)
    assert path.name in caught.value.message


def test_source_archives_are_listed_and_need_a_build(server, index, tmp_path):
    server.add(make_sdist(tmp_path, "demo", "0.9"))
    file = next(file for file in index.files(server.source(), "demo") if not file.is_wheel)
    assert file.version == "0.9"
    with pytest.raises(MetadataNeedsBuild):
        index.metadata(file)


# Once and only once.


def test_what_is_on_its_way_is_waited_for_and_not_fetched_twice(server, index, wheel):
    server.add_fault("/simple/demo/", Fault(delay=0.1))
    server.add_fault(server.file_path(wheel.name), Fault(delay=0.1))
    index.prefetch([(server.source(), "demo")] * 3)
    index.prefetch([(server.source(), "DEMO")])
    found = []
    threads = [threading.Thread(target=lambda: found.append(index.files(server.source(), "demo"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [file] = found[0]
    assert found == [(file,)] * 8
    index.prefetch_metadata([file, file])
    assert index.metadata(file) is index.metadata(file)
    assert (server.count("/simple/"), server.count("/files/")) == (1, 1)


def test_prefetching_reads_many_pages_at_once(server, http, tmp_path):
    names = [f"p{number}" for number in range(12)]
    for name in names:
        server.add(make_wheel(tmp_path, name, "1.0"))
        server.add_fault(f"/simple/{name}/", Fault(delay=0.3))
    began = time.monotonic()
    with IndexClient(http, threads=12) as index:
        index.prefetch((server.source(), name) for name in names)
        assert all(len(index.files(server.source(), name)) == 1 for name in names)
    assert server.connections == 12
    assert time.monotonic() - began < 0.3 * 12


@pytest.mark.parametrize(("seconds", "connections"), [(None, 12), (0.001, 12), (0.03, 32)])
def test_the_farther_the_index_the_more_connections_are_opened(server, tmp_path, seconds, connections):
    class Distant(HttpClient):
        round_trip = seconds

    names = [f"p{number}" for number in range(40)]
    for name in names:
        server.add(make_wheel(tmp_path, name, "1.0"))
        server.add_fault(f"/simple/{name}/", Fault(delay=0.5))
    with Distant(environ={}) as http, IndexClient(http) as index:
        index.prefetch((server.source(), name) for name in names)
        deadline = time.monotonic() + 10
        while server.connections < connections and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.connections == connections


def test_the_distance_is_that_of_the_quickest_connecting(server):
    with HttpClient(environ={}) as http:
        assert http.round_trip is None
        http.get(server.simple_url + "demo/")
        assert 0 < http.round_trip < 5


def test_a_queue_does_not_hold_up_who_asks_now(server, http):
    server.add_fault("/simple/slow/", Fault(delay=30))
    with IndexClient(http, threads=1) as index:
        index.prefetch([(server.source(), "slow"), (server.source(), "demo")])
        assert len(index.files(server.source(), "demo")) == 1
    server.stopping.set()


def test_an_early_failure_shows_when_it_is_asked_for(server, index):
    server.add_body("/simple/demo/", b"{", content_type="application/json")
    index.prefetch([(server.source(), "demo")])
    for _ in range(2):
        with pytest.raises(PageMalformed):
            index.files(server.source(), "demo")
    assert server.count("/simple/") == 1


def test_a_second_run_reads_no_metadata(server, http, tmp_path):
    for expected in (2, 0):
        server.clear_requests()
        with IndexClient(http, str(tmp_path / "cache")) as index:
            for name in ("demo", "big"):
                [file] = index.files(server.source(), name)
                assert index.metadata(file).requires_dist
        assert server.count("/files/") == (3 if expected else 0)


def test_another_hash_is_another_file(server, http, tmp_path):
    with IndexClient(http, str(tmp_path / "cache")) as index:
        [file] = index.files(server.source(), "demo")
        index.metadata(file)
        index.metadata(replace(file, sha256="0" * 64))
    assert server.count("/files/") == 2


def test_kept_metadata_that_is_damaged_is_read_again(server, http, tmp_path):
    with IndexClient(http, str(tmp_path / "cache")) as index:
        [file] = index.files(server.source(), "demo")
        right = index.metadata(file)
    [kept] = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    for damage in (b"", b"{}", b"[]", b'{"name": 1}', b"\xff", b'{"requires_dist": 1, "provides_extra": []}'):
        kept.write_bytes(damage)
        with IndexClient(http, str(tmp_path / "cache")) as index:
            assert index.metadata(file) == right


def test_a_missing_hash_is_computed_once(server, index, wheel):
    expected = server.add(wheel).sha256
    server.add(wheel, sha256="")
    [file] = index.files(server.source(), "demo")
    assert file.sha256 == ""
    assert index.sha256(file) == index.sha256(file) == expected
    assert server.count("/files/") == 1


def test_a_known_hash_is_not_computed(server, index):
    [file] = index.files(server.source(), "demo")
    assert index.sha256(file) == file.sha256
    assert server.count("/files/") == 0


# What goes wrong.


def test_a_source_that_cannot_be_reached_says_which_and_why(index):
    with IndexServer() as gone:
        source = gone.source("pytorch-cpu")
    for name in ("torch", "torchvision"):
        with pytest.raises(SourceUnreachable) as caught:
            index.files(source, name)
        assert caught.value.source == "pytorch-cpu"
        assert caught.value.reason == "connection refused"
        assert caught.value.hint
        assert isinstance(caught.value, SourceError)
        assert caught.value.code == "source-unreachable"


@pytest.mark.parametrize("status", [401, 403])
def test_a_wanted_login_is_an_error_of_its_own(server, index, status):
    server.add_fault("/simple/demo/", Fault(status=status))
    with pytest.raises(SourceRefusesLogin) as caught:
        index.files(server.source("company"), "demo")
    assert "company" in caught.value.message
    assert "netrc" in caught.value.hint


def test_a_login_given_to_the_client_opens_pages_and_files(wheel):
    with IndexServer(credentials=("me", "secret")) as server:
        server.add(wheel)
        http = HttpClient(environ={}, credentials={server.simple_url: Login("me", "secret")})
        with http, IndexClient(http) as index:
            [file] = index.files(server.source(), "demo")
            assert index.metadata(file).name == "demo"
        assert "secret" not in file.url


def test_offline_says_so_without_a_socket(server):
    http = HttpClient(environ={}, offline=True)
    with http, IndexClient(http) as index, pytest.raises(SourceUnreachable) as caught:
        index.files(server.source(), "demo")
    assert "switched off" in caught.value.reason
    assert server.connections == 0


def test_an_interrupted_program_does_not_wait_for_a_stalled_server(server):
    server.add_fault("/simple/demo/", Fault(stall_after=0, stall=60))
    code = f"""
import signal
from accelinstall.index import IndexClient
from accelinstall.model.project import Source
from accelinstall.net import HttpClient
signal.signal(signal.SIGINT, signal.default_int_handler)
source = Source(name="x", url={server.simple_url!r})
try:
    with HttpClient(environ={{}}) as http, IndexClient(http) as index:
        index.prefetch([(source, "demo"), (source, "other")])
        print("ready", flush=True)
        index.files(source, "demo")
except KeyboardInterrupt:
    print("interrupted")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert output == "interrupted\n"
    assert time.monotonic() - began < 10


# Mirrors.


def test_a_mirror_is_asked_and_the_canonical_address_is_told(server, http, wheel):
    source = Source(name="pytorch-cpu", url="https://canonical.invalid/simple")
    mirrors = Mirrors.of([source], {"pytorch-cpu": server.simple_url})
    server.add_body("/simple/demo/", f'<a href="{wheel.name}">x</a>'.encode())
    server.add_body(f"/simple/demo/{wheel.name}", wheel.read_bytes())
    with IndexClient(http, mirrors=mirrors) as index:
        [file] = index.files(source, "demo")
        assert file.url == f"https://canonical.invalid/simple/demo/{wheel.name}"
        assert index.metadata(file).name == "demo"
        assert len(index.sha256(file)) == 64
    assert server.count() == 3


def test_importing_the_room_loads_nothing_heavy():
    heavy = ["urllib3", "ssl", "tempfile", "msgspec", "selectolax", "packaging", "zipfile", "email", "pypi_simple"]
    code = f"import sys, accelinstall.index; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_that_vanished_is_the_sources_fault(server, index):
    file = IndexFile(
        filename="gone-1.0-py3-none-any.whl",
        url=server.file_url("gone-1.0-py3-none-any.whl"),
        name="gone",
        version="1.0",
        source="default",
        is_wheel=True,
    )
    for named in (file, replace(file, source="", url=file.url + "?again")):
        with pytest.raises(SourceUnreachable) as caught:
            index.metadata(named)
        assert "404" in caught.value.reason
        assert "``" not in caught.value.message


def test_a_metadata_file_is_kept_once_not_twice(tmp_path):
    with IndexServer(cache_control="max-age=600") as server:
        server.add(make_wheel(tmp_path / "wheels", "demo", "1.0"), metadata=True)
        http = HttpClient(environ={}, cache=PageCache(str(tmp_path / "pages")))
        with http, IndexClient(http, str(tmp_path / "cache")) as index:
            [file] = index.files(server.source(), "demo")
            index.metadata(file)
            assert http.cache.stored == 1
        assert server.count("/files/") == 1
