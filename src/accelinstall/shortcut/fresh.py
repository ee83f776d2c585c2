"""A lock laid out in an environment that has nothing yet, from an outline: link, write, rename, and little else.

What may differ from the time the outline was made is looked at: the interpreter, the environment, the run of the
system, the store.  Whatever is not as expected ends the shortcut before anything has changed, and the whole
installation decides.  Staging folder, journal, trash and receipt are those of
:mod:`accelinstall.installation`, so that a killed shortcut is completed or undone like any commit.
"""

import os
import sys
import time

from accelinstall.shortcut.asking import FOLDER, boot, cache_folder, digest, read, write
from accelinstall.shortcut.commit import Gone, commit, remove, write_file
from accelinstall.shortcut.laying import lay_out
from accelinstall.shortcut.outline import CREATED, ID, SECONDS, Outline, parse_outline

_SILENT = frozenset({"--no-proof", "-q", "--quiet"})
_INFO = (".dist-info", ".egg-info", ".egg-link")
_USE_STEP = 86_400
_NOTABLE_SECONDS = 0.05


class Wish:
    """What a ``sync`` of one lock file asks for, as far as the shortcut understands it."""

    __slots__ = ("lock_file", "prefix", "proves", "python")

    def __init__(self, lock_file: str, python: str, proves: bool) -> None:
        self.lock_file, self.python, self.proves = lock_file, python, proves
        self.prefix = os.path.dirname(os.path.dirname(python))


def wish_of(arguments: "list[str]") -> "Wish | None":
    """The wish of ``sync PYLOCK --python PATH|--venv DIR``; ``None`` for any other command line."""
    lock_file = python = ""
    proves = True
    words = iter(arguments[1:])
    for word in words:
        name, _, value = word.partition("=")
        if word in _SILENT:
            proves = proves and word != "--no-proof"
        elif name in ("--python", "--venv", "--cache-dir"):
            value = value or next(words, "")
            if name == "--cache-dir":
                continue
            if python or not value or value.startswith("~"):
                return None
            path = os.path.abspath(value)
            if name == "--python" and os.sep not in value:
                return None
            python = path if name == "--python" and not os.path.isdir(path) else f"{path}/bin/python"
        elif word.startswith("-") or lock_file:
            return None
        else:
            lock_file = word
    return Wish(lock_file, python, proves) if lock_file and python and arguments[0] == "sync" else None


def outline_path(folder: str, lock_text: bytes, python: str) -> str:
    """Where the outline of a lock for environments of the same interpreter is kept; empty when there is none.

    :raises OSError: when the interpreter is not there.
    """
    from accelinstall._version import __version__

    # A virtual environment links to the interpreter it was made from: that one is meant.
    base = os.path.realpath(python)
    status = os.stat(base)
    if not os.path.islink(python) or not os.path.isfile(f"{os.path.dirname(os.path.dirname(python))}/pyvenv.cfg"):
        return ""
    facts = [__version__, base, str(status.st_mtime_ns), str(status.st_size), *os.uname()[2:]]
    libc = os.confstr("CS_GNU_LIBC_VERSION") if sys.platform == "linux" else ""
    text = lock_text.decode("utf-8", "surrogateescape")
    return f"{folder}/{FOLDER}/{digest(*facts, libc or '', folder, text)}.outline"


def install(arguments: "list[str]", environ: "os._Environ[str]") -> "tuple[str, str] | None":
    """What to say on stdout and stderr once the lock is installed; ``None``, and nothing changed, when it is not."""
    wish = wish_of(arguments)
    folder = cache_folder(arguments, environ)
    if wish is None or not folder:
        return None
    try:
        text = read(wish.lock_file)
        path = outline_path(folder, text, wish.python) if text is not None else ""
        data = read(path) if path else None
        outline = parse_outline(data) if data is not None else None
        if outline is None or not _is_fit(outline, wish):
            return None
        return _install(outline, wish)
    except (OSError, ValueError, Gone):
        return None


def _is_fit(outline: Outline, wish: Wish) -> bool:
    """Whether the outline holds here and now, and the environment is one that it can be laid out in."""
    if (wish.proves and outline.is_proved == "yes") or outline.boot != boot():
        return False
    purelib = f"{wish.prefix}/{outline.purelib}"
    user, store, tree = os.geteuid(), os.stat(outline.store), os.stat(purelib)
    if not user == os.stat(wish.prefix).st_uid == store.st_uid == tree.st_uid or store.st_dev != tree.st_dev:
        return False
    if not os.access(purelib, os.W_OK | os.X_OK) or os.path.realpath(purelib) != purelib:
        return False
    # A longer first line, or one with spaces, is written in another form.
    return " " not in wish.python and len(os.fsencode(wish.python)) + 3 <= 127 and wish.python.isprintable()


def _is_new(purelib: str, outline: Outline) -> bool:
    """Whether nothing is installed but what every environment may have, and none of ours was ever here."""
    allowed = set(outline.spared).difference(outline.names)
    for name in os.listdir(purelib):
        if name.endswith(_INFO) and name.partition("-")[0].lower().replace("_", "-") not in allowed:
            return False
    state = f"{purelib}/.accelinstall"
    if os.path.lexists(f"{state}/journal") or os.path.lexists(f"{state}/staging"):
        # A killed run: the whole installation cleans up.
        return False
    receipts = f"{state}/receipts"
    return not (os.path.isdir(receipts) and os.listdir(receipts))


def _install(outline: Outline, wish: Wish) -> "tuple[str, str] | None":
    """:raises OSError: or :class:`Gone` when it cannot be done; nothing has changed then."""
    import fcntl

    began = time.perf_counter()
    purelib = f"{wish.prefix}/{outline.purelib}"
    state = f"{purelib}/.accelinstall"
    os.makedirs(state, exist_ok=True)
    holder = os.open(f"{state}/lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        # Somebody else's turn raises: the whole installation waits for it, and says so.
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_new(purelib, outline):
            return None
        number = f"000001-{os.urandom(4).hex()}"
        merged: list[str] = []
        try:
            placed, merged = lay_out(outline, f"{state}/staging/{number}", wish.prefix, wish.python)
            seconds = time.perf_counter() - began
            receipt = outline.receipt.replace(ID, number).replace(f'"{SECONDS}": 0.5', f'"link": {seconds:.4f}')
            receipt = receipt.replace(CREATED, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            write_file(f"{state}/staging/{number}/receipt.json", receipt.encode())
            commit(number, state, wish.prefix, placed)
        finally:
            remove(state, number, merged)
    finally:
        os.close(holder)
    _touch(outline)
    note = f"{outline.store}/.environments/{digest(purelib)}"
    if not os.path.exists(note):
        # Eviction asks these before it takes anything away.
        write(note, os.fsencode(purelib))
    return _said(outline, wish, seconds), ""


def _said(outline: Outline, wish: Wish, seconds: float) -> str:
    lines = [line.replace("@into@", wish.prefix).replace("@lock@", wish.lock_file) for line in outline.lines]
    if seconds >= _NOTABLE_SECONDS:
        lines[-1] += f" · link {seconds:.1f} s"
    return "\n".join(lines) + "\n"


def _touch(outline: Outline) -> None:
    """Entries that are used stay; their time is exact to a day, so that mostly nothing is written."""
    now = time.time()
    for key in outline.keys:
        folder = f"{outline.store}/{key}"
        try:
            if now - os.stat(folder).st_mtime > _USE_STEP:
                os.utime(folder)
        except OSError:
            continue
