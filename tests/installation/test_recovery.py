"""Kills at every moment: whatever is left, the next command makes it exactly old or exactly new."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from accelinstall.events import Note, PhaseAdvanced
from accelinstall.installation import CommitFailed, JournalUnreadable, execute, hold_environment, recover
from accelinstall.installation.journal import order_moves
from tests.installation.support import (
    Shelf,
    false_rows,
    install,
    inventory_of,
    leftovers,
    lock_of,
    says,
    snapshot,
    transaction_to,
)


def scenario(shelf: Shelf):
    """A replace, an install and a removal at once, with shared folders, scripts and single modules."""
    ns = {f"ns/a/m{n}.py": f"x = {n}\n" for n in range(30)}
    old = [
        shelf.add("a", "1.0", files={**ns, "ns/shared.py": "", "a.py": "v = 1\n"}),
        shelf.add("b", "1.0", files={"ns/b.py": "", "ns/shared.py": "", "b/__init__.py": "v = 1\n"}),
        shelf.add("gone", "1.0", files={"gone/__init__.py": "", "ns/gone.py": ""}, data={"data/share/gone": "x"}),
    ]
    ns = {f"ns/a/m{n}.py": f"x = {n + 1}\n" for n in range(20)}
    entry_points = {"console_scripts": {"tool": "a:main"}}
    new = [
        shelf.add("a", "2.0", files={**ns, "ns/shared.py": "", "a.py": "v = 2\n"}, entry_points=entry_points),
        shelf.add("b", "1.0", files={"ns/b.py": "", "ns/shared.py": "", "b/__init__.py": "v = 1\n"}),
        shelf.add("fresh", "1.0", files={"fresh/__init__.py": "", "ns/fresh.py": ""}, data={"scripts/run": "#!python"}),
    ]
    return old, new


@pytest.fixture
def states(interpreter, shelf):
    """(old packages, new packages, snapshot of old, snapshot of new); the environment is in the old state."""
    old, new = scenario(shelf)
    install(interpreter, shelf, *new)
    after = snapshot(interpreter)
    install(interpreter, shelf)
    install(interpreter, shelf, *old)
    return old, new, snapshot(interpreter), after


def at_step(count: int, act) -> None:
    """Let this process, a child of its own, *act* once *count* moves of the commit are done."""

    def hear(event, arguments):
        if event == "accelinstall.commit" and arguments[0] == count:
            act()

    sys.addaudithook(hear)


def killed_at(count: int, *install_arguments) -> int:
    """The wait status of a process that installs and is killed once *count* moves are done."""

    def work():
        at_step(count, lambda: os.kill(os.getpid(), signal.SIGKILL))
        install(*install_arguments)

    return in_child(work)


def in_child(work) -> int:
    """The wait status of a forked process that does *work*."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def check(interpreter, before, after) -> str:
    found = snapshot(interpreter)
    assert found in (before, after)
    assert false_rows(interpreter) == []
    version = says(interpreter, "import a; print(a.v)")
    assert version == ("1" if found == before else "2")
    return version


def count_moves(interpreter, shelf, packages) -> int:
    seen = []
    install(interpreter, shelf, *packages, progress=seen.append)
    return sum(event.amount for event in seen if isinstance(event, PhaseAdvanced) and event.phase == "commit")


def test_a_kill_at_any_rename_of_the_commit_is_completed_by_the_next_command(interpreter, shelf, states):
    old, new, before, after = states
    moves = count_moves(interpreter, shelf, new)
    torn = 0
    for count in range(moves + 1):
        install(interpreter, shelf, *old)
        assert snapshot(interpreter) == before
        status = killed_at(count, interpreter, shelf, *new)
        assert os.WTERMSIG(status) == signal.SIGKILL
        torn += snapshot(interpreter) not in (before, after)
        assert recover(interpreter) == "completed"
        assert check(interpreter, before, after) == "2"
        assert recover(interpreter) == "nothing"
    assert torn > 5


def test_a_commit_whose_staged_files_are_lost_is_undone_exactly(interpreter, shelf, states):
    old, new, before, after = states
    moves = count_moves(interpreter, shelf, new)
    for count in range(0, moves, 3):
        install(interpreter, shelf, *old)
        killed_at(count, interpreter, shelf, *new)
        state = Path(interpreter.schemes["purelib"], ".accelinstall")
        journal = json.loads((state / "journal").read_text())
        [receipt] = [source for _, source, _ in journal["moves"] if source.endswith("receipt.json")]
        os.unlink(state / receipt)
        assert recover(interpreter) == "undone"
        assert check(interpreter, before, after) == "1"


