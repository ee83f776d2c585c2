"""The commit of a shortcut: the journal and the renames of :mod:`accelinstall.installation.journal`, placements only.

Written for its speed a second time; what it leaves behind when it is killed is read by the first.
"""

import os

TYPE_CHECKING = False  # `typing` itself costs 2 ms.
if TYPE_CHECKING:
    from accelinstall.shortcut.outline import Outline


class Gone(Exception):
    """Something is not as the outline has it."""


def landing(outline: "Outline", prefix: str) -> "tuple[list[str], list[str]]":
    """What to rename into *prefix*: whole folders where there is none yet; and the folders that are there already.

    :raises Gone: when a file is in the way, or bytecode of a module that comes.
    """
    there = {"": set(os.listdir(prefix))}
    coming: dict[str, list[str]] = {"": []}
    placed = []
    for row in (row for half in outline.halves for row in half):
        folder, _, rest = row.partition("\t")
        if folder not in there:
            parent, _, name = folder.rpartition("/")
            if parent not in there:
                # It comes with its parent, whose row was before this one.
                continue
            if name not in there[parent]:
                placed.append(folder)
                continue
            if os.path.islink(f"{prefix}/{folder}") or not os.path.isdir(f"{prefix}/{folder}"):
                raise Gone(folder)
            there[folder], coming[folder] = set(os.listdir(f"{prefix}/{folder}")), []
        coming[folder] += rest.split("\t")[1:]
    for path, *_ in outline.writes:
        folder, _, name = path.rpartition("/")
        if folder in there:
            coming[folder].append(name)
    # A folder with several rows was placed by each.
    placed = list(dict.fromkeys(placed))
    for folder, names in coming.items():
        old = there[folder]
        if not old.isdisjoint(names) or ("__pycache__" in old and _is_compiled(f"{prefix}/{folder}", names)):
            raise Gone(folder)
        placed += [f"{folder}/{name}" if folder else name for name in names]
    # Every start of Python runs these: what they import has to be there first.
    placed.sort(key=lambda path: path.endswith(".pth"))
    return placed, list(there)


def _is_compiled(folder: str, names: "list[str]") -> bool:
    stems = {name.partition(".")[0] for name in names if name.endswith(".py")}
    return any(name.partition(".")[0] in stems for name in os.listdir(f"{folder}/__pycache__"))


def write_file(
    path: str, content: "bytes | memoryview", *, executable: bool = False, into: "int | None" = None
) -> None:
    """A new file at *path*; relative to the folder that *into* has open, if any."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(path, flags, 0o777 if executable else 0o666, dir_fd=into)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    finally:
        os.close(descriptor)


def commit(number: str, state: str, prefix: str, placed: "list[str]") -> None:
    """Rename everything in *placed*, and the receipt, to where it belongs.

    :raises OSError: when a rename fails; what was done is undone.
    """
    stage, home = f"{state}/staging/{number}", os.path.dirname(state)
    moves = [(f"{stage}/0/{path}", f"{prefix}/{path}") for path in placed]
    moves.append((f"{stage}/receipt.json", f"{state}/receipts/{number}.json"))
    for folder in (f"{state}/trash/{number}", f"{state}/receipts"):
        os.makedirs(folder, exist_ok=True)
    up = "../" * (1 + home[len(prefix) + 1 :].count("/") + 1)
    journal = f"{state}/journal"
    _write_journal(journal, number, [(source, _relative(target, home, prefix, up)) for source, target in moves])
    done = 0
    try:
        for source, target in moves:
            os.rename(source, target)
            done += 1
        os.replace(journal, f"{state}/trash/{number}/moves.json")
    except BaseException:
        for source, target in reversed(moves[:done]):
            os.rename(target, source)
        if os.path.lexists(journal):
            os.unlink(journal)
        raise
    _sync(state)


def _relative(target: str, home: str, prefix: str, up: str) -> str:
    """*target* as the journal names it: from the state folder, which lies in *home*."""
    if target.startswith(f"{home}/"):
        return "../" + target[len(home) + 1 :]
    return up + target[len(prefix) + 1 :]


def _write_journal(path: str, number: str, moves: "list[tuple[str, str]]") -> None:
    try:
        # The part of `json` that is written in C, without the rest of it.
        from _json import encode_basestring_ascii as quoted
    except ImportError:
        from json.encoder import encode_basestring_ascii as quoted

    root = f"{os.path.dirname(path)}/"
    rows = [f'["place", {quoted(source[len(root) :])}, {quoted(target)}]' for source, target in moves]
    text = f'{{"schema": 1, "id": "{number}", "moves": [{", ".join(rows)}], "unowned": []}}'
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        data = text.encode()
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(temporary, path)
    _sync(os.path.dirname(path))


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(state: str, number: str, merged: "list[str]") -> None:
    """The staging folder and the trash of a shortcut, gone; after a commit only empty folders are left of them."""
    stage = f"{state}/staging/{number}"
    try:
        for folder in sorted(merged, reverse=True):
            os.rmdir(f"{stage}/0/{folder}")
        os.rmdir(stage)
    except OSError:
        import shutil

        shutil.rmtree(stage, ignore_errors=True)
    trash = f"{state}/trash/{number}"
    for take_away, path in ((os.unlink, f"{trash}/moves.json"), (os.rmdir, trash), (os.rmdir, f"{state}/staging")):
        try:
            take_away(path)
        except OSError:
            continue
