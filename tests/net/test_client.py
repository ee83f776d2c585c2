"""One client for every hand: attempts, redirects, logins and refusals, counted on a real server."""

import gzip
import subprocess
import sys
import threading

import pytest

from accelinstall.net import (
    AnswerBroken,
    AnswerTooLarge,
    ConnectionFailed,
    ConnectionLost,
    CredentialsRefused,
    HostUnknown,
    HttpClient,
    HttpError,
    InvalidAddress,
    Login,
    NotFound,
    Offline,
    RedirectRefused,
    ServerFailed,
    TimedOut,
    TooManyRequests,
    join_credentials,
)
from accelinstall.net.retries import RetryPolicy
from accelinstall.testing import Fault, IndexServer

PAGE = "/page"


@pytest.fixture
def server():
    with IndexServer() as server:
        server.add_body(PAGE, b"hello")
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(waits):
    with HttpClient(environ={}, wait=waits.append, timeout=5) as client:
        yield client


def test_connections_are_kept_and_used_again(server, client):
    for _ in range(5):
        assert client.get(server.url + PAGE).body == b"hello"
    assert server.count(PAGE) == 5
    assert server.connections == 1


def test_32_threads_share_one_client(server, client):
    failures = []

    def read():
        try:
            for _ in range(4):
                assert client.get(server.url + PAGE).body == b"hello"
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert server.count(PAGE) == 128
    assert server.connections <= 32


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503, times=2),
        Fault(status=429, times=2),
        Fault(hang_up=True, times=2),
        Fault(close_after=2, times=2),
    ],
    ids=["503", "429", "hang-up", "cut-off"],
)
def test_what_passes_is_tried_again(server, client, waits, fault):
    server.add_fault(PAGE, fault)
    assert client.get(server.url + PAGE).body == b"hello"
    assert server.count(PAGE) == 3
    assert len(waits) == 2
    assert waits[0] < waits[1]


def test_a_server_that_keeps_failing_is_left_after_five_attempts(server, client, waits):
    server.add_fault(PAGE, Fault(status=500))
    with pytest.raises(ServerFailed) as caught:
        client.get(server.url + PAGE)
    assert caught.value.status == 500
    assert (server.count(PAGE), len(waits)) == (5, 4)


@pytest.mark.parametrize("status", [400, 404, 403, 410, 451])
def test_a_refusal_is_not_argued_with(server, client, status):
    server.add_fault(PAGE, Fault(status=status))
    with pytest.raises(HttpError) as caught:
        client.get(server.url + PAGE)
    assert caught.value.status == status
    assert server.count(PAGE) == 1


def test_the_server_says_how_long_to_wait(server, client, waits):
    server.add_fault(PAGE, Fault(status=429, times=1, headers={"Retry-After": "7"}))
    client.get(server.url + PAGE)
    assert waits == [7.0]


@pytest.mark.parametrize("seconds", [3600, 1_000_000])
def test_nobody_waits_an_hour(server, client, waits, seconds):
    server.add_fault(PAGE, Fault(status=429, headers={"Retry-After": str(seconds)}))
    with pytest.raises(TooManyRequests, match=f"for {seconds} s$") as caught:
        client.get(server.url + PAGE)
    assert caught.value.retry_after == seconds
    assert (server.count(PAGE), waits) == (1, [])


@pytest.mark.parametrize("length", ["abc", "-5", "5, 5", "\xb2", "9" * 5000])
def test_a_length_that_is_no_number_is_told_at_once_instead_of_waited_for(server, client, length):
    server.add_fault(PAGE, Fault(headers={"Content-Length": length}))
    with pytest.raises(AnswerBroken, match="Content-Length"):
        client.get(server.url + PAGE)
    with pytest.raises(AnswerBroken, match="Content-Length"):
        client.open(server.url + PAGE)
    assert server.count(PAGE) == 2


def test_a_page_that_announces_more_than_anybody_reads_is_not_begun(server, client):
    server.add_fault(PAGE, Fault(headers={"Content-Length": "9" * 12}))
    with pytest.raises(AnswerTooLarge):
        client.get(server.url + PAGE)
    assert server.count(PAGE) == 1


def test_a_server_that_falls_silent_is_a_timeout(server):
    server.add_fault(PAGE, Fault(stall_after=2, stall=30))
    client = HttpClient(environ={}, timeout=0.2, retries=RetryPolicy(attempts=2), wait=lambda _: None)
    with client, pytest.raises(TimedOut) as caught:
        client.get(server.url + PAGE)
    assert caught.value.code == "timed-out"
    assert caught.value.hint


def test_a_server_that_was_never_reached_is_asked_once(waits):
    with IndexServer() as server:
        gone = server.url
    with HttpClient(environ={}, wait=waits.append) as client:
        with pytest.raises(ConnectionFailed) as caught:
            client.get(gone + "/a")
        assert caught.value.reason == "connection refused"
        assert len(waits) == 1
        with pytest.raises(ConnectionFailed) as caught:
            client.get(gone + "/b")
    assert caught.value.url == gone + "/b"
    assert len(waits) == 1


def test_a_name_that_does_not_resolve_says_so(client):
    with pytest.raises(HostUnknown) as caught:
        client.get("http://nowhere.invalid/")
    assert "nowhere.invalid" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "http:///x", "http://a b/", "http://[::1/", "http://h:99999/", "nonsense"]
)
def test_what_is_no_address_is_refused_before_any_socket(client, url):
    with pytest.raises(InvalidAddress):
        client.get(url)


