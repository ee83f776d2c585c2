"""A requirement that lists hashes takes one of the files it lists."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.requirements import Requirement

from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.resolution import NothingMatches, Resolution, resolve, route
from tests.resolution.memory_index import DEFAULT_INDEX, MemoryIndex

PACKAGES = [
    {"name": "lib", "versions": ["3.0", "2.0", "1.0"]},
    {"name": "lib", "versions": ["2.0"], "tags": ["cp311-cp311-manylinux_2_17_x86_64"]},
    {"name": "app", "requires": ["lib"]},
]


def index() -> MemoryIndex:
    return MemoryIndex({"default": PACKAGES})


def sha256(filename: str) -> str:
    (found,) = [file.sha256 for file in index().pages["default"]["lib"] if file.filename == filename]
    return f"sha256:{found}"


def resolved(*wanted: Wanted, hashed: tuple[Wanted, ...] = ()) -> Resolution:
    return resolve(
        wanted,
        target=Target.parse("cpu-linux-x86_64-cp311"),
        routing=route(default_index=DEFAULT_INDEX),
        finder=index(),
        hashed=hashed,
    )


def line(text: str, *hashes: str) -> Wanted:
    return Wanted(requirement=Requirement(text), hashes=hashes, where="requirements.txt:1")


def taken(resolution: Resolution) -> Any:
    package = resolution.package("lib")
    assert package is not None
    return package.file.filename


def test_the_newest_version_with_a_listed_file_is_taken() -> None:
    listed = (sha256("lib-2.0-py3-none-any.whl"), sha256("lib-1.0-py3-none-any.whl"))
    assert taken(resolved(line("lib", *listed))) == "lib-2.0-py3-none-any.whl"


def test_of_one_version_the_listed_file_is_taken_though_another_fits_better() -> None:
    assert taken(resolved(line("lib==2.0"))) == "lib-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert taken(resolved(line("lib==2.0", sha256("lib-2.0-py3-none-any.whl")))) == "lib-2.0-py3-none-any.whl"


def test_what_several_lines_list_must_be_in_all_of_them() -> None:
    both = sha256("lib-1.0-py3-none-any.whl")
    first, second = line("lib", both, sha256("lib-2.0-py3-none-any.whl")), line("lib<3", both)
    assert taken(resolved(first, second)) == "lib-1.0-py3-none-any.whl"


def test_hashes_of_a_line_for_another_system_do_not_count() -> None:
    windows = line("lib==3.0 ; sys_platform == 'win32'", "sha256:" + "0" * 64)
    linux = line("lib==3.0 ; sys_platform == 'linux'", sha256("lib-3.0-py3-none-any.whl"))
    assert taken(resolved(windows, linux)) == "lib-3.0-py3-none-any.whl"


def test_a_constraint_binds_what_another_package_asks_for_to_its_hashes() -> None:
    bound = line("lib", sha256("lib-1.0-py3-none-any.whl"))
    assert taken(resolved(line("app"), hashed=(bound,))) == "lib-1.0-py3-none-any.whl"


def test_hashes_nobody_offers_are_a_refusal_that_says_so() -> None:
    with pytest.raises(NothingMatches) as caught:
        resolved(line("lib>=2", "sha256:" + "0" * 64))
    assert "3.0 to 2.0 (2): none of the files whose hashes the requirement lists" in caught.value.message


def test_other_algorithms_are_left_to_the_check_of_the_file_that_was_chosen() -> None:
    assert taken(resolved(line("lib", "sha512:" + "0" * 128))) == "lib-3.0-py3-none-any.whl"
