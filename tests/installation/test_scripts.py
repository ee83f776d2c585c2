import os
import subprocess
import sys
from dataclasses import replace

import pytest
from installer.scripts import Script

from accelinstall.environment import describe
from accelinstall.installation.scripts import adapt_script, render_command, shebang
from accelinstall.model.commands import is_plain_name, is_reserved_name, parse_entry_points

OWN = describe(sys.executable)
EXECUTABLES = [
    "/usr/bin/python3",
    "/with space/bin/python",
    "/ünï/bin/python",
    "/" + "long/" * 30 + "python",
    "/q'uote d/py",
]


@pytest.mark.parametrize("executable", EXECUTABLES)
@pytest.mark.parametrize("attribute", ["main", "App.run"])
def test_commands_are_what_installer_writes(executable, attribute):
    ours = render_command("console", "tool", "pkg.cli", attribute, replace(OWN, executable=executable))
    assert ours == Script("tool", "pkg.cli", attribute, "console").generate(executable, "posix")


def test_commands_for_windows_are_installers_launchers():
    name, content = render_command("gui", "tool", "pkg", "main", replace(OWN, platform="windows-x86_64"))
    assert name == "tool.exe"
    assert content.startswith(b"MZ")


@pytest.mark.parametrize("folder", ["plain", "with space", "ünïcode", "quo'te and space", "deep/" * 40])
def test_a_script_starts_whatever_its_interpreters_path(tmp_path, folder):
    python = tmp_path / folder / "python"
    python.parent.mkdir(parents=True)
    os.symlink(sys.executable, python)
    script = tmp_path / "script"
    script.write_bytes(adapt_script(b"#!python -E\nimport sys; print(sys.argv[1:])\n", str(python)))
    script.chmod(0o755)
    assert subprocess.check_output([script, "a b", "c"], text=True) == "['a b', 'c']\n"


def test_scripts_for_other_programs_stay_as_they_are():
    for content in (b"#!/bin/sh\necho\n", b"\x7fELF\0\0", b"", b"print('no line')"):
        assert adapt_script(content, "/usr/bin/python3") == content


def test_a_script_of_one_line_is_adapted():
    assert adapt_script(b"#!pythonw", "/usr/bin/python3") == b"#!/usr/bin/python3\n"
    assert shebang("/usr/bin/python3") == b"#!/usr/bin/python3\n"


def test_entry_points_are_read_as_the_standard_writes_them():
    text = """
# a comment
[console_scripts]
one = pkg:main
two=pkg.sub : App.run [extra]
; another comment
three = not an object
[gui_scripts]
four = pkg:gui
[pytest11]
five = pkg:plugin
"""
    assert parse_entry_points(text) == [
        ("console", "one", "pkg", "main"),
        ("console", "two", "pkg.sub", "App.run"),
        ("gui", "four", "pkg", "gui"),
    ]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\\b", "c:d", "a\0", "a\nb"])
def test_names_that_could_leave_the_folder_are_not_plain(name):
    assert not is_plain_name(name)


@pytest.mark.parametrize("name", ["tool", "f2py3.11", "a b", "ünï", "..."])
def test_usual_names_are_plain(name):
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["python", "PYTHON3.exe", "python3.14t", "activate", "activate_this.py", "Activate.ps1"]
)
def test_what_an_environment_lives_by_is_reserved(name):
    assert is_reserved_name(name)


@pytest.mark.parametrize("name", ["pythonista", "python-config", "ipython3", "pip", "reactivate", "activate-global"])
def test_what_only_looks_like_it_is_not(name):
    assert not is_reserved_name(name)
