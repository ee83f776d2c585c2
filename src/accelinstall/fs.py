"""Files as the hands need them: whole or not at all, shared where the file system can, locked against other processes.

Paths are plain strings and calls are plain ``os`` calls, because these run once per installed file.  Errors are
``OSError`` as the system raised them: the room that asked knows what to tell the user.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from accelinstall.model.installation import LinkMode

# linux/fs.h: _IOW(0x94, 9, int), the same number on x86, ARM and RISC-V.
_FICLONE = 0x40049409


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte of *data*; ``os.write`` alone may stop early, as it does at 2 GiB."""
    written = os.write(descriptor, data)
    while written < len(data):
        data = memoryview(data)[written:]
        written = os.write(descriptor, data)


def write_atomic(path: str, data: bytes, *, fsync: bool = False, mode: int = 0o644) -> None:
    """Put *data* at *path* so that readers see the old content or the new, never a part.

    :param fsync: also survive a power cut: the file, then its folder, reach the disk before this returns.
    :param mode: permission bits before the umask.
    """
    temporary = f"{path}.{os.getpid()}-{time.monotonic_ns():x}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            write_all(descriptor, data)
            if fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if fsync:
        sync_directory(os.path.dirname(path) or ".")


def replace_together(files: Sequence[tuple[str, bytes | None, bool]]) -> None:
    """Put several files in place, all or none: (path, content or ``None`` to remove it, executable when new).

    Every content is on disk under another name before the first file is replaced; when the system refuses one, those
    already replaced are put back.  Folders that a new file needs are made.  Mode and, for root, owner of a file that
    is there stay, and so does a symbolic link: the file it leads to is replaced.

    :raises OSError: naming the refused path; everything is as before then.
    """
    stamp = f"{os.getpid()}-{time.monotonic_ns():x}"
    made: list[str] = []
    files = [(path if content is None else os.path.realpath(path), content, mark) for path, content, mark in files]
    try:
        for path, content, executable in files:
            if content is not None:
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                made.append(f"{path}.{stamp}.tmp")
                _write_beside(path, made[-1], content, 0o755 if executable else 0o644)
        _swap(files, stamp)
    except BaseException:
        for temporary in made:
            with suppress(OSError):
                os.unlink(temporary)
        raise


def _write_beside(path: str, temporary: str, content: bytes, mode: int) -> None:
    """*content* at *temporary*, on disk, with the mode and owner of *path* where that is a file.

    A read-only file could be renamed over; whoever made it so does not want that.
    """
    try:
        if os.path.lexists(path) and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if os.path.lexists(path):
            _take_after(temporary, os.stat(path))
    except OSError as error:
        error.filename, error.filename2 = path, None
        raise


def _take_after(path: str, status: os.stat_result) -> None:
    os.chmod(path, status.st_mode & 0o7777)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown(path, status.st_uid, status.st_gid)


def _swap(files: Sequence[tuple[str, bytes | None, bool]], stamp: str) -> None:
    """Move every prepared file to its place, keeping the old one aside until all have moved."""
    done: list[tuple[str, str]] = []
    try:
        for path, content, _ in files:
            aside = f"{path}.{stamp}.old" if os.path.lexists(path) else ""
            if aside:
                # A second name, so that the path names a file at every moment.
                _second_name(path, aside)
            done.append((path, aside))
            if content is not None:
                os.replace(f"{path}.{stamp}.tmp", path)
            elif aside:
                os.unlink(path)
    except BaseException as error:
        for place, aside in reversed(done):
            with suppress(OSError):
                # Renaming one name of a file to another of its names does nothing: hence both calls.
                if aside:
                    os.replace(aside, place)
                os.unlink(aside or place)
        if isinstance(error, OSError):
            error.filename, error.filename2 = path, None
        raise
    for _, aside in done:
        if aside:
            with suppress(OSError):
                os.unlink(aside)


def _second_name(path: str, aside: str) -> None:
    try:
        os.link(path, aside)
    except OSError:
        import shutil

        try:
            shutil.copy2(path, aside)
        except BaseException:
            with suppress(OSError):
                os.unlink(aside)
            raise


