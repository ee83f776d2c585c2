"""Shell text as commands with the lines they stand on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.doctor.reading.shell import parse_script, program


def commands(text: str) -> list[tuple[int, tuple[str, ...]]]:
    return [(one.line, one.texts) for one in parse_script(text, place="x", path="x")]


def test_commands_end_at_lines_and_operators() -> None:
    assert commands("a b && c; d\ne || f") == [
        (1, ("a", "b")),
        (1, ("c",)),
        (1, ("d",)),
        (2, ("e",)),
        (2, ("f",)),
    ]


def test_a_continued_line_is_one_command_whose_words_know_their_lines() -> None:
    (one,) = parse_script("pip install \\\n  poetry==1.8\n", place="x", path="x", line=5)
    assert [(word.text, word.line) for word in one.words] == [("pip", 5), ("install", 5), ("poetry==1.8", 6)]


def test_a_comment_between_continued_lines_does_not_end_the_command() -> None:
    assert commands("a \\\n# why\n b") == [(1, ("a", "b"))]


def test_quotes_group_and_vanish() -> None:
    assert commands("""pip install "poetry>=1,<2" 'a b'c""") == [(1, ("pip", "install", "poetry>=1,<2", "a bc"))]


def test_a_pipe_is_a_word() -> None:
    assert commands("curl x | python3 -") == [(1, ("curl", "x", "|", "python3", "-"))]


def test_the_body_of_a_heredoc_is_no_command_unless_a_shell_reads_it() -> None:
    assert commands("cat <<EOF\npoetry shell\nEOF\nafter") == [(1, ("cat", "<<EOF")), (4, ("after",))]
    assert (2, ("poetry", "shell")) in commands("bash <<EOF\npoetry shell\nEOF\n")


@pytest.mark.parametrize("text", ["if x; then poetry shell; fi", "sudo poetry shell", "A=1 B=2 /opt/bin/poetry shell"])
def test_the_program_of_a_command_is_found_behind_keywords_and_assignments(text: str) -> None:
    programs = [program(one) for one in parse_script(text, place="x", path="x")]
    assert ("poetry", "shell") in programs


@settings(deadline=None)
@given(st.text(alphabet="ab '\"\\\n;&|#$(){}<>=EOF\r", max_size=200))
def test_any_text_is_read_and_lines_stay_inside_it(text: str) -> None:
    for one in parse_script(text, place="x", path="x"):
        assert one.words
        assert all(1 <= word.line <= text.count("\n") + 1 for word in one.words)
