"""An index that sends nonsense is told of, leads nowhere it should not, and never spoils a lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Workplace

PROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["demo"]\n'


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ("Metadata-Version: 2.1\nName: evil\nVersion: 2.0\n", "it says evil 2.0"),
        ("Metadata-Version: 2.1\nName: demo\nVersion: 7\n", "it says demo 7"),
        ("no metadata at all", "cannot be used"),
    ],
)
def test_a_version_with_metadata_that_is_nonsense_is_passed_over_aloud(
    workplace: Workplace, tmp_path: Path, metadata: str, reason: str
) -> None:
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "w", "demo", "1.0"))
        server.add(make_wheel(tmp_path / "w", "demo", "2.0"), metadata=metadata.encode())
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url)
    assert done.code == 0, done.err
    assert "warning: the metadata of `demo-2.0-py3-none-any.whl` cannot be used" in done.err
    assert reason in done.err
    assert "`demo` 1.0 is taken instead of 2.0" in done.err


@pytest.mark.parametrize("requirement", ["@@@ !!", "secret @ file:///etc/secret"])
def test_a_version_that_asks_for_what_nobody_gives_is_passed_over_aloud(
    workplace: Workplace, tmp_path: Path, requirement: str
) -> None:
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "w", "demo", "1.0"))
        server.add(make_wheel(tmp_path / "w", "demo", "2.0", requires=[requirement]))
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url)
    assert done.code == 0, done.err
    assert "warning: `demo` 2.0 is passed over: its metadata" in done.err
    assert f"`{requirement}`" in done.err and "; 1.0 is taken" in done.err


ENDLESS = "9" * 5000
"""More digits than Python makes a number of."""


@pytest.mark.parametrize(
    ("filename", "requires_python", "metadata"),
    [
        (f"demo-{ENDLESS}-py3-none-any.whl", "", ""),
        ("demo-2.0-py3-none-any.whl", f">={ENDLESS}", ""),
        ("demo-2.0-py3-none-any.whl", "", f"Requires-Python: >={ENDLESS}"),
        ("demo-2.0-py3-none-any.whl", "", f"Requires-Dist: wire>={ENDLESS}"),
        ("demo-2.0-py3-none-any.whl", "", f"Requires-Dist: wire; python_version<'{ENDLESS}'"),
    ],
    ids=["version", "python", "metadata-python", "requirement", "marker"],
)
def test_numbers_without_end_are_no_traceback(
    workplace: Workplace, tmp_path: Path, filename: str, requires_python: str, metadata: str
) -> None:
    text = f"Metadata-Version: 2.1\nName: demo\nVersion: 2.0\n{metadata}\n".encode()
    with IndexServer() as server:
        good = make_wheel(tmp_path / "w", "demo", "1.0")
        server.add(good)
        server.add(make_wheel(tmp_path / "w", "demo", "2.0"), metadata=text)
        server.add_body("/files/" + filename + ".metadata", text)
        page = {"meta": {"api-version": f"1.{ENDLESS}"}, "name": "demo"}
        page["files"] = [
            {
                "filename": name,
                "url": server.url + server.file_path(name),
                "hashes": {},
                "core-metadata": name == filename,
            }
            for name in (filename, good.name)
        ]
        page["files"][0]["requires-python"] = requires_python
        server.add_body("/simple/demo/", json.dumps(page).encode(), content_type="application/vnd.pypi.simple.v1+json")
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url)
    assert done.code == 0, done.err
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert 'version = "1.0"' in lock.read_text()


def test_an_api_version_without_end_is_a_later_one(workplace: Workplace) -> None:
    with IndexServer() as server:
        page = {"meta": {"api-version": ENDLESS}, "name": "demo", "files": []}
        server.add_body("/simple/demo/", json.dumps(page).encode(), content_type="application/vnd.pypi.simple.v1+json")
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url, "--json")
    assert done.document["error"]["code"] == "page-too-new"


def test_what_an_index_offers_never_reads_files_of_this_machine(workplace: Workplace, tmp_path: Path) -> None:
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "secret"\nversion = "1"\n')
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "w", "demo", "1.0", requires=[f"secret @ {folder.as_uri()}"]))
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url)
    assert done.code == 1
    assert "its metadata names a file of this machine" in done.err


def test_a_size_that_no_file_can_have_is_not_locked(workplace: Workplace, tmp_path: Path) -> None:
    with IndexServer() as server:
        wheel = make_wheel(tmp_path / "w", "demo", "1.0")
        file = {"filename": wheel.name, "url": server.file_url(wheel.name), "hashes": {}, "size": 10**30}
        server.add(wheel)
        page = {"meta": {"api-version": "1.1"}, "name": "demo", "files": [file]}
        server.add_body("/simple/demo/", json.dumps(page).encode(), content_type="application/vnd.pypi.simple.v1+json")
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url)
    assert done.code == 0, done.err
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert "10000000000" not in lock.read_text() and "TB" not in done.err


def test_a_lock_that_is_a_link_stays_one(workplace: Workplace, tmp_path: Path) -> None:
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "w", "demo", "1.0"))
        workplace.write(PROJECT)
        index = ("--environment", "cpu", "--index-url", server.simple_url)
        assert workplace.run("lock", *index).code == 0
        (lock,) = workplace.project.glob("pylock.*.toml")
        elsewhere = lock.rename(tmp_path / "kept.toml")
        lock.symlink_to(elsewhere)
        server.add(make_wheel(tmp_path / "w", "demo", "2.0"))
        assert workplace.run("lock", "--upgrade", *index).code == 0
    assert lock.is_symlink()
    assert 'version = "2.0"' in elsewhere.read_text()


def test_an_upgrade_of_what_nothing_needs_is_told(workplace: Workplace, tmp_path: Path) -> None:
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "w", "demo", "1.0"))
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url, "--upgrade", "dmeo")
    assert done.code == 0, done.err
    assert "warning: `dmeo` was to be upgraded, but nothing needs it" in done.err


def test_a_python_without_the_gil_is_the_python_the_project_requires(workplace: Workplace, tmp_path: Path) -> None:
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "w", "demo", "1.0"))
        workplace.write(PROJECT)
        target = "cpu-linux-x86_64-cp313t"
        done = workplace.run("lock", "--target", target, "--index-url", server.simple_url)
    assert done.code == 0, done.err
    assert (workplace.project / f"pylock.{target}.toml").exists()


@pytest.mark.parametrize("address", ["http://[::1/demo-2.0-py3-none-any.whl", "http://[x]/demo-2.0-py3-none-any.whl"])
def test_a_link_that_is_no_address_is_no_file(workplace: Workplace, tmp_path: Path, address: str) -> None:
    with IndexServer() as server:
        wheel = make_wheel(tmp_path / "w", "demo", "1.0")
        server.add(wheel)
        links = [f'<a href="{url}">{url.rpartition("/")[2]}</a>' for url in (address, server.file_url(wheel.name))]
        server.add_body("/simple/demo/", "".join(links).encode(), content_type="text/html")
        workplace.write(PROJECT)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url)
    assert done.code == 0, done.err
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert 'version = "1.0"' in lock.read_text()
