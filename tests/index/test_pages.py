"""Pages of every kind become the same links."""

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.index import PageMalformed, PageTooNew
from accelinstall.index.html_pages import _parse_with_lexbor, parse_html
from accelinstall.index.links import Releases, files_of, head_of
from accelinstall.index.pages import parse_page
from accelinstall.model.index import IndexFile, ProjectStatus
from accelinstall.testing.pages import Offer, render_html, render_json

URL = "https://index.example/simple/demo/"
SHA = "ab" * 32
JSON = "application/vnd.pypi.simple.v1+json"


def files(body, *, content_type="text/html", url=URL, project="demo"):
    links = parse_page(body, content_type=content_type, url=url, source="here")
    return files_of(links, project=project, source="here", page=url)


def page(*anchors):
    return ("<!DOCTYPE html>\n<html><body>\n" + "<br/>\n".join(anchors) + "</body></html>").encode()


def test_a_plain_link_tells_everything():
    body = page(
        f'<a href="../../files/demo-1.0%2Bcpu-py3-none-any.whl#sha256={SHA}" data-requires-python="&gt;=3.8,&lt;4" '
        f'data-dist-info-metadata="sha256={SHA}" data-core-metadata="sha256={SHA}" data-upload-time="2026-01-01" '
        f'data-yanked="it &amp; that">demo</a>'
    )
    assert files(body) == (
        IndexFile(
            filename="demo-1.0+cpu-py3-none-any.whl",
            url="https://index.example/files/demo-1.0%2Bcpu-py3-none-any.whl",
            name="demo",
            version="1.0+cpu",
            source="here",
            is_wheel=True,
            sha256=SHA,
            requires_python=">=3.8,<4",
            yanked="it & that",
            upload_time="2026-01-01",
            metadata_sha256=SHA,
        ),
    )


@pytest.mark.parametrize(
    ("anchor", "url"),
    [
        ('<a href="https://files.example/a/demo-1.0.tar.gz">', "https://files.example/a/demo-1.0.tar.gz"),
        ('<a href="/a/demo-1.0.tar.gz">', "https://index.example/a/demo-1.0.tar.gz"),
        ('<a href="//cdn.example/demo-1.0.tar.gz">', "https://cdn.example/demo-1.0.tar.gz"),
        ('<a href="demo-1.0.tar.gz">', URL + "demo-1.0.tar.gz"),
        ('<a href="./demo-1.0.tar.gz">', URL + "demo-1.0.tar.gz"),
        ('<a href="demo-1.0.tar.gz?a=1&amp;b=2">', URL + "demo-1.0.tar.gz?a=1&b=2"),
        ("<a href='demo-1.0.tar.gz'>", URL + "demo-1.0.tar.gz"),
        ("<A HREF=demo-1.0.tar.gz>", URL + "demo-1.0.tar.gz"),
        ('<a rel="x" href="demo-1.0.tar.gz">', URL + "demo-1.0.tar.gz"),
        ('<a href="/get/17">demo-1.0.tar.gz', "https://index.example/get/17"),
        ('<a href="https://me:secret@files.example/demo-1.0.tar.gz">', "https://files.example/demo-1.0.tar.gz"),
    ],
)
def test_addresses_are_made_absolute_and_lose_their_login(anchor, url):
    [file] = files(page(anchor + "</a>"))
    assert (file.url, file.version, file.is_wheel) == (url, "1.0", False)


@pytest.mark.parametrize(
    "anchor",
    [
        '<a href="other-1.0.tar.gz">',
        '<a href="demo_extra-1.0-py3-none-any.whl">',
        '<a href="demo-1.0.exe">',
        '<a href="demo-1.0-py3.8.egg">',
        '<a href="demo-1.0-py3-none-any.whl.asc">',
        '<a href="demo-nightly-py3-none-any.whl">',
        '<a href="file:///etc/demo-1.0.tar.gz">',
        '<a href="ftp://host/demo-1.0.tar.gz">',
        '<a href="javascript:demo-1.0.tar.gz">',
        '<a href="a%2Fdemo-1.0.tar.gz">',
        '<a href="http://me@[::1/demo-1.0.tar.gz">',
        '<a name="demo-1.0.tar.gz">',
        '<a href="">',
        '<!-- <a href="demo-1.0.tar.gz"></a> --><a href="x">',
    ],
)
def test_what_is_no_file_of_the_project_is_left_out(anchor):
    assert files(page(anchor + "</a>")) == ()


