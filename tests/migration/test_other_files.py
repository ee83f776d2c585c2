"""What else teams keep beside requirements files, and files that cannot be meant together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelinstall.errors import AccelinstallError
from tests.migration.places import ledger, planned


def test_the_versions_of_a_pipfile_lock_are_kept(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pipfile").write_text('[packages]\nflask = "*"\n')
    lock = {
        "_meta": {},
        "default": {"flask": {"version": "==2.0.1"}, "tool": {"git": "https://git.test/tool", "ref": "v1"}},
        "develop": {"flask": {"version": "==2.0.1"}, "werkzeug": {"hashes": [], "version": "==2.0.3"}},
    }
    (project / "Pipfile.lock").write_text(json.dumps(lock, indent=4))
    migration = planned(project)
    assert ledger(migration) == (
        "migrated     Pipfile:2  flask  ->  main\n"
        "constraint   Pipfile.lock:4  flask==2.0.1  ->  flask stays 2.0.1 where that fits\n"
        "constraint   Pipfile.lock:13  flask==2.0.1  ->  flask stays 2.0.1 where that fits\n"
        "constraint   Pipfile.lock:16  werkzeug==2.0.3  ->  werkzeug stays 2.0.3 where that fits\n"
    )
    assert migration.placed.pins == {"flask": "2.0.1", "werkzeug": "2.0.3"}
    assert "Pipfile.lock" in migration.read


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000])
def test_a_pipfile_lock_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "Pipfile").write_text('[packages]\nflask = "*"\n')
    (tmp_path / "Pipfile.lock").write_text(content)
    with pytest.raises(AccelinstallError, match=r"Pipfile\.lock: "):
        planned(tmp_path)


def test_condas_file_is_said_to_be_unread(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("dependencies:\n  - numpy\n")
    with pytest.raises(AccelinstallError, match=r"environment\.yml is conda's and not read"):
        planned(tmp_path)
    (tmp_path / "requirements.txt").write_text("flask\n")
    assert [finding.id for finding in planned(tmp_path).findings] == ["conda-not-read"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"requirements.txt": "flask==3.0", "requirements-dev.txt": "flask==2.0"}, True),
        ({"requirements.txt": "flask>=3", "requirements-dev.txt": "flask==2.0"}, True),
        ({"requirements.txt": "flask", "requirements-dev.txt": "flask==2.0"}, False),
        ({"requirements.txt": "flask==2", "requirements-dev.txt": "flask==2.0.0"}, False),
        ({"requirements-cpu.txt": "torch==2.2.0", "requirements-gpu.txt": "torch==2.1.0"}, False),
        ({"requirements.txt": "torch==2.2.0", "requirements-gpu.txt": "torch==2.1.0"}, True),
        ({"requirements.txt": "a==1; python_version<'3'", "requirements-dev.txt": "a==2; python_version>'3'"}, False),
    ],
)
def test_groups_that_cannot_be_locked_together_are_told(tmp_path: Path, files: dict[str, str], told: bool) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(f"{content}\n")
    found = [finding for finding in planned(tmp_path).findings if finding.id == "groups-disagree"]
    assert bool(found) is told
    for finding in found:
        assert all(f"{name}:1" in finding.message for name in files)


def test_the_login_of_a_folder_of_wheels_is_written_nowhere(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("--find-links https://user:hidden@files.test/wheels/\nflask\n")
    migration = planned(tmp_path)
    assert b'find-links = ["https://files.test/wheels/"]' in (migration.edit.after or b"")
    assert "hidden" not in ledger(migration)
    assert "the login of its address is not written down" in ledger(migration)


def test_more_pins_than_any_machine_has_are_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("".join(f"p{number}==1\n" for number in range(2001)))
    (finding,) = planned(tmp_path).findings
    assert "2001 pins are too many to resolve" in finding.message


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(AccelinstallError, match="is no folder"):
        planned(tmp_path / "nowhere")


def test_the_shared_package_above_a_service_keeps_its_own_name(tmp_path: Path) -> None:
    service = tmp_path / "repository" / "service"
    service.mkdir(parents=True)
    (service / "requirements.txt").write_text("-e ..[fast]\nflask\n")
    assert "needs-human  requirements.txt:1" in ledger(planned(service))
    (service.parent / "pyproject.toml").write_text('[project]\nname = "shared-models"\nversion = "1"\n')
    after = (planned(service).edit.after or b"").decode()
    assert 'shared-models = { path = "..", develop = true, extras = ["fast"] }' in after


def test_a_login_in_a_line_that_cannot_be_read_is_not_printed(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text('--index-url "https://user:hidden@packages.test/simple\nflask\n')
    assert "hidden" not in ledger(planned(tmp_path))


def test_a_token_in_an_address_is_neither_printed_nor_written(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("--index-url https://packages.test/simple?auth_token=hidden\nflask\n")
    migration = planned(tmp_path)
    assert "needs-human  requirements.txt:1  --index-url https://packages.test/simple?auth_token=***" in ledger(
        migration
    )
    assert b"hidden" not in (migration.edit.after or b"") and "hidden" not in ledger(migration)
