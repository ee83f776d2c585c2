"""Shell scripts as commands, well enough to see which tools they call: no expansion, no control flow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from accelinstall.doctor.facts import Command, Word

_TOKEN = re.compile(
    r"(?P<continued>\\\r?\n)|(?P<comment>#[^\n]*)|(?P<end>&&|\|\||;;|;|&(?!>)|\n)|(?P<pipe>\|&?)"
    r"|(?P<blank>[ \t\r]+)|(?P<rest>.)",
    re.DOTALL,
)
_PART = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<newline>\\\r?\n)|\\(?P<escaped>.)"""
    r"""|(?P<substitution>\$\([^()]*\)|\$\{\{[^}]*\}\}|\$\{[^}]*\})|(?P<plain>[^\s;&|'"\\])""",
    re.DOTALL,
)
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n")
_WORDS_BEFORE = frozenset(("if", "then", "else", "elif", "do", "while", "until", "!", "time", "exec", "sudo", "{", "("))
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def parse_script(text: str, *, place: str, path: str, line: int = 1) -> tuple[Command, ...]:
    """The commands of *text*, whose first line is *line* of *path*; bodies of heredocs are passed over."""
    return tuple(
        Command(place=place, path=path, words=words)
        for words in (_trimmed(words) for words in _split(_without_heredocs(text), line))
        if words
    )


def _without_heredocs(text: str) -> str:
    """*text* with heredoc bodies blanked, lines kept; a body given to a shell stays."""
    parts, at = [], 0
    while match := _HEREDOC.search(text, at):
        parts.append(text[at : match.end()])
        end = re.compile(rf"^[ \t]*{re.escape(match[2])}[ \t]*\r?$", re.MULTILINE).search(text, match.end())
        stop = end.start() if end else len(text)
        opening = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        body = text[match.end() : stop]
        parts.append(body if re.search(r"\b(?:ba|da|z)?sh\b", opening) else "\n" * body.count("\n"))
        at = end.end() if end else len(text)
    return "".join(parts) + text[at:]


def _split(text: str, line: int) -> Iterator[tuple[Word, ...]]:
    words: list[Word] = []
    at, line_start = 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None  # `rest` takes anything
        line += text.count("\n", line_start, at)
        line_start = at
        if match["rest"]:
            word, end = _word(text, at)
            if word:
                words.append(Word(text=word, line=line))
            at = max(end, at + 1)
            continue
        # A comment inside a continued command does not end it, as in a Dockerfile.
        if match["end"] and not (match["end"] == "\n" and _is_continued(text, at)):
            yield tuple(words)
            words = []
        elif match["pipe"]:
            words.append(Word(text="|", line=line))
        at = match.end()
    yield tuple(words)


def _is_continued(text: str, newline: int) -> bool:
    """Whether the line that ends at *newline* is a comment between continued lines."""
    start = text.rfind("\n", 0, newline) + 1
    if not text[start:newline].lstrip().startswith("#"):
        return False
    return text[max(start - 3, 0) : start].rstrip("\r\n").endswith("\\")


def _word(text: str, at: int) -> tuple[str, int]:
    parts = []
    while match := _PART.match(text, at):
        name = match.lastgroup or ""
        if name != "newline":
            parts.append(match[name])
        at = match.end()
    return "".join(parts), at


def _trimmed(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """*words* from the command's name on: no keyword, no assignment of a single command before it."""
    at = 0
    while at < len(words) and words[at].text in _WORDS_BEFORE:
        at += 1
    return words[at:]


def program(command: Command) -> tuple[str, ...]:
    """The words of *command* from its program on, assignments before it left out, the program without its folder."""
    words = list(command.texts)
    while words and _ASSIGNMENT.match(words[0]):
        words.pop(0)
    if words:
        words[0] = words[0].rpartition("/")[2]
    return tuple(words)
