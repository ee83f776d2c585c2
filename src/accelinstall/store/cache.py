"""The store's folder: what is complete in it, how large it is, and how entries leave."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from accelinstall import events, fs
from accelinstall.model.lock import LockedPackage
from accelinstall.model.store import StoreEntry
from accelinstall.store.errors import HashUnusable
from accelinstall.store.manifest import Manifest, ManifestDamaged, parse_manifest, write_manifest
from accelinstall.store.origins import local_path
from accelinstall.values import replace

if TYPE_CHECKING:
    from accelinstall.net import HttpClient
    from accelinstall.store.transfer.pace import Pace
    from accelinstall.store.unpacking.preview import Preview

LAYOUT = "store-v1"
EXPANSION, PACKED_EXPANSION = 3.0, 1.5
"""Unpacked bytes for each byte of wheel, where they are not known, and for NVIDIA's libraries, whose code is packed
already: the 103 wheels of jupyter, boto3 and pandas unpack from 102 to 292 MB, the CPU build of torch 2.13 from 0.19 to
0.71 GB, the 15 of NVIDIA's that come with torch 2.14 from 2.19 to 3.36 GB."""
SMALL = 24 << 20
"""Bytes of a wheel that is fetched into memory as a whole."""
_KEY = re.compile(r"[0-9a-f]{64}")
# Seconds: how exactly the time of the last use is kept, so that most readings write nothing.
_USE_STEP = 86_400


