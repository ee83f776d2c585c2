"""A project with nothing to do is looked at in full again once a file that would count appears."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shortcut.support import Ground, imported
from tests.shortcut.test_nothing import settle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shortcuts are taken on Linux")

APPEARING = {
    "poetry's lock": ("project/poetry.lock", "garbage ["),
    "a catalog of the user's": ("settings/accelinstall/catalog.toml", "garbage ["),
    "a workspace around it": ("pyproject.toml", '[tool.accelinstall.workspace]\nmembers = ["project"]\n'),
    "another group in it": ("project/pyproject.toml", '[project]\nname = "p"\nversion = "1"\n'),
    "settings of pip's": ("settings/pip/pip.conf", "[global]\nno-index = false\n"),
}


class Project:
    """A project whose packages lie in a folder, and its environment."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.folder = ground, ground.root / "project"
        self.folder.mkdir()
        text = '[project]\nname = "p"\nversion = "1"\ndependencies = ["one"]\n[tool.poetry]\npackage-mode = false\n'
        (self.folder / "pyproject.toml").write_text(text)

    def optimize(self) -> subprocess.CompletedProcess[str]:
        """``accelinstall optimize`` in a process of its own, with settings of its own."""
        program = "from accelinstall.__main__ import main; import sys; sys.exit(main())"
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
        home = {"HOME": str(self.ground.root), "XDG_CONFIG_HOME": str(self.ground.root / "settings")}
        words = f"optimize --environment cpu --no-index --no-proof --project {self.folder}".split()
        words += ["--find-links", str(self.ground.root / "wheels")]
        return subprocess.run(
            [sys.executable, "-X", "importtime", "-c", program, *words],
            env={**kept, **home, "ACCELINSTALL_CACHE_DIR": str(self.ground.cache)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def is_recalled(self) -> bool:
        """Whether a run was answered without the command line."""
        return "accelinstall.cli" not in imported(self.optimize())


@pytest.mark.parametrize("what", APPEARING)
def test_a_file_that_appears_is_seen(ground: Ground, what: str) -> None:
    project = Project(ground)
    first = project.optimize()
    assert first.returncode == 0, first.stderr[-2000:]
    settle(ground.root)
    project.optimize()
    assert project.is_recalled()
    name, text = APPEARING[what]
    path = Path(ground.root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert not project.is_recalled()
