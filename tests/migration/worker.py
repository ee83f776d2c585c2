"""A migration, a restoration or both in a process of its own: ``python worker.py FOLDER migrate|restore``."""

from __future__ import annotations

import sys
from pathlib import Path

from accelinstall.migration.backup import restore
from accelinstall.migration.story import carry_out
from accelinstall.pipeline.request import IndexOptions, Request
from tests.migration.places import planned

folder = Path(sys.argv[1])
print("ready", flush=True)
if sys.argv[2] == "restore":
    restore(str(folder))
else:
    request = Request(
        project=str(folder),
        index=IndexOptions(no_index=True),
        offline=True,
        cache_directory=str(folder.parent / "cache"),
        environ={"PIP_CONFIG_FILE": "/dev/null", "HOME": str(folder.parent)},
    )
    carry_out(planned(folder), request)
