"""Hostile wheels leave nothing behind but their refusal; odd but honest wheels are unpacked."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.store import Store, WheelRefused
from accelinstall.store.crew import Crew
from accelinstall.store.manifest import Manifest
from accelinstall.store.unpacking.refusals import RecordMismatch
from accelinstall.store.unpacking.unpack import batches, unpack
from accelinstall.testing import IndexServer, make_wheel
from tests.store.hostile import CONTENT, GOOD, HOSTILE, RECORDS
from tests.store.kit import Ear, leftovers, locked, tree_of
from tests.store.rawzip import Raw, archive, digest, wheel_members

NAME = "evil-1.0-py3-none-any.whl"


@pytest.fixture
def http():
    with HttpClient(environ={}, keyring=False) as client:
        yield client


def write(folder: Path, data: bytes, name: str = NAME) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def lay_out(tmp_path: Path, data: bytes, **package: Any) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the tree of the wheel *data*."""
    path = write(tmp_path / "wheels", data, package.get("filename", NAME))
    fields = {"name": "evil", "version": "1.0", "filename": NAME, "sha256": "0" * 64, **package}
    crew = Crew(2)
    try:
        manifest = unpack(str(path), str(tmp_path / "tree"), package=LockedPackage(**fields), crew=crew)
    finally:
        crew.close()
    return manifest, tree_of(tmp_path / "tree")


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_wheel_is_refused_by_its_own_code_and_leaves_nothing(title: str, tmp_path: Path, http: HttpClient):
    data, code = HOSTILE[title]
    wheel = write(tmp_path / "wheels", data)
    store = Store(str(tmp_path / "cache"))
    with pytest.raises(WheelRefused) as caught:
        store.fetch([locked(wheel)], http=http)
    assert caught.value.code == code, caught.value.message
    assert f"`{NAME}` from {wheel} is refused: " in caught.value.message
    assert caught.value.hint
    assert sorted(os.listdir(tmp_path)) == ["cache", "wheels"]
    assert os.listdir(tmp_path / "wheels") == [NAME]
    assert leftovers(tmp_path / "cache") == []
    assert store.keys() == ()


@pytest.mark.parametrize("title", sorted(HOSTILE.keys() - CONTENT.keys() - {"a false hash", "a false strong hash"}))
def test_what_can_be_known_before_writing_is_refused_before_writing(title: str, tmp_path: Path):
    with pytest.raises(WheelRefused):
        lay_out(tmp_path, HOSTILE[title][0])
    assert not (tmp_path / "tree").exists()


def test_a_refused_download_is_not_kept_for_a_next_run(tmp_path: Path, http: HttpClient):
    wheel = write(tmp_path / "wheels", RECORDS["a false hash"][0])
    with IndexServer() as server:
        server.add(wheel)
        store = Store(str(tmp_path / "cache"))
        with pytest.raises(RecordMismatch, match=server.file_url(NAME)) as caught:
            store.fetch([locked(wheel, server)], http=http)
    assert caught.value.member == "evil/a.py"
    assert caught.value.expected == digest(b"")
    assert leftovers(tmp_path / "cache") == []


def test_a_refusal_shows_control_characters_as_escapes(tmp_path: Path):
    with pytest.raises(WheelRefused) as caught:
        lay_out(tmp_path, HOSTILE["a newline"][0])
    assert "evil/a\\n.py" in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("filename", ["good-1.0-py3-none-any.whl", "evil-1.1-py3-none-any.whl"])
def test_a_file_name_of_another_project_or_version_is_refused(filename: str, tmp_path: Path):
    with pytest.raises(WheelRefused) as caught:
        lay_out(tmp_path, GOOD, filename=filename)
    assert caught.value.code in ("name-mismatch", "version-mismatch")
    assert caught.value.member == filename


def test_the_good_wheel_of_the_corpus_is_unpacked_without_warning(tmp_path: Path):
    manifest, tree = lay_out(tmp_path, GOOD)
    assert tree.keys() == {"evil/__init__.py", "evil-1.0.dist-info/METADATA", "evil-1.0.dist-info/WHEEL"}
    assert (manifest.name, manifest.version, manifest.purelib, manifest.warnings) == ("evil", "1.0", True, ())


def test_names_and_versions_are_compared_as_the_standards_say(tmp_path: Path):
    data = archive(wheel_members(name="Evil", version="1.0.0"))
    manifest, _ = lay_out(tmp_path, data, filename="EVIL-1.0-1-py3-none-any.whl")
    assert (manifest.name, manifest.version) == ("evil", "1.0.0")


