"""``poetry check`` on several folders in one process: the real command, started once.

A program: ``python poetry_checks.py FOLDER ...`` prints the folder's name, the exit code and the last line of each.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cleo.testers.application_tester import ApplicationTester
from poetry.console.application import Application

for folder in map(Path, sys.argv[1:]):
    tester = ApplicationTester(Application())
    code = tester.execute(f"check --project '{folder}'")
    said = (tester.io.fetch_error() + tester.io.fetch_output()).split("\n")
    print(folder.name, code, " ".join(line for line in said if "deprecated" not in line), sep="\t")
