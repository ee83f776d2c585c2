"""Small projects to be built, one per backend."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

FLIT = """\
[build-system]
requires = ["flit-core"]
build-backend = "flit_core.buildapi"

[project]
name = "{name}"
version = "{version}"
description = "a part"
dependencies = {requires}
"""

HATCH = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
dynamic = ["version"]
dependencies = {requires}

[tool.hatch.version]
path = "{module}/__init__.py"
"""

SETUPTOOLS = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""

SETUP_PY = """\
from setuptools import setup
setup(name="{name}", version="{version}", install_requires={requires}, packages=["{module}"])
"""

POETRY = """\
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"

[tool.poetry]
name = "{name}"
version = "{version}"
description = ""
authors = []
packages = [{{ include = "{module}" }}]

[tool.poetry.dependencies]
python = "^3.11"
"""


def make_project(
    folder: Path, name: str, version: str = "1.0", *, kind: str = FLIT, requires: list[str] | None = None
) -> Path:
    """The folder of a project with one module; :data:`SETUP_PY` stands for one without ``pyproject.toml``."""
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / module).mkdir(exist_ok=True)
    (folder / module / "__init__.py").write_text(f'__version__ = "{version}"\n')
    text = kind.format(name=name, version=version, module=module, requires=requires or [])
    (folder / ("setup.py" if kind is SETUP_PY else "pyproject.toml")).write_text(text)
    return folder


def metadata_of_pyproject(name: str, *, path: str, develop: bool = False, more: str = "") -> str:
    """A ``pyproject.toml`` in Poetry's notation that asks for *name* by its path."""
    extra = ", develop = true" if develop else ""
    return (
        '[tool.poetry]\nname = "demo"\nversion = "1"\npackage-mode = false\n\n'
        '[tool.poetry.dependencies]\npython = ">=3.11"\n'
        f'{name} = {{ path = "{path}"{extra} }}\n{more}'
    )


def packed(folder: Path, target: Path) -> Path:
    """*folder* as a source archive, in a top folder named after it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:gz") as archive:
        archive.add(folder, target.name.removesuffix(".tar.gz"))
    return target


def git(folder: Path, *arguments: str) -> str:
    """What ``git`` prints, without any configuration of this machine."""
    environ = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        **{f"GIT_{who}_{what}": "tests@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(["git", *arguments], cwd=folder, env=environ, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def committed(folder: Path, message: str = "change") -> str:
    """The commit that holds everything in *folder*, a repository made when it is none yet."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")
