"""A lock laid out in a new environment from its outline, compared with the whole installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.shortcut.commit import landing
from accelinstall.shortcut.outline import Outline
from tests.shortcut.support import contents, imported

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shortcuts are taken on Linux")

SPARED = {
    *("typing", "dataclasses", "contextlib", "json", "re", "argparse", "pathlib", "hashlib", "threading", "tomllib"),
    *("subprocess", "shutil", "urllib3", "packaging", "installer", "msgspec", "rich", "accelinstall.cli"),
    *("accelinstall.pipeline", "accelinstall.model", "accelinstall.store", "accelinstall.installation"),
}
# Tells what the process does to files, one line each, when it ends.
WATCH = """
import sys, atexit, collections, os
_seen = collections.Counter()
sys.addaudithook(lambda event, arguments: _seen.update([event]))
atexit.register(lambda: os.write(2, repr(dict(_seen)).encode()))
"""


def die_at(event: str, number: int) -> str:
    """Python that ends the process, as a kill would, before its *number*-th *event*."""
    return f"""
import os, sys
_count = []
def _hook(event, arguments):
    if event == {event!r}:
        _count.append(event)
        if len(_count) == {number}:
            os._exit(9)
sys.addaudithook(_hook)
"""


def packages(venv: Path) -> Path:
    return next(venv.glob("lib/python*/site-packages"))


def receipt_of(venv: Path) -> dict[str, object]:
    return json.loads(next((packages(venv) / ".accelinstall/receipts").iterdir()).read_text())


@pytest.fixture
def known(ground):
    """The ground after one whole installation, which left an outline."""
    return installed(ground)


@pytest.fixture
def many(ground):
    """The same with so many files that two processes lay them out."""
    ground.add("crowd", files={f"crowd/part{number // 400}/m{number}.py": "" for number in range(2_000)})
    return installed(ground)


def installed(ground):
    venv = ground.venv("place")
    done = ground.sync(venv)
    assert done.returncode == 0, done.stderr
    assert len(ground.outlines()) == 1
    ground.whole, ground.receipt = contents(venv), receipt_of(venv)
    # The next one stands in the same place, so that even its scripts can be compared.
    shutil.rmtree(venv)
    return ground


def test_an_outline_gives_the_files_modes_records_and_receipt_of_a_whole_installation(known):
    second = known.venv("place")
    done = known.sync(second, timing=True)
    assert not SPARED & imported(done)
    assert "install 3" in done.stdout and "Into" in done.stdout and str(second) in done.stdout
    assert contents(second) == known.whole
    receipt = receipt_of(second)
    assert all(receipt[key] for key in ("id", "created", "timings"))
    varying = {key: receipt[key] for key in ("id", "created", "timings", "bytes_downloaded")}
    assert receipt == {**known.receipt, **varying}
    state = packages(second) / ".accelinstall"
    assert sorted(os.listdir(state)) == ["lock", "receipts", "trash"]
    assert not os.listdir(state / "trash")


def test_a_whole_installation_of_what_is_stored_needs_no_library_and_little_of_the_standard_one(known):
    for outline in known.outlines():
        outline.unlink()
    done = known.sync(known.venv("place"), timing=True)
    seen = imported(done)
    assert "accelinstall.installation.change" in seen
    assert not seen & {"dataclasses", "inspect", "tempfile", "urllib3", "packaging", "installer", "msgspec", "rich"}


def test_a_second_run_after_an_outline_finds_nothing_to_do(known):
    second = known.venv("place")
    known.sync(second)
    assert "nothing to do: 3 packages already as locked" in known.sync(second).stdout


def test_each_file_costs_one_link_and_each_folder_one_mkdir_and_two_opens(known):
    second = known.venv("place")
    before = contents(second)
    done = known.sync(second, before=WATCH)
    seen = eval(done.stderr)  # what WATCH has written
    new = {name: mode for name, (_, mode) in contents(second).items() if name not in before}
    linked = [name for name, mode in new.items() if not mode & 0o222]
    folders = {str(parent) for name in new for parent in Path(name).parents} - {"."}
    assert seen["os.link"] == len(linked) > 10
    # Beside the folders that mirror the environment's: our memory, staging, its number, its mirror, trash, receipts.
    assert seen["os.mkdir"] <= len(folders) + 10
    # Beside the files that are new in every environment: lock, outline, receipt, journal, folders that are flushed.
    assert seen["open"] <= len(new) - len(linked) + 2 * len(folders) + 30
    tops = {name.split("/")[3] if name.startswith("lib/") else name for name in new}
    assert seen["os.rename"] <= len(tops) + 4


def test_what_the_environment_has_already_is_left_to_the_whole_installation(known):
    second = known.venv("place")
    (packages(second) / "other-1.0.dist-info").mkdir()
    (packages(second) / "other-1.0.dist-info/METADATA").write_text("Name: other\nVersion: 1.0\n")
    (packages(second) / "other-1.0.dist-info/RECORD").write_text("other-1.0.dist-info/RECORD,,\n")
    done = known.sync(second)
    assert "install 3, remove 1" in done.stdout
    assert not (packages(second) / "other-1.0.dist-info").exists()


@pytest.mark.parametrize("path", ["single.py", "one/__init__.py", "one/deep", "__pycache__/single.cpython-311.pyc"])
def test_a_file_in_the_way_is_left_to_the_whole_installation(known, path):
    second = known.venv("place")
    obstacle = packages(second) / path
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.write_text("old")
    done = known.sync(second)
    assert done.returncode == 0
    assert contents(second) == known.whole
    assert not (packages(second) / "__pycache__").exists() or not list((packages(second) / "__pycache__").iterdir())


def test_a_wheel_that_left_the_store_is_fetched_again(known):
    for tree in known.cache.glob("store-v1/*/tree/two"):
        shutil.rmtree(tree.parent.parent)
    second = known.venv("place")
    done = known.sync(second)
    assert done.returncode == 0, done.stderr
    assert contents(second) == known.whole


def test_another_lock_text_has_another_outline(known):
    known.add("four")
    second = known.venv("place")
    assert "install 4" in known.sync(second).stdout
    assert len(known.outlines()) == 2


@pytest.mark.parametrize("damage", [b"", b"accelinstall outline 1", b"\xff\xfe\0\0"])
def test_a_damaged_outline_is_passed_over(known, damage):
    (outline,) = known.outlines()
    outline.write_bytes(damage or outline.read_bytes()[:-20])
    second = known.venv("place")
    assert "install 3" in known.sync(second).stdout
    assert contents(second) == known.whole


@pytest.mark.parametrize("option", ["--json", "--dry-run", "--compile", "--inexact"])
def test_options_that_change_what_is_done_or_told_take_no_shortcut(known, option):
    done = known.sync(known.venv("place"), option, timing=True)
    assert "accelinstall.pipeline" in imported(done)


def test_distributions_that_share_a_path_have_no_outline(ground):
    ground.add("four", files={"four.py": "", "shared/one.py": "other\n"})
    ground.sync(ground.venv("first"))
    assert not ground.outlines()


@pytest.mark.parametrize(
    ("event", "number"),
    [*(("os.link", number) for number in (1, 4)), *(("os.rename", number) for number in (1, 2, 3, 5, 8, 12))],
)
def test_after_a_kill_the_next_run_completes_or_undoes_and_the_environment_is_whole(known, event, number):
    second = known.venv("place")
    before = contents(second)
    assert known.sync(second, before=die_at(event, number)).returncode == 9
    state = packages(second) / ".accelinstall"
    if event == "os.link":
        assert contents(second) == before
    done = known.sync(second)
    assert done.returncode == 0, done.stderr
    assert contents(second) == known.whole
    assert not (state / "journal").exists() and not (state / "staging").exists()


def test_files_that_every_start_of_python_runs_come_last(tmp_path):
    (tmp_path / "lib").mkdir()
    outline = Outline(
        halves=(["lib\tx\thook.pth\tmodule.py", "lib/pkg\tx\ta.py"], ["lib/pkg\ty\tb.py"]),
        writes=[("lib/z", "-", "-", "0", b"")],
    )
    placed, merged = landing(outline, str(tmp_path))
    assert placed == ["lib/pkg", "lib/module.py", "lib/z", "lib/hook.pth"]
    assert merged == ["", "lib"]


HELPED = """
import os, sys, atexit
_forks = []
sys.addaudithook(lambda event, arguments: _forks.append(event) if event == "os.fork" else None)
atexit.register(lambda: os.write(2, b"forks %d" % len(_forks)))
"""
# The first link of the process that was forked, or of the one that forked it.
IN_COPY = """
import os, sys, time
_own, _seen = os.getpid(), []
def _hook(event, arguments):
    if event == "os.fork":
        _seen.append(event)
    if event == "os.link" and _seen and (os.getpid() != _own) is {is_copy}:
        {action}
