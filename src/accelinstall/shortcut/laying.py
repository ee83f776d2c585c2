"""The files of an outline, laid out in the staging folder: folders, links and the few that are new everywhere."""

import os

from accelinstall.apart import keep_apart
from accelinstall.forked import fork
from accelinstall.shortcut.commit import Gone, landing, write_file

TYPE_CHECKING = False  # `typing` itself costs 2 ms.
if TYPE_CHECKING:
    from collections.abc import Callable

    from accelinstall.shortcut.outline import Outline

# Half the files.  For fewer a second process costs as much as it saves.
_FEW = 500


def lay_out(outline: "Outline", stage: str, prefix: str, python: str) -> "tuple[list[str], list[str]]":
    """What to rename from *stage* into *prefix*, and the folders that are there already, once everything is in *stage*.

    Two processes do a half each, where they can: folders, then their files, so that names are looked up in folders
    that are open, not along whole paths.

    :raises Gone: when a stored file is not there or cannot be linked, or something in *prefix* is in the way.
    """
    os.makedirs(stage)
    keep_apart(stage)
    # The mirror of the prefix, by its number among the anchors.
    os.mkdir(f"{stage}/0")
    for folder in outline.shared:
        os.mkdir(f"{stage}/0/{folder}")
    helper = None
    if sum([row.count("\t") for row in outline.halves[1]]) >= _FEW:
        helper = fork(lambda is_wanted: _lay_half(outline, 1, f"{stage}/0", python, is_wanted))
    try:
        found = landing(outline, prefix)
        _lay_half(outline, 0, f"{stage}/0", python)
        if helper is None:
            _lay_half(outline, 1, f"{stage}/0", python)
        elif not helper.finish():
            # The whole installation finds out why, and tells it.
            raise Gone(stage)
    finally:
        if helper is not None:
            helper.stop()
    return found


def _lay_half(
    outline: "Outline", number: int, stage: str, python: str, is_wanted: "Callable[[], bool]" = lambda: True
) -> None:
    """:raises OSError: when something cannot be made or linked; :class:`Gone` as soon as it is not wanted any more."""
    store = os.open(outline.store, os.O_RDONLY | os.O_DIRECTORY)
    root = os.open(stage, os.O_RDONLY | os.O_DIRECTORY)
    try:
        made = {"", *outline.shared}
        for row in outline.halves[number]:
            if not is_wanted():
                raise Gone(stage)
            folder, source, *names = row.split("\t")
            if folder not in made:
                made.add(folder)
                os.mkdir(folder, dir_fd=root)
            if names:
                _link_files(source, store, folder or ".", root, names)
        _write_files(outline, str(number), root, python)
    finally:
        os.close(root)
        os.close(store)


def _link_files(source: str, store: int, folder: str, root: int, names: "list[str]") -> None:
    link = os.link
    here = os.open(source, os.O_RDONLY | os.O_DIRECTORY, dir_fd=store)
    try:
        there = os.open(folder, os.O_RDONLY | os.O_DIRECTORY, dir_fd=root)
        try:
            for name in names:
                link(name, name, src_dir_fd=here, dst_dir_fd=there)
        finally:
            os.close(there)
    finally:
        os.close(here)


def _write_files(outline: "Outline", half: str, root: int, python: str) -> None:
    """The new files of one half; scripts are looked at in both, because RECORD may stand in the other one."""
    shebang = b"#!" + os.fsencode(python) + b"\n"
    scripts: list[bytes] = []
    for path, mode, kind, whose, content in outline.writes:
        if kind == "s":
            content = shebang + content
            scripts.append(content)
        if kind[0] == "r":
            # The last file of its distribution.
            if scripts and whose == half:
                content = _filled(content, kind[1:], scripts)
            scripts = []
        if whose == half:
            write_file(path, content, executable=mode == "x", into=root)


def _filled(record: "bytes | memoryview", gaps: str, scripts: "list[bytes]") -> bytes:
    """*record* with hash and size of each script where *gaps* has its number."""
    pieces, done = [], 0
    for gap in gaps.split(" "):
        place, _, number = gap.partition(":")
        pieces += [record[done : int(place)], _row(scripts[int(number)])]
        done = int(place)
    return b"".join([*pieces, record[done:]])


def _row(content: bytes) -> bytes:
    """Hash and size of a file as RECORD writes them."""
    from binascii import b2a_base64

    try:
        from _sha2 import sha256
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

    encoded = b2a_base64(sha256(content).digest(), newline=False).rstrip(b"=")
    return b"sha256=%s,%d" % (encoded.replace(b"+", b"-").replace(b"/", b"_"), len(content))
