"""``poetry check`` on several folders in one process: the real command, started once.

A program: ``python poetry_checks.py FOLDER ...`` prints the folder's name, the exit code and the last line of each.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cleo.testers.application_tester import ApplicationTester
from poetry.console.application import Application

for folder in [Path(text).absolute() for text in sys.argv[1:]]:
    # Poetry 1 has no `--project`.
    os.chdir(folder)
    tester = ApplicationTester(Application())
    code = tester.execute("check")
    said = (tester.io.fetch_error() + tester.io.fetch_output()).split("\n")
    print(folder.name, code, " ".join(line for line in said if "deprecated" not in line), sep="\t")