sys.addaudithook(_hook)
"""
needs_two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two cores"
)


@needs_two_cores
def test_two_processes_and_one_lay_out_the_same(many):
    second = many.venv("place")
    assert "forks 1" in many.sync(second, before=HELPED).stderr
    assert contents(second) == many.whole
    shutil.rmtree(second)
    second = many.venv("place")
    alone = "import os; os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])"
    done = many.sync(second, before=alone + HELPED, timing=True)
    assert "forks 0" in done.stderr
    assert not SPARED & imported(done)
    assert contents(second) == many.whole


def test_few_files_need_no_second_process(known):
    assert "forks 0" in known.sync(known.venv("place"), before=HELPED).stderr


@needs_two_cores
@pytest.mark.parametrize("action", ["os._exit(9)", "os.kill(os.getpid(), 9)", "raise OSError(28, 'full')"])
def test_when_the_second_process_fails_the_whole_installation_does_it(many, action):
    second = many.venv("place")
    done = many.sync(second, before=IN_COPY.format(is_copy=True, action=action), timing=True)
    assert done.returncode == 0, done.stderr
    assert "accelinstall.installation" in imported(done)
    assert contents(second) == many.whole
    assert sorted(os.listdir(packages(second) / ".accelinstall")) == ["lock", "receipts", "trash"]


@needs_two_cores
def test_who_comes_after_a_killed_run_waits_for_its_second_process_which_ends_soon(many):
    second = many.venv("place")
    before = contents(second)
    slow = IN_COPY.format(is_copy=True, action="time.sleep(0.001)") + IN_COPY.format(
        is_copy=False, action="os.kill(os.getpid(), 9)"
    )
    assert many.sync(second, before=slow).returncode == -9
    assert contents(second) == before
    done = many.sync(second)
    assert done.returncode == 0, done.stderr
    assert contents(second) == many.whole
    assert not (packages(second) / ".accelinstall/staging").exists()


@needs_two_cores
def test_an_interrupt_ends_both_processes_and_the_environment_is_as_before(many):
    second = many.venv("place")
    before = contents(second)
    action = "time.sleep(0.01); os.killpg(0, 2)"
    done = many.sync(second, before="import os; os.setsid()" + IN_COPY.format(is_copy=False, action=action))
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert contents(second) == before
    assert not (packages(second) / ".accelinstall/staging").exists()


def test_the_console_script_takes_the_shortcut_and_tells_what_it_did(known):
    second = known.venv("place")
    environ = {**os.environ, "ACCELINSTALL_CACHE_DIR": str(known.cache)}
    command = [sys.executable, "-m", "accelinstall", "sync", str(known.lock), "--venv", str(second), "--no-proof"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Done         install 3" in done.stdout
    assert contents(second) == known.whole
    done = subprocess.run(
        [*command, "--nonsense"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "--nonsense" in done.stderr
