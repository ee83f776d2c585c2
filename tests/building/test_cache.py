"""What building keeps, and what it gives up."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from accelinstall.building.cache import BUILDS, discard


@pytest.mark.parametrize("unused_since", [None, 1.0])
def test_what_a_killed_build_left_goes_in_the_end_and_a_running_one_keeps_its_folder(
    tmp_path: Path, unused_since: float | None
) -> None:
    left, running = tmp_path / BUILDS / ".work" / "source-left", tmp_path / BUILDS / ".work" / "source-running"
    for folder in (left, running):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file").write_text("x")
    os.utime(left, (time.time() - 3 * 24 * 3600,) * 2)
    discard(str(tmp_path), unused_since=unused_since)
    assert not left.exists()
    assert (running / "deep" / "file").exists()
