from __future__ import annotations

import pytest

from tests.shortcut.support import Ground


@pytest.fixture
def ground(tmp_path):
    """Wheels of every kind: modules, a namespace that two share, commands, scripts, data, headers."""
    found = Ground(tmp_path)
    found.add(
        "one",
        files={"one/__init__.py": "", "one/deep/er/x.py": "x = 1\n", "shared/one.py": "", "single.py": "y = 2\n"},
        entry_points={"console_scripts": {"one-command": "one:main", "one-more": "one:more"}},
    )
    found.add(
        "two",
        files={"two/__init__.py": "", "shared/two.py": ""},
        data={"scripts/two-script": "#!python\nprint(2)\n", "headers/two.h": "// 2\n", "data/share/two/x": "x"},
    )
    found.add("three", files={"three.py": "", "three data/x y.txt": "1"}, purelib=False)
    return found
