"""A loopback index and a client that gives up soon, for the store's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accelinstall.net import HttpClient
from accelinstall.net.retries import RetryPolicy
from accelinstall.testing import IndexServer


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as running:
        yield running


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient(environ={}, keyring=False, timeout=1, retries=RetryPolicy(attempts=2, backoff=0.01)) as client:
        yield client
