"""The backup: no byte of anybody's is lost, and nothing outside the project is touched."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from accelinstall.migration.backup import FOLDER, BackupDamaged, RestoreFailed, back_up, restore
from tests.migration.places import contents
from tests.pipeline.running import Workplace


def test_files_outside_the_project_stay_there_and_overwrite_none_of_it(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "place")
    (place.project / "requirements.txt").write_text("-r ../../requirements.txt\nflask\n")
    (place.project.parent.parent / "requirements.txt").write_text("redis\n")
    done = place.run("migrate", "--yes", "--no-proof")
    assert done.code == 0, done.out
    assert (place.project / "requirements.txt").read_text() == "-r ../../requirements.txt\nflask\n"
    assert 'redis = "*"' in (place.project / "pyproject.toml").read_text()
    (place.project.parent.parent / "requirements.txt").write_text("redis>=5\n")
    assert place.run("migrate", "--restore", "--yes").code == 0
    assert sorted(path.name for path in place.project.iterdir()) == ["requirements.txt"]
    assert (place.project.parent.parent / "requirements.txt").read_text() == "redis>=5\n"


def test_a_manifest_that_names_places_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "mine").write_text("mine")
    back_up(str(tmp_path / "project"), ["a"], {})
    manifest = tmp_path / "project" / FOLDER / "manifest.json"
    document = json.loads(manifest.read_text())
    document["files"]["../mine"] = document["files"].pop("a")
    manifest.write_text(json.dumps(document))
    with pytest.raises(BackupDamaged, match="outside the project"):
        restore(str(tmp_path / "project"))
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_copy_is_as_closed_as_the_file(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("--index-url https://user:secret@packages.test/simple\n")
    file.chmod(0o600)
    back_up(str(tmp_path), ["requirements.txt"], {})
    assert (tmp_path / FOLDER / "files" / "requirements.txt").stat().st_mode & 0o777 == 0o600


def test_every_later_edit_is_kept_under_a_name_of_its_own(tmp_path: Path) -> None:
    file, later = tmp_path / "requirements.txt", tmp_path / "poetry.lock"
    for mine in ("first", "second"):
        file.write_text("flask\n")
        back_up(str(tmp_path), ["requirements.txt", "poetry.lock"], {"pyproject.toml": b"new"})
        (tmp_path / "pyproject.toml").write_bytes(b"new")
        file.write_text(mine)
        later.write_text(f"{mine} lock")
        restore(str(tmp_path))
        assert file.read_text() == "flask\n"
    assert {name: found[0] for name, found in contents(tmp_path).items()} == {
        "requirements.txt": b"flask\n",
        "requirements.txt.after-migration": b"first",
        "requirements.txt.after-migration-2": b"second",
        "poetry.lock.after-migration": b"first lock",
        "poetry.lock.after-migration-2": b"second lock",
    }


def test_a_dry_run_tells_what_would_be_put_back(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "place")
    place.write("flask\n", "requirements.txt")
    place.run("migrate", "--yes", "--no-proof")
    before = contents(place.project)
    done = place.run("migrate", "--restore", "--dry-run")
    assert "would restore pyproject.toml" in done.out
    assert contents(place.project) == before


def test_a_file_that_cannot_be_put_back_is_named_and_the_backup_stays(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("flask\n")
    back_up(str(tmp_path), ["requirements/base.txt"], {})
    (tmp_path / "requirements" / "base.txt").unlink()
    (tmp_path / "requirements").rmdir()
    (tmp_path / "requirements").write_text("a file where the folder was\n")
    with pytest.raises(RestoreFailed, match="the backup is still there"):
        restore(str(tmp_path))
    (tmp_path / "requirements").unlink()
    assert restore(str(tmp_path)) == ("requirements/base.txt",)


def test_the_script_leaves_no_half_of_a_backup(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask\n")
    back_up(str(tmp_path), ["requirements.txt"], {})
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "rm").write_text("#!/bin/sh\nexit 1\n")
    (tools / "rm").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / FOLDER / "restore.sh")], env={"PATH": f"{tools}:/usr/bin:/bin"}, check=False
    )
    assert done.returncode != 0
    assert not (tmp_path / FOLDER).exists()
    back_up(str(tmp_path), ["requirements.txt"], {})
    restore(str(tmp_path))
    assert {*contents(tmp_path)} == {"requirements.txt", "tools/rm"}
