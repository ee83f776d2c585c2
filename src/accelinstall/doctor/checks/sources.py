"""What a project asks for and nobody can give: a password in the open, an extra that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from accelinstall.doctor.checks.registry import Remark, remark
from accelinstall.doctor.edits import Substitution, TomlTable
from accelinstall.doctor.evidence import POETRY_LOCK, PYPROJECT, Evidence

_EXTRA = re.compile(r"tensorflow\s*\[\s*cuda\s*\]", re.IGNORECASE)
_SECRET = re.compile(r"https?://[^/\s:@'\"$]+:(?!\$)[^/\s@'\"]+@")


def check_tensorflow(evidence: Evidence) -> Iterator[Remark]:
    """``tensorflow[cuda]``, in the project, in scripts and in requirements files."""
    for group in evidence.project.groups if evidence.project else ():
        for wanted in group.wanted:
            if wanted.requirement.name.lower() == "tensorflow" and "cuda" in wanted.requirement.extras:
                message = "tensorflow has no extra `cuda`, so nothing of CUDA would be installed"
                yield remark("tensorflow-cuda-extra", message, hint="tensorflow[and-cuda]", where=wanted.where)
    spelled = [
        (command.place, command.path, word.line, word.text)
        for command in evidence.reading.commands
        for word in command.words
        if _EXTRA.match(word.text)
    ]
    spelled += [
        (path, path, number, line)
        for path, text in sorted(evidence.texts.items())
        if path.endswith(".txt")
        for number, line in enumerate(text.split("\n"), 1)
        if _EXTRA.match(line.lstrip())
    ]
    for place, path, number, text in spelled:
        changes = tuple(
            Substitution(
                path=path, line=number, column=match.start(), old=match[0], new=re.sub("cuda", "and-cuda", match[0])
            )
            for match in _EXTRA.finditer(evidence.line(path, number))
        )
        message = f"{place} asks for {text.strip()}: tensorflow has no extra `cuda`"
        where = f"{path}:{number}"
        yield remark("tensorflow-cuda-extra", message, hint="tensorflow[and-cuda]", where=where, changes=changes)


def check_secrets(evidence: Evidence) -> Iterator[Remark]:
    """Passwords in addresses: those of the project, and those that scripts and images spell out."""
    for finding in evidence.reading.findings:
        if finding.id == "secret-in-source-url":
            yield remark(finding.id, finding.message, hint=finding.hint, where=finding.where)
    for path, text in sorted(evidence.texts.items()):
        if path == PYPROJECT or path.endswith(".lock"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if _SECRET.search(line) and not line.lstrip().startswith("#"):
                message = f"{path} holds an address with a password that everybody with the file can read"
                hint = "take it from a secret of the CI or of the build (`RUN --mount=type=secret`), and replace it"
                yield remark("secret-in-source-url", message, hint=hint, where=f"{path}:{number}")


def check_mirror(evidence: Evidence) -> Iterator[Remark]:
    """A mirror of PyPI that Poetry reads only when it is told that it is an index like any other."""
    url = evidence.snapshot.mirror
    sources = evidence.project.sources if evidence.project else ()
    if not url or any(source.url.rstrip("/") == url for source in sources):
        return
    pairs = (("name", "mirror"), ("url", f"{url}/"), ("priority", "primary"))
    # A source is part of what a lock was made from: once there is one, its owner decides.
    is_free = POETRY_LOCK not in evidence.texts
    change = TomlTable(path=PYPROJECT, name="tool.poetry.source", pairs=pairs)
    message = f"pip's index {url} has HTML pages only, which Poetry reads of a source and not of what stands for PyPI"
    hint = f"poetry source add --priority=primary mirror {url}/\npoetry lock"
    yield remark(
        "mirror-not-a-source", message, hint=hint, where=f"{PYPROJECT}:1", changes=(change,) if is_free else ()
    )
