"""Several processes over one store, several over one environment, and Ctrl-C and SIGTERM at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from accelinstall.events import ignore
from accelinstall.pipeline.caching import keep_cache
from accelinstall.pipeline.request import Request
from accelinstall.testing import Fault
from tests.faults.kit import ROUNDS, SOON, Bench, Worker
from tests.store.kit import leftovers, noise, unread


def test_eight_processes_fill_eight_environments_and_each_wheel_is_downloaded_once(bench: Bench) -> None:
    packages = [bench.wheel(f"p{n}", files={f"p{n}/blob": noise(30_000 * n, seed=n)}) for n in range(1, 11)]
    lock = bench.lock("shared", packages)
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker()) for _ in range(8)]
        for number, worker in enumerate(workers):
            bench.begin(lock, worker=worker, venv=bench.root / f"env{number}")
        done = [worker.receive() for worker in workers]
    assert [one.status for one in done] == [0] * 8, [one.err for one in done]
    asked = Counter(request.path for request in bench.server.requests)
    assert asked == {bench.server.file_path(package.filename): 1 for package in packages}
    assert leftovers(bench.cache) == []
    for number in range(8):
        assert bench.untrue(bench.root / f"env{number}") == []


def test_processes_at_one_environment_wait_for_each_other_and_say_so(bench: Bench) -> None:
    first = bench.lock("first", [bench.wheel("a", "1.0"), bench.wheel("only-first")])
    second = bench.lock("second", [bench.wheel("a", "2.0"), bench.wheel("only-second")])
    bench.good(first)
    one = bench.state()
    bench.good(second)
    other = bench.state()
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker()) for _ in range(4)]
        for number, worker in enumerate(workers):
            bench.begin((first, second)[number % 2], worker=worker)
        done = [worker.receive() for worker in workers]
    assert [run.status for run in done] == [0] * 4, [run.err for run in done]
    assert bench.state() in (one, other)
    assert bench.untrue() == []


STOPS = pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)


@STOPS
def test_a_signal_during_a_stalled_download_ends_it_within_a_second(
    bench: Bench, number: int, status: int, word: str
) -> None:
    package = bench.wheel("big", files={"big/blob": noise(900_000)})
    lock = bench.lock("big", [package])
    bench.good(bench.lock("none", []))
    before = bench.state()
    bench.server.add_fault(bench.server.file_path(package.filename), Fault(stall_after=300_000, stall=600))
    # On a busy machine the signal may come before anything of the file does.
    for patience in (0.5, 1.0, 2.0, 4.0, 8.0):
        done = bench.sync(lock, kill_after=patience, signal=number)
        if leftovers(bench.cache):
            break
    assert (done.status, done.out.count("Traceback"), done.err.count("Traceback")) == (status, 0, 0), done.err
    assert word in done.err
    assert 0 < done.after_signal < SOON
    assert bench.state() == before
    bench.server.clear_faults()
    bench.good(lock)
    assert bench.server.requests[-1].range, "the next run goes on where this one stopped"


def test_sigterm_to_all_processes_and_twice_loses_nothing_that_has_arrived(bench: Bench) -> None:
    """As `timeout` and service managers send it."""
    packages = [bench.wheel(f"p{n}", files={f"p{n}/blob": noise(1_000_000, seed=n)}) for n in range(4)]
    for package in packages:
        fault = Fault(times=1, stall_after=600_000, stall=600)
        bench.server.add_fault(bench.server.file_path(package.filename), fault)
    lock = bench.lock("all", packages)
    command = [sys.executable, "-m", "accelinstall", "sync", str(lock), "--venv", str(bench.venv), "--no-proof"]
    environ = {**os.environ, "HOME": str(bench.root), "ACCELINSTALL_CACHE_DIR": str(bench.cache)}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 30
    while bench.server.bytes_sent("/files/") < 4 * 600_000 or unread(bench.server):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)
    os.killpg(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 143, errors
    assert errors.count("terminated") == 1 and "Traceback" not in errors
    assert leftovers(bench.cache) == sorted(f"{package.sha256}.whl" for package in packages)
    assert not bench.venv.exists()


def ended(program: str) -> subprocess.CompletedProcess[str]:
    """*program* as Python ran it, whatever its exit code."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_who_has_sigterm_ignored_is_not_ended_by_it() -> None:
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "def press(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'accelinstall.hardware': os.kill(os.getpid(), signal.SIGTERM)\n"
        "from accelinstall.__main__ import script\n"
        "sys.addaudithook(press)\n"
        "sys.argv = ['accelinstall', 'detect', '-q']\n"
        "script()\n"
    )
    done = ended(program)
    assert (done.returncode, done.stderr) == (0, "")


