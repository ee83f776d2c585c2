"""Conflicts as users read them: the whole of stderr, with addresses and folders left out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Workplace

TRANSCRIPTS = tomllib.loads(Path(__file__).with_name("conflicts.toml").read_text("utf-8"))["transcript"]
# `name version`, then what it needs to be told apart: extras, a tag, a Python; after the colon what it requires.
PACKAGE = re.compile(r"(?P<name>\S+) (?P<version>\S+?)(?: \[(?P<extra>.+?)\])?(?: (?P<tag>\w+-\w+-\w+))?"
                     r"(?: python(?P<python>\S+?))?(?:: (?P<requires>.+))?")  # fmt: skip


def offer(index: IndexServer, folder: Path, text: str) -> None:
    """The wheel that one line of a transcript describes."""
    found = PACKAGE.fullmatch(text)
    assert found, text
    index.add(
        make_wheel(
            folder,
            found["name"],
            found["version"],
            extras=[found["extra"]] if found["extra"] else (),
            tag=found["tag"] or "py3-none-any",
            requires_python=found["python"] or "",
            requires=[found["requires"]] if found["requires"] else (),
        )
    )


def said(transcript: dict[str, Any], place: Workplace) -> tuple[int, str]:
    """The exit code and what was said."""
    place.write("\n".join(transcript["wanted"]), "requirements.txt")
    place.write("\n".join(transcript.get("constraints", ())), "constraints.txt")
    options = ["-r", str(place.project / "requirements.txt"), *transcript.get("options", ("--environment", "cpu"))]
    options += ["-c", str(place.project / "constraints.txt")] if "constraints" in transcript else []
    with IndexServer() as index:
        for text in transcript["packages"]:
            offer(index, place.root / "wheels", text)
        done = place.run(
            "lock", *options, "--platform", "linux-x86_64", "--python-version", "3.11", "--index-url", index.simple_url
        )
        told = done.err.replace(index.simple_url, "INDEX").replace(str(place.project), "PROJECT")
    return done.code, re.sub(r"\(\d+\.\d s\)", "(SECONDS)", told)


@pytest.mark.parametrize("transcript", [pytest.param(row, id=row["name"]) for row in TRANSCRIPTS])
def test_a_conflict_reads(transcript: dict[str, Any], tmp_path: Path) -> None:
    code, told = said(transcript, Workplace(tmp_path))
    assert (code, told.strip()) == (1, transcript["output"].strip())
