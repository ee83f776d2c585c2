"""Files change after a yes: typed at a terminal, or given with the command."""

from __future__ import annotations

import io

import pytest

from accelinstall.cli.confirmation import NeedsConsent, is_agreed
from accelinstall.cli.console import Console
from accelinstall.model.edits import FileEdit

EDITS = [FileEdit(path="pyproject.toml", before=b"a\n", after=b"b\n")]
SAME = [FileEdit(path="pyproject.toml", before=b"a\n", after=b"a\n")]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def console(answer: str | None = None) -> tuple[Console, io.StringIO, io.StringIO]:
    """A console, with somebody who types *answer* or with nobody, and what it wrote to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO() if answer is None else Terminal()
    answers = io.StringIO() if answer is None else Terminal(answer)
    return Console(out=out, err=err, answers=answers), out, err


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y\n", True), ("yes\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_a_person_is_shown_the_diff_and_asked(answer: str, agreed: bool) -> None:
    terminal, out, err = console(answer)
    assert is_agreed(EDITS, terminal) is agreed
    assert "+b" in err.getvalue() and "Write pyproject.toml? [y/N]" in err.getvalue() and out.getvalue() == ""


def test_a_program_must_have_said_yes() -> None:
    with pytest.raises(NeedsConsent) as refusal:
        is_agreed(EDITS, console()[0])
    assert refusal.value.exit_code == 2 and "--yes" in refusal.value.hint
    assert is_agreed(EDITS, console()[0], yes=True)


def test_a_dry_run_prints_the_diff_and_agrees_to_nothing() -> None:
    terminal, out, _ = console("y\n")
    assert not is_agreed(EDITS, terminal, dry_run=True, yes=True)
    assert out.getvalue().startswith("--- a/pyproject.toml\n")


def test_a_dry_run_with_a_document_keeps_stdout_for_it() -> None:
    terminal, out, err = console()
    assert not is_agreed(EDITS, terminal, dry_run=True, as_json=True)
    assert out.getvalue() == "" and "+b" in err.getvalue()


def test_nobody_is_asked_where_nothing_changes() -> None:
    terminal, _, err = console()
    assert not is_agreed(SAME, terminal) and err.getvalue() == ""
