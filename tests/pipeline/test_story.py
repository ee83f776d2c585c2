"""The whole story on real files: lock, install, run again, change, fail, go back."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.conftest import PYPROJECT
from tests.pipeline.running import Workplace

LOCK_GLOB = "pylock.cpu-*.toml"


def test_optimize_makes_an_environment_with_what_the_project_asks_for(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url)
    assert done.code == 0, done.err
    assert workplace.installed() == {"web": "2.0", "wire": "1.5", "checker": "3.0"}
    script = workplace.venv / "bin" / "web"
    assert subprocess.run([script], check=True, capture_output=True, text=True).stdout == "web 2\n"


def test_a_second_run_asks_the_network_nothing_and_changes_nothing(workplace: Workplace, index: IndexServer) -> None:
    options = ("optimize", "--environment", "cpu", "--index-url", index.simple_url, "--json")
    first = workplace.run(*options).document
    index.clear_requests()
    second = workplace.run(*options).document
    assert index.count() == 0
    assert second["transaction"]["steps"] == [] and second["lock"]["fresh"]
    assert second["lock"]["packages"] == first["lock"]["packages"]
    assert second["receipt"] is None


def test_the_document_has_the_keys_other_programs_rely_on(workplace: Workplace, index: IndexServer) -> None:
    document = workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url, "--json").document
    expected = {"schema", "target", "selected", "verdicts", "lock", "transaction", "receipt", "proof", "findings"}
    assert expected <= document.keys()
    assert document["schema"] == 1
    assert document["target"]["environment"] == "cpu"


def test_a_dry_run_says_what_would_be_done_and_makes_nothing(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url, "--dry-run")
    assert done.code == 0, done.err
    assert "+ web 2.0" in done.out
    assert {path.name for path in workplace.project.iterdir()} == {"pyproject.toml"}


def test_production_leaves_the_development_groups_out_of_the_same_lock(
    workplace: Workplace, index: IndexServer
) -> None:
    workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url)
    (lock,) = workplace.project.glob(LOCK_GLOB)
    before = lock.read_bytes()
    done = workplace.run(
        "sync", "--environment", "cpu", "--index-url", index.simple_url, "--profile", "production", "--no-proof"
    )
    assert done.code == 0, done.err
    assert workplace.installed() == {"web": "2.0", "wire": "1.5"}
    assert lock.read_bytes() == before
    assert list(workplace.venv.glob("lib/python*/site-packages/web/__pycache__/*.pyc"))


def test_sync_removes_what_the_lock_does_not_name_and_optimize_does_not(
    workplace: Workplace, index: IndexServer
) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    workplace.run("optimize", *options)
    foreign = workplace.venv.glob("lib/python*/site-packages").__next__() / "foreign-1.0.dist-info"
    foreign.mkdir()
    (foreign / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (foreign / "RECORD").write_text("foreign-1.0.dist-info/METADATA,,\nforeign-1.0.dist-info/RECORD,,\n")
    workplace.run("optimize", *options)
    assert "foreign" in workplace.installed()
    assert workplace.run("sync", *options, "--inexact").code == 0
    assert "foreign" in workplace.installed()
    assert workplace.run("sync", *options).code == 0
    assert "foreign" not in workplace.installed()


def test_a_changed_project_is_locked_anew_and_keeps_what_still_fits(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    workplace.run("optimize", *options)
    pyproject = workplace.project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("web (>=1)", "web (<2)"))
    done = workplace.run("optimize", *options)
    assert done.code == 0, done.err
    assert workplace.installed() == {"web": "1.0", "checker": "3.0"}


def test_rollback_brings_the_environment_before_the_last_change_back(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    workplace.run("optimize", *options)
    pyproject = workplace.project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("web (>=1)", "web (<2)"))
    workplace.run("optimize", *options)
    done = workplace.run("rollback")
    assert done.code == 0, done.err
    assert workplace.installed() == {"web": "2.0", "wire": "1.5", "checker": "3.0"}


def test_a_rollback_downloads_what_is_no_longer_stored_unless_told_not_to(
    workplace: Workplace, index: IndexServer
) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    workplace.write(PYPROJECT.replace("(>=1)", "(==1.0)"))
    workplace.run("optimize", *options)
    workplace.write(PYPROJECT)
    workplace.run("optimize", *options, "--upgrade")
    assert workplace.installed()["web"] == "2.0"
    workplace.run_bare("cache", "clear")
    refused = workplace.run("rollback", "--offline", "--json")
    assert refused.document["error"]["code"] == "rollback-incomplete"
    assert "web 1.0" in refused.document["error"]["message"]
    assert workplace.installed()["web"] == "2.0"
    done = workplace.run("rollback", "--json")
    assert done.code == 0, done.out
    assert workplace.installed()["web"] == "1.0"


def test_a_dry_rollback_changes_nothing(workplace: Workplace, index: IndexServer) -> None:
    workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url)
    before = workplace.installed()
    done = workplace.run("rollback", "--dry-run")
    assert (done.code, done.out.splitlines()) == (
        0,
        ["Plan         remove 3", "  - checker 3.0", "  - web 2.0", "  - wire 1.5"],
    )
    assert workplace.installed() == before


def test_a_wrong_hash_leaves_the_environment_as_it_was(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    workplace.run("optimize", *options)
    wheel = make_wheel(workplace.root / "new", "wire", "1.6")
    index.add(wheel, sha256="0" * 64)
    done = workplace.run("optimize", *options, "--upgrade", "--json")
    assert done.code == 1
    error = done.document["error"]
    assert error["code"] == "hash-mismatch" and "wire-1.6" in error["message"] and error["hint"]
    assert workplace.installed()["wire"] == "1.5"


def test_an_index_that_is_away_is_one_error_and_nothing_changes(workplace: Workplace) -> None:
    done = workplace.run("optimize", "--environment", "cpu", "--index-url", "http://127.0.0.1:9/simple", "--json")
    assert done.code == 1
    assert done.document["error"]["code"] == "source-unreachable"
    assert {path.name for path in workplace.project.iterdir()} == {"pyproject.toml"}


def test_a_requirement_nobody_satisfies_says_who_wants_it(workplace: Workplace, index: IndexServer) -> None:
    pyproject = workplace.project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("web (>=1)", "web (>=9)"))
    done = workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url)
    assert done.code == 1
    assert "web" in done.err and ">=9" in done.err and "2.0" in done.err
    assert not workplace.venv.exists()


def test_frozen_without_a_lock_says_how_to_make_one(workplace: Workplace) -> None:
    done = workplace.run("sync", "--target", "cpu", "--frozen")
    assert done.code == 1
    assert "hint: accelinstall lock --target cpu-" in done.err


def test_a_lock_for_another_machine_is_refused(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    made = workplace.run("lock", *options, "--target", "cpu-linux-aarch64-cp312")
    assert made.code == 0, made.err
    lock = workplace.project / "pylock.cpu-linux-aarch64-cp312.toml"
    done = workplace.run("sync", str(lock), "--json")
    assert done.document["error"]["code"] == "locked-for-other-target"
    assert not workplace.venv.exists()


def test_the_lock_goes_to_stdout_when_asked(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url, "-o", "-")
    assert done.code == 0, done.err
    assert 'created-by = "accelinstall"' in done.out
    assert not list(workplace.project.glob("pylock*"))


def test_events_are_written_as_json_lines(workplace: Workplace, index: IndexServer) -> None:
    file = workplace.root / "events.jsonl"
    workplace.run("optimize", "--environment", "cpu", "--index-url", index.simple_url, "--events", str(file))
    import json

    names = [json.loads(line)["event"] for line in file.read_text().splitlines()]
    assert {"FileFinished", "PhaseStarted", "Reached"} <= set(names)


def test_two_runs_at_once_leave_one_good_environment(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    workplace.run("lock", *options)
    argv = [sys.executable, "-m", "accelinstall", "sync", "--project", str(workplace.project), *options, "--no-proof"]
    runs = [subprocess.Popen(argv, env=workplace.variables, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for run in runs:
        assert run.communicate()[1] is not None and run.returncode == 0
    assert workplace.installed() == {"web": "2.0", "wire": "1.5", "checker": "3.0"}
    (receipts,) = workplace.venv.glob("lib/python*/site-packages/.accelinstall/receipts")
    assert len(list(receipts.iterdir())) == 1


def test_the_ci_profile_never_locks(workplace: Workplace, index: IndexServer) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url)
    refused = workplace.run("optimize", *options, "--profile", "ci", "--json")
    assert refused.document["error"]["code"] == "lock-missing"
    workplace.run("lock", *options)
    done = workplace.run("optimize", *options, "--profile", "ci")
    assert done.code == 0, done.err
    assert workplace.installed() == {"web": "2.0", "wire": "1.5", "checker": "3.0"}


def test_what_the_default_index_serves_is_told_without_an_address(workplace: Workplace, index: IndexServer) -> None:
    index.add(make_wheel(workplace.root / "more", "torch", "2.14.1", tag="py3-none-any"))
    workplace.write(PYPROJECT.replace("web (>=1)", "torch"))
    workplace.variables["PIP_INDEX_URL"] = index.simple_url
    backend = ("--environment", "cuda", "--backend", "cu130")
    for _ in ("made", "fresh"):
        (row,) = workplace.run("optimize", *backend, "--no-proof", "--json").document["selected"]
        assert (row["name"], row["version"], row["source_url"]) == ("torch", "2.14.1", "")


def test_detect_says_how_much_room_there_is_for_the_store_and_the_target(workplace: Workplace) -> None:
    disk = workplace.run_bare("detect", "--json").document["disk"]
    assert disk.keys() == {"store", "target"}
    assert all(count > 0 for count in disk.values())


@pytest.mark.parametrize(
    ("wanted", "rival", "folder"),
    [
        ("onnxruntime-gpu", "onnxruntime", "onnxruntime"),
        ("opencv-python-headless", "opencv-python", "cv2"),
    ],
)
def test_families_that_wrote_over_each_other_are_repaired(
    workplace: Workplace, index: IndexServer, wanted: str, rival: str, folder: str
) -> None:
    wheels = workplace.root / "more"
    for name in (wanted, rival):
        index.add(make_wheel(wheels, name, "1.26.0", files={f"{folder}/__init__.py": f"NAME = {name!r}\n"}))
    options = ("--environment", "cpu", "--index-url", index.simple_url, "--no-proof")
    workplace.write(PYPROJECT.replace("web (>=1)", wanted))
    assert workplace.run("optimize", *options).code == 0
    (site,) = workplace.venv.glob("lib/python*/site-packages")
    # What `pip install` of the rival beside it does: the same folder, written over.
    with zipfile.ZipFile(wheels / f"{rival.replace('-', '_')}-1.26.0-py3-none-any.whl") as archive:
        (site / folder / "__init__.py").unlink()
        archive.extractall(site)
    done = workplace.run("optimize", *options)
    assert done.code == 0, done.err
    installed = workplace.installed()
    assert rival.replace("-", "_") not in installed and wanted.replace("-", "_") in installed
    assert (site / folder / "__init__.py").read_text() == f"NAME = {wanted!r}\n"


def test_what_conda_installed_is_replaced_with_a_warning_and_never_removed(
    workplace: Workplace, index: IndexServer
) -> None:
    options = ("--environment", "cpu", "--index-url", index.simple_url, "--profile", "production")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(workplace.venv)], check=True)
    (workplace.venv / "conda-meta").mkdir()
    (site,) = workplace.venv.glob("lib/python*/site-packages")
    for name in ("web", "theirs"):
        wheel = make_wheel(workplace.root / "conda", name, "0.5")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        (site / f"{name}-0.5.dist-info" / "INSTALLER").write_text("conda\n")
    done = workplace.run("sync", *options)
    assert done.code == 0, done.err
    assert workplace.installed() == {"web": "2.0", "wire": "1.5", "theirs": "0.5"}
    assert "conda installed web and will not know of the replacement" in done.err
    assert "conda remove --force web" in done.err
    assert "nothing to do" in workplace.run("sync", *options).out
