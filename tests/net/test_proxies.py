"""Which proxy an address goes through."""

import pytest

from accelinstall.net import HttpClient, HttpError, ProxyFailed, SetupUnreadable, join_credentials
from accelinstall.net.origins import Origin, origin_of
from accelinstall.net.proxies import Proxies, is_excluded
from accelinstall.testing import IndexServer


def proxy(url, environ, fixed=""):
    return Proxies(fixed=fixed, environ=environ).proxy_for(origin_of(url))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ""),
        ({"https_proxy": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, "http://low:1"),
        ({"http_proxy": "http://p:1"}, ""),
        ({"ALL_PROXY": "p:1"}, "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "example.org"}, ""),
        ({"https_proxy": "http://p:1", "NO_PROXY": "*"}, ""),
    ],
)
def test_the_environment_names_proxies_by_scheme(environ, expected):
    assert proxy("https://pypi.example.org/simple/", environ) == expected


def test_pips_proxy_is_stronger_than_the_environment():
    environ = {"https_proxy": "http://env:1", "no_proxy": "*"}
    assert proxy("https://host/", environ, fixed="pip:2") == "http://pip:2"


def test_a_proxy_header_of_a_cgi_request_is_not_a_proxy():
    environ = {"REQUEST_METHOD": "GET", "HTTP_PROXY": "http://evil:1"}
    assert proxy("http://host/", environ) == ""
    assert proxy("http://host/", {**environ, "http_proxy": "http://good:1"}) == "http://good:1"


@pytest.mark.parametrize(
    ("host", "port", "entry", "excluded"),
    [
        ("a.example.org", 443, "example.org", True),
        ("a.example.org", 443, ".example.org", True),
        ("a.example.org", 443, "*.example.org", True),
        ("badexample.org", 443, "example.org", False),
        ("example.org", 443, "example.org:443", True),
        ("example.org", 443, "example.org:8080", False),
        ("10.1.2.3", 80, "10.0.0.0/8", True),
        ("11.1.2.3", 80, "10.0.0.0/8", False),
        ("::1", 80, "::1", True),
        ("::1", 80, "[::1]:80", True),
        ("host", 80, " other , HOST ", True),
        ("host", 80, "", False),
        ("host", 80, ",", False),
        ("host", 80, "not/a/network", False),
        ("host", 80, "host:\xb2", False),
    ],
)
def test_no_proxy_knows_names_ports_and_networks(host, port, entry, excluded):
    assert is_excluded(Origin("https", host, port), entry) is excluded


@pytest.fixture
def forwarder():
    with IndexServer() as server:
        server.add_body("/page", b"through the proxy")
        yield server


def test_requests_go_through_the_proxy_with_its_login(forwarder):
    address = join_credentials(forwarder.url, "me", "secret")
    with HttpClient(environ={"http_proxy": address}) as client:
        assert client.get("http://nowhere.invalid/page").body == b"through the proxy"
    assert forwarder.requests[0].headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    assert forwarder.requests[0].headers["host"] == "nowhere.invalid"


def test_a_proxy_that_is_gone_is_named_as_the_culprit_without_its_login(forwarder):
    with IndexServer() as other:
        gone = join_credentials(other.url, "me", "secret")
    with HttpClient(proxy=gone, environ={}, wait=lambda _: None) as client, pytest.raises(HttpError) as caught:
        client.get("http://nowhere.invalid/page")
    assert isinstance(caught.value, ProxyFailed)
    assert "secret" not in caught.value.message + caught.value.hint
    assert "NO_PROXY" in caught.value.hint


@pytest.mark.parametrize("proxy", ["http://[", "http://me:hunter2@127.0.0.1:99999"])
def test_a_proxy_whose_address_is_none_is_a_wrong_setting_told_without_its_login(proxy):
    with HttpClient(environ={"http_proxy": proxy}) as client, pytest.raises(SetupUnreadable) as caught:
        client.get("http://files.example.com/x")
    assert "proxy" in caught.value.message and "hunter2" not in caught.value.message


def test_a_proxy_of_an_unknown_kind_is_a_wrong_setting():
    with HttpClient(proxy="socks9://p:1", environ={}) as client, pytest.raises(SetupUnreadable):
        client.get("http://nowhere.invalid/page")