class Store:
    """Unpacked wheels below one cache folder, shared by processes and environments.

    :param root: the cache folder; nothing is created before something has to be stored.
    :param free_bytes: how much room a folder has; ``boot`` identifies the run of the system.
    :param retry_delay: seconds before a stream that broke is taken up again; doubled each time.
    :param connections: that a fetch has at most in all; 0 = as many as pay.
    :param pace: decides how many connections a fetch may have; ``part``: bytes that a further one asks for at a time.
    :param streaming: unpack wheels out of their download where that is possible, instead of from a file.
    :param processes: how many may work on a fetch, asked when one begins; more than one only where this process may be
        forked, which it may while no other thread of it is at work.
    """

    def __init__(
        self,
        root: str,
        *,
        free_bytes: Callable[[str], int] = fs.free_bytes,
        boot: str | None = None,
        retry_delay: float = 0.25,
        pace: Callable[[], Pace] | None = None,
        part: int = 8 << 20,
        connections: int = 0,
        streaming: bool = True,
        processes: Callable[[], int] = lambda: 1,
    ) -> None:
        self.root = os.path.abspath(root)
        self.directory = os.path.join(self.root, LAYOUT)
        self.free_bytes = free_bytes
        self.retry_delay, self.part, self.streaming = retry_delay, part, streaming
        self.connections, self.processes = connections, processes
        self.small = min(SMALL, 3 * part)
        self.previews: dict[str, Preview | None] = {}
        self._pace = pace
        self.boot = _boot_identity() if boot is None else boot

    def holds(self, sha256: str) -> bool:
        """Whether there is an entry, without reading it."""
        return bool(_KEY.fullmatch(sha256)) and os.path.exists(f"{self.directory}/{sha256}/manifest")

    def find(self, packages: Iterable[LockedPackage]) -> dict[str, StoreEntry]:
        """The entries that are there, by wheel sha256."""
        wanted = dict.fromkeys(package.sha256 for package in packages)
        return {sha256: entry for sha256 in wanted if (entry := self.get(sha256))}

    def unpacked_size(self, packages: Iterable[LockedPackage], known: Mapping[str, StoreEntry] | None = None) -> int:
        """Bytes those wheels take when they are laid out: known of entries, expected of wheels yet to come.

        :param known: their entries as :meth:`find` gives them, when somebody has read them already.
        """
        packages = tuple(packages)
        entries = self.find(packages) if known is None else known
        total = 0
        for package in packages:
            entry = entries.get(package.sha256)
            total += self._expected(package) if entry is None else entry.size
        return total

    def _expected(self, package: LockedPackage) -> int:
        preview = self.previews.get(package.sha256)
        if preview is not None:
            return preview.unpacked
        return int((package.size or 0) * (PACKED_EXPANSION if package.name.startswith("nvidia-") else EXPANSION))

    def look_ahead(self, packages: Iterable[LockedPackage], *, http: HttpClient, addresses: Mapping[str, str]) -> None:
        """Read the directories of large wheels, for which :meth:`unpacked_size` is exact then, until they are fetched.

        :param addresses: wheel hash -> where it is fetched from.
        """
        wanted = [
            (package.sha256, address, package.size)
            for package in packages
            if package.size is not None and package.size > self.small
            if package.sha256 not in self.previews and self.streams(package)
            if not local_path(address := addresses[package.sha256], package)
        ]
        if wanted:
            from accelinstall.store.unpacking.preview import previews_of

            self.previews.update(previews_of(http, wanted, at_once=min(8, self.connections or 8)))

    def streams(self, package: LockedPackage) -> bool:
        """Whether the wheel is to be unpacked out of its download, and its file not written."""
        if not self.streaming or package.size is None or self.previews.get(package.sha256, True) is None:
            return False
        return not os.path.exists(self.partial(package.sha256, "whl"))

    def get(self, sha256: str) -> StoreEntry | None:
        """The entry of the wheel with that hash, if complete; reads one file, and once after each reboot all sizes."""
        if not _KEY.fullmatch(sha256):
            return None
        folder = f"{self.directory}/{sha256}"
        try:
            with open(f"{folder}/manifest", encoding="utf-8", newline="") as stream:
                manifest = parse_manifest(stream.read())
            status = os.stat(folder)
        except (OSError, ManifestDamaged, UnicodeDecodeError):
            return None
        if manifest.boot != self.boot and not self._survived(manifest, folder):
            return None
        if time.time() - status.st_mtime > _USE_STEP:
            with suppress(OSError):
                os.utime(folder)
        shareable = os.name == "nt" or status.st_uid == os.geteuid()
        return manifest.entry(sha256=sha256, root=f"{folder}/tree", shareable=shareable)

    def fetch(
        self,
        packages: Iterable[LockedPackage],
        *,
        http: HttpClient,
        progress: events.Progress = events.ignore,
        address: Callable[[LockedPackage], str] = lambda package: package.url,
        workers: int = 6,
    ) -> Mapping[str, StoreEntry]:
        """The entries of *packages* by wheel sha256, after downloading and unpacking those that are missing.

        Large files first, *workers* downloads at once, each over as many connections as pay.  Memory stays under about
        400 MiB in all processes together, whatever the size of the wheels.  Two processes never fetch the same wheel at
        the same time.

        :param address: rewrites addresses at fetch time, for mirrors.
        :raises StoreError: the first failure; what was complete stays, what was under way can be resumed.
        :raises SourceError: when a server cannot be asked at all.
        """
        wanted = {package.sha256: package for package in packages}
        for sha256, package in wanted.items():
            if not _KEY.fullmatch(sha256):
                raise HashUnusable(filename=package.filename, sha256=sha256)
        found = self.find(wanted.values())
        missing = [package for sha256, package in wanted.items() if sha256 not in found]
        if missing:
            from accelinstall.store.fetching import Fetching

            # Limits are kept by one process more easily than by several.
            alone = workers == 1 or self.connections or http.is_limited
            processes = 1 if alone else self.processes()
            work = Fetching(
                self,
                missing,
                http=http,
                progress=progress,
                address=address,
                workers=workers,
                processes=processes,
            )
            try:
                found.update(work.run())
            finally:
                self.previews.clear()
        return {sha256: found[sha256] for sha256 in wanted}

    def keys(self) -> tuple[str, ...]:
        """The hashes of all entries, sorted."""
        try:
            return tuple(sorted(name for name in os.listdir(self.directory) if _KEY.fullmatch(name)))
        except OSError:
            return ()

    def size(self, sha256: str = "") -> int:
        """Bytes of one entry, or of everything in the store, partial downloads included; hard links count once."""
        seen: dict[tuple[int, int], int] = {}
        for path in _walk(os.path.join(self.directory, sha256)):
            with suppress(OSError):
                status = os.lstat(path)
                seen[status.st_dev, status.st_ino or hash(path)] = status.st_size
        return sum(seen.values())

    def evict(self, sha256: str) -> bool:
        """Remove one entry; whether there was one.  Environments that hard-link its files keep them."""
        if not _KEY.fullmatch(sha256) or not os.path.isdir(self.place(sha256)):
            return False
        folder, doomed = self.place(sha256), self.partial(sha256, "evicted")
        fs.remove_tree(doomed)
        try:
            os.makedirs(os.path.dirname(doomed), exist_ok=True)
            os.rename(folder, doomed)
        except FileNotFoundError:
            return False
        fs.remove_tree(doomed)
        return True

    def unused_since(self, moment: float) -> tuple[str, ...]:
        """The hashes of entries that nobody asked for since *moment* (epoch seconds, exact to a day), sorted."""
        return tuple(key for key in self.keys() if _modified(self.place(key)) < moment)

    def discard_partial(self, *only: str) -> int:
        """Remove downloads to resume and what killed processes left, of all wheels or of those with the hashes *only*;
        how many wheels that concerned.

        What a process is working on right now stays.
        """
        folder = os.path.join(self.directory, ".partial")
        keys = {name.partition(".")[0] for name in (os.listdir(folder) if os.path.isdir(folder) else ())}
        discarded = 0
        for key in sorted(key for key in keys if _KEY.fullmatch(key) and (not only or key in only)):
            with fs.directory_lock(self.lock_path(key), cancelled=lambda: True) as held:
                if held:
                    for kind in ("whl", "whl.parts", "tree", "evicted"):
                        _remove(self.partial(key, kind))
                    discarded += 1
        return discarded

    def pace(self, among: int = 1) -> Pace:
        """Who decides about connections, for one fetch in one of *among* processes."""
        from accelinstall.store.transfer.pace import MOST, Pace

        if self._pace is not None:
            return self._pace()
        return Pace(most=(self.connections or MOST) // among or 1)

    def place(self, sha256: str) -> str:
        """Folder of an entry."""
        return os.path.join(self.directory, sha256)

    def partial(self, sha256: str, kind: str) -> str:
        """Path of work under way for one wheel: ``whl``, its journal ``whl.parts``, ``tree`` or ``evicted``."""
        return os.path.join(self.directory, ".partial", f"{sha256}.{kind}")

    def lock_path(self, sha256: str) -> str:
        """Lock file of one wheel."""
        return os.path.join(self.directory, ".locks", sha256)

    def _survived(self, manifest: Manifest, folder: str) -> bool:
        """Whether all files still have their sizes after the system was started anew; a power cut may take some.

        What was found right is noted, so that the next reading need not look again.
        """
        try:
            whole = all(os.lstat(f"{folder}/tree/{file.path}").st_size == file.size for file in manifest.files)
        except OSError:
            return False
        if whole:
            with suppress(OSError):
                write_manifest(folder, replace(manifest, boot=self.boot))
        return whole


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return float("inf")


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        fs.remove_tree(path)
    else:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _boot_identity() -> str:
    # Elsewhere than on Linux nothing as cheap tells one run of the system from the next.
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as stream:
            return stream.read().decode("ascii", "replace").strip()
    except OSError:
        return ""


def _walk(folder: str) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(parent, name)
