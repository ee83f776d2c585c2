"""What can go wrong around a wheel; what can be wrong inside one: :mod:`accelinstall.store.unpacking.refusals`."""

from __future__ import annotations

import errno

from accelinstall.errors import StoreError

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC})
NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})


class HashMismatch(StoreError):
    """A wheel is not the file that was locked; nothing of it is kept."""

    code = "hash-mismatch"

    def __init__(self, *, filename: str, address: str, source: str, expected: str, found: str) -> None:
        at = f" (locked from {source})" if source and not address.startswith(source) else ""
        super().__init__(
            f"`{filename}` from {address}{at} is not the locked file: expected sha256 {expected}, found {found}"
        )
        self.filename, self.address, self.source = filename, address, source
        self.expected, self.found = expected, found

    @property
    def hint(self) -> str:
        """Who may have changed the file."""
        return (
            "something between you and the publisher changed the file (a mirror, a proxy, a re-upload): "
            "ask whoever runs it, or run `accelinstall lock --upgrade` if the new file is meant"
        )


class FarTooLarge(StoreError):
    """A server announces so many bytes for a wheel that it cannot be the one that was locked; none are read."""

    code = "far-too-large"

    def __init__(self, *, filename: str, address: str, expected: int, found: int) -> None:
        super().__init__(
            f"`{filename}` from {address} is not the locked file: it has {_size(found)}, locked are {_size(expected)}",
            hint="something between you and the publisher changed the file: ask whoever runs the mirror or the proxy",
        )
        self.filename, self.expected, self.found = filename, expected, found


class HashUnusable(StoreError):
    """A package is locked by something that is no sha256, so nothing could be verified."""

    code = "hash-unusable"

    def __init__(self, *, filename: str, sha256: str) -> None:
        super().__init__(
            f"`{filename}` is locked with {sha256[:80]!a} instead of a sha256 (64 hexadecimal digits, lower case)",
            hint="accelinstall lock --upgrade",
        )
        self.filename, self.sha256 = filename, sha256


class DiskFull(StoreError):
    """The disk that holds the cache has too little room.

    :ivar needed: bytes that the work takes, an estimate where wheels do not tell; ``None`` when unknown.
    :ivar free: bytes an ordinary user may still write.
    """

    code = "disk-full"

    def __init__(self, *, directory: str, needed: int | None, free: int, doing: str) -> None:
        want = f"{doing} needs about {_size(needed)}" if needed is not None else f"no space left while {doing}"
        super().__init__(f"{want}, {_size(free)} are free in {directory}")
        self.directory, self.needed, self.free = directory, needed, free

    @property
    def hint(self) -> str:
        """Two ways to get room."""
        return "free some space with `accelinstall cache prune`, or set ACCELINSTALL_CACHE_DIR to a larger disk"


class CacheNotWritable(StoreError):
    """A wheel has to be stored and the cache folder refuses it."""

    code = "cache-not-writable"

    def __init__(self, *, directory: str, reason: str) -> None:
        super().__init__(f"the cache folder {directory} cannot be written: {reason}")
        self.directory, self.reason = directory, reason

    @property
    def hint(self) -> str:
        """The variable that moves the cache."""
        return "set ACCELINSTALL_CACHE_DIR to a folder that you can write"


class StoreVanished(StoreError):
    """Somebody removed the store while a wheel was on its way into it."""

    code = "store-vanished"

    def __init__(self, *, directory: str, doing: str) -> None:
        super().__init__(
            f"{doing} failed: {directory} was removed meanwhile",
            hint="run the same command again; what is missing is downloaded anew",
        )
        self.directory = directory


class DownloadFailed(StoreError):
    """A stream broke more often than it is worth trying; what arrived is kept and the next run goes on from there."""

    code = "download-failed"

    def __init__(self, *, filename: str, address: str, attempts: int, arrived: int, reason: str) -> None:
        super().__init__(
            f"`{filename}` from {address} broke off {attempts} times, last after {_size(arrived)}: {reason}",
            hint="run the same command again: it goes on from where it stopped",
        )
        self.filename, self.address, self.attempts, self.arrived = filename, address, attempts, arrived


class LocalWheelUnreadable(StoreError):
    """A wheel that was locked by its path cannot be read."""

    code = "local-wheel-unreadable"

    def __init__(self, *, path: str, reason: str) -> None:
        super().__init__(
            f"the locked wheel {path} cannot be read: {reason}",
            hint="put the file back, or lock again where it is not needed",
        )
        self.path = path


class WheelInTheWay(StoreError):
    """A folder of wheels holds another file under the name of a locked one."""

    code = "wheel-in-the-way"

    def __init__(self, path: str, *, expected: str, found: str) -> None:
        super().__init__(
            f"{path} is not the locked file: expected sha256 {expected}, found {found}",
            hint="remove it, or name another folder with --dest",
        )
        self.path, self.expected, self.found = path, expected, found


class FilenameUnusable(StoreError):
    """A wheel is locked under a name that is a path, or none."""

    code = "filename-unusable"

    def __init__(self, name: str, *, filename: str) -> None:
        super().__init__(
            f"{name} is locked with {filename[:200]!a} in place of a file name; nothing was fetched",
            hint="lock again with the tool that wrote that lock, or tell whoever gave it to you",
        )
        self.name, self.filename = name, filename


class FolderFull(DiskFull):
    """The disk of the folder that was named has too little room."""

    code = "folder-full"

    @property
    def hint(self) -> str:
        """Another disk."""
        return "free some space there, or name a folder on a larger disk with --dest"


class FolderNotWritable(StoreError):
    """Wheels cannot be put into the folder that was named."""

    code = "folder-not-writable"

    def __init__(self, folder: str, *, reason: str) -> None:
        super().__init__(f"{folder} cannot be written: {reason}", hint="name another folder with --dest")
        self.folder = folder


class NotInStore(StoreError):
    """Without network only what the store holds can be had."""

    code = "not-in-store"

    def __init__(self, filenames: tuple[str, ...]) -> None:
        names = ", ".join(f"`{name}`" for name in filenames)
        super().__init__(f"not in the store, and there is no network to fetch from: {names}")
        self.filenames = filenames

    @property
    def hint(self) -> str:
        """How to fill the store."""
        return "run once with network (without --offline), then repeat"


def from_os_error(error: OSError, *, directory: str, doing: str, free: int) -> StoreError:
    """The refusal that says what *error* means for a user who was *doing* something in *directory*."""
    reason = error.strerror or str(error)
    if error.errno in NO_SPACE:
        return DiskFull(directory=directory, needed=None, free=free, doing=doing)
    if error.errno == errno.ENOENT:
        return StoreVanished(directory=directory, doing=doing)
    if error.errno in NOT_WRITABLE:
        return CacheNotWritable(directory=directory, reason=reason)
    return StoreError(
        f"{doing} failed in {directory}: {reason}",
        hint="check that disk, or set ACCELINSTALL_CACHE_DIR to another folder",
    )


def _size(count: int) -> str:
    for unit, bytes_each in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= bytes_each:
            return f"{count / bytes_each:.1f} {unit}" if unit == "GB" else f"{count / bytes_each:.0f} {unit}"
    return f"{count} bytes"