def sync_directory(path: str) -> None:
    """Make renames inside *path* survive a power cut; nothing on Windows, which has no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def link_or_copy(source: str, target: str, mode: LinkMode, *, executable: bool | None = None) -> None:
    """Put the content of *source* at *target*, which must not exist, sharing storage as *mode* says.

    A hard link is the same file and so keeps mode and times; a reflink and a copy are new, writable files with
    the time of now.

    :param executable: for new files: whether to set the executable bits; asked of *source* when ``None``.
    """
    if mode == "hardlink":
        os.link(source, target)
        return
    flags = getattr(os, "O_BINARY", 0)
    reader = os.open(source, os.O_RDONLY | flags)
    try:
        if executable is None:
            executable = bool(os.fstat(reader).st_mode & 0o100)
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o755 if executable else 0o644)
        try:
            if mode == "reflink":
                _clone(reader, writer)
            else:
                _copy(reader, writer)
        except BaseException:
            with suppress(OSError):
                os.unlink(target)
            raise
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _clone(reader: int, writer: int) -> None:
    import fcntl

    fcntl.ioctl(writer, _FICLONE, reader)


def _copy(reader: int, writer: int) -> None:
    size = os.fstat(reader).st_size
    if hasattr(os, "sendfile") and sys.platform == "linux":
        # In the kernel, without a round through this process.
        done = 0
        while done < size:
            moved = os.sendfile(writer, reader, done, min(size - done, 1 << 30))
            if moved == 0:
                return
            done += moved
        return
    while chunk := os.read(reader, 1 << 20):
        write_all(writer, chunk)


def choose_link_mode(store_dir: str, target_dir: str, *, wish: LinkMode | None = None) -> LinkMode:
    """The cheapest mode that really works from *store_dir* to *target_dir*: reflink, else hard link, else copy.

    Found by trying with a small file, because neither the file system's name nor equal device numbers tell (bind
    mounts, quotas, containers).  A store that cannot be written is copied from.

    :param wish: try only this one; a copy where it does not work.
    :raises OSError: when *target_dir* cannot be written.
    """
    name = f".trial-{os.getpid()}-{time.monotonic_ns():x}"
    source, target = os.path.join(store_dir, name), os.path.join(target_dir, name)
    try:
        write_atomic(source, b"trial")
    except OSError:
        return "copy"
    modes: tuple[LinkMode, ...] = ("reflink", "hardlink") if sys.platform == "linux" else ("hardlink",)
    if wish is not None:
        modes = tuple(mode for mode in modes if mode == wish)
    try:
        # In one folder both names would be one.
        target += ".linked"
        for mode in modes:
            with suppress(OSError):
                link_or_copy(source, target, mode)
                return mode
        # Not from the source: who empties the store meanwhile has not made the target one that cannot be written.
        write_atomic(target, b"trial")
        return "copy"
    finally:
        for path in (source, target):
            with suppress(OSError):
                os.unlink(path)


def free_bytes(path: str) -> int:
    """Bytes an ordinary user may still write below *path*; folders that do not exist yet are passed over."""
    while not os.path.exists(path):
        parent = os.path.dirname(path)
        if parent == path:
            break
        path = parent
    if os.name == "nt":
        import shutil

        return shutil.disk_usage(path).free
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def remove_tree(path: str) -> None:
    """Remove the folder *path* with everything in it; nothing when it is not there."""
    import shutil

    def make_writable(function: Callable[[str], object], name: str, _: object) -> None:
        if function not in (os.unlink, os.rmdir):
            raise
        # Windows refuses to remove read-only files; elsewhere only the folder's mode can be in the way.
        os.chmod(name if os.name == "nt" else os.path.dirname(name), 0o700)
        function(name)

    if os.path.lexists(path):
        shutil.rmtree(path, onerror=make_writable)


def try_lock(path: str) -> int | None:
    """A descriptor that holds the lock file *path*, or ``None`` when another process or thread holds it.

    The lock ends when the descriptor is closed or with the process, however it ends.  POSIX only.
    """
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def directory_lock(
    path: str,
    *,
    on_wait: Callable[[], object] = lambda: None,
    cancelled: Callable[[], bool] = lambda: False,
    poll: float = 0.05,
) -> Iterator[bool]:
    """Hold the lock file *path* alone among all processes and threads; yields whether it was obtained.

    :param on_wait: called once when somebody else holds it, before waiting.
    :param cancelled: asked every *poll* seconds while waiting; ``True`` gives up and yields ``False``.
    """
    lock = acquirer(path)
    waited = False
    while not lock.acquire():
        if not waited:
            on_wait()
            waited = True
        if cancelled():
            yield False
            return
        time.sleep(poll)
    try:
        yield True
    finally:
        lock.release()


class _PosixLock:
    """``flock`` by hand: importing ``filelock`` costs 36 ms, which a warm installation would feel."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        self._descriptor = try_lock(self._path)
        return self._descriptor is not None

    def release(self) -> None:
        if self._descriptor is not None:
            import fcntl

            # Closing alone would leave it to a forked process that has the descriptor too.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)


class _FileLock:
    """The same through ``filelock``, which knows Windows; on POSIX it takes the same ``flock``."""

    def __init__(self, path: str) -> None:
        from filelock import FileLock

        self._lock = FileLock(path, thread_local=False)

    def acquire(self) -> bool:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        self._lock.release()


def acquirer(path: str, *, posix: bool = os.name == "posix") -> _PosixLock | _FileLock:
    """An object whose ``acquire`` tries once and says whether it holds the lock file *path*, until ``release``."""
    return _PosixLock(path) if posix else _FileLock(path)
