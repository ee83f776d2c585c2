"""What holds for every RECORD, journal, receipt and sequence of installations."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelinstall.environment import describe
from accelinstall.installation.journal import Journal, Move
from accelinstall.installation.records import absolute_path, parse_record, record_path, render_record, slashed
from accelinstall.installation.removal import is_bytecode_of
from accelinstall.model.installation import Receipt
from accelinstall.model.receipts import newest_receipt_file, parse_receipt, render_receipt
from tests.installation.support import Shelf, false_rows, install, leftovers, snapshot

NAMES = st.text(
    st.characters(blacklist_characters="/\0\r\n", blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1
)
PATHS = st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4).map("/".join)
ROWS = st.tuples(PATHS, st.sampled_from(["", "sha256=abc"]), st.sampled_from(["", "12"]))


@given(st.lists(ROWS))
def test_a_record_read_back_says_the_same(rows):
    assert parse_record(render_record(rows)) == rows


@given(st.text())
def test_any_text_is_read_without_complaint(text):
    parse_record(text)


@given(PATHS, PATHS)
def test_a_path_in_a_record_leads_back_to_its_file(base, path):
    base, target = "/" + base, "/" + path
    assert absolute_path(base, record_path(base, target)) == target


def test_paths_with_backslashes_are_compared_with_slashes():
    assert slashed("C:\\env\\Lib", separator="\\") == "C:/env/Lib"
    assert slashed("a\\b", separator="/") == "a\\b"


@given(st.lists(st.tuples(st.sampled_from(["displace", "place"]), PATHS, PATHS)), PATHS)
def test_a_journal_read_back_says_the_same(rows, prefix):
    root = f"/{prefix}/lib/.accelinstall"
    moves = tuple(Move(kind, f"/{prefix}/{one}", f"{root}/{other}") for kind, one, other in rows)
    journal = Journal(id="000001-x", moves=moves, unowned=tuple(move.source for move in moves))
    assert Journal.parse(journal.render(root), root) == journal


@given(
    st.lists(st.tuples(NAMES, NAMES, NAMES)),
    st.lists(NAMES),
    st.dictionaries(NAMES, st.floats(0, 1e6)),
)
def test_a_receipt_read_back_says_the_same(rows, names, timings):
    receipt = Receipt(
        id="000001-x",
        created="now",
        lock_hash="abc",
        installed=tuple(rows),
        changes=tuple(rows),
        timings=timings,
        requested=tuple(names),
        direct=tuple((name, name) for name in names),
    )
    assert parse_receipt(render_receipt(receipt)) == receipt


@pytest.mark.parametrize("text", ["", "3", "{}", '{"schema": 1}', '{"schema": 1, "installed": [[1]], "changes": []}'])
def test_what_is_no_receipt_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_receipt(text)


def test_the_newest_receipt_is_found_by_its_number():
    names = ["000002-ff.json", "000010-aa.json", "notes.txt", "x.json", "000003-zz.json"]
    assert newest_receipt_file(names) == "000010-aa.json"
    assert newest_receipt_file(["notes.txt"]) is None


@pytest.mark.parametrize("name", ["m.cpython-311.pyc", "m.cpython-311.opt-2.pyc", "m.cpython-311-pytest-8.4.1.pyc"])
def test_bytecode_belongs_to_its_module(name):
    assert is_bytecode_of(name, {"m.py"})
    assert not is_bytecode_of(name, {"n.py", "mm.py"})


def test_bytecode_of_a_module_with_a_dot_in_its_name():
    assert is_bytecode_of("a.b.cpython-311.pyc", {"a.b.py"})
    assert not is_bytecode_of("a.cpython-311.pyc", {"a.b.py"})


POOL = {
    "a": {"1.0": {"ns/a.py": "x = 1\n", "a/__init__.py": "", "shared.py": "s\n"}, "2.0": {"ns/a.py": "x = 2\n"}},
    "b": {"1.0": {"ns/b.py": "", "ns/deep/er/b.py": "", "shared.py": "s\n"}, "2.0": {"b.py": "", "ns/deep/c.txt": "c"}},
    "c": {"1.0": {"c/__init__.py": "", "ns/deep/er/c.py": ""}, "2.0": {"ns/c/__init__.py": "", "ns/a2.py": ""}},
}
WISHES = st.fixed_dictionaries({name: st.sampled_from(["", *versions]) for name, versions in POOL.items()})


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    shelf = Shelf(tmp_path_factory.mktemp("pool"))
    packages = {
        (name, version): shelf.add(name, version, files=files, data={f"scripts/run-{name}": "#!python\n"})
        for name, versions in POOL.items()
        for version, files in versions.items()
    }
    return shelf, packages


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(WISHES, min_size=1, max_size=4), compiled=st.booleans())
def test_what_is_there_depends_only_on_what_was_asked_last(template, pool, wishes, compiled):
    shelf, packages = pool
    with tempfile.TemporaryDirectory() as folder:
        found = []
        # Once step by step, once at once; in one place after the other, as scripts name their environment.
        for sequence in (wishes, wishes[-1:]):
            path = Path(folder, "env")
            shutil.copytree(template, path, symlinks=True)
            interpreter = describe(str(path / "bin" / "python"))
            for wish in sequence:
                wanted = [packages[item] for item in wish.items() if item[1]]
                install(interpreter, shelf, *wanted, compile_bytecode=compiled, roots=("a",))
                assert false_rows(interpreter) == []
                assert leftovers(interpreter) == []
            found.append(snapshot(interpreter, bytecode=True))
            shutil.rmtree(path)
        assert found[0] == found[1]
