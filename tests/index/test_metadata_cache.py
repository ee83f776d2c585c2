"""Metadata that outlives the run is whole for everybody who reads it."""

from __future__ import annotations

import subprocess
import sys


def test_processes_may_share_the_folder(tmp_path):
    code = """
import sys
from accelinstall.index.metadata_cache import MetadataCache
from accelinstall.model.index import CoreMetadata, IndexFile
cache = MetadataCache(sys.argv[1])
file = IndexFile(filename="a-1-py3-none-any.whl", url="https://h/a", name="a", version="1", source="x", is_wheel=True)
for number in range(200):
    rows = (f"b=={number}",) * 2000
    cache.store(file, CoreMetadata(name="a", version="1", requires_dist=rows))
    found = cache.find(file)
    assert found is not None and len(found.requires_dist) == 2000 and len(set(found.requires_dist)) == 1, number
"""
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