def test_flaws_of_record_inside_dist_info_are_warnings(tmp_path: Path):
    right = wheel_members()[-1].data.decode()
    rows = right.replace(digest(wheel_members()[2].data), digest(b"other"))
    rows = rows.replace('"evil-1.0.dist-info/METADATA"', '"evil-1.0.dist-info/GONE"')
    manifest, tree = lay_out(tmp_path, archive(wheel_members(record=rows)))
    assert [warning.split("`")[1] for warning in manifest.warnings] == [
        "evil-1.0.dist-info/GONE",
        "evil-1.0.dist-info/METADATA",
        "evil-1.0.dist-info/WHEEL",
    ]
    assert "evil-1.0.dist-info/WHEEL" in tree
    recorded = {file.path: f"sha256={file.sha256}" for file in manifest.files}
    assert recorded["evil-1.0.dist-info/WHEEL"] == digest(tree["evil-1.0.dist-info/WHEEL"])


def test_warnings_are_told_and_kept_with_the_entry(tmp_path: Path, http: HttpClient):
    wheel = write(tmp_path / "wheels", archive(wheel_members(wheel="Wheel-Version: 1.9\nRoot-Is-Purelib: false\n")))
    ear, store = Ear(), Store(str(tmp_path / "cache"))
    entry = store.fetch([locked(wheel)], http=http, progress=ear)[locked(wheel).sha256]
    assert ear.notes == ["wheel-flaw"]
    assert "1.9" in entry.warnings[0]
    assert entry.purelib is False
    assert store.get(entry.sha256) == entry


def test_signatures_of_record_need_no_row(tmp_path: Path):
    members = wheel_members()
    members.insert(-1, Raw(name=b"evil-1.0.dist-info/RECORD.jws", data=b"{}"))
    manifest, _ = lay_out(tmp_path, archive(members))
    assert manifest.warnings == ()


def test_a_stronger_hash_in_record_is_compared_and_the_store_knows_sha256(tmp_path: Path):
    data = b"content"
    row = f"evil/a,{digest(data, 'sha512')},\n"
    right = wheel_members()[-1].data.decode()
    manifest, _ = lay_out(tmp_path, archive(wheel_members(Raw(name=b"evil/a", data=data), record=right + row)))
    assert {f.path: f"sha256={f.sha256}" for f in manifest.files}["evil/a"] == digest(data)


def test_folders_descriptors_wide_sizes_and_comments_are_honest(tmp_path: Path):
    class Pipe(io.RawIOBase):
        """What ``zipfile`` cannot seek in, so that it writes data descriptors."""

        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: Any) -> int:
            self.data += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as target:
        for index, member in enumerate(wheel_members(Raw(name=b"evil/d/", mode=0o40755))):
            if member.name.endswith(b"/"):
                target.mkdir("evil/d")
                continue
            with target.open(member.name.decode(), "w", force_zip64=bool(index % 2)) as stream:
                stream.write(member.data)
        target.comment = b"made by a build server"
    _, tree = lay_out(tmp_path, bytes(pipe.data))
    assert tree["evil/__init__.py"] == b"x = 1\n"


def test_archives_without_posix_modes_are_read_as_plain_files(tmp_path: Path):
    manifest, tree = lay_out(tmp_path, archive([Raw(**{**vars(m), "mode": 0}) for m in wheel_members()]))
    assert tree
    assert not any(file.executable for file in manifest.files)


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_set_user_id_bits_do_not_survive(tmp_path: Path):
    lay_out(tmp_path, archive(wheel_members(Raw(name=b"evil/su", data=b"#!", mode=0o106755))))
    assert stat.S_IMODE(os.stat(tmp_path / "tree" / "evil" / "su").st_mode) & 0o7222 == 0


def test_names_outside_ascii_are_kept(tmp_path: Path):
    member = Raw(name="evil/señal_你好.txt".encode(), data=b"x", flags=0x800)
    manifest, tree = lay_out(tmp_path, archive(wheel_members(member)))
    assert tree["evil/señal_你好.txt"] == b"x"
    assert "evil/señal_你好.txt" in {file.path for file in manifest.files}


def test_large_members_are_jobs_of_their_own_and_small_ones_share(tmp_path: Path):
    files = {f"many/f{n}.py": b"#" * 10 for n in range(1000)} | {"many/large.so": bytes(9_000_000)}
    wheel = make_wheel(tmp_path / "wheels", "many", "1.0", files=files)
    seen: list[int] = []

    class Counting(Crew):
        def run(self, jobs: Any) -> None:
            jobs = list(jobs)
            seen.append(len(jobs))
            super().run(jobs)

    crew = Counting(2)
    manifest = unpack(str(wheel), str(tmp_path / "tree"), package=locked(wheel), crew=crew)
    crew.close()
    assert seen == [2]
    assert len(manifest.files) == 1003
    assert (tmp_path / "tree/many/large.so").stat().st_size == 9_000_000
    assert batches(()) == []
