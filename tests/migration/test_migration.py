"""Projects as teams have them: what becomes of every line, and every file back where it was."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.errors import AccelinstallError
from accelinstall.migration.backup import FOLDER, BackupDamaged, back_up, restore
from accelinstall.migration.ledger import OUTCOMES, counts_of
from accelinstall.migration.naming import group_of, is_requirements_file
from accelinstall.migration.placing import place
from accelinstall.migration.reading import read_requirements
from accelinstall.project import parse_project
from accelinstall.project.requirements import logical_lines
from accelinstall.testing import IndexServer, make_wheel
from tests.migration.places import NAMES, PROJECTS, contents, copied, ledger, planned
from tests.pipeline.running import Workplace

READABLE = [name for name in NAMES if name != "mistakes"]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_becomes_what_is_expected(tmp_path: Path, name: str) -> None:
    migration = planned(copied(name, tmp_path / "project"))
    assert ledger(migration) == (PROJECTS / name / "expected.ledger").read_text("utf-8")
    assert migration.edit.after == (PROJECTS / name / "expected.toml").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_lost_and_none_is_told_twice(tmp_path: Path, name: str) -> None:
    folder = copied(name, tmp_path / "project")
    migration = planned(folder)
    read = [path for path in migration.read if is_requirements_file(path)]
    lines = [line.where for path in read for line in logical_lines(path, (folder / path).read_text("utf-8-sig"))]
    told = [row.where for row in migration.placed.rows if is_requirements_file(row.file)]
    assert sorted(told) == sorted(lines)


@pytest.mark.parametrize("name", NAMES)
def test_a_second_migration_changes_nothing(tmp_path: Path, name: str) -> None:
    folder = copied(name, tmp_path / "project")
    first = planned(folder).edit
    (folder / "pyproject.toml").write_bytes(first.after or b"")
    assert not planned(folder).edit.is_change


def test_poetry_accepts_every_result(tmp_path: Path) -> None:
    for name in NAMES:
        folder = copied(name, tmp_path / name)
        (folder / "pyproject.toml").write_bytes(planned(folder).edit.after or b"")
    command = [sys.executable, "tests/pipeline/poetry_checks.py", *(str(tmp_path / name) for name in NAMES)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    bad = [row for row in rows if row[1] != "0" and "does not exist" not in row[2]]
    assert len(rows) == len(NAMES)
    assert bad == []


@pytest.mark.parametrize("name", NAMES)
def test_restoring_is_the_identity(tmp_path: Path, name: str) -> None:
    folder = copied(name, tmp_path / "project")
    before = contents(folder)
    run_worker(folder, "migrate")
    assert (folder / FOLDER / "manifest.json").exists()
    assert tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    restore(str(folder))
    assert contents(folder) == before


def run_worker(folder: Path, action: str, *, kill_after: float | None = None) -> None:
    """The worker to its end, or killed so many seconds after it began to work."""
    command = [sys.executable, "-m", "tests.migration.worker", str(folder), action]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if kill_after is not None:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
        process.wait()
    assert kill_after is not None or process.returncode == 0


@pytest.mark.parametrize("seed", range(8))
def test_killed_at_any_moment_everything_comes_back(tmp_path: Path, seed: int) -> None:
    folder = copied("existing-poetry", tmp_path / "project")
    before, chance = contents(folder), random.Random(seed)
    run_worker(folder, "migrate", kill_after=chance.uniform(0, 0.4))
    if (folder / FOLDER).exists():
        run_worker(folder, "restore", kill_after=chance.uniform(0, 0.02))
        if (folder / FOLDER).exists():
            restore(str(folder))
    left = {path: found for path, found in contents(folder).items() if ".tmp" not in path}
    assert left == before


def test_the_script_restores_without_us_and_is_plain_shell(tmp_path: Path) -> None:
    folder = copied("existing-poetry", tmp_path / "it's a pröject")
    (folder / "real.txt").write_text("redis>=5\n")
    (folder / "requirements-more.txt").symlink_to("real.txt")
    (folder / "requirements.txt").chmod(0o640)
    before = contents(folder)
    run_worker(folder, "migrate")
    script = folder / FOLDER / "restore.sh"
    checked = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, env=with_tools())
    assert checked.returncode == 0, checked.stdout
    (folder / "requirements.txt").unlink()
    subprocess.run(["/bin/sh", str(script)], check=True, cwd=tmp_path)
    assert contents(folder) == before


def with_tools() -> dict[str, str]:
    """The variables with the folder of the tests' own commands in PATH."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_what_was_edited_after_the_migration_is_kept_beside(tmp_path: Path) -> None:
    folder = copied("existing-poetry", tmp_path / "project")
    run_worker(folder, "migrate")
    file = folder / "pyproject.toml"
    file.write_text(file.read_text() + "# mine\n")
    restore(str(folder))
    assert file.read_bytes() == (PROJECTS / "existing-poetry" / "pyproject.toml").read_bytes()
    assert (folder / "pyproject.toml.after-migration").read_text().endswith("# mine\n")


