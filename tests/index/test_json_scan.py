"""JSON pages read no further than needed say what the whole decoder says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.index.errors import PageMalformed
from accelinstall.index.json_pages import parse_json
from accelinstall.index.json_scan import scan
from accelinstall.index.links import Link, Releases, grouped
from accelinstall.index.pages import parse_page

URL = "https://index.example/simple/demo/"
SHA = "0" * 63 + "a"
NAMES = (
    "demo-1.0-py3-none-any.whl",
    "demo-1.0-cp311-cp311-linux_x86_64.whl",
    "demo-1.0-1-py3-none-any.whl",
    "demo-1.0.tar.gz",
    "demo-10-py3-none-any.whl",
    "Demo-1.0-py3-none-any.whl",
    "de-mo-1.0.tar.gz",
    "demo-1.0-py2.7.egg",
    "demo-1.0",
    "",
    'demo"-1.0.tar.gz',
    "démo-1.0.tar.gz",
)


def document(files: list[Any], **more: Any) -> dict[str, Any]:
    return {"meta": {"api-version": "1.4"}, "name": "demo", "files": files, "versions": ["1.0"], **more}


def read_whole(page: dict[str, Any]) -> list[Link]:
    """The links as the whole decoder gives them: a page that begins with a space before its list is not scanned."""
    body = json.dumps({**page, "files": [{"x": 0, **file} for file in page["files"]]}).replace('{"x": 0, ', "{ ")
    assert scan(body.replace('"filename"', '"\\u0066ilename"').encode()) is None
    return list(parse_json(body.replace('"filename"', '"\\u0066ilename"').encode(), url=URL)[1])


rows = st.fixed_dictionaries(
    {"filename": st.sampled_from(NAMES), "url": st.sampled_from(["https://h/a.whl", "../../f/b%2B.whl", ""])},
    optional={
        "hashes": st.sampled_from([{}, {"sha256": SHA}]),
        "size": st.none() | st.integers(0, 9),
        "requires-python": st.sampled_from([None, ">=3.8", '"{[}]\\']),
        "yanked": st.sampled_from([None, True, False, "why {not}"]),
        "core-metadata": st.sampled_from([None, True, False, {"sha256": SHA}]),
        "unknown": st.sampled_from([{"files": []}, [[{}]], "}, {"]),
    },
)


@given(
    files=st.lists(rows, max_size=6),
    order=st.permutations(["filename", "url", "hashes", "core-metadata"]),
    separators=st.sampled_from([None, (",", ":"), (" , ", " : ")]),
    files_first=st.booleans(),
    sort=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_a_scanned_page_says_what_the_whole_decoder_says(files, order, separators, files_first, sort, indent):
    shuffled = [{**{key: file[key] for key in order if key in file}, **file} for file in files]
    page = document(shuffled)
    if files_first:
        page = {"files": page.pop("files"), **page}
    body = json.dumps(page, separators=separators, sort_keys=sort, indent=indent).encode()
    head, links = parse_json(body, url=URL)
    assert head == ("1.4", "", "")
    assert list(links) == read_whole(page)
    assert {head: len(places) for head, places in links.groups.items()} == {
        head: len(places) for head, places in grouped(file["filename"] for file in files).items()
    }


@pytest.mark.parametrize("separators", [None, (",", ":")])
def test_the_pages_that_indexes_write_are_scanned(separators):
    plain = [{"filename": name, "url": "x", "hashes": {}} for name in NAMES[:9]]
    announced = [{"core-metadata": {"sha256": SHA}, "data-dist-info-metadata": False, **file} for file in plain]
    for files in (plain, announced):
        for page in (document(files), {"alternate-locations": [], "files": files, "meta": {"api-version": "1.4"}}):
            assert scan(json.dumps(page, separators=separators).encode()) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"meta": {}, "files": [{"filename": "a"',
        b'{"meta": {}, "files": [{"filename": "a"}',
        b'{"meta": {}, "files": [{"filename": "a"}]',
        b'{"meta": {}, "files": [{"filename": "a"}], ]}',
        b'{"x": [{"files": [{"filename": "a"}]}]}',
        b'{"filename": "x", "files": [{"filename": "a"}]}',
        b'{"files": [{"filename": "a"}, {"filename": 1}]}',
        b'{"files": [{"filename": "a"}, {"filename":"b"}]}',
        b'{"files": [{"filename": "\\u0061"}]}',
        b'{"files": [{"url": "a"}]}',
        b'{"files": []}',
        b"[" * 100_000,
    ],
)
def test_what_a_scan_cannot_account_for_is_left_to_the_decoder(body):
    assert scan(body) is None


def test_objects_that_begin_otherwise_are_found_too():
    files = [
        {"filename": "demo-1.0.tar.gz", "url": "https://h/1"},
        {"url": "https://h/2", "filename": "demo-2.0.tar.gz"},
        {"filename": "demo-3.0.tar.gz", "url": "https://h/3"},
    ]
    assert scan(json.dumps(document(files)).encode()) is not None
    _, links = parse_json(json.dumps(document(files)).encode(), url=URL)
    assert [link.url for link in links] == ["https://h/1", "https://h/2", "https://h/3"]


def test_only_the_files_of_versions_that_are_looked_at_are_decoded():
    files = [{"filename": "demo-1.0.tar.gz", "url": 1}, {"filename": "demo-2.0.tar.gz", "url": "https://h/2"}]
    body = json.dumps(document(files)).encode()
    links = parse_page(body, content_type="application/json", url=URL, source="here")
    releases = Releases(links, project="demo", source="here", page=URL)
    assert sorted(releases) == ["1.0", "2.0"]
    assert [file.url for file in releases["2.0"]] == ["https://h/2"]
    with pytest.raises(PageMalformed, match=r"`url` of demo-1\.0\.tar\.gz") as caught:
        releases["1.0"]
    assert URL in caught.value.message


def test_nesting_without_end_is_refused_when_it_is_met():
    files = b'{"filename": "demo-1.0.tar.gz", "x": %s}, {"filename": "demo-2.0.tar.gz", "url": "https://h/2"}'
    body = b'{"meta": {"api-version": "1.0"}, "files": [%s]}' % (files % (b"[" * 100_000 + b"]" * 100_000))
    links = parse_page(body, content_type="application/json", url=URL, source="here")
    releases = Releases(links, project="demo", source="here", page=URL)
    assert [file.url for file in releases["2.0"]] == ["https://h/2"]
    with pytest.raises(PageMalformed, match="nested"):
        releases["1.0"]
