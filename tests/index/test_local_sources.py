"""Folders and pages on disk serve like servers."""

import pytest

from accelinstall.index import IndexClient, MetadataUnreadable, SourceUnreachable, find_links_address
from accelinstall.model.project import Source
from accelinstall.net import HttpClient
from accelinstall.net.addresses import file_address
from accelinstall.testing import IndexServer, make_sdist, make_wheel


@pytest.fixture
def index():
    with HttpClient(environ={}, offline=True) as http, IndexClient(http) as index:
        yield index


@pytest.fixture
def folder(tmp_path):
    """Two projects in one flat folder whose name needs quoting."""
    folder = tmp_path / "my wheels+"
    make_wheel(folder, "demo", "1.0+cpu", requires=["idna"])
    make_wheel(folder, "demo", "0.9")
    make_wheel(folder, "Other.Thing", "2.0")
    make_sdist(folder, "demo", "0.8")
    (folder / "notes.txt").write_text("no file to install")
    (folder / "demo-9.9-py3-none-any.whl.d").mkdir()
    return folder


def found(path, **options):
    return Source(name="find-links", url=file_address(str(path)), kind="find-links", **options)


def test_a_find_links_folder_is_sorted_by_project(index, folder):
    files = index.files(found(folder), "demo")
    assert [(file.version, file.is_wheel) for file in files] == [("0.9", True), ("1.0+cpu", True), ("0.8", False)]
    newest = next(file for file in files if file.version == "1.0+cpu")
    assert newest.size == (folder / newest.filename).stat().st_size
    assert newest.url == file_address(str(folder / newest.filename))
    assert newest.source == "find-links"
    assert index.metadata(newest).requires_dist == ("idna",)
    assert [file.name for file in index.files(found(folder), "other-thing")] == ["other-thing"]
    assert index.files(found(folder), "nobody") == ()


def test_a_folder_may_be_written_with_or_without_its_slash(index, folder):
    with_slash = Source(name="find-links", url=file_address(str(folder)) + "/", kind="find-links")
    assert [file.url for file in index.files(with_slash, "demo")] == [f.url for f in index.files(found(folder), "demo")]


def test_a_page_of_links_on_disk_or_on_a_server_is_read_once_for_all(folder):
    body = b"".join(
        f'<a href="{name}">x</a>'.encode() for name in ("demo-0.9-py3-none-any.whl", "other_thing-2.0-py3-none-any.whl")
    )
    with IndexServer() as server, HttpClient(environ={}) as http, IndexClient(http) as index:
        server.add_body("/links.html", body)
        source = Source(name="links", url=server.url + "/links.html", kind="find-links")
        assert [len(index.files(source, name)) for name in ("demo", "other-thing", "nobody")] == [1, 1, 0]
        assert server.count() == 1
        (folder / "links.html").write_bytes(body)
        [file] = index.files(found(folder / "links.html"), "demo")
        assert file.size == (folder / "demo-0.9-py3-none-any.whl").stat().st_size


def test_one_wheel_may_be_the_whole_place(index, folder):
    [file] = index.files(found(folder / "demo-0.9-py3-none-any.whl"), "demo")
    assert index.metadata(file).version == "0.9"


def test_a_simple_folder_serves_pages_with_relative_links(index, tmp_path):
    wheel = make_wheel(tmp_path / "files", "demo", "1.0", requires=["idna"])
    page = tmp_path / "simple" / "demo" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(
        f'<a href="../../files/{wheel.name}#sha256={"a" * 64}">x</a>'
        '<a href="../../files/demo-2.0-py3-none-any.whl">y</a>'
    )
    source = Source(name="folder", url=file_address(str(tmp_path / "simple")))
    present, missing = index.files(source, "demo")
    assert (present.url, present.sha256) == (file_address(str(wheel)), "a" * 64)
    assert present.size == wheel.stat().st_size
    assert index.metadata(present).requires_dist == ("idna",)
    assert missing.size is None
    with pytest.raises(SourceUnreachable) as caught:
        index.metadata(missing)
    assert "no such file" in caught.value.reason
    assert index.files(source, "nobody") == ()


def test_a_simple_folder_without_a_page_lists_its_files(index, tmp_path):
    make_wheel(tmp_path / "simple" / "demo", "demo", "1.0")
    source = Source(name="folder", url=file_address(str(tmp_path / "simple")) + "/")
    [file] = index.files(source, "demo")
    assert index.metadata(file).name == "demo"


@pytest.mark.parametrize("kind", ["index", "find-links"])
def test_a_place_that_is_not_there_is_an_error(index, tmp_path, kind):
    source = Source(name="lost", url=file_address(str(tmp_path / "nowhere")), kind=kind)
    with pytest.raises(SourceUnreachable) as caught:
        index.files(source, "demo")
    assert "lost" in caught.value.message
    assert "no such file" in caught.value.reason


def test_a_replaced_local_wheel_is_read_anew_and_an_unchanged_one_is_not(tmp_path):
    source = found(tmp_path / "w")
    seen = []
    for requires in (["idna"], ["idna"], ["attrs", "six"]):
        make_wheel(tmp_path / "w", "demo", "1.0", requires=requires)
        with HttpClient(environ={}) as http, IndexClient(http, str(tmp_path / "cache")) as index:
            [file] = index.files(source, "demo")
            seen.append(index.metadata(file).requires_dist)
    assert seen == [("idna",), ("idna",), ("attrs", "six")]


def test_a_local_file_that_is_no_wheel_is_named(index, tmp_path):
    (tmp_path / "demo-1.0-py3-none-any.whl").write_bytes(b"nothing")
    [file] = index.files(found(tmp_path), "demo")
    with pytest.raises(MetadataUnreadable) as caught:
        index.metadata(file)
    assert "demo-1.0" in caught.value.message


def test_a_local_hash_is_computed(index, tmp_path):
    import hashlib

    wheel = make_wheel(tmp_path, "demo", "1.0")
    [file] = index.files(found(tmp_path), "demo")
    assert index.sha256(file) == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_find_links_values_become_addresses(tmp_path):
    (tmp_path / "wheels").mkdir()
    assert find_links_address("https://host/links", directory="x") == "https://host/links"
    assert find_links_address("wheels", directory=str(tmp_path)) == file_address(str(tmp_path / "wheels")) + "/"
    assert find_links_address("wheels/links.html", directory=str(tmp_path)).endswith("/wheels/links.html")
    assert find_links_address(file_address(str(tmp_path)), directory="x") == file_address(str(tmp_path))