def test_a_second_migration_still_leads_back_to_where_the_first_began(tmp_path: Path) -> None:
    folder = copied("existing-poetry", tmp_path / "project")
    before = contents(folder)
    run_worker(folder, "migrate")
    (folder / "requirements.txt").write_text("flask>=2\nredis>=5\nhttpx\n")
    run_worker(folder, "migrate")
    assert "httpx" in (folder / "pyproject.toml").read_text()
    restore(str(folder))
    assert {name: found for name, found in contents(folder).items() if "after-migration" not in name} == before


def test_a_damaged_backup_restores_nothing(tmp_path: Path) -> None:
    folder = copied("existing-poetry", tmp_path / "project")
    back_up(str(folder), ["pyproject.toml"], {"pyproject.toml": b"new"})
    (folder / FOLDER / "files" / "pyproject.toml").write_bytes(b"other")
    (folder / "pyproject.toml").write_bytes(b"new")
    with pytest.raises(BackupDamaged, match=r"files/pyproject\.toml"):
        restore(str(folder))
    assert (folder / "pyproject.toml").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("requirements.txt", "main"),
        ("requirements/base.txt", "main"),
        ("requirements-prod.txt", "main"),
        ("dev-requirements.txt", "dev"),
        ("requirements_dev.txt", "dev"),
        ("requirements.test.txt", "test"),
        ("requirements/ml-gpu.txt", "ml-gpu"),
        ("requirements-cuda121.txt", "cuda121"),
        ("reqs/Docs.in", "docs"),
        ("requirements/3d.txt", "group-3d"),
        ("requirements/worker.txt", "worker"),
    ],
)
def test_a_file_is_for_the_group_its_name_says(path: str, group: str) -> None:
    assert is_requirements_file(path)
    assert group_of(path) == group


@pytest.mark.parametrize("path", ["readme.txt", "notes.txt", "requirements/readme.txt", "requirements.md", "a/b.txt"])
def test_other_files_are_none_of_requirements(path: str) -> None:
    assert not is_requirements_file(path)


LINES = st.lists(
    st.sampled_from(
        [
            "flask", "flask>=2", "flask<3 ; python_version < '3.9'", "torch==2.1.0+cu121", "-e .", "-e ./libs/a", "",
            "# words", "numpy==1.26.4 \\", "    --hash=sha256:" + "a" * 64, "-r other.txt", "-c bounds.txt", "-r x.txt",
            "--pre", "--extra-index-url https://download.pytorch.org/whl/cu121", "-f ./wheels", "--bogus", "a b c",
            "-i https://u:p@h.example/simple", "git+https://h.example/x.git#egg=x", "x @ https://h.example/x-1.tar.gz",
            "--no-index", "===", "é", "pkg[extra]~=1.0", "-e", "-rother.txt", "\\", "--requirement=other.txt",
        ]
    ),
    max_size=12,
)  # fmt: skip


