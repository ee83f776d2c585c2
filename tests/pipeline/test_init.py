"""``init`` on thirty projects of real shapes: the edit is the expected one, is made once, and Poetry accepts it."""

from __future__ import annotations

import difflib
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from accelinstall.cli import run
from accelinstall.cli.console import Console
from accelinstall.project.initialising import is_poetrys
from tests.pipeline.running import Outcome, Workplace

PROJECTS = Path(__file__).parents[1] / "projects"
NAMES = sorted(path.parent.name for path in PROJECTS.glob("*/pyproject.toml"))
ELSEWHERE = ("--platform", "linux-x86_64", "--python-version", "3.11")
SCRIPTS = Path(sys.executable).parent


def initialised(place: Workplace, *argv: str) -> Outcome:
    return place.run("init", *argv, *ELSEWHERE)


def with_project(place: Workplace, name: str) -> bytes:
    raw = (PROJECTS / name / "pyproject.toml").read_bytes()
    (place.project / "pyproject.toml").write_bytes(raw)
    return raw


def now(place: Workplace) -> bytes:
    return (place.project / "pyproject.toml").read_bytes()


def test_there_are_thirty_projects() -> None:
    assert len(NAMES) >= 30


@pytest.mark.parametrize("name", NAMES)
def test_the_edit_is_the_expected_one_and_made_twice_is_made_once(workplace: Workplace, name: str) -> None:
    """The expected diffs are files beside the projects; ``UPDATE_DIFFS=1`` writes them anew, to be read."""
    raw = with_project(workplace, name)
    expected = PROJECTS / name / "init.diff"
    dry = initialised(workplace, "--targets", "cpu,cu130", "--dry-run")
    assert dry.code == 0 and now(workplace) == raw
    if os.environ.get("UPDATE_DIFFS"):
        expected.write_text(dry.out, encoding="utf-8", newline="")
    assert dry.out == expected.read_text(encoding="utf-8")
    assert initialised(workplace, "--targets", "cpu,cu130", "--yes").code == 0
    once = now(workplace)
    again = initialised(workplace, "--targets", "cpu,cu130", "--yes")
    assert again.code == 0 and now(workplace) == once and "has everything" in again.out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("targets", ["cpu,cu130", "cpu,cu126,rocm7-2,xpu,mps,edge"])
def test_lines_are_added_and_frameworks_moved_and_every_other_byte_stays(
    workplace: Workplace, name: str, targets: str
) -> None:
    raw = with_project(workplace, name)
    assert initialised(workplace, "--targets", targets, "--yes").code == 0
    lines = raw.splitlines(keepends=True), now(workplace).splitlines(keepends=True)
    diff = difflib.diff_bytes(difflib.unified_diff, *lines, n=0, lineterm=b"")
    gone = [line[1:] for line in diff if line.startswith(b"-") and line.strip() not in (b"--- ", b"---", b"-]")]
    frameworks = (b"torch", b"tensorflow", b"onnxruntime", b"jax", b"triton")
    shared = (b"targets", b"source = [", b"gpu = [", b"cpu = [", b"version = ")
    assert [line for line in gone if not any(word in line for word in (*frameworks, *shared))] == []


