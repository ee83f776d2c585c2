"""Bytecode for staged modules, made by the interpreter that will run them, before the commit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelinstall.installation.staging import Stage
from accelinstall.model.installation import Interpreter

if TYPE_CHECKING:
    import subprocess

# Reads "staged path, final path" lines; what cannot be compiled (a template, old syntax) stays a source.
_PROGRAM = """
import py_compile, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    staged, final = line.rstrip("\\n").split("\\t")
    try:
        py_compile.compile(staged, dfile=final, doraise=True)
    except Exception:
        pass
"""


def bytecode_path(module: str, interpreter: Interpreter) -> str:
    """Where the interpreter looks for the bytecode of the file *module* (PEP 3147)."""
    folder, _, name = module.rpartition("/")
    tag = f"cpython-{interpreter.python.removeprefix('cp')}"
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def compile_modules(modules: Sequence[str], stage: Stage, interpreter: Interpreter) -> set[str]:
    """The modules, by their final paths, that could not be compiled; for the others bytecode is staged.

    One child process per core that may be used; a child that dies costs the bytecode of what it had not reached.
    """
    usable = [module for module in modules if "\t" not in module and "\n" not in module]
    if not usable:
        return set(modules)
    import subprocess

    count = min(_cores(), 1 + len(usable) // 64)
    children = []
    for number in range(count):
        lines = "".join(f"{stage.path(module)}\t{module}\n" for module in usable[number::count])
        child = subprocess.Popen(
            [interpreter.executable, "-I", "-S", "-X", "utf8", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        children.append((child, lines.encode("utf-8", "surrogateescape")))
    try:
        _feed(children)
    finally:
        for child, _ in children:
            child.kill()
            child.wait()
    return {module for module in modules if not os.path.lexists(bytecode_path(stage.path(module), interpreter))}


def _feed(children: Sequence[tuple[subprocess.Popen[bytes], bytes]]) -> None:
    import threading

    # Each child's pipe is served by a thread, so that none waits for another.
    threads = [threading.Thread(target=child.communicate, args=(lines,), daemon=True) for child, lines in children]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
