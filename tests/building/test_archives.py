"""Source archives: what is believed of them, how they are built, and what none may do."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from accelinstall.building.archives import unpacked
from accelinstall.building.errors import ArchiveRefused
from accelinstall.testing import IndexServer, make_sdist, make_wheel
from tests.building.projects import FLIT, HATCH, SETUP_PY, make_project, metadata_of_pyproject, packed
from tests.building.running import direct_url, install_with, python, run
from tests.pipeline.running import Workplace


def project(workplace: Workplace, *requirements: str) -> None:
    """A project that asks for *requirements*."""
    listed = ", ".join(f'"{text}"' for text in requirements)
    workplace.write(f'[project]\nname = "demo"\nversion = "1"\ndependencies = [{listed}]\n')


def test_an_archive_of_an_index_is_built_and_installed(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    folder = make_project(tmp_path / "old", "old", "4.9", kind=SETUP_PY, requires=["wire"])
    archive = index.add(packed(folder, tmp_path / "old-4.9.tar.gz"))
    project(workplace, "old==4.*")
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert workplace.installed() == {"old": "4.9", "wire": "2.0"}
    assert not list(workplace.venv.glob("lib/python*/site-packages/old-*.dist-info/direct_url.json"))
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert "[packages.sdist]" in lock.read_text() and str(archive) not in lock.read_text()
    index.clear_requests()
    assert run(workplace, index, "sync", "--json").document["transaction"]["steps"] == []
    assert index.count() == 0


def test_a_wheel_that_fits_goes_before_the_archive_of_its_version(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    index.add(make_sdist(tmp_path, "part", "2.0"))
    index.add(make_wheel(tmp_path, "part", "2.0"))
    index.add(make_sdist(tmp_path, "other", "3.0", pyproject=FLIT.format(name="other", version="3.0", requires=[])))
    index.add(make_wheel(tmp_path, "other", "2.0"))
    project(workplace, "part", "other")
    document = run(workplace, index, "lock", "--json").document
    versions = {row["name"]: row["version"] for row in document["locks"][0]["lock"]["packages"]}
    assert versions == {"part": "2.0", "other": "3.0"}
    assert index.count("/files/part-2.0.tar.gz") == 0
    document = run(workplace, index, "lock", "--no-build", "--json").document
    assert {row["name"]: row["version"] for row in document["locks"][0]["lock"]["packages"]}["other"] == "2.0"


def test_what_an_archive_says_is_believed_from_metadata_2_2_on(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    index.add(
        make_sdist(
            tmp_path,
            "static",
            "1.0",
            requires=["wire<2"],
            files={"setup.py": "raise SystemExit('nobody may ask')"},
            metadata=lambda text: text.replace("Metadata-Version: 2.1", "Metadata-Version: 2.2"),
        )
    )
    project(workplace, "static")
    done = run(workplace, index, "lock")
    assert done.code == 0, done.err
    assert run(workplace, index, "sync", "--json").document["error"]["code"] == "build-failed"


def test_what_an_archive_calls_dynamic_is_built(tmp_path: Path, workplace: Workplace, index: IndexServer) -> None:
    index.add(
        make_sdist(
            tmp_path,
            "dynamic",
            "1.0",
            files={
                "setup.py": SETUP_PY.format(name="dynamic", version="1.0", requires=["wire"], module="dynamic"),
                "dynamic/__init__.py": "",
            },
            metadata=lambda text: text.replace("2.1", "2.2\nDynamic: Requires-Dist", 1),
        )
    )
    project(workplace, "dynamic")
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert workplace.installed() == {"dynamic": "1.0", "wire": "2.0"}


def test_an_archive_named_by_its_address_is_locked_with_its_hash(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    folder = make_project(tmp_path / "many" / "python", "part", kind=HATCH)
    index.add(packed(folder.parent, tmp_path / "many-7.tar.gz"))
    url = f"{index.file_url('many-7.tar.gz')}#subdirectory=python"
    project(workplace, f"part @ {url}")
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    told = direct_url(workplace, "part")
    assert told["url"] == index.file_url("many-7.tar.gz") and told["subdirectory"] == "python"
    assert set(told["archive_info"]["hashes"]) == {"sha256"}
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert told["archive_info"]["hashes"]["sha256"] in lock.read_text()


def test_a_local_archive_is_locked_by_its_relative_path(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    folder = make_project(tmp_path / "part", "part")
    packed(folder, workplace.project / "vendor" / "part-1.0.tar.gz")
    workplace.write(
        '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npart = { path = "vendor/part-1.0.tar.gz" }\n'
    )
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert 'path = "vendor/part-1.0.tar.gz"' in lock.read_text()
    assert python(workplace, "import part; print(part.__version__)") == "1.0"


def test_an_archive_that_changed_since_it_was_locked_is_refused(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    folder = make_project(tmp_path / "part", "part")
    index.add(packed(folder, tmp_path / "part-1.0.tar.gz"))
    project(workplace, f"part @ {index.file_url('part-1.0.tar.gz')}")
    assert run(workplace, index, "lock").code == 0
    (folder / "part" / "evil.py").write_text("")
    index.add(packed(folder, tmp_path / "again" / "part-1.0.tar.gz"))
    shutil.rmtree(workplace.cache)
    assert run(workplace, index, "sync", "--frozen", "--json").document["error"]["code"] == "archive-changed"


def test_a_local_archive_that_changed_since_it_was_locked_is_refused(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    folder = make_project(tmp_path / "part", "part")
    archive = packed(folder, workplace.project / "part-1.0.tar.gz")
    workplace.write(metadata_of_pyproject("part", path=archive.name))
    assert run(workplace, index, "lock").code == 0
    (folder / "part" / "evil.py").write_text("")
    packed(folder, archive)
    assert run(workplace, index, "sync", "--frozen", "--json").document["error"]["code"] == "archive-changed"


def test_a_dry_run_says_what_would_be_built(tmp_path: Path, workplace: Workplace, index: IndexServer) -> None:
    index.add(packed(make_project(tmp_path / "part", "part"), tmp_path / "part-1.0.tar.gz"))
    project(workplace, "part")
    done = run(workplace, index, "sync", "--dry-run")
    assert "+ part 1.0 (to be built)" in done.out and "build 1" in done.out
    assert not workplace.venv.exists() and not (workplace.cache / "builds-v1" / "wheel").exists()
    document = run(workplace, index, "sync", "--dry-run", "--json").document
    (step,) = document["transaction"]["steps"]
    assert step["build"] and not step["stored"]
    (row,) = document["lock"]["packages"]
    assert row["built_from"]["archive_info"]["hashes"]["sha256"] == row["sha256"]


def test_an_archive_is_built_once_for_many_targets(tmp_path: Path, workplace: Workplace, index: IndexServer) -> None:
    folder = make_project(tmp_path / "part", "part", kind=SETUP_PY, requires=["wire"])
    with open(folder / "setup.py", "a") as stream:
        stream.write(f"open({str(tmp_path / 'asked')!r}, 'a').write('.')\n")
    index.add(packed(folder, tmp_path / "part-1.0.tar.gz"))
    project(workplace, "part")
    targets = [f"cpu-{platform}" for platform in ("linux-x86_64-cp312", "macos-arm64-cp311", "windows-x86_64-cp313")]
    options = [option for target in targets for option in ("--target", target)]
    done = run(workplace, index, "lock", *options)
    assert done.code == 0, done.err
    assert len(list(workplace.project.glob("pylock.*.toml"))) == 3
    # What it needs to be built, and what it is: two hooks, once.
    assert (tmp_path / "asked").read_text() == ".."
    assert index.count("/files/part-1.0.tar.gz") == 1
    assert done.err.count("is known from building it for") == 3


def test_an_archive_that_is_another_version_than_its_name_says_is_refused(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    index.add(packed(make_project(tmp_path / "part", "part", "1.0"), tmp_path / "part-2.0.tar.gz"))
    project(workplace, "part")
    error = run(workplace, index, "lock", "--json").document["error"]
    assert error["code"] == "wrong-project" and "part 1.0" in error["message"]


def test_what_was_built_before_is_installed_offline(tmp_path: Path, workplace: Workplace, index: IndexServer) -> None:
    index.add(packed(make_project(tmp_path / "part", "part", kind=HATCH), tmp_path / "part-1.0.tar.gz"))
    project(workplace, "part")
    assert run(workplace, index, "sync").code == 0
    shutil.rmtree(workplace.venv)
    index.clear_requests()
    done = run(workplace, index, "sync", "--offline")
    assert done.code == 0, done.err
    assert index.count() == 0 and workplace.installed() == {"part": "1.0"}


def test_the_cache_is_emptied_of_what_was_built(tmp_path: Path, workplace: Workplace, index: IndexServer) -> None:
    index.add(packed(make_project(tmp_path / "part", "part", kind=HATCH), tmp_path / "part-1.0.tar.gz"))
    project(workplace, "part")
    assert run(workplace, index, "sync").code == 0
    built = [workplace.cache / name for name in ("builds-v1/wheel", "builds-v1/metadata", "sources-v1")]
    assert all(any(folder.rglob("*")) for folder in built)
    pruned = workplace.run_bare("cache", "prune", "--older-than", "1", "--json").document
    assert pruned["removed_bytes"] == 0
    before = workplace.run_bare("cache", "size", "--json").document["bytes"]
    cleared = workplace.run_bare("cache", "clear", "--json").document
    assert cleared["removed_bytes"] == before - cleared["bytes"] and cleared["bytes"] < 1000
    assert not any(path.is_file() for folder in built for path in folder.rglob("*"))
    # What is installed is known by the receipt: nothing is built again.
    assert run(workplace, index, "sync", "--json").document["transaction"]["steps"] == []


def test_a_build_that_needs_itself_is_refused(tmp_path: Path, workplace: Workplace, index: IndexServer) -> None:
    for name, other in (("hen", "egg"), ("egg", "hen")):
        text = f'[build-system]\nrequires = ["{other}"]\nbuild-backend = "{other}"\n'
        index.add(make_sdist(tmp_path, name, "1.0", pyproject=text))
    project(workplace, "hen")
    error = run(workplace, index, "lock", "--json").document["error"]
    assert error["code"] == "build-cycle" and "hen" in error["message"] and "egg" in error["message"]


@pytest.mark.parametrize("peer", ["pip", "uv"])
def test_pip_and_uv_install_a_lock_with_archives(
    tmp_path: Path, workplace: Workplace, index: IndexServer, peer: str
) -> None:
    index.add(packed(make_project(tmp_path / "part", "part", requires=["wire"]), tmp_path / "part-1.0.tar.gz"))
    index.add(packed(make_project(tmp_path / "named", "named"), tmp_path / "named-1.0.tar.gz"))
    project(workplace, "part", f"named @ {index.file_url('named-1.0.tar.gz')}")
    assert run(workplace, index, "lock").code == 0
    (lock,) = workplace.project.glob("pylock.*.toml")
    install_with(peer, lock, workplace, index)
    assert workplace.installed() == {"part": "1.0", "named": "1.0", "wire": "2.0"}


def _tar(path: Path, *members: tuple[str, str, str]) -> Path:
    """An archive of (name, type, link) members."""
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, link in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind.encode(), link
            entry.size = 4 if kind == "0" else 0
            archive.addfile(entry, io.BytesIO(b"evil") if kind == "0" else None)
    return path


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("../evil", "0", "")], "outside its folder"),
        ([("part-1/../../evil", "0", "")], "outside its folder"),
        ([("/etc/evil", "0", "")], "not relative"),
        ([("C:/evil", "0", "")], "not relative"),
        ([("part-1\\..\\evil", "0", "")], "not relative"),
        ([("part-1/link", "2", "/etc/passwd")], "absolute path"),
        ([("part-1/link", "2", "../../etc")], "leads outside"),
        ([("part-1/hard", "1", "../../../etc/passwd")], "leads outside"),
        ([("part-1/out", "2", ".."), ("part-1/out/../../evil", "0", "")], "outside"),
        ([("part-1/device", "3", "")], "device or a pipe"),
        ([("part-1/block", "4", "")], "device or a pipe"),
        ([("part-1/pipe", "6", "")], "device or a pipe"),
        ([("part-1/file", "0", ""), ("part-1/file/below", "0", "")], "cannot be unpacked"),
    ],
)
def test_a_hostile_archive_is_refused_and_writes_nothing_outside(
    tmp_path: Path, members: list[tuple[str, str, str]], reason: str
) -> None:
    place = tmp_path / "deep" / "place"
    place.mkdir(parents=True)
    archive = _tar(tmp_path / "part-1.tar.gz", *members)
    before = set(tmp_path.rglob("*"))
    with (
        pytest.raises(ArchiveRefused, match=reason),
        unpacked(str(archive), filename="part-1.tar.gz", folder=str(place)),
    ):
        pass
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("../evil", 0o100644, "outside its folder"),
        ("/evil", 0o100644, "not relative"),
        ("part-1\\evil", 0o100644, "not relative"),
        ("part-1/link", 0o120777, "a link"),
        ("part-1/device", 0o020644, "a link, a device"),
    ],
)
def test_a_hostile_zip_is_refused(tmp_path: Path, name: str, mode: int, reason: str) -> None:
    path = tmp_path / "part-1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        entry.create_system, entry.external_attr = 3, mode << 16
        archive.writestr(entry, "evil")
    with pytest.raises(ArchiveRefused, match=reason), unpacked(str(path), filename=path.name, folder=str(tmp_path)):
        pass
    assert sorted(item.name for item in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize("suffix", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_every_kind_of_archive_is_unpacked(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"part-1.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.writestr("part-1/setup.py", "pass")
    else:
        with tarfile.open(path, f"w:{suffix.partition('.')[2]}") as archive:  # type: ignore[call-overload]
            entry = tarfile.TarInfo("part-1/setup.py")
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"pass"))
    with unpacked(str(path), filename=path.name) as folder:
        assert Path(folder).name == "part-1" and (Path(folder) / "setup.py").read_text() == "pass"
    assert not Path(folder).exists()


def test_a_bomb_is_given_up_early(tmp_path: Path) -> None:
    path = tmp_path / "part-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("part-1/zeros")
        entry.size = 300 << 20
        archive.addfile(entry, _Zeros(entry.size))
    with pytest.raises(ArchiveRefused, match="100 times its size"), unpacked(str(path), filename=path.name):
        pass


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00torn"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "part-1.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused, match="cannot be unpacked"), unpacked(str(path), filename=path.name):
        pass


class _Zeros(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1) -> bytes:
        size = min(self._left, size if size >= 0 else self._left)
        self._left -= size
        return bytes(size)


def test_archives_and_backends_of_a_folder_are_enough(
    tmp_path: Path, workplace: Workplace, backend_wheels: list[Path]
) -> None:
    links = tmp_path / "links"
    packed(make_project(tmp_path / "part", "part", kind=HATCH), links / "part-1.0.tar.gz")
    for wheel in backend_wheels:
        shutil.copy(wheel, links)
    project(workplace, "part")
    done = workplace.run("sync", "--environment", "cpu", "--no-index", "--find-links", str(links), "--offline")
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "1.0"}
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert f'path = "{links}/part-1.0.tar.gz"' in lock.read_text()
