"""Real requirement sets resolved by accelinstall and by uv at the same moment, from the same index: who differs, where.

    python benchmarks/conformance.py [SET ...]

The sets stand in ``conformance.toml``.  Both resolve for ``linux-x86_64`` (glibc 2.28) and the Python that runs this,
from the default index alone, by the newest version that fits; what has no wheel is built to be asked.  Prints a table
as Markdown; 1 when one tool finds an answer and the other does not.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from install import UV
from packaging.requirements import Requirement

from accelinstall.errors import AccelinstallError
from accelinstall.index import default_index_url
from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.pipeline import Request
from accelinstall.pipeline.building import builder_for
from accelinstall.pipeline.session import Session
from accelinstall.resolution import resolve, route

PYTHON = platform.python_version()
TARGET = f"cu130-linux-x86_64-cp{''.join(PYTHON.split('.')[:2])};libc=glibc-2.28"
SETS = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Answer:
    """Name -> version, or why there is none."""

    versions: dict[str, str]
    error: str = ""


def ours(requirements: list[str], index: str, session: Session) -> Answer:
    """What accelinstall resolves to."""
    wanted = [Wanted(requirement=Requirement(text)) for text in requirements]
    try:
        found = resolve(
            wanted,
            target=Target.parse(TARGET),
            routing=route(default_index=index),
            finder=session.index,
            sources=builder_for(session, interpreter=None),
            python_full_version=PYTHON,
        )
    except AccelinstallError as error:
        return Answer({}, error.message.splitlines()[0])
    return Answer({package.file.name: package.file.version for package in found.packages})


def uvs(requirements: list[str], index: str) -> Answer:
    """What uv resolves to, with its cache."""
    command = [UV, "pip", "compile", "-q", "-", "--python-version", PYTHON]
    command += ["--python-platform", "x86_64-manylinux_2_28", "--default-index", index, "--no-annotate", "--no-header"]
    done = subprocess.run(command, input="\n".join(requirements), capture_output=True, text=True)
    if done.returncode:
        return Answer({}, " ".join(done.stderr.split()))
    lines = (line.partition("==") for line in done.stdout.splitlines() if "==" in line)
    return Answer({name.partition("[")[0].strip(): version.split()[0] for name, _, version in lines})


def difference(mine: Answer, theirs: Answer) -> str:
    """In words; empty when they agree."""
    if mine.error or theirs.error:
        if mine.error and theirs.error:
            return f"neither resolves: {mine.error}"
        return f"ours: {mine.error or 'resolves'}; uv: {theirs.error or 'resolves'}"
    rows = []
    for name in sorted(mine.versions.keys() | theirs.versions.keys()):
        left, right = mine.versions.get(name, "-"), theirs.versions.get(name, "-")
        if left != right:
            rows.append(f"`{name}` {left} / {right}")
    return ", ".join(rows)


def main() -> int:
    """The table: set, packages, differences as ours / uv's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET")
    chosen = parser.parse_args().sets
    sets = tomllib.loads(SETS.read_text())["sets"]
    disagreed = False
    print("| set | packages | ours / uv where they differ |\n|---|---|---|")
    with Session(Request(environ=os.environ)) as session:
        index = default_index_url(session.pip)
        for name in chosen or sets:
            mine, theirs = ours(sets[name], index, session), uvs(sets[name], index)
            disagreed |= bool(mine.error) != bool(theirs.error)
            print(f"| {name} | {len(mine.versions) or '-'} | {difference(mine, theirs)} |", flush=True)
    return int(disagreed)


if __name__ == "__main__":
    sys.exit(main())