@given(main=LINES, other=LINES, bounds=LINES)
def test_whatever_the_lines_are_the_counts_balance(main: list[str], other: list[str], bounds: list[str]) -> None:
    from accelinstall.catalog import load_catalog
    from accelinstall.errors import ProjectError

    texts = {"requirements.txt": "\n".join(main), "other.txt": "\n".join(other), "bounds.txt": "\n".join(bounds)}

    def read(path: str) -> str:
        if path not in texts:
            raise ProjectError(f"{path} cannot be read")
        return texts[path]

    reading = read_requirements(["requirements.txt"], read=read, directory="/w")
    placed = place(reading, catalog=load_catalog(), default_index="https://index.example/simple")
    lines = [line.where for path in reading.read for line in logical_lines(path, texts[path])]
    assert sorted(row.where for row in placed.rows) == sorted(lines)
    counts = counts_of(placed.rows)
    assert counts["lines"] == sum(counts[outcome] for outcome in OUTCOMES)
    assert "u:p" not in "".join(row.text + row.detail for row in placed.rows)


@pytest.fixture
def index(tmp_path: Path) -> IndexServer:
    """``web`` 1.0 and 2.0 (which needs ``wire``), ``wire`` 1.0 and 2.0, ``other``."""
    server = IndexServer()
    for name, version, requires in (
        ("web", "1.0", ["wire"]),
        ("web", "2.0", ["wire>=1"]),
        ("wire", "1.0", []),
        ("wire", "2.0", []),
        ("deep", "1.0", []),
        ("other", "1.0", ["deep"]),
        ("alone", "1.0", []),
    ):
        server.add(make_wheel(tmp_path / "wheels", name, version, requires=requires))
    return server


def run(place: Workplace, index: IndexServer, *more: str) -> dict[str, object]:
    """``accelinstall migrate --yes --json`` with nothing but the loopback index."""
    with index:
        options = ("--environment", "cpu", "--index-url", index.simple_url, "--yes", "--json")
        done = place.run("migrate", *options, *more)
    assert done.code == 0, done.out
    return dict(json.loads(done.out))


def test_what_was_pinned_is_kept_and_the_rest_is_told(tmp_path: Path, index: IndexServer) -> None:
    place = Workplace(tmp_path / "place")
    place.write("-c constraints.txt\nweb==1.0\nother\n", "requirements.txt")
    place.write("wire==1.0\nalone==1.0\ndeep==0.9\n", "constraints.txt")
    document = run(place, index)
    assert document["comparison"] == {
        "lock": str(next(place.project.glob("pylock.*"))),
        "reason": "",
        "same": 2,
        "moved": [{"name": "deep", "pinned": "0.9", "locked": "1.0"}],
        "gone": ["alone"],
    }
    assert document["counts"] == {"lines": 6, "migrated": 2, "source": 0, "constraint": 4, "needs-human": 0}


def test_a_frozen_file_leaves_to_the_lock_what_only_others_need(tmp_path: Path, index: IndexServer) -> None:
    place = Workplace(tmp_path / "place")
    place.write("alone==1.0\ndeep==1.0\nother==1.0\nweb==1.0\nwire==1.0\n", "requirements.txt")
    (place.project / "app.py").write_text("import web, wire\n")
    document = run(place, index)
    outcomes = {row["text"]: row["outcome"] for row in document["ledger"]}  # type: ignore[attr-defined]
    assert outcomes == {
        "alone==1.0": "migrated",
        "deep==1.0": "constraint",
        "other==1.0": "migrated",
        "web==1.0": "migrated",
        "wire==1.0": "migrated",  # the project imports it
    }
    main = parse_project((place.project / "pyproject.toml").read_bytes(), directory="").groups[0]
    assert [item.requirement.name for item in main.wanted] == ["alone", "other", "web", "wire"]
    assert document["comparison"]["same"] == 5  # type: ignore[index]


def test_without_network_it_says_that_nothing_was_compared(tmp_path: Path, index: IndexServer) -> None:
    place = Workplace(tmp_path / "place")
    place.write("web==1.0\n", "requirements.txt")
    document = run(place, index, "--offline")
    assert document["written"] is True
    assert "switched off" in document["comparison"]["reason"]  # type: ignore[index]


def test_versions_that_no_lock_keeps_yet_come_with_the_command_that_keeps_them(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "place")
    place.write("-c constraints.txt\nweb\n", "requirements.txt")
    place.write("wire==1.0\n", "constraints.txt")
    done = place.run("migrate", "--yes", "--offline")
    assert done.code == 0
    assert "accelinstall lock -c constraints.txt\n" in done.out