def test_offline_means_no_socket(server):
    with HttpClient(offline=True, environ={}) as client:
        with pytest.raises(Offline) as caught:
            client.get(server.url + PAGE)
        with pytest.raises(Offline):
            client.open(server.url + PAGE)
    assert "--find-links" in caught.value.hint
    assert server.connections == 0


def test_a_closed_client_stops_trying(server):
    client = HttpClient(environ={}, retries=RetryPolicy(backoff=60, longest=60))
    server.add_fault(PAGE, Fault(status=503))
    threading.Timer(0.2, client.close).start()
    with pytest.raises(HttpError):
        client.get(server.url + PAGE)
    assert server.count(PAGE) == 1


# Redirects.


def test_redirects_are_followed_and_the_last_address_is_told(server, client):
    server.add_fault("/old", Fault(redirect=PAGE))
    response = client.get(server.url + "/old")
    assert (response.body, response.url) == (b"hello", server.url + PAGE)


def test_a_login_does_not_travel_to_another_host(server):
    with IndexServer(credentials=("me", "secret")) as first:
        first.add_fault("/old", Fault(redirect=server.url_for("localhost") + PAGE))
        with HttpClient(environ={}) as client:
            client.get(join_credentials(first.url + "/old", "me", "secret"), headers={"Cookie": "a=b", "X-Kept": "yes"})
    asked = server.requests[-1].headers
    assert "authorization" not in asked
    assert "cookie" not in asked
    assert asked["x-kept"] == "yes"


def test_redirects_end(server, client):
    server.add_fault("/loop", Fault(redirect="/loop"))
    with pytest.raises(RedirectRefused):
        client.get(server.url + "/loop")
    assert server.count("/loop") == 11


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://host/x", "http://[::1/"])
def test_redirects_stay_on_the_web(server, client, target):
    server.add_fault("/old", Fault(redirect=target))
    with pytest.raises(RedirectRefused):
        client.get(server.url + "/old")


def test_a_redirect_to_nowhere_is_an_error(server, client):
    server.add_fault("/old", Fault(status=302))
    with pytest.raises(RedirectRefused):
        client.get(server.url + "/old")


# Logins.


@pytest.fixture
def guarded():
    with IndexServer(credentials=("me", "p@ss:wörd")) as server:
        server.add_body("/a/page", b"hello")
        server.add_body("/b/page", b"hello")
        yield server


def test_a_login_in_the_address_is_used_and_never_shown(guarded):
    with HttpClient(environ={}) as client:
        url = join_credentials(guarded.url + "/a/page", "me", "p@ss:wörd")
        assert client.get(url).url == guarded.url + "/a/page"
        with pytest.raises(NotFound) as caught:
            client.get(join_credentials(guarded.url + "/a/other?token=12345", "me", "p@ss:wörd"))
    for text in (str(caught.value), repr(caught.value), caught.value.url, caught.value.hint):
        assert "ss%3A" not in text
        assert "p@ss" not in text
        assert "12345" not in text


def test_a_login_learnt_from_a_source_serves_its_pages_and_its_host(guarded):
    with HttpClient(environ={}) as client:
        assert client.learn_credentials(join_credentials(guarded.url + "/a/", "me", "p@ss:wörd")) == guarded.url + "/a/"
        assert client.get(guarded.url + "/a/page").status == 200
        assert client.get(guarded.url + "/b/page").status == 200


def test_the_closest_login_wins(guarded):
    logins = {guarded.url + "/a": Login("me", "p@ss:wörd"), guarded.url: Login("me", "wrong")}
    with HttpClient(environ={}, credentials=logins) as client:
        assert client.get(guarded.url + "/a/page").status == 200
        with pytest.raises(CredentialsRefused) as caught:
            client.get(guarded.url + "/b/page")
    assert "netrc" in caught.value.hint
    assert "wrong" not in repr(logins)


def test_netrc_gives_the_login_of_its_host(guarded, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password p@ss:wörd\n", encoding="utf-8")
    with HttpClient(environ={"HOME": str(tmp_path)}) as client:
        assert client.get(guarded.url + "/a/page").status == 200
    assert guarded.count("/a/page") == 1


def test_the_default_entry_of_netrc_is_not_sent_to_everybody(server, tmp_path):
    (tmp_path / "other").write_text("default login me password secret\n")
    with HttpClient(environ={"NETRC": str(tmp_path / "other")}) as client:
        client.get(server.url + PAGE)
    assert "authorization" not in server.requests[-1].headers


def test_a_broken_netrc_is_nobodys_error(server, tmp_path):
    (tmp_path / ".netrc").write_text("machine\nfoo bar baz\n")
    with HttpClient(environ={"HOME": str(tmp_path)}) as client:
        assert client.get(server.url + PAGE).status == 200


def test_a_lost_connection_names_the_page(server, client):
    server.add_fault(PAGE, Fault(hang_up=True))
    with pytest.raises(ConnectionLost) as caught:
        client.get(server.url + PAGE)
    assert server.url + PAGE in caught.value.message


def test_importing_the_room_does_not_load_an_http_library():
    heavy = ["urllib3", "http.client", "email", "ssl", "tempfile"]
    code = f"import sys, accelinstall.net; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_page_without_end_is_left_at_its_limit(server, client):
    """A hundred kilobytes of gzip that unpack to 101 MB."""
    packed = gzip.compress(bytes(101_000_000), compresslevel=1)
    server.add_body("/bomb", packed)
    server.add_fault("/bomb", Fault(headers={"Content-Encoding": "gzip"}))
    with pytest.raises(AnswerTooLarge) as caught:
        client.get(server.url + "/bomb")
    assert caught.value.message == f"{server.url}/bomb: its page has more than 100 MB"
    assert caught.value.hint
    assert server.count("/bomb") == 1
