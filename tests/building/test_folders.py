"""Path dependencies: locked from what they say, installed as they are or editable, noticed when they change."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.building.projects import FLIT, HATCH, POETRY, SETUP_PY, SETUPTOOLS, make_project, metadata_of_pyproject
from tests.building.running import direct_url, install_with, python, run
from tests.pipeline.running import Workplace


@pytest.mark.parametrize("kind", [FLIT, HATCH, POETRY, SETUPTOOLS], ids=["flit", "hatch", "poetry", "setuptools"])
def test_an_editable_folder_is_what_is_imported(workplace: Workplace, index: IndexServer, kind: str) -> None:
    folder = make_project(workplace.project / "libs" / "part", "part", kind=kind)
    if kind is SETUPTOOLS:
        make_project(folder, "part", kind=SETUP_PY)
    workplace.write(metadata_of_pyproject("part", path="libs/part", develop=True))
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "1.0"}
    assert python(workplace, "import part; print(part.__file__)") == str(folder / "part" / "__init__.py")
    assert direct_url(workplace, "part") == {"url": folder.as_uri(), "dir_info": {"editable": True}}


def test_a_folder_that_is_not_editable_is_copied(workplace: Workplace, index: IndexServer) -> None:
    folder = make_project(workplace.root / "shared", "part", requires=["wire<2"])
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "1.0", "wire": "1.0"}
    assert "site-packages" in python(workplace, "import part; print(part.__file__)")
    assert direct_url(workplace, "part") == {"url": folder.as_uri(), "dir_info": {}}


def test_a_project_that_says_everything_is_locked_without_a_build(workplace: Workplace, index: IndexServer) -> None:
    make_project(workplace.root / "shared", "part", requires=["wire"])
    workplace.write(metadata_of_pyproject("part", path="../shared", develop=True))
    done = run(workplace, index, "lock", "--no-build", "--target", "cpu-windows-x86_64-cp313")
    assert done.code == 0, done.err
    assert index.count("/simple/flit-core/") == 0
    text = (workplace.project / "pylock.cpu-windows-x86_64-cp313.toml").read_text()
    assert 'path = "../shared"' in text and "editable = true" in text and 'name = "wire"' in text
    assert "Install it with `accelinstall sync` or uv." in text


def test_metadata_only_a_build_can_tell_is_built_and_said_for_other_targets(
    workplace: Workplace, index: IndexServer
) -> None:
    make_project(workplace.root / "shared", "part", "1.5", kind=HATCH)
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    refused = run(workplace, index, "lock", "--no-build", "--json")
    assert refused.code == 1 and refused.document["error"]["code"] == "builds-forbidden"
    for python_tag in ("cp313", "cp312"):  # built, then remembered
        done = run(workplace, index, "lock", "--target", f"cpu-windows-x86_64-{python_tag}")
        assert done.code == 0, done.err
        assert "`part` 1.5 needs is known from building it for" in done.err
    assert not list((workplace.cache / "builds-v1" / ".work").iterdir())


def test_a_changed_folder_makes_the_lock_stale_or_the_copy_new(workplace: Workplace, index: IndexServer) -> None:
    folder = make_project(workplace.root / "shared", "part")
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    assert run(workplace, index, "sync").code == 0
    index.clear_requests()
    assert run(workplace, index, "sync", "--json").document["transaction"]["steps"] == []
    assert index.count() == 0

    (folder / "part" / "__init__.py").write_text('__version__ = "1.0"\nchanged = True\n')
    assert run(workplace, index, "lock", "--check").code == 0
    assert run(workplace, index, "sync").code == 0
    assert python(workplace, "import part; print(part.changed)") == "True"

    make_project(folder, "part", "2.0", requires=["wire"])
    stale = run(workplace, index, "lock", "--check")
    assert stale.code == 1 and f"the folder {folder} has changed" in stale.out + stale.err
    assert run(workplace, index, "sync").code == 0
    assert workplace.installed() == {"part": "2.0", "wire": "2.0"}


def test_an_editable_folder_is_built_again_when_its_metadata_changes_and_only_then(
    workplace: Workplace, index: IndexServer
) -> None:
    folder = make_project(workplace.root / "shared", "part")
    workplace.write(metadata_of_pyproject("part", path="../shared", develop=True))
    assert run(workplace, index, "sync").code == 0
    (folder / "part" / "__init__.py").write_text("changed = True\n")
    assert run(workplace, index, "sync", "--json").document["transaction"]["steps"] == []
    assert python(workplace, "import part; print(part.changed)") == "True"
    text = (folder / "pyproject.toml").read_text() + '\n[project.scripts]\npart = "part:main"\n'
    (folder / "pyproject.toml").write_text(text)
    assert run(workplace, index, "sync").code == 0
    assert (workplace.venv / "bin" / "part").exists()


def test_folders_that_need_folders_are_editable_where_anybody_says_so(workplace: Workplace, index: IndexServer) -> None:
    make_project(workplace.root / "core", "core")
    make_project(workplace.root / "app", "app", kind=POETRY + 'core = {{ path = "../core", develop = true }}\n')
    workplace.write(metadata_of_pyproject("app", path="../app"))
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert direct_url(workplace, "core")["dir_info"] == {"editable": True}
    assert direct_url(workplace, "app")["dir_info"] == {}
    make_project(workplace.root / "core", "core", requires=["wire"])
    assert run(workplace, index, "lock", "--check").code == 1


def test_rollback_brings_an_editable_folder_back(workplace: Workplace, index: IndexServer) -> None:
    make_project(workplace.root / "shared", "part")
    workplace.write(metadata_of_pyproject("part", path="../shared", develop=True))
    assert run(workplace, index, "sync").code == 0
    before = direct_url(workplace, "part")
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    assert run(workplace, index, "sync").code == 0
    assert direct_url(workplace, "part")["dir_info"] == {}
    assert workplace.run("rollback").code == 0
    assert direct_url(workplace, "part") == before


def test_a_locked_folder_is_found_from_anywhere(workplace: Workplace, index: IndexServer) -> None:
    make_project(workplace.root / "shared", "part")
    workplace.write(metadata_of_pyproject("part", path="../shared", develop=True))
    assert run(workplace, index, "lock").code == 0
    (lock,) = workplace.project.glob("pylock.*.toml")
    relative = os.path.relpath(lock)
    done = workplace.run_bare("sync", relative, "--venv", str(workplace.venv), "--index-url", index.simple_url)
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "1.0"}


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("../nowhere", "origin-unreadable", "there is no such folder"),
        ("../empty", "not-a-project", "neither pyproject.toml nor setup.py"),
        ("../torn", "not-a-project", "pyproject.toml is wrong"),
        ("../other", "wrong-project", "is asked for as `part`, but is `other` 1.0"),
        ("../unversioned", "wrong-project", "`one`, which is no version"),
    ],
)
def test_a_folder_that_cannot_be_built_is_named_with_the_reason(
    workplace: Workplace, index: IndexServer, path: str, code: str, words: str
) -> None:
    (workplace.root / "empty").mkdir()
    (workplace.root / "torn").mkdir()
    (workplace.root / "torn" / "pyproject.toml").write_text("[build-system\n")
    make_project(workplace.root / "other", "other")
    make_project(workplace.root / "unversioned", "part", "one")
    workplace.write(metadata_of_pyproject("part", path=path))
    done = run(workplace, index, "lock", "--json")
    assert done.code == 1
    assert done.document["error"]["code"] == code
    assert words in done.document["error"]["message"]


def test_a_build_that_fails_tells_the_hook_and_the_last_lines(workplace: Workplace, index: IndexServer) -> None:
    folder = make_project(workplace.root / "shared", "part", kind=SETUPTOOLS)
    (folder / "setup.py").write_text("print('compiling')\nraise SystemExit('gcc: no such header')\n")
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    done = run(workplace, index, "lock", "--json")
    error = done.document["error"]
    assert done.code == 1 and error["code"] == "build-failed"
    assert "get_requires_for_build_wheel" in error["message"] and str(folder) in error["message"]
    assert "gcc: no such header" in error["message"]
    assert "compiler" in error["hint"]
    assert not list((workplace.cache / "builds-v1" / ".work").iterdir())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import nothing_of_that_name", "cannot be imported"),
        ("", "has no attribute 'build_wheel'"),
        ("def build_wheel(folder, *_):\n    return 1 / 0", "ZeroDivisionError"),
        ("def build_wheel(folder, *_):\n    return 'gone.whl'", "made no wheel"),
        ("def build_wheel(folder, *_):\n    import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("def build_wheel(folder, *_):\n    import os; os._exit(0)", "gave no usable answer"),
        ("def get_requires_for_build_wheel(*_):\n    return ['not a requirement']", "not a requirement"),
        ("def get_requires_for_build_wheel(*_):\n    return ['nowhere-to-be-found']", "nowhere-to-be-found"),
    ],
)
def test_a_backend_that_misbehaves_is_told_without_a_traceback(
    workplace: Workplace, index: IndexServer, body: str, words: str
) -> None:
    folder = workplace.root / "shared"
    folder.mkdir()
    text = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(text + '[project]\nname = "part"\nversion = "1"\n')
    (folder / "own.py").write_text(body)
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    done = run(workplace, index, "sync", "--json")
    assert done.code == 1 and words in done.document["error"]["message"]
    assert not workplace.venv.exists()


def test_a_build_takes_no_longer_than_it_may(workplace: Workplace, index: IndexServer) -> None:
    folder = make_project(workplace.root / "shared", "part", kind=SETUPTOOLS)
    (folder / "setup.py").write_text("import time\ntime.sleep(60)\n")
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    done = run(workplace, index, "lock", "--build-timeout", "0.5", "--json")
    assert done.code == 1 and "took longer than" in done.document["error"]["message"]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("command", ["lock", "sync"])
def test_ctrl_c_ends_the_build_and_all_it_started(workplace: Workplace, index: IndexServer, command: str) -> None:
    folder = make_project(workplace.root / "shared", "part", kind=SETUPTOOLS)
    grandchild = "import os, time; open('pids', 'a').write(f'{os.getpid()} '); time.sleep(60)"
    (folder / "setup.py").write_text(
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {grandchild!r}])\n"
    )
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    options = ["--project", str(workplace.project), "--environment", "cpu", "--index-url", index.simple_url]
    command_line = [sys.executable, "-m", "accelinstall", command, *options]
    work = subprocess.Popen(command_line, env=workplace.variables, stderr=subprocess.PIPE, text=True)
    pids = folder / "pids"
    while not (pids.exists() and pids.read_text().endswith(" ")):
        assert work.poll() is None
        time.sleep(0.02)
    started = time.monotonic()
    work.send_signal(signal.SIGINT)
    _, told = work.communicate(timeout=15)
    assert work.returncode == 130 and "Traceback" not in told and time.monotonic() - started < 5
    (pid,) = pids.read_text().split()
    assert not _is_running(int(pid))
    assert not list((workplace.cache / "builds-v1" / ".work").iterdir())
    assert not list(workplace.project.glob("pylock.*"))


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_local_wheel_stays_a_wheel(workplace: Workplace, index: IndexServer) -> None:
    wheel = make_wheel(workplace.project / "wheels", "archive", "1.0")
    workplace.write(metadata_of_pyproject("archive", path=f"wheels/{wheel.name}"))
    done = run(workplace, index, "sync", "--no-build")
    assert done.code == 0, done.err
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert f'path = "wheels/{wheel.name}"' in lock.read_text()
    assert workplace.installed() == {"archive": "1.0"}


@pytest.mark.parametrize(
    "line", ["-e ./shared", "-e ../shared[fast]", "../shared", "-e {url}", "-e ../shared#egg=part"]
)
def test_a_requirements_file_names_a_folder(workplace: Workplace, index: IndexServer, line: str) -> None:
    for place in (workplace.project, workplace.root):
        make_project(place / "shared", "part", requires=["wire"])
    url = (workplace.root / "shared").as_uri()
    workplace.write(line.format(url=url) + "\n", "requirements.txt")
    done = run(workplace, index, "sync", "-r", str(workplace.project / "requirements.txt"))
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "1.0", "wire": "2.0"}
    assert direct_url(workplace, "part")["dir_info"] == ({"editable": True} if line.startswith("-e") else {})


def test_a_command_of_its_own_notices_a_change_too(workplace: Workplace, index: IndexServer) -> None:
    folder = make_project(workplace.root / "shared", "part")
    workplace.write(metadata_of_pyproject("part", path="../shared"))
    options = ["--project", str(workplace.project), "--environment", "cpu", "--index-url", index.simple_url]
    command = [sys.executable, "-m", "accelinstall", "sync", *options]
    for number in (1, 1, 1, 2, 2):
        (folder / "part" / "__init__.py").write_text(f"number = {number}\n")
        subprocess.run(command, env=workplace.variables, check=True, capture_output=True)
        assert python(workplace, "import part; print(part.number)") == str(number)


@pytest.mark.parametrize("peer", ["pip", "uv"])
def test_pip_and_uv_install_a_lock_with_folders(workplace: Workplace, index: IndexServer, peer: str) -> None:
    # pip 26.3 refuses folders beside files with hashes, for it cannot hash them.
    make_project(workplace.root / "shared", "part", requires=["wire"] if peer == "uv" else [])
    make_project(workplace.root / "copied", "copied")
    more = 'copied = { path = "../copied" }\n'
    workplace.write(metadata_of_pyproject("part", path="../shared", develop=True, more=more))
    assert run(workplace, index, "lock").code == 0
    (lock,) = workplace.project.glob("pylock.*.toml")
    install_with(peer, lock, workplace, index)
    assert direct_url(workplace, "part")["dir_info"] == {"editable": True}
    assert workplace.installed().keys() == {"part", "copied"} | ({"wire"} if peer == "uv" else set())