@STOPS
def test_a_signal_after_everything_is_told_comes_too_late(number: int, status: int, word: str) -> None:
    program = (
        "import os, sys\n"
        "from accelinstall.__main__ import script\n"
        "class Out:\n"
        "    waits = False\n"
        "    def write(self, text): self.waits = True\n"
        "    def flush(self):\n"
        f"        if not self.waits: os.kill(os.getpid(), {int(number)})\n"
        "        self.waits = False\n"
        "    def isatty(self): return False\n"
        "sys.stdout, sys.argv = Out(), ['accelinstall', 'detect', '-q']\n"
        "script()\n"
    )
    done = ended(program)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_before_anything_is_imported_is_no_traceback() -> None:
    program = (
        "import sys\n"
        "def press(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'accelinstall.cli': raise KeyboardInterrupt\n"
        "from accelinstall.__main__ import main\n"
        "sys.addaudithook(press)\n"
        "sys.exit(main(['detect']))\n"
    )
    done = ended(program)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@STOPS
def test_a_signal_before_anything_is_done_is_no_traceback(number: int, status: int, word: str) -> None:
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def press(frame, event, fact):\n"
        f"    if event == 'call' and frame.f_code.co_name == '_run': os.kill(os.getpid(), {int(number)})\n"
        "from accelinstall.__main__ import script\n"
        "sys.setprofile(press)\n"
        "sys.argv = ['accelinstall', '--version']\n"
        "script()\n"
    )
    done = ended(program)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_ctrl_c_while_an_object_is_taken_apart_interrupts_all_the_same() -> None:
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Last:\n"
        "    def __del__(self): raise KeyboardInterrupt\n"
        "def press(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'accelinstall.hardware': Last()\n"
        "from accelinstall.__main__ import main\n"
        "sys.addaudithook(press)\n"
        "sys.exit(main(['detect']))\n"
    )
    done = ended(program)
    assert (done.returncode, done.stdout) == (130, "")
    assert "interrupted" in done.stderr and "Traceback" not in done.stderr


@STOPS
def test_a_signal_at_random_moments_leaves_the_old_or_the_new_at_once(
    bench: Bench, capsys: pytest.CaptureFixture[str], number: int, status: int, word: str
) -> None:
    many = {f"many/f{n}.py": f"x = {n}\n" for n in range(300)}
    old = bench.lock("old", [bench.wheel("a", "1.0", files={"a.py": "v = 1\n"})])
    new = bench.lock("new", [bench.wheel("a", "2.0", files={"a.py": "v = 2\n"}), bench.wheel("many", files=many)])
    bench.good(old)
    before = bench.state()
    seconds = bench.good(new).seconds
    after = bench.state()
    generator = random.Random(9)
    statuses: Counter[int] = Counter()
    for _ in range(100 if ROUNDS else 10):
        bench.forget(bench.store)
        bench.good(old)
        done = bench.sync(new, kill_after=generator.uniform(0, seconds), signal=number)
        if done.status == 0:
            # The first run may have taken longer than others do, and most moments would come too late.
            seconds = min(seconds, done.seconds)
        statuses[done.status] += 1
        assert "Traceback" not in done.err
        assert done.after_signal < SOON
        assert bench.state() in ((after,) if done.status == 0 else (before, after))
        assert bench.untrue() == []
    # Before our first line has run, SIGTERM ends the process as it ends any other.
    assert statuses.keys() <= {0, status, -signal.SIGTERM}
    assert statuses[status] > 1
    if ROUNDS:
        with capsys.disabled():
            print(f"\n{word}: {dict(statuses)}")


def test_installing_goes_on_while_somebody_empties_the_store(bench: Bench) -> None:
    packages = [bench.wheel(f"p{n}", files={f"p{n}/f{k}.py": f"x = {k}\n" for k in range(40)}) for n in range(6)]
    lock = bench.lock("all", packages)
    request = Request(cache_directory=str(bench.cache))
    for number in range(20 if ROUNDS else 4):
        venv = bench.root / f"env{number}"
        bench.begin(lock, venv=venv)
        with ThreadPoolExecutor(1) as pool:
            ending = pool.submit(bench.worker.receive)
            removed = 0
            while not ending.done() and removed < 6:
                state = keep_cache(request, action="prune", older_than_days=None, max_size=0, progress=ignore)
                removed += state.removed
            done = ending.result()
        assert done.status == 0, done.err
        assert bench.untrue(venv) == []
