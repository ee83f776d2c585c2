"""A run that had nothing to do: everything it read, and what it said.

What it read is told by the interpreter's own audit events, so that a file that some room learns to read tomorrow is
watched without anybody listing it.  The same command has nothing to do again while all of that is as it was: the
files (or their absence), the folders that were listed, the machine, and the process's arguments and variables.
"""

import os
import sys
import time

from accelinstall.shortcut.asking import FOLDER, cache_folder, machine, question, read, write

_FORMAT = "accelinstall nothing 1"
# Seconds.  Nothing here depends on the time; should a room come to, it is wrong no longer than this.
_LONGEST = 86_400
# Told by `machine`, or different whenever they are read.
_SKIPPED = ("/proc/", "/sys/", "/dev/")
_CODE = (".py", ".pyc", ".so", ".pth")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

# What an environment is known by, whichever of its files were opened.
_STATE = "/.accelinstall/"
_OWN_FACTS = ("pyvenv.cfg", "bin/python", "conda-meta")


class Recorder:
    """The files opened and folders listed by this process from now on.

    The interpreter keeps audit hooks for ever, so there is one recorder in a process; :meth:`stop` makes it deaf.
    """

    def __init__(self, arguments: "list[str]", environ: "os._Environ[str]") -> None:
        self.arguments, self.environ = list(arguments), environ
        self.paths: set[str] = set()
        # File systems stamp with a clock that lags some milliseconds behind.
        self.began = time.time_ns() - 50_000_000
        self._listens = True

    def start(self) -> None:
        """Listen from now on."""
        sys.addaudithook(self._hear)

    def stop(self) -> None:
        """Hear no more."""
        self._listens = False

    def _hear(self, event: str, arguments: "tuple[object, ...]") -> None:
        if not self._listens:
            return
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, int) and isinstance(flags, int) and not flags & _WRITING:
                self.paths.add(os.fsdecode(path))  # type: ignore[arg-type]
        elif event in ("os.listdir", "os.scandir"):
            path = arguments[0]
            if path is not None and not isinstance(path, int):
                self.paths.add(os.fsdecode(path))  # type: ignore[arg-type]


def listen(arguments: "list[str]", environ: "os._Environ[str]") -> "Recorder":
    """A recorder of what this process reads from now on, on its way to answer *arguments*."""
    recorder = Recorder(arguments, environ)
    recorder.start()
    return recorder


def recall(arguments: "list[str]", environ: "os._Environ[str]") -> "tuple[str, str] | None":
    """What to say on stdout and stderr, when the same command has been found to have nothing to do and still has."""
    folder = cache_folder(arguments, environ)
    if not folder:
        return None
    path = _place(folder, arguments, environ)
    data = read(path)
    if data is None:
        return None
    try:
        head, rows, out, err, end = data.decode("utf-8", "surrogateescape").split("\0")
        form, told_by, written = head.split("\n")
        fresh = form == _FORMAT and end == "end" and 0 <= time.time() - float(written) < _LONGEST
    except ValueError:
        return None
    if not fresh or told_by != machine() or any(fact(row.rpartition("\t")[0]) != row for row in rows.split("\n")):
        return None
    return out, err


def remember(recorder: Recorder, *, environment: str, out: str, err: str) -> None:
    """Keep what this process has read and said, once its command had nothing to do in *environment*."""
    recorder.stop()
    folder = cache_folder(recorder.arguments, recorder.environ)
    if not folder or "\0" in out + err or not os.path.exists(f"{environment}/bin/python"):
        return
    # What lies in the cache itself is found by its content, or not used; code is told by our version.
    library, own = os.path.dirname(os.__file__), os.path.dirname(os.path.dirname(__file__))
    skipped = (*_SKIPPED, f"{folder}/", f"{own}/")
    watched = {os.path.abspath(path) for path in recorder.paths}
    watched = {path for path in watched if not path.startswith(skipped) and not path.endswith(_CODE)}
    watched = {path for path in watched if not path.startswith(f"{library}/") or "/site-packages" in path}
    watched.update(os.path.dirname(path) for path in list(watched) if path.endswith(".dist-info/INSTALLER"))
    watched.update(f"{environment}/{name}" for name in _OWN_FACTS)
    # A commit that was killed leaves a journal, and the files perhaps as they were: it has to be undone or completed.
    watched.update(f"{path.partition(_STATE)[0]}{_STATE}journal" for path in list(watched) if _STATE in path)
    # An environment that comes into being here would be preferred to most others.
    watched.add(os.path.abspath(".venv/pyvenv.cfg"))
    rows = [fact(path) for path in sorted(watched)]
    # Changed while this process ran: nobody knows whether it was read before or after.
    late = any(_modified(row) > recorder.began for row in rows)
    if late or any("\n" in row or "\0" in row for row in rows):
        return
    head = "\n".join([_FORMAT, machine(), repr(time.time())])
    text = "\0".join([head, "\n".join(rows), out, err, "end"])
    write(_place(folder, recorder.arguments, recorder.environ), text.encode("utf-8", "surrogateescape"))


def fact(path: str) -> str:
    """*path* with what tells one state of it from another; a tab lies between."""
    try:
        status = os.stat(path)
    except OSError:
        return f"{path}\t-"
    return f"{path}\t{status.st_mtime_ns} {status.st_size} {status.st_ino}"


def _modified(row: str) -> int:
    return int(row.rpartition("\t")[2].partition(" ")[0].replace("-", "0"))


def _place(folder: str, arguments: "list[str]", environ: "os._Environ[str]") -> str:
    return f"{folder}/{FOLDER}/{question(arguments, environ)}.nothing"
