"""Hosts are looked up once, however many connections are opened to them."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from accelinstall.net import ConnectionFailed, HostUnknown, HttpClient
from accelinstall.net.lookups import AddressBook
from accelinstall.net.retries import RetryPolicy
from accelinstall.testing import Fault, IndexServer

ONCE = RetryPolicy(attempts=1)


class Resolver:
    """Look-ups that take a while and are counted; the last answer is repeated, an empty one means unknown."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), list[str]()

    def __call__(self, host: str, port: int) -> list[str]:
        time.sleep(0.02)
        self.asked.append(host)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if not answer:
            raise socket.gaierror(-2, "Name or service not known")
        return answer


@pytest.fixture
def server():
    with IndexServer() as running:
        running.add_body("/page", b"here")
        yield running


def address(server: IndexServer, host: str) -> str:
    return f"http://{host}:{urlsplit(server.url).port}/page"


def at_once(*works) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_host_is_looked_up_once_for_all_connections(server):
    resolver = Resolver(["127.0.0.1"])
    server.add_fault("/page", Fault(delay=0.2, times=12))
    with HttpClient(environ={}, look_up=resolver) as client:
        at_once(*[lambda: client.get(address(server, "index.example"))] * 12)
    assert server.connections == 12
    assert resolver.asked == ["index.example"]


def test_a_host_that_is_slow_to_be_found_holds_up_no_other(server):
    answered = threading.Event()

    def look_up(host: str, port: int) -> list[str]:
        assert host == "quick.example" or answered.wait(20)
        return ["127.0.0.1"]

    with HttpClient(environ={}, look_up=look_up) as client:
        slow = threading.Thread(target=lambda: client.get(address(server, "slow.example")))
        slow.start()
        assert client.get(address(server, "quick.example")).body == b"here"
        answered.set()
        slow.join()
    assert len(server.requests) == 2


def test_the_next_address_is_tried_when_one_does_not_answer(server):
    resolver = Resolver(["127.0.0.2", "127.0.0.1"])
    with HttpClient(environ={}, look_up=resolver) as client:
        response = client.get(address(server, "index.example"))
    assert (response.body, response.url) == (b"here", address(server, "index.example"))
    assert server.requests[0].headers["host"] == urlsplit(response.url).netloc


def test_a_host_none_of_whose_addresses_answers_is_looked_up_anew(server):
    resolver = Resolver(["127.0.0.2"], ["127.0.0.1"])
    with HttpClient(environ={}, look_up=resolver, wait=lambda _: None) as client:
        assert client.get(address(server, "index.example")).body == b"here"
    assert resolver.asked == ["index.example"] * 2


def test_hosts_that_are_unknown_or_silent_are_named(server):
    with (
        HttpClient(environ={}, look_up=Resolver([]), retries=ONCE) as client,
        pytest.raises(HostUnknown, match=r"index\.example"),
    ):
        client.get(address(server, "index.example"))
    with (
        HttpClient(environ={}, look_up=Resolver(["127.0.0.2"]), retries=ONCE) as client,
        pytest.raises(ConnectionFailed, match=r"index\.example"),
    ):
        client.get(address(server, "index.example"))


def test_a_failed_look_up_is_not_remembered():
    resolver = Resolver([], ["192.0.2.1", "192.0.2.1"])
    book = AddressBook(resolver)
    with pytest.raises(socket.gaierror):
        book.addresses("h", 443)
    assert book.addresses("h", 443) == book.addresses("h", 443) == ("192.0.2.1",)
    assert len(resolver.asked) == 2
