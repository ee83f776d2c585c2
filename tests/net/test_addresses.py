"""An address that cannot be asked is refused with a hint, and however its login is torn, nobody is shown it."""

from __future__ import annotations

import pytest

from accelinstall.net import HttpClient, InvalidAddress
from accelinstall.net.addresses import without_credentials

TORN = [
    "http://us3r:s3cret@[::1/simple/",
    "http://us3r:s3cret#x@host/simple/",
    "http://us3r:s3cret/x@host/simple/",
    "http://us3r:s3cret?x@host/simple/",
    "us3r:s3cret@host/simple/",
    "ftp://us3r:s3cret@host/simple/",
    "http://us3r:s3cret@host:99999/simple/",
    "http://us3r:s3cret@",
]


@pytest.mark.parametrize("url", TORN)
def test_a_broken_address_is_refused_without_its_login(url: str) -> None:
    with pytest.raises(InvalidAddress) as caught, HttpClient() as client:
        client.get(client.learn_credentials(url))
    shown = caught.value.message + caught.value.hint
    assert "s3c" not in shown and "us3r" not in shown
    assert caught.value.hint


@pytest.mark.parametrize(
    "url", ["https://host/@scope/x", "http://127.0.0.1:80/a@b/", "file:///a@b/", "http://[::1]:8/@"]
)
def test_a_sign_in_a_path_is_no_login(url: str) -> None:
    assert without_credentials(url) == url