def test_a_base_element_moves_relative_links():
    body = b'<html><head><base href="https://cdn.example/x/"></head><a href="demo-1.0.tar.gz">demo</a></html>'
    assert files(body)[0].url == "https://cdn.example/x/demo-1.0.tar.gz"


def test_yanked_without_a_reason_is_yanked():
    [file] = files(page('<a href="demo-1.0.tar.gz" data-yanked>demo</a>'))
    assert file.yanked == ""
    [file] = files(page('<a href="demo-1.0.tar.gz">demo</a>'))
    assert file.yanked is None


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("", None),
        ('data-core-metadata="true"', ""),
        ('data-core-metadata="false"', None),
        (f'data-dist-info-metadata="sha256={SHA}"', SHA),
        ('data-core-metadata="md5=1"', ""),
        (f'data-dist-info-metadata="true" data-core-metadata="sha256={SHA}"', SHA),
    ],
)
def test_metadata_files_are_announced_in_two_spellings(attribute, expected):
    [file] = files(page(f'<a href="demo-1.0-py3-none-any.whl" {attribute}>demo</a>'))
    assert file.metadata_sha256 == expected


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (f"sha256={SHA}", SHA),
        (f"sha256={SHA.upper()}", SHA),
        ("sha256=abc", ""),
        ("md5=abc", ""),
        (f"egg=demo&amp;sha256={SHA}", SHA),
        ("", ""),
    ],
)
def test_only_a_real_sha256_counts(fragment, expected):
    [file] = files(page(f'<a href="demo-1.0.tar.gz#{fragment}">demo</a>'))
    assert file.sha256 == expected


def test_a_newer_major_version_is_refused_and_a_newer_minor_is_not():
    meta = '<meta name="pypi:repository-version" content="{}">'
    assert files(page(meta.format("1.9"), '<a href="demo-1.0.tar.gz">demo</a>'))
    for body, kind in (
        (page(meta.format("2.0"), '<a href="demo-1.0.tar.gz">demo</a>'), "text/html"),
        (b'{"meta": {"api-version": "2.0"}, "name": "demo", "files": []}', JSON),
    ):
        with pytest.raises(PageTooNew) as caught:
            files(body, content_type=kind)
        assert caught.value.version == "2.0"
        assert "accelinstall" in caught.value.hint


def test_json_tells_what_html_cannot():
    document = {
        "meta": {"api-version": "1.4"},
        "name": "demo",
        "project-status": {"status": "active"},
        "files": [
            {
                "filename": "demo-1.0-py3-none-any.whl", "url": "../../f/demo-1.0-py3-none-any.whl",
                "hashes": {"sha256": SHA.upper(), "blake2b": "x"}, "size": 17, "yanked": True,
                "requires-python": ">=3.8", "upload-time": "2026-01-01T00:00:00Z",
                "core-metadata": {"sha256": SHA}, "provenance": None,
            },
            {"filename": "demo-0.9.tar.gz", "url": "https://h/demo-0.9.tar.gz", "hashes": {}, "requires-python": None,
             "yanked": "why", "dist-info-metadata": True, "size": None},
        ],
    }  # fmt: skip
    new, old = files(json.dumps(document).encode(), content_type=JSON)
    assert (new.url, new.sha256, new.size, new.yanked) == (
        "https://index.example/f/demo-1.0-py3-none-any.whl",
        SHA,
        17,
        "",
    )
    assert (new.metadata_sha256, new.upload_time) == (SHA, "2026-01-01T00:00:00Z")
    assert (old.sha256, old.size, old.requires_python, old.yanked, old.metadata_sha256) == ("", None, "", "why", "")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"meta": {}, "files": []}', JSON),
        (b'{"meta": {"api-version": "1.0"}}', JSON),
        (b'{"meta": {"api-version": "1.0"}, "files": [{"filename": 1, "url": ""}]}', JSON),
        (b"[" * 100_000, JSON),
        (b"\x89PNG", "image/png"),
        (b"%PDF", "application/pdf"),
        (b"hello", "text/plain"),
        (b"hello", ""),
    ],
)
def test_nonsense_is_named_with_its_address(body, kind):
    with pytest.raises(PageMalformed) as caught:
        files(body, content_type=kind)
    assert URL in caught.value.message
    assert "here" in caught.value.message


