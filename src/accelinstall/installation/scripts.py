"""Commands: entry points and the scripts that wheels carry, as files for one interpreter."""

from __future__ import annotations

import os
import shlex

from accelinstall.model.installation import Interpreter

# Linux cuts the first line of a script off at 127 bytes, and no system splits it at quotes.
_LONGEST_SHEBANG = 127


def render_command(kind: str, name: str, module: str, attribute: str, interpreter: Interpreter) -> tuple[str, bytes]:
    """The file name and the content of the command *name*.

    Byte for byte what ``installer`` writes; on POSIX without importing it, which takes 60 ms.
    """
    if interpreter.platform.startswith("windows"):
        from installer.scripts import Script

        launcher = {"windows-arm64": "win-arm64", "windows-i686": "win-ia32"}.get(interpreter.platform, "win-amd64")
        script = Script(name, module, attribute, kind)  # type: ignore[arg-type]
        return script.generate(interpreter.executable, launcher)  # type: ignore[arg-type]
    lines = [
        "# -*- coding: utf-8 -*-",
        "import re",
        "import sys",
        f"from {module} import {attribute.partition('.')[0]}",
        'if __name__ == "__main__":',
        r'    sys.argv[0] = re.sub(r"(-script\.pyw|\.exe)?$", "", sys.argv[0])',
        f"    sys.exit({attribute}())",
        "",
    ]
    return name, shebang(interpreter.executable) + "\n".join(lines).encode()


def adapt_script(content: bytes, executable: str) -> bytes:
    """A script from a wheel, its ``#!python`` line naming *executable*; anything else as it is.

    The wheel standard lets such lines begin with ``#!python`` or ``#!pythonw``.
    """
    if not content.startswith(b"#!python"):
        return content
    return shebang(executable) + content.partition(b"\n")[2]


def shebang(executable: str) -> bytes:
    """The first line of a script that *executable* shall run, with its end."""
    path = os.fsencode(executable)
    if b" " not in path and len(path) + 3 <= _LONGEST_SHEBANG:
        return b"#!" + path + b"\n"
    # The shell reads a command, Python an unused string: both go through the same two lines.
    return b"#!/bin/sh\n'''exec' " + os.fsencode(shlex.quote(executable)) + b' "$0" "$@"\n' + b"' '''\n"
