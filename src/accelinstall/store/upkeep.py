"""Looking after a store: is it still what it was, and what may go."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import suppress

from accelinstall import events
from accelinstall.model.store import StoredFile
from accelinstall.store.cache import Store
from accelinstall.store.crew import Crew
from accelinstall.store.eviction import Holding, choose_evictions
from accelinstall.store.manifest import ManifestDamaged, parse_manifest
from accelinstall.store.unpacking.members import urlsafe
from accelinstall.values import dataclass

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One file of the store that is not what the wheel brought.

    :ivar path: inside the wheel; ``manifest`` for the store's own list of files.
    :ivar wheel: name and version, as far as they can be read.
    """

    sha256: str
    wheel: str
    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.wheel}: `{self.path}`: expected {self.expected}, found {self.found}"


def verify(store: Store, sha256: str) -> tuple[Damage, ...]:
    """What is wrong with one entry: every file is read and compared with size and hash, and none may be there beside.

    Costs one reading of all its bytes.
    """
    folder = store.place(sha256)
    try:
        with open(f"{folder}/manifest", encoding="utf-8", newline="") as stream:
            manifest = parse_manifest(stream.read())
    except (OSError, UnicodeDecodeError, ManifestDamaged) as error:
        return (
            Damage(sha256=sha256, wheel=sha256[:16], path="manifest", expected="a list of files", found=str(error)),
        )
    wheel = f"{manifest.name} {manifest.version}"
    found: list[Damage] = []

    def judge(file: StoredFile) -> None:
        wanted = f"{file.size} bytes, sha256={file.sha256}"
        there = _read(f"{folder}/tree/{file.path}")
        if there != wanted:
            found.append(Damage(sha256=sha256, wheel=wheel, path=file.path, expected=wanted, found=there))

    crew = Crew(max(1, os.cpu_count() or 1))
    try:
        crew.run([lambda file=file: judge(file) for file in manifest.files])  # type: ignore[misc]
    finally:
        crew.close()
    known = {file.path for file in manifest.files}
    found += [
        Damage(sha256=sha256, wheel=wheel, path=path, expected="nothing", found="a file")
        for path in _files(f"{folder}/tree")
        if path not in known
    ]
    return tuple(sorted(found, key=lambda damage: damage.path))


def verify_all(store: Store, *, progress: events.Progress = events.ignore) -> tuple[Damage, ...]:
    """What is wrong with any entry."""
    keys = store.keys()
    progress(events.PhaseStarted(phase="verify", total=len(keys)))
    found: list[Damage] = []
    for key in keys:
        found += verify(store, key)
        progress(events.PhaseAdvanced(phase="verify", amount=1, detail=key))
    return tuple(found)


def prune(
    store: Store,
    *,
    spared: Collection[str] = (),
    unused_since: float | None = None,
    max_size: int | None = None,
) -> int:
    """How many wheels left the store, with what had arrived of them; see :func:`choose_evictions` for which.

    What another process is fetching right now stays.
    """
    doomed = choose_evictions(_holdings(store), spared=spared, unused_since=unused_since, max_size=max_size)
    return sum(bool(store.evict(key)) + bool(store.discard_partial(key)) > 0 for key in doomed)


def remove_abandoned(root: str, *, before: float) -> int:
    """How many temporary files of killed processes were removed below the cache folder *root*.

    :param before: epoch seconds; younger ones may still be somebody's.
    """
    removed = 0
    for folder, folders, names in os.walk(root):
        if "tree" in folders:
            folders.remove("tree")
        for name in names:
            path = os.path.join(folder, name)
            if (name.endswith(".tmp") or name.startswith(".trial-")) and _modified(path) < before:
                with suppress(OSError):
                    os.unlink(path)
                    removed += 1
    return removed


def _holdings(store: Store) -> Iterator[Holding]:
    partial = os.path.join(store.directory, ".partial")
    arriving: dict[str, list[str]] = {}
    with suppress(OSError):
        for name in os.listdir(partial):
            arriving.setdefault(name.partition(".")[0], []).append(f"{partial}/{name}")
    keys = set(store.keys())
    for key in sorted(keys | {key for key in arriving if len(key) == 64}):
        paths = [store.place(key)] if key in keys else []
        paths += arriving.get(key, [])
        size = (store.size(key) if key in keys else 0) + sum(_size(path) for path in arriving.get(key, ()))
        yield Holding(sha256=key, size=size, used=max(map(_modified, paths)))


def _read(path: str) -> str:
    """Size and hash of the plain file *path*, in words."""
    if os.path.islink(path):
        return "a symbolic link"
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb", buffering=0) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        return error.strerror or str(error)
    return f"{size} bytes, sha256={urlsafe(digest.digest())}"


def _files(tree: str) -> Iterator[str]:
    for folder, _, names in os.walk(tree):
        inner = folder[len(tree) :].replace(os.sep, "/").lstrip("/")
        yield from (f"{inner}/{name}" if inner else name for name in names)


def _size(path: str) -> int:
    if not os.path.isdir(path):
        with suppress(OSError):
            return os.lstat(path).st_size
        return 0
    return sum(_size(f"{path}/{inner}") for inner in _files(path))


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
