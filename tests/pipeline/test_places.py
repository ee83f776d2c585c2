"""Whether something will be downloaded, guessed from a lock's text before it is parsed."""

from __future__ import annotations

import pytest

from accelinstall.pipeline.places import is_to_be_downloaded
from accelinstall.store import Store

HELD, LACKED = "a" * 64, "b" * 64


@pytest.fixture
def store(tmp_path):
    store = Store(str(tmp_path / "cache"))
    (tmp_path / "cache/store-v1" / HELD).mkdir(parents=True)
    (tmp_path / "cache/store-v1" / HELD / "manifest").write_text("")
    return store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'url = "https://a.example/x.whl"\nsha256 = "{LACKED}"', True),
        (f'url = "https://a.example/x.whl"\nsha256 = "{HELD}"', False),
        (f'url = "https://a.example/x.whl"\nsha256 = "{HELD}"\nsha256 = "{LACKED}"', True),
        (f'url = "file:///wheels/x.whl"\nsha256 = "{LACKED}"', False),
        ('url = "https://a.example/x.whl"', False),
        ("", False),
    ],
)
def test_something_is_downloaded_when_a_hash_is_lacked_and_an_address_given(tmp_path, store, text, expected):
    (tmp_path / "pylock.toml").write_text(text)
    assert is_to_be_downloaded(str(tmp_path / "pylock.toml"), store) is expected


def test_a_lock_that_cannot_be_read_downloads_nothing(tmp_path, store):
    assert not is_to_be_downloaded(str(tmp_path / "missing.toml"), store)
    assert not is_to_be_downloaded("", store)