def test_a_page_without_a_type_is_recognised():
    assert len(files(page('<a href="demo-1.0.tar.gz">demo</a>'), content_type="")) == 1
    assert files(b'{"meta": {"api-version": "1.0"}, "files": []}', content_type="application/octet-stream") == ()
    assert files(b"") == ()


# Laws.

texts = st.text(alphabet="ab<>&\"'=# \n-/%;é", max_size=12)
names = st.sampled_from(
    [
        "demo-1.0.tar.gz",
        "demo-2.0-py3-none-any.whl",
        "x/demo-3.0%2Bcpu-py3-none-any.whl",
        "other.txt",
        "../demo-4.0.zip",
        "https://h/demo-5.0.zip",
        "demo-6.0.zip?q=1",
        "a&amp;b/demo-7.0.zip",
    ]
)
attributes = st.sampled_from(
    [
        "data-requires-python",
        "data-yanked",
        "data-core-metadata",
        "data-dist-info-metadata",
        "data-upload-time",
        "rel",
        "class",
    ]
)


@st.composite
def anchors(draw):
    href = draw(names) + draw(st.sampled_from(["", f"#sha256={SHA}", "#md5=1", "#"]))
    chosen = draw(st.lists(attributes, unique=True, max_size=4))
    rest = "".join(f' {name}="{html.escape(draw(texts))}"' for name in chosen)
    return f'<a href="{href}"{rest}>{html.escape(draw(texts))}</a>'


junk = st.sampled_from(
    [
        "<br/>",
        "\n",
        "<br>",
        "text",
        "<p>",
        "</p>",
        "<!-- <a href='demo-9.tar.gz'></a> -->",
        "<h1>x</h1>",
        "<a",
        "</a>",
        "<a >",
        "&lt;a",
        "<title><a href='demo-8.tar.gz'>x</a></title>",
        "<A>",
        "<script>",
    ]
)


@given(st.lists(anchors() | junk, max_size=8).map("".join))
def test_the_fast_reader_and_the_parser_agree(body):
    text = f"<!DOCTYPE html><html><head><title>t</title></head><body><h1>t</h1>\n{body}\n</body></html>"
    version, links = parse_html(text.encode(), url=URL)
    assert (version, list(links)) == _parse_with_lexbor(text, URL)
    made = {head: [links.make(place) for place in places] for head, places in links.groups.items()}
    assert all(link is None or head_of(link.filename) == head for head, group in made.items() for link in group)


def test_files_by_version_are_the_files_of_the_page_and_made_once():
    body = "\n".join(f'<a href="demo-{n}-py3-none-any.whl">x</a><br/><a href="demo-{n}.tar.gz">x</a>' for n in "123")
    links = parse_page(body.encode(), content_type="text/html", url=URL, source="here")
    releases = Releases(links, project="demo", source="here", page=URL)
    assert list(releases) == ["1", "2", "3"]
    assert [file for group in releases.values() for file in group] == list(files(body.encode()))
    assert releases["2"] is releases["2"]


def test_a_version_whose_addresses_are_none_has_no_files():
    body = b'<a href="ftp://x/demo-1.tar.gz">x</a><br/><a href="demo-2.tar.gz">x</a>'
    links = parse_page(body, content_type="text/html", url=URL, source="here")
    releases = Releases(links, project="demo", source="here", page=URL)
    assert [len(releases[version]) for version in ("1", "2")] == [0, 1]