def test_a_commit_whose_whole_staging_folder_is_lost_is_undone_or_already_done(interpreter, shelf, states):
    old, new, before, after = states
    moves = count_moves(interpreter, shelf, new)
    for count in range(moves + 1):
        install(interpreter, shelf, *old)
        killed_at(count, interpreter, shelf, *new)
        shutil.rmtree(Path(interpreter.schemes["purelib"], ".accelinstall/staging"))
        assert recover(interpreter) == ("undone" if count < moves else "completed")
        assert snapshot(interpreter) == (before if count < moves else after)


def test_an_interruption_inside_the_commit_undoes_it_at_once(interpreter, shelf, states):
    _old, new, before, _after = states

    def press(*_: object):
        raise KeyboardInterrupt

    def work(count):
        at_step(count, press)
        try:
            install(interpreter, shelf, *new)
        except KeyboardInterrupt:
            os._exit(7)

    for count in (0, 1, 5, 9):
        assert os.waitstatus_to_exitcode(in_child(lambda at=count: work(at))) == 7
        assert snapshot(interpreter) == before
        assert recover(interpreter) == "nothing"
        assert leftovers(interpreter) == []


def test_nobody_is_told_anything_between_the_first_rename_and_the_last(interpreter, shelf, states):
    """A terminal that has stopped taking text must not keep the environment between two states."""
    _old, new, before, after = states
    seen = []

    def look(event):
        if getattr(event, "phase", "") == "commit":
            seen.append(snapshot(interpreter))

    install(interpreter, shelf, *new, progress=look)
    assert seen == [before, before, after, after]


def test_what_is_replaced_is_missing_for_one_step_only():
    moves = order_moves([("/a", "/t/0"), ("/old", "/t/1")], [("/s/a", "/a"), ("/s/new", "/new")])
    assert [(move.kind, move.source) for move in moves] == [
        ("displace", "/old"),
        ("displace", "/a"),
        ("place", "/s/a"),
        ("place", "/s/new"),
    ]


def test_files_that_every_start_of_python_runs_come_last():
    placed = [("/s/a.pth", "/a.pth"), ("/s/b", "/b"), ("/s/receipt", "/receipt")]
    assert [move.target for move in order_moves([], placed)] == ["/b", "/receipt", "/a.pth"]


def test_at_no_moment_of_a_commit_does_python_fail_to_start(interpreter, shelf):
    old = shelf.add(
        "hook", "1.0", files={"hook.pth": "import hook_module; hook_module.go()\n", "hook_module.py": "go = int\n"}
    )
    new = shelf.add(
        "hook", "2.0", files={"hook.pth": "import hook_other; hook_other.go()\n", "hook_other.py": "go = int\n"}
    )
    install(interpreter, shelf, old)
    for count in range(12):
        killed_at(count, interpreter, shelf, new)
        done = subprocess.run([interpreter.executable, "-c", "0"], capture_output=True, text=True, check=True)
        assert done.stderr == "", count
        recover(interpreter)
        install(interpreter, shelf, old)


def test_kills_at_random_moments_leave_the_old_state_or_the_new(interpreter, shelf, states):
    old, new, before, after = states
    generator = random.Random(20261105)
    began = time.monotonic()
    install(interpreter, shelf, *new)
    usual = time.monotonic() - began
    install(interpreter, shelf, *old)
    seen = []
    for _ in range(30):
        child = os.fork()
        if child == 0:
            install(interpreter, shelf, *new)
            os._exit(0)
        time.sleep(generator.uniform(0, 1.5 * usual))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        recover(interpreter)
        seen.append(check(interpreter, before, after))
        install(interpreter, shelf, *old)
        assert snapshot(interpreter) == before
        assert leftovers(interpreter) == []
    assert len(seen) == 30


def test_a_kill_while_staging_leaves_nothing_once_the_next_run_is_over(interpreter, shelf):
    package = shelf.add("pkg", files={f"pkg/m{n}.py": "" for n in range(600)})
    before = snapshot(interpreter)

    def progress(event):
        if getattr(event, "phase", "") == "link" and isinstance(event, PhaseAdvanced):
            os.kill(os.getpid(), signal.SIGKILL)

    in_child(lambda: install(interpreter, shelf, package, progress=progress))
    assert snapshot(interpreter) == before
    assert recover(interpreter) == "nothing"
    install(interpreter, shelf)
    assert leftovers(interpreter) == []


