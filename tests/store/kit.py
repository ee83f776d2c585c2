"""What the store's tests share: a served wheel as a locked package, and everything a store holds."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from pathlib import Path
from urllib.parse import urlsplit

from accelinstall.events import Event, Note
from accelinstall.model.lock import LockedPackage
from accelinstall.store.transfer.pace import Pace, Sample
from accelinstall.testing import IndexServer


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def locked(wheel: Path, server: IndexServer | None = None, *, sha256: str = "", size: bool = True) -> LockedPackage:
    """*wheel* as a lock would name it; served by *server*, or by its path."""
    name, version = wheel.name.split("-")[:2]
    return LockedPackage(
        name=name.replace("_", "-").lower(),
        version=version,
        filename=wheel.name,
        sha256=sha256 or sha256_of(wheel),
        url=server.file_url(wheel.name) if server else "",
        path="" if server else str(wheel),
        size=wheel.stat().st_size if size else None,
    )


def noise(size: int, *, seed: int = 0) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def tree_of(folder: str | Path) -> dict[str, bytes]:
    """Every file below *folder*: path -> content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()
    }


def leftovers(root: Path) -> list[str]:
    """What a store holds beside complete entries, lock files and its own probe."""
    partial = root / "store-v1" / ".partial"
    found = os.listdir(partial) if partial.is_dir() else []
    return sorted(name for name in found if name != ".writable")


def unread(server: IndexServer) -> int:
    """Bytes that *server* has sent and that still lie in the system, read by nobody; for Linux."""
    port, total = f":{urlsplit(server.url).port:04X}", 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, state, queues = line.split()[:5]
        if state == "01" and (here.endswith(port) or there.endswith(port)):
            total += sum(int(size, 16) for size in queues.split(":"))
    return total


class Three(Pace):
    """Three further connections from the first byte on."""

    def __init__(self) -> None:
        super().__init__()
        self.target = 3

    def decide(self, sample: Sample) -> int:
        return self.target


class Ear:
    """A progress callback that remembers; safe to call from threads."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def notes(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Note)]
