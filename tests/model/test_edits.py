"""What people see of an edit before it is made."""

from __future__ import annotations

from accelinstall.model.edits import FileEdit, changes, render_diff


def test_a_diff_names_the_file_and_shows_the_lines_around_a_change() -> None:
    edit = FileEdit(path="pyproject.toml", before=b"a\nb\nc\n", after=b"a\nB\nc\n")
    assert render_diff([edit]) == "--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"


def test_an_edit_that_changes_nothing_has_no_diff() -> None:
    same = FileEdit(path="x", before=b"a", after=b"a")
    assert changes([same]) == () and render_diff([same]) == ""


def test_new_and_removed_files_stand_against_nothing() -> None:
    new = render_diff([FileEdit(path="x", before=None, after=b"a\n")])
    gone = render_diff([FileEdit(path="x", before=b"a\n", after=None)])
    assert new.startswith("--- /dev/null\n+++ b/x\n") and gone.startswith("--- a/x\n+++ /dev/null\n")


def test_the_two_carriage_returns_of_a_changed_line_are_not_shown() -> None:
    assert "\\r" not in render_diff([FileEdit(path="x", before=b"a\r\nb\r\n", after=b"a\r\nc\r\n")])


def test_a_change_of_line_endings_alone_is_seen() -> None:
    assert "-a\\r\n+a\n" in render_diff([FileEdit(path="x", before=b"a\r\n", after=b"a\n")])


def test_a_missing_last_newline_is_told() -> None:
    assert render_diff([FileEdit(path="x", before=b"a", after=b"a\n")]).endswith(
        "-a\n\\ No newline at end of file\n+a\n"
    )


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    assert "+\\xe9\n" in render_diff([FileEdit(path="x", before=b"", after=b"\xe9\n")])


def test_no_login_is_shown() -> None:
    before, after = b'url = "https://ada:pa55@host/x"\na\n', b'url = "https://ada:pa55@host/x"\nb\n'
    shown = render_diff([FileEdit(path="x", before=before, after=after)])
    assert "pa55" not in shown and "ada" not in shown
    assert ' url = "https://***@host/x"\n' in shown