@given(
    body=st.binary(max_size=300) | st.lists(anchors() | junk | texts, max_size=6).map(lambda p: "".join(p).encode()),
    kind=st.sampled_from(["text/html", "", JSON, "text/plain", "application/xhtml+xml"]),
)
def test_any_bytes_are_read_or_refused(body, kind):
    try:
        found = files(body, content_type=kind)
    except PageMalformed:
        return
    assert all(file.name == "demo" and file.url.startswith(("http://", "https://")) for file in found)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["meta", "api-version", "files", "filename", "url", "hashes", "sha256", "yanked"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(document=values)
def test_any_json_is_read_or_refused(document):
    try:
        files(json.dumps(document).encode(), content_type=JSON)
    except PageMalformed:
        return


@st.composite
def offers(draw):
    from pathlib import Path

    version = draw(st.integers(0, 9))
    return Offer(
        path=Path(draw(st.sampled_from([f"demo-{version}.0-py3-none-any.whl", f"demo-{version}.tar.gz"]))),
        sha256=draw(st.sampled_from(["", SHA])),
        requires_python=draw(st.sampled_from(["", ">=3.8", "<4,>=3"])),
        yanked=draw(st.none() | st.sampled_from(["bad", "a & b"])),
        upload_time=draw(st.sampled_from(["", "2026-01-01T00:00:00Z"])),
        metadata=draw(st.none() | st.just(b"x")),
        metadata_sha256=draw(st.sampled_from(["", SHA])),
    )


@given(st.lists(offers(), max_size=5))
def test_html_and_json_of_one_index_say_the_same(given_offers):
    as_html = files(render_html("demo", given_offers, files_url="../../files/"))
    as_json = files(render_json("demo", given_offers, files_url="../../files/"), content_type=JSON)
    assert as_html == as_json
    assert len(as_html) == len(given_offers)


def test_fast_made_values_are_the_ordinary_ones():
    [file] = files(page('<a href="demo-1.0.tar.gz">demo</a>'))
    ordinary = IndexFile(
        filename="demo-1.0.tar.gz",
        url=URL + "demo-1.0.tar.gz",
        name="demo",
        version="1.0",
        source="here",
        is_wheel=False,
    )
    assert (file, hash(file), repr(file)) == (ordinary, hash(ordinary), repr(ordinary))


STATED_HTML = (
    '<html><head><meta name="pypi:repository-version" content="1.4">'
    '<meta name="pypi:project-status" content="quarantined">'
    '<meta name="pypi:project-status-reason" content="a &quot;test&quot;"></head><body>{}</body></html>'
)
LINK = f'<a href="demo-1.0.tar.gz#sha256={SHA}">demo</a>'
FILE = {"filename": "demo-1.0.tar.gz", "url": "demo-1.0.tar.gz", "hashes": {"sha256": SHA}}


def stated_json(files, **status):
    return json.dumps({"meta": {"api-version": "1.4"}, "files": files, "project-status": status}).encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (STATED_HTML.format(LINK).encode(), "text/html"),
        (STATED_HTML.format("<!-- -->" + LINK).encode(), "text/html"),
        (STATED_HTML.format("").encode(), "text/html"),
        (stated_json([FILE], status="quarantined", reason='a "test"'), JSON),
        (stated_json([], status="quarantined", reason='a "test"'), JSON),
    ],
    ids=["plain", "subtle", "no links", "json", "json without files"],
)
def test_what_a_page_says_of_its_project_is_read(body, content_type):
    links = parse_page(body, content_type=content_type, url=URL, source="here")
    assert links.status == ProjectStatus(marker="quarantined", reason='a "test"')
    assert links.moved(str.upper).status == links.status


@pytest.mark.parametrize("status", [{}, {"status": "active"}, {"status": "active", "reason": "fine"}])
def test_an_active_project_has_no_status(status):
    body = stated_json([FILE], **status)
    assert parse_page(body, content_type=JSON, url=URL, source="here").status is None


@pytest.mark.parametrize("status", [{"status": 3}, {"status": "archived", "reason": ["x"]}])
def test_a_status_of_another_kind_is_malformed(status):
    with pytest.raises(PageMalformed):
        parse_page(stated_json([FILE], **status), content_type=JSON, url=URL, source="here")
