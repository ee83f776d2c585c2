"""Which servers are believed to be who they say they are."""

from pathlib import Path

import pytest

from accelinstall.net import CertificateRefused, HttpClient, RedirectRefused, SetupUnreadable
from accelinstall.testing import Fault, IndexServer

FILES = Path(__file__).parent / "certificates"
CERT, KEY = FILES / "server.pem", FILES / "server.key"


@pytest.fixture
def server():
    with IndexServer(tls=(CERT, KEY)) as server:
        server.add_body("/page", b"hello")
        yield server


def test_an_unknown_certificate_is_refused_with_the_way_out(server):
    with HttpClient(environ={}) as client, pytest.raises(CertificateRefused) as caught:
        client.get(server.url + "/page")
    assert "self-signed" in caught.value.reason
    assert "global.cert" in caught.value.hint
    assert server.count() == 0


@pytest.mark.parametrize(
    "options",
    [
        {"cert": str(CERT)},
        {"environ": {"PIP_CERT": str(CERT)}},
        {"environ": {"REQUESTS_CA_BUNDLE": str(CERT)}},
        {"environ": {"SSL_CERT_FILE": str(CERT)}},
        {"environ": {"SSL_CERT_FILE": "nowhere.pem"}, "cert": str(CERT)},
        {"trusted_hosts": ["127.0.0.1"]},
    ],
    ids=["cert", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "cert-wins", "trusted-host"],
)
def test_certificates_come_from_where_pip_looks(server, options):
    with HttpClient(**{"environ": {}, **options}) as client:
        assert client.get(server.url + "/page").body == b"hello"


def test_a_trusted_host_with_a_port_means_that_port(server):
    port = server.url.rpartition(":")[2]
    with HttpClient(environ={}, trusted_hosts=[f"127.0.0.1:{port}"]) as client:
        assert client.get(server.url + "/page").status == 200
    with HttpClient(environ={}, trusted_hosts=["127.0.0.1:1"]) as client, pytest.raises(CertificateRefused):
        client.get(server.url + "/page")


@pytest.mark.parametrize("name", ["missing.pem", "empty.pem"])
def test_a_certificate_file_that_cannot_be_used_is_named(server, tmp_path, name):
    (tmp_path / "empty.pem").write_text("nothing")
    with HttpClient(environ={}, cert=str(tmp_path / name)) as client, pytest.raises(SetupUnreadable) as caught:
        client.get(server.url + "/page")
    assert name in caught.value.message


def test_a_client_certificate_is_shown_or_its_file_is_named(server, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(CERT.read_bytes() + KEY.read_bytes())
    with HttpClient(environ={}, cert=str(CERT), client_cert=str(both)) as client:
        assert client.get(server.url + "/page").status == 200
    client = HttpClient(environ={}, cert=str(CERT), client_cert=str(tmp_path / "no.pem"))
    with client, pytest.raises(SetupUnreadable) as caught:
        client.get(server.url + "/page")
    assert "no.pem" in caught.value.message


def test_an_encrypted_page_does_not_lead_to_an_open_one(server):
    with IndexServer() as plain:
        plain.add_body("/page", b"open")
        server.add_fault("/page", Fault(redirect=plain.url_for("localhost") + "/page"))
        with HttpClient(environ={}, cert=str(CERT)) as client, pytest.raises(RedirectRefused) as caught:
            client.get(server.url + "/page")
        assert "trusted-host localhost" in caught.value.hint
        assert plain.count() == 0


def test_plain_http_on_an_encrypted_port_is_an_error_of_ours(server):
    from accelinstall.net import HttpError

    with HttpClient(environ={}, wait=lambda _: None) as client, pytest.raises(HttpError):
        client.get(server.url.replace("https", "http") + "/page")