class TestPoetry:
    """The real one, from its own console script."""

    def verdicts(self, *folders: Path) -> dict[str, tuple[int, str]]:
        """What ``poetry check`` says of each folder: one process for all, since starting it takes a second."""
        program = Path(__file__).with_name("poetry_checks.py")
        done = subprocess.run(
            [sys.executable, str(program), *map(str, folders)], capture_output=True, text=True, check=True
        )
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        return {name: (int(code), text) for name, code, text in lines}

    def test_it_accepts_every_result_that_it_accepted_before(self, tmp_path: Path) -> None:
        befores, afters = [], []
        for name in NAMES:
            place = Workplace(tmp_path / name)
            raw = with_project(place, name)
            if not is_poetrys(tomllib.loads(raw.decode())):
                continue
            before = tmp_path / "before" / name
            before.mkdir(parents=True)
            (before / "pyproject.toml").write_bytes(raw)
            assert initialised(place, "--targets", "cpu,cu130,rocm7-2,xpu,mps,edge", "--yes").code == 0
            befores.append(before)
            afters.append(place.project.rename(tmp_path / f"after {name}"))
        was, is_now = self.verdicts(*befores), self.verdicts(*afters)
        assert len(is_now) >= 25
        worse = {name: text for name, (code, text) in is_now.items() if code > was[name.removeprefix("after ")][0]}
        assert worse == {}
        # Two of the projects hold mistakes of their own, on purpose.
        assert {name for name, (code, _) in was.items() if code} == {"extras", "poetry-1"}

    @pytest.mark.parametrize("name", ["poetry-main-torch", "fastapi-service", "poetry-2", "jax-research"])
    def test_its_console_script_says_so_for_each_layout(self, workplace: Workplace, name: str) -> None:
        with_project(workplace, name)
        assert initialised(workplace, "--targets", "cpu,cu130", "--yes").code == 0
        done = subprocess.run(
            [SCRIPTS / "poetry", "check"], cwd=workplace.project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def document(place: Workplace) -> Any:
    return tomllib.loads(now(place).decode("utf-8-sig"))


def test_nothing_is_written_without_a_yes(workplace: Workplace) -> None:
    raw = with_project(workplace, "poetry-main-torch")
    refused = initialised(workplace, "--targets", "cpu")
    assert refused.code == 2 and "--yes" in refused.err and now(workplace) == raw


def test_the_document_tells_targets_groups_diff_and_findings(workplace: Workplace) -> None:
    with_project(workplace, "poetry-main-torch")
    told = initialised(workplace, "--targets", "cpu,cu130", "--yes", "--json").document
    assert told["schema"] == 1 and told["written"] and told["targets"] == ["cpu", "cu130"]
    assert told["groups"] == {"cpu": "ml-cpu", "cuda": "ml-gpu"} and told["diff"].startswith("--- a/pyproject.toml")
    assert "poetry-cannot-lock" in {finding["id"] for finding in told["findings"]}


def test_by_default_this_machines_target_and_cpu_are_served(workplace: Workplace) -> None:
    with_project(workplace, "poetry-main-torch")
    host = Path(__file__).parents[1] / "hosts" / "linux-gtx1080-driver-580"
    done = workplace.run("init", "--host", str(host), "--yes", "--json").document
    assert done["targets"][1:] == ["cpu"] and done["targets"][0].startswith("cu12")


def test_a_source_that_is_there_says_which_other_target_is_served(workplace: Workplace) -> None:
    with_project(workplace, "poetry-cuda-pinned")
    done = initialised(workplace, "--environment", "cpu", "--yes", "--json").document
    assert done["targets"] == ["cpu", "cu121"]
    gpu = document(workplace)["tool"]["poetry"]["group"]["ml-gpu"]["dependencies"]
    cpu = document(workplace)["tool"]["poetry"]["group"]["ml-cpu"]["dependencies"]
    assert gpu["torch"] == {"version": "2.5.1+cu121", "source": "pytorch-cu121"}
    assert cpu["torch"] == {"version": "2.5.1", "source": "pytorch-cpu"}


def test_a_target_of_another_platform_is_written_whole(workplace: Workplace) -> None:
    with_project(workplace, "plain-pep621")
    told = initialised(workplace, "--targets", "mps, rocm7.2", "--yes", "--json").document
    assert told["targets"] == ["mps-macos-arm64-cp311", "rocm7-2"]


def test_several_backends_of_one_environment_share_a_group_without_a_source(workplace: Workplace) -> None:
    with_project(workplace, "fastapi-service")
    told = initialised(workplace, "--targets", "cu126,cu130", "--yes", "--json").document
    assert {"several-backends"} == {finding["id"] for finding in told["findings"]}
    assert document(workplace)["tool"]["poetry"]["group"]["ml-gpu"]["dependencies"] == {"torch": ">=2.7.0,<3.0.0"}


def test_a_group_without_a_source_beside_one_with_is_told(workplace: Workplace) -> None:
    """Poetry gives both groups the build of the one source: tried in ``test_poetry_installs``."""
    with_project(workplace, "fastapi-service")
    told = initialised(workplace, "--targets", "cpu,cu126,cu130", "--yes", "--json").document
    assert {"several-backends", "poetry-shares-source"} == {finding["id"] for finding in told["findings"]}


def test_at_a_terminal_the_targets_and_the_edit_are_asked_for(workplace: Workplace) -> None:
    with_project(workplace, "poetry-main-torch")
    out, err, answers = Terminal(), Terminal(), Terminal("cu130, cpu\ny\n")
    argv = ["init", "--project", str(workplace.project), *ELSEWHERE]
    console = Console(out=out, err=err, answers=answers)
    assert run(argv, console=console, environ=workplace.variables) == 0
    assert "Targets [cpu]:" in err.getvalue() and "Write pyproject.toml? [y/N]" in err.getvalue()
    assert err.getvalue().index("Poetry cannot lock") < err.getvalue().index("[y/N]")
    assert document(workplace)["tool"]["accelinstall"]["targets"] == ["cu130", "cpu"]


def test_a_no_at_the_terminal_leaves_the_file_alone(workplace: Workplace) -> None:
    raw = with_project(workplace, "poetry-main-torch")
    err, answers = Terminal(), Terminal("\nn\n")
    argv = ["init", "--project", str(workplace.project), *ELSEWHERE]
    console = Console(out=Terminal(), err=err, answers=answers)
    assert run(argv, console=console, environ=workplace.variables) == 1
    assert err.getvalue().endswith("nothing was written\n") and now(workplace) == raw


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_page_on_projects_shows_what_is_written(workplace: Workplace) -> None:
    """``docs/projects.md`` followed word for word, up to where pytorch's own index is asked."""
    page = PROJECTS.parents[1].joinpath("docs", "projects.md").read_text(encoding="utf-8")
    before, added = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[:2]
    workplace.write(before)
    for line in re.findall(r"^\$ accelinstall (init .*)$", page, re.MULTILINE):
        assert initialised(workplace, *line.split()[1:]).code == 0
    assert now(workplace).decode() == before.replace('"torch>=2.7", ', "") + "\n" + added


def test_what_not_every_index_has_stays_in_main(workplace: Workplace) -> None:
    """pytorch's index for the CPU has neither xformers nor triton: bound to it, no lock could be made."""
    workplace.write(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["torch", "torchvision", "xformers", "triton"]\n'
    )
    assert initialised(workplace, "--targets", "cpu", "--yes").code == 0
    read = document(workplace)
    assert read["project"]["dependencies"] == ["xformers", "triton"]
    assert read["dependency-groups"]["ml-cpu"] == ["torch", "torchvision"]


def test_what_an_extra_names_stays_where_poetry_wants_it(workplace: Workplace) -> None:
    head = '[tool.poetry]\nname = "x"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n'
    workplace.write(head + '[tool.poetry.dependencies]\ntorch = "^2.7"\n[tool.poetry.extras]\nml = ["torch"]\n')
    told = initialised(workplace, "--targets", "cpu", "--yes", "--json").document
    assert "framework-elsewhere" in {finding["id"] for finding in told["findings"]}
    assert document(workplace)["tool"]["poetry"]["dependencies"] == {"torch": "^2.7"}


def test_frameworks_are_called_what_computes_on_each_environment(workplace: Workplace) -> None:
    asked = '["tensorflow-cpu>=2.20", "jax[cuda12]>=0.6", "onnxruntime-directml"]'
    workplace.write(f'[project]\nname = "x"\nversion = "1"\ndependencies = {asked}\n')
    assert initialised(workplace, "--targets", "cpu,cu130", "--yes").code == 0
    groups = document(workplace)["dependency-groups"]
    assert groups["ml-cpu"] == ["tensorflow-cpu>=2.20", "jax>=0.6", "onnxruntime"]
    assert groups["ml-gpu"] == ["tensorflow[and-cuda]>=2.20", "jax[cuda13]>=0.6", "onnxruntime-gpu[cuda,cudnn]"]


def test_pips_index_can_be_declared_for_poetry_without_its_password(workplace: Workplace) -> None:
    with_project(workplace, "fastapi-service")
    workplace.variables["PIP_INDEX_URL"] = "https://user:secret@packages.example.com/simple"
    told = initialised(workplace, "--targets", "cpu", "--dry-run", "--json").document
    assert "poetry-ignores-pip-index" in {finding["id"] for finding in told["findings"]}
    assert initialised(workplace, "--targets", "cpu", "--pip-index", "--yes").code == 0
    sources = document(workplace)["tool"]["poetry"]["source"]
    assert {"name": "pip-index", "url": "https://packages.example.com/simple", "priority": "primary"} in sources
    del workplace.variables["PIP_INDEX_URL"]
    assert initialised(workplace, "--targets", "cpu", "--pip-index", "--yes").code == 2


@pytest.mark.parametrize("targets", ["cu999", "nonsense", "cpu-linux"])
def test_a_target_that_does_not_exist_is_wrong_usage(workplace: Workplace, targets: str) -> None:
    raw = with_project(workplace, "plain-pep621")
    done = initialised(workplace, "--targets", targets, "--yes")
    assert done.code == 2 and "hint:" in done.err and now(workplace) == raw


@pytest.mark.parametrize(
    "raw",
    [b"[tool.poetry\n", b"[project]\nname = 'a'\nname = 'b'\n", b"[project]\nname = 'x' # caf\xe9\n", b"[project]\nx"],
)
def test_a_file_that_is_no_toml_is_left_alone(workplace: Workplace, raw: bytes) -> None:
    (workplace.project / "pyproject.toml").write_bytes(raw)
    done = initialised(workplace, "--targets", "cpu", "--yes")
    assert done.code == 1 and "pyproject.toml:" in done.err and now(workplace) == raw


def test_a_byte_order_mark_stays_and_a_missing_file_is_told(workplace: Workplace) -> None:
    raw = b"\xef\xbb\xbf" + (PROJECTS / "windows-team" / "pyproject.toml").read_bytes()
    (workplace.project / "pyproject.toml").write_bytes(raw)
    assert initialised(workplace, "--targets", "cpu", "--yes").code == 0
    assert now(workplace).startswith(b"\xef\xbb\xbf[tool.poetry]\r\n") and b"[^\r]\n" not in now(workplace)
    (workplace.project / "pyproject.toml").unlink()
    assert "there is no pyproject.toml" in initialised(workplace, "--targets", "cpu", "--yes").err


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_link_to_the_file_stays_a_link(workplace: Workplace, tmp_path: Path) -> None:
    real = tmp_path / "shared.toml"
    shutil.copy(PROJECTS / "plain-pep621" / "pyproject.toml", real)
    (workplace.project / "pyproject.toml").unlink()
    (workplace.project / "pyproject.toml").symlink_to(real)
    assert initialised(workplace, "--targets", "cpu", "--yes").code == 0
    assert (workplace.project / "pyproject.toml").is_symlink() and b"ml-cpu" in real.read_bytes()
