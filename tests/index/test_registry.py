"""The real registry, as pip is configured to reach it."""

import os

import pytest

from accelinstall.index import IndexClient, default_index_url, read_pip_configuration
from accelinstall.model.project import Source
from accelinstall.net import HttpClient


@pytest.mark.registry
def test_a_small_package_of_the_registry_is_read():
    pip = read_pip_configuration(os.environ)
    source = Source(name="default", url=default_index_url(pip))
    http = HttpClient(
        cert=pip.cert,
        client_cert=pip.client_cert,
        proxy=pip.proxy,
        trusted_hosts=pip.trusted_hosts,
        credentials=pip.credentials,
        timeout=pip.timeout or 30,
    )
    with http, IndexClient(http) as index:
        files = index.files(source, "idna")
        wheel = next(file for file in files if file.filename == "idna-3.10-py3-none-any.whl")
        metadata = index.metadata(wheel)
        assert index.files(source, "a-name-that-nobody-has-registered-42") == ()
    assert (metadata.name, metadata.version, metadata.requires_python) == ("idna", "3.10", ">=3.6")
    assert metadata.provides_extra == ("all",)
    assert wheel.sha256 == "946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3"
