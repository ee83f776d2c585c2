"""The commands a wheel may bring: how entry points declare them, and which names no wheel may use."""

from __future__ import annotations

import re

_SECTIONS = {"console_scripts": "console", "gui_scripts": "gui"}
_ENTRY = re.compile(r"(?P<name>[^=#;\s][^=]*?)\s*=\s*(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(?:\[.*\])?")
# What an environment runs and is entered by, on any system.
_RESERVED = re.compile(
    r"pythonw?(\d+(\.\d+)?t?)?|activate(_this\.py|\.(bat|csh|fish|nu|ps1|xsh))?|deactivate(\.(bat|nu))?|pyvenv\.cfg"
)


def parse_entry_points(text: str) -> list[tuple[str, str, str, str]]:
    """The commands an ``entry_points.txt`` declares: (kind, name, module, attribute), kind ``console`` or ``gui``.

    Entries that are no ``name = module:attribute`` and other sections are none of our business.
    """
    found, section = [], ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif section in _SECTIONS and (match := _ENTRY.fullmatch(line)):
            found.append((_SECTIONS[section], match["name"], match["module"], match["attribute"]))
    return found


def is_plain_name(name: str) -> bool:
    """Whether a script called *name* stays in the scripts folder on every system."""
    return bool(name) and name not in {".", ".."} and not any(sign in name for sign in "/\\:\0\n\r")


def is_reserved_name(name: str) -> bool:
    """Whether a script called *name* would replace the environment's own interpreter or the scripts that enter it, on a
    system that ignores case or puts ``.exe`` behind."""
    return bool(_RESERVED.fullmatch(name.casefold().removesuffix(".exe")))
