"""Variant wheels on a loopback index: invisible unless asked for, one request more per release when they are."""

import json

import pytest

from accelinstall.index import IndexClient, VariantsUnreadable
from accelinstall.model.index import VariantWheel
from accelinstall.model.project import Source
from accelinstall.net import HttpClient
from accelinstall.testing import IndexServer
from tests.variants.releases import publish, wheel

VARIANTS = {"fast": {"x86_64": {"level": ["v1"]}}, "null": {}}


@pytest.fixture(params=["json", "html"])
def server(request, tmp_path):
    with IndexServer(json=request.param == "json", html=request.param == "html") as running:
        yield running


def labels(files):
    return [file.label if isinstance(file, VariantWheel) else "" for file in files]


def test_variants_are_invisible_unless_asked_for(server, tmp_path):
    publish(server, tmp_path, VARIANTS, ["x86_64"])
    with HttpClient() as http, IndexClient(http) as client:
        files = client.files(server.source(), "demo")
    assert [file.filename for file in files] == ["demo-1.0-py3-none-any.whl"]
    assert [request.path for request in server.requests] == ["/simple/demo/"]


def test_each_variant_leads_to_the_metadata_of_its_release_which_is_read_once(server, tmp_path):
    publish(server, tmp_path, VARIANTS, ["x86_64"])
    publish(server, tmp_path, VARIANTS, ["x86_64"], version="2.0", plain=False)
    with HttpClient() as http, IndexClient(http, variants=True) as client:
        files = client.files(server.source(), "demo")
        assert sorted(labels(files)) == ["", "fast", "fast", "null", "null"]
        found = [file for file in files if isinstance(file, VariantWheel)]
        assert {(file.version, file.properties_url.rpartition("/")[2]) for file in found} == {
            ("1.0", "demo-1.0-variants.json"),
            ("2.0", "demo-2.0-variants.json"),
        }
        first = [file for file in found if file.version == "1.0"]
        assert [client.variants(file).properties.keys() for file in first] == [VARIANTS.keys()] * 2
    assert [request.path for request in server.requests] == ["/simple/demo/", "/files/demo-1.0-variants.json"]


def test_a_page_without_metadata_tells_nothing_of_its_variants(server, tmp_path):
    server.add(wheel(tmp_path, "fast"))
    with HttpClient() as http, IndexClient(http, variants=True) as client:
        (file,) = client.files(server.source(), "demo")
        assert client.variants(file) is None
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "the document is no object"),
        (b"{", "Expecting property name"),
        (None, "another hash than its page says"),
    ],
)
def test_nonsense_is_an_error_that_names_the_file(server, tmp_path, body, reason):
    publish(server, tmp_path, VARIANTS, ["x86_64"])
    path = tmp_path / "demo-1.0-variants.json"
    if body is None:
        server.add(path, sha256="0" * 64)
    else:
        path.write_bytes(body)
        server.add(path)
    with HttpClient() as http, IndexClient(http, variants=True) as client:
        file = next(file for file in client.files(server.source(), "demo") if isinstance(file, VariantWheel))
        with pytest.raises(VariantsUnreadable, match=reason) as caught:
            client.variants(file)
    assert "demo-1.0-variants.json" in caught.value.message
    assert caught.value.code == "variants-unreadable"


def test_a_folder_of_wheels_has_its_metadata_beside_them(tmp_path):
    wheel(tmp_path, "null")
    wheel(tmp_path, "")
    content = {"$schema": "x/v0.1.1.json", "default-priorities": {"namespace": ["x86_64"]}, "variants": {"null": {}}}
    (tmp_path / "demo-1.0-variants.json").write_text(json.dumps(content))
    source = Source(name="find-links", url=tmp_path.as_uri(), kind="find-links")
    with HttpClient() as http, IndexClient(http, variants=True) as client:
        files = client.files(source, "demo")
        assert sorted(labels(files)) == ["", "null"]
        found = next(file for file in files if isinstance(file, VariantWheel))
        assert client.variants(found).properties == {"null": {}}
    with HttpClient() as http, IndexClient(http) as client:
        assert labels(client.files(source, "demo")) == [""]