def test_recovering_a_healthy_environment_writes_nothing(interpreter):
    assert recover(interpreter) == "nothing"
    assert not Path(interpreter.schemes["purelib"], ".accelinstall").exists()


def test_a_recovery_is_told(interpreter, shelf, states):
    killed_at(4, interpreter, shelf, *states[1])
    notes = []
    recover(interpreter, progress=notes.append)
    assert [note.code for note in notes if isinstance(note, Note)] == ["recovered"]


def test_the_next_installation_recovers_first(interpreter, shelf, states):
    _old, new, _before, after = states
    killed_at(4, interpreter, shelf, *new)
    nothing = transaction_to(inventory_of(interpreter), ())
    execute(type(nothing)(), entries={}, interpreter=interpreter, lock=lock_of(()))
    assert snapshot(interpreter) == after


def test_an_environment_that_was_moved_after_a_kill_recovers_at_its_new_place(interpreter, shelf, states, tmp_path):
    from accelinstall.environment import describe

    _old, new, _before, after = states
    killed_at(4, interpreter, shelf, *new)
    os.rename(interpreter.prefix, tmp_path / "moved")
    moved = describe(str(tmp_path / "moved/bin/python"))
    assert recover(moved) == "completed"
    # Scripts name their old interpreter, as those of any moved environment do; all else is new.
    assert snapshot(moved) == after


def test_an_unreadable_journal_is_named(interpreter, shelf):
    install(interpreter, shelf, shelf.add("a"))
    journal = Path(interpreter.schemes["purelib"], ".accelinstall/journal")
    for text in ("{", "[]", '{"schema": 2}', '{"schema": 1}'):
        journal.write_text(text)
        with pytest.raises(JournalUnreadable, match="journal"):
            recover(interpreter)


def test_a_rename_that_fails_is_undone_at_once(interpreter, shelf, states):
    _old, new, before, _after = states
    seen = []

    def sabotage(event):
        if isinstance(event, PhaseAdvanced) and event.phase == "commit" and not seen:
            seen.append(event)
            # The receipt, which is placed last, has nowhere to go.
            os.rmdir(Path(interpreter.schemes["purelib"], ".accelinstall/receipts"))

    with pytest.raises(CommitFailed) as caught:
        install(interpreter, shelf, *new, progress=sabotage)
    assert "the environment is as before" in caught.value.message
    assert snapshot(interpreter) == before
    assert recover(interpreter) == "nothing"


def test_what_a_running_program_makes_during_the_commit_is_put_aside(interpreter, shelf, states):
    _old, new, _before, after = states
    made = Path(interpreter.schemes["purelib"], "fresh")

    def meddle(event):
        if getattr(event, "phase", "") == "commit" and not made.exists():
            (made / "__pycache__").mkdir(parents=True)
            (made / "__pycache__/x.pyc").touch()

    install(interpreter, shelf, *new, progress=meddle)
    assert snapshot(interpreter) == after


def test_an_interruption_from_the_keyboard_leaves_everything_as_before(interpreter, shelf, states):
    _old, new, before, _after = states
    for phase in ("link", "commit"):

        def interrupt(event, phase=phase):
            if getattr(event, "phase", "") == phase and isinstance(event, PhaseAdvanced):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            install(interpreter, shelf, *new, progress=interrupt)
        assert snapshot(interpreter) == before
        assert recover(interpreter) == "nothing"
        assert leftovers(interpreter) == []


def test_a_second_run_waits_with_a_note_until_the_first_is_over(interpreter, shelf):
    package = shelf.add("a")
    notes, order = [], []

    def second():
        install(interpreter, shelf, package, progress=lambda event: notes.append(event))
        order.append("second")

    with hold_environment(interpreter):
        thread = threading.Thread(target=second)
        thread.start()
        deadline = time.monotonic() + 10
        while not notes and time.monotonic() < deadline:
            time.sleep(0.01)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert [note.code for note in notes if isinstance(note, Note)] == ["environment-locked"]


def test_who_holds_the_environment_already_does_not_wait_for_itself(interpreter, shelf):
    with hold_environment(interpreter) as hold:
        install(interpreter, shelf, shelf.add("a"), hold=hold)
    assert inventory_of(interpreter).get("a")
