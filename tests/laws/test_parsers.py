"""Any text given to a parser is a value or an error of the parser's own family, never another exception.

The parsers of hardware and project have the same law in their own rooms (``tests/hardware/test_parsers.py``,
``tests/project/test_any_input.py``); here are those of locks, indexes, pip's settings and receipts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.errors import AccelinstallError, LockError, SourceError
from accelinstall.index import PipConfigurationInvalid, read_pip_configuration, read_poetry_credentials
from accelinstall.index.filenames import parse_sdist_name, parse_wheel_name
from accelinstall.index.pages import parse_page
from accelinstall.installation.records import parse_record
from accelinstall.lockfile import parse_lock, read_header, render_lock
from accelinstall.model.commands import parse_entry_points
from accelinstall.model.project import Source
from accelinstall.model.target import Target
from accelinstall.net.mapping import parse_retry_after
from accelinstall.net.ranges import parse_content_range
from accelinstall.project.constraints import ConstraintError, parse_constraint
from accelinstall.project.requirement import RequirementError, parse_requirement
from accelinstall.selection import backend_of_source
from tests.lockfile.strategies import locks
from tests.selection.machines import CATALOG

TARGET = Target.parse("cpu-linux-x86_64-cp311")
# Text that resembles what is parsed finds more than text drawn from nowhere.
WORDS = [
    *(
        "[",
        "]",
        "{",
        "}",
        "=",
        '"',
        "'",
        "\n",
        ",",
        ";",
        "<",
        ">",
        "/",
        "\\",
        "#",
        "\0",
        "\r",
        "٣",
        "²",
        "\ud7ff",
        "[[",
        "]]",
    ),
    *("lock-version", '"1.0"', "packages", "tool.accelinstall", "target", "created-by", "wheels", "hashes", "sha256"),
    *("<a href=", "</a>", "<!--", "<base href=", "data-yanked", "&#0;", "&#x110000;", "torch-2.0-py3-none-any.whl"),
    *('{"files":', '"meta"', '"api-version"', "null", "1e999", "global", "index-url", "https://[", "[global]", "%(x)s"),
    *(
        ">=",
        "==",
        "^",
        "~",
        "||",
        "!=",
        ".*",
        "1.2",
        "torch",
        "extra ==",
        "@ file:",
        "+cpu",
        "Wed, 21 Oct",
        "bytes 0-",
        "*/",
    ),
    *("http-basic", "username", "password", "console_scripts", "a:b", "sha256=", "../", "[" * 2000),
]
texts = st.text(max_size=60) | st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=14).map("".join)


def page(text: str) -> object:
    """A page of an index, as each content type."""
    for kind in ("text/html", "application/vnd.pypi.simple.v1+json", ""):
        with contextlib.suppress(SourceError):
            parse_page(text.encode("utf-8", "replace"), content_type=kind, url="https://index.test/x/", source="pypi")
    return None


def refusal_of(action: Callable[[], object], family: type[AccelinstallError]) -> AccelinstallError | None:
    """The error of the family that *action* ends in, ``None`` when it succeeds."""
    try:
        action()
    except family as error:
        return error
    return None


PARSERS: list[tuple[Callable[[str], object], type[Exception] | tuple[()]]] = [
    (lambda text: parse_lock(text, where="pylock.toml"), LockError),
    (lambda text: parse_lock(text, where="pylock.toml", target=TARGET), LockError),
    (lambda text: read_header(text, where="pylock.toml"), LockError),
    (page, ()),
    (parse_wheel_name, ()),
    (lambda text: parse_sdist_name(text, "torch"), ()),
    (parse_record, ()),
    (parse_entry_points, AccelinstallError),
    (parse_content_range, ()),
    (lambda text: parse_retry_after(text, now=0.0), ()),
    (parse_constraint, ConstraintError),
    (parse_requirement, RequirementError),
    (lambda text: backend_of_source(text, CATALOG), ()),
]
NAMES = "lock foreign-lock lock-header page wheel-name sdist-name record entry-points range retry".split()
NAMES += "constraint requirement url".split()


@pytest.mark.parametrize(("parse", "family"), PARSERS, ids=NAMES)
def test_any_text_is_a_value_or_an_error_of_the_family(parse, family) -> None:
    @settings(deadline=None, max_examples=150)
    @given(texts)
    def every_text(text: str) -> None:
        with contextlib.suppress(family) if family else contextlib.nullcontext():
            parse(text)

    every_text()


@settings(deadline=None, max_examples=100)
@given(lock=locks(), data=st.data())
def test_a_lock_with_a_piece_replaced_is_read_or_refused_with_its_file(lock, data) -> None:
    text = render_lock(lock)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    changed = text[:start] + data.draw(texts) + text[end:]
    for read in (parse_lock, read_header):
        refusal = refusal_of(lambda read=read: read(changed, where="pylock.x.toml"), LockError)
        assert refusal is None or "pylock.x.toml" in refusal.message


@settings(deadline=None, max_examples=150)
@given(text=texts | st.binary(max_size=60))
def test_any_settings_of_pip_are_read_or_refused_with_their_file(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-pip.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    environ = {"PIP_CONFIG_FILE": str(path)}
    refusal = refusal_of(
        lambda: read_pip_configuration(environ, prefix="nowhere", root="nowhere"), PipConfigurationInvalid
    )
    assert refusal is None or str(path) in refusal.message


@settings(deadline=None, max_examples=100)
@given(text=texts | st.binary(max_size=60))
def test_any_logins_of_poetry_are_read_or_left(tmp_path_factory: pytest.TempPathFactory, text: str | bytes) -> None:
    folder: Path = tmp_path_factory.getbasetemp()
    folder.joinpath("auth.toml").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    sources = [Source(name="internal", url="https://index.test/simple")]
    read_poetry_credentials(sources, {"POETRY_CONFIG_DIR": str(folder), "HOME": "nowhere"})