def test_nothing_is_written_without_consent_and_a_dry_run_prints_the_diff(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "place")
    place.write("web\n", "requirements.txt")
    assert place.run("migrate").code == 2
    dry = place.run("migrate", "--dry-run")
    assert dry.code == 0
    assert '+web = "*"' in dry.out
    assert sorted(path.name for path in place.project.iterdir()) == ["requirements.txt"]


def test_a_folder_without_requirements_is_told(tmp_path: Path) -> None:
    done = Workplace(tmp_path / "place").run("migrate", "--yes")
    assert done.code == 1
    assert "migrate -r FILE" in done.err


def test_without_a_backup_nothing_is_restored(tmp_path: Path) -> None:
    done = Workplace(tmp_path / "place").run("migrate", "--restore", "--yes")
    assert (done.code, "is not there" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("requirements.txt", "# caf\xe9\nflask\n".encode("latin-1")),
        ("requirements.txt", "flask\r\n".encode("utf-16")),
        ("requirements.txt", b"flask\r\n-r requirements.txt\r\n"),
        ("requirements.txt", b"flask\n\x00\n"),
        ("requirements.txt", b"flask\n" + b"#" * 3_000_000),
        ("requirements.txt", b"flask\n" * 20_000),
        ("setup.cfg", b"[options]\ninstall_requires =\n  flask\n"),
    ],
    ids=["latin-1", "utf-16", "itself", "nul", "a long comment", "many lines", "setup.cfg alone"],
)
def test_odd_files_are_read_and_stay(tmp_path: Path, name: str, content: bytes) -> None:
    place = Workplace(tmp_path / "pläce with space")
    (place.project / name).write_bytes(content)
    migration = planned(place.project)
    assert b"flask" in (migration.edit.after or b"")
    assert (place.project / name).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("setup.py", b"def (", "setup.py"),
        ("setup.cfg", b"[options\n", "setup.cfg"),
        ("Pipfile", b"[packages\n", "Pipfile"),
        ("pyproject.toml", b"[tool.poetry\n", "pyproject.toml:1"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    place = Workplace(tmp_path / "place")
    place.write("flask\n", "requirements.txt")
    (place.project / name).write_bytes(content)
    with pytest.raises(AccelinstallError, match=told):
        planned(place.project)
    assert (place.project / name).read_bytes() == content


def test_the_page_can_be_followed_word_for_word(tmp_path: Path) -> None:
    page = Path(__file__).parents[2].joinpath("docs/migration.md").read_text("utf-8")
    place = Workplace(tmp_path / "place")
    for name, text in re.findall(r"^`([\w.-]+\.txt)`\n\n```text\n(.*?)```", page, re.DOTALL | re.MULTILINE):
        place.write(text, name)
    expected = re.search(r"changes nothing:\n\n```text\n(.*?)```", page, re.DOTALL)
    assert expected
    before = contents(place.project)
    commands = re.findall(r"^\$ accelinstall (.*)$", page, re.MULTILINE)
    assert commands == ["migrate --dry-run", "migrate --yes", "migrate --restore --yes"]
    with IndexServer() as server:
        for name, version in (("packaging", "24.0"), ("requests", "2.32.0"), ("pytest", "8.3.2"), ("idna", "3.7")):
            requires = ["idna"] if name == "requests" else []
            extras = ["socks"] if name == "requests" else []
            server.add(make_wheel(tmp_path / "wheels", name, version, requires=requires, extras=extras))
        told = [
            place.run(*shlex.split(command), *(() if "restore" in command else ("--index-url", server.simple_url)))
            for command in commands
        ]
    assert [done.code for done in told] == [0, 0, 0], told[1].err
    assert told[0].out.startswith(expected[1])
    assert "Compared     2 of 2 pins kept" in told[1].out
    assert contents(place.project) == before


def test_files_beside_the_project_are_read_and_nothing_is_written_over(tmp_path: Path) -> None:
    service = tmp_path / "services" / "api"
    (service / "requirements").mkdir(parents=True)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("requests\n")
    # Where a copy of ../../requirements/base.txt would fall, were it kept under that very name.
    (service / "requirements" / "base.txt").write_text("mine\n")
    (service / "requirements.txt").write_text("-r ../../requirements/base.txt\nflask\n")
    before = contents(tmp_path)
    run_worker(service, "migrate")
    assert {path: found for path, found in contents(tmp_path).items() if path in before} == before
    assert "requests" in (service / "pyproject.toml").read_text()
    restore(str(service))
    assert {path: found for path, found in contents(tmp_path).items() if path in before} == before


def test_what_a_killed_run_left_unfinished_is_swept_by_restoring(tmp_path: Path) -> None:
    folder = copied("existing-poetry", tmp_path / "project")
    before = contents(folder)
    run_worker(folder, "migrate")
    (folder / "pyproject.toml.123-4f.tmp").write_text("half")
    (folder / f"{FOLDER}.77.tmp").mkdir()
    (folder / "mine.tmp").write_text("mine")
    restore(str(folder))
    assert contents(folder) == {**before, "mine.tmp": (b"mine", (folder / "mine.tmp").lstat().st_mode)}
    assert not (folder / f"{FOLDER}.77.tmp").exists()


def test_the_script_replaces_files_so_that_read_only_ones_come_back(tmp_path: Path) -> None:
    folder = copied("existing-poetry", tmp_path / "project")
    (folder / "pyproject.toml").chmod(0o444)
    before = contents(folder)
    run_worker(folder, "migrate")
    migrated = (folder / "pyproject.toml").read_bytes()
    os.link(folder / "pyproject.toml", tmp_path / "same file")
    subprocess.run(["/bin/sh", str(folder / FOLDER / "restore.sh")], check=True, cwd="/")
    assert contents(folder) == before
    assert (tmp_path / "same file").read_bytes() == migrated


@pytest.mark.parametrize(
    ("line", "outcome", "words"),
    [
        ("certifi @ file:///croot/certifi_1671/work/certifi", "needs-human", "name a version"),
        ("hg+https://h.example/x#egg=x", "needs-human", "git alone, not hg"),
        ("git+https://${TOKEN}@h.example/x.git#egg=x", "migrated", "the login of its address is not written down"),
        ("git+ssh://git@h.example/x.git#egg=x", "migrated", "main"),
        ("foo==1.0 --global-option=x", "migrated", "main; `--global-option` is left out"),
        ("foo==1.0 --hash=sha256:" + "a" * 64, "migrated", "main, hashes in the lock"),
    ],
)
def test_what_stands_nowhere_afterwards_is_told(tmp_path: Path, line: str, outcome: str, words: str) -> None:
    place = Workplace(tmp_path / "place")
    place.write(f"{line}\n", "requirements.txt")
    (row,) = planned(place.project).placed.rows
    assert row.outcome == outcome
    assert words in row.detail
    assert "TOKEN" not in row.text + row.detail


def test_a_frozen_torch_keeps_its_source_and_extras_stay(tmp_path: Path) -> None:
    from accelinstall.catalog import load_catalog

    text = (
        "--extra-index-url https://download.pytorch.org/whl/cu121\n"
        "nvidia-cublas-cu12==12.1.3.1\ntorch==2.1.0\ntorchvision==0.16.0\nuvicorn[standard]==0.29.0\nwire==1.0\n"
    )
    reading = read_requirements(["requirements.txt"], read=lambda _: text, directory="/w")
    needed = dict.fromkeys(["nvidia-cublas-cu12", "torch", "uvicorn", "wire"], "other")
    placed = place(reading, catalog=load_catalog(), default_index="https://index.example/simple", transitive=needed)
    assert list(placed.groups["main"]) == ["torch", "torchvision", "uvicorn"]
    assert {"nvidia-cublas-cu12", "wire"} <= placed.pins.keys()
    assert {item.wanted.source for item in placed.groups["main"]["torch"]} == {"pytorch-cu121"}


def test_what_the_code_imports_under_another_name_stays_a_dependency(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "place")
    place.write("a==1\nb==1\nc==1\npyyaml==6.0\nweb==1.0\n", "requirements.txt")
    (place.project / "app.py").write_text("from yaml import safe_load\n")
    server = IndexServer()
    for name, version, requires in (("web", "1.0", ["pyyaml"]), ("pyyaml", "6.0", []), *((n, "1", []) for n in "abc")):
        server.add(make_wheel(tmp_path / "wheels", name, version, requires=requires))
    document = run(place, server)
    assert document["counts"]["migrated"] == 5  # type: ignore[index]
