"""A Dockerfile as instructions with their lines.

Own code because the readers on PyPI take the body of a heredoc for instructions, or need a compiled Go library.
Source: Dockerfile reference (parser directives, line continuation, here-documents).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from accelinstall.values import dataclass

_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*$")
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)(?:\s+|$)")
_HEREDOC = re.compile(r"<<-?(['\"]?)([A-Za-z_]\w*)\1")
_FLAG = re.compile(r"\s*--([a-z-]+)(?:=(\S*))?(?:\s+|$)")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<sign>[-+])(?P<other>[^}]*))?\}|(?P<bare>\w+))")
_PAIR = re.compile(r"""(\w+)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction.

    :ivar name: upper case.
    :ivar text: what follows its flags, continued lines with their breaks and without comments between them;
        ``text_line`` the line it starts on.
    :ivar body: of its first here-document, which starts on ``body_line``; ``last_line`` is its last.
    """

    name: str
    text: str
    line: int
    last_line: int
    text_line: int
    flags: Mapping[str, str]
    body: str = ""
    body_line: int = 0

    @property
    def flat(self) -> str:
        """``text`` on one line."""
        return " ".join(re.sub(r"[\\`]\r?\n", " ", self.text).split())

    @property
    def array(self) -> tuple[str, ...] | None:
        """The words of the JSON form, ``None`` for the shell form."""
        if not self.text.lstrip().startswith("["):
            return None
        try:
            words = json.loads(self.flat)
        except ValueError:
            return None
        return tuple(words) if isinstance(words, list) and all(isinstance(word, str) for word in words) else None

    @property
    def pairs(self) -> dict[str, tuple[str, int]]:
        """For ``ARG`` and ``ENV``: name -> (value without quotes, its line); an ``ARG`` without default is empty."""
        found = {}
        for match in _PAIR.finditer(self.text):
            line = self.text_line + self.text.count("\n", 0, match.start())
            value = match[2]
            found[match[1]] = (value[1:-1] if value[:1] in {'"', "'"} and len(value) > 1 else value, line)
        if not found:
            # ENV NAME VALUE, and ARG NAME.
            name, _, value = self.flat.partition(" ")
            if name:
                found[name] = (value.strip().strip("\"'"), self.text_line)
        return found


def parse_dockerfile(text: str) -> tuple[Instruction, ...]:
    """The instructions of *text* in their order; what is none is passed over, as only a build can tell."""
    lines = text.split("\n")
    return tuple(_instructions(lines, _escape(lines)))


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """*text* with the variables that are known filled in; empty when one is not."""
    unknown = False

    def fill(match: re.Match[str]) -> str:
        nonlocal unknown
        value = variables.get(match["braced"] or match["bare"], "")
        if match["sign"] == "-":
            return value or match["other"]
        if match["sign"] == "+":
            return match["other"] if value else ""
        unknown = unknown or not value
        return value

    done = _VARIABLE.sub(fill, text)
    return "" if unknown else done


def _escape(lines: list[str]) -> str:
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape" and match[2] in {"\\", "`"}:
            return match[2]
    return "\\"


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    at = 0
    while at < len(lines):
        start = _INSTRUCTION.match(lines[at])
        if lines[at].lstrip().startswith("#") or start is None:
            at += 1
            continue
        first = at
        kept, at = _continued(lines, at, escape)
        text = "\n".join(kept)[start.end() :]
        body, body_line, at = _heredocs(lines, at, text) if start[1].upper() in {"RUN", "COPY", "ADD"} else ("", 0, at)
        flags, used = _flags(text, escape)
        yield Instruction(
            name=start[1].upper(),
            text=text[used:],
            line=first + 1,
            last_line=at,
            text_line=first + 1 + text.count("\n", 0, used),
            flags=flags,
            body=body,
            body_line=body_line,
        )


def _continued(lines: list[str], at: int, escape: str) -> tuple[list[str], int]:
    """The lines of one instruction, comments among them emptied to a lone escape, and the number of the next line."""
    kept = [lines[at]]
    at += 1
    while at < len(lines) and kept[-1].rstrip().endswith(escape):
        line = lines[at]
        is_passed_over = not line.strip() or line.lstrip().startswith("#")
        kept.append(escape if is_passed_over else line)
        at += 1
    return [line.rstrip() for line in kept], at


def _heredocs(lines: list[str], at: int, text: str) -> tuple[str, int, int]:
    """(body of the first, its line, the line after the last) of the here-documents that *text* opens."""
    body, body_line = "", 0
    for match in _HEREDOC.finditer(text):
        first = at
        while at < len(lines) and lines[at].strip() != match[2]:
            at += 1
        if not body_line:
            body, body_line = "\n".join(lines[first:at]), first + 1
        at = min(at + 1, len(lines))
    return body, body_line, at


def _flags(text: str, escape: str) -> tuple[dict[str, str], int]:
    flags: dict[str, str] = {}
    at = 0
    while True:
        skipped = re.compile(rf"(?:\s|{re.escape(escape)}\n)*").match(text, at)
        match = _FLAG.match(text, skipped.end() if skipped else at)
        if match is None:
            return flags, at
        flags.setdefault(match[1], match[2] or "")
        at = match.end()
