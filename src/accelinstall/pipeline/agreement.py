"""Whether wheels that have just come ask for what their index said when they were locked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from accelinstall.errors import LockError

if TYPE_CHECKING:
    from accelinstall.model.lock import Lock, LockedPackage
    from accelinstall.model.store import StoreEntry
    from accelinstall.resolution.standards import Markers

# A lock does not say which release of its Python it was made for, so what counts holds from the first to the last.
_MICROS = (0, 99)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# A marker that holds with an extra alone.
_EXTRA = re.compile(r"^[^;]*;(?!.*\bor\b).*\bextra\s*==")


class MetadataDisagrees(LockError):
    """A wheel asks for a package that its metadata, as the index served it apart, did not name."""

    code = "metadata-disagrees"

    def __init__(self, package: LockedPackage, *, requirement: str) -> None:
        super().__init__(
            f"{package.filename} requires `{requirement}`, of which its metadata said nothing when it was locked: "
            f"{package.url or package.path}",
            hint=f"its index contradicts itself: take another version of `{package.name}` or another index, "
            "then accelinstall lock",
        )
        self.package, self.requirement = package, requirement


def disagreements(
    packages: Iterable[LockedPackage], entries: Mapping[str, StoreEntry], lock: Lock
) -> tuple[MetadataDisagrees, ...]:
    """The wheels of *packages* that ask for more than *lock*, if it is one of ours, says they need.

    Cost: one small file per wheel; requirements are parsed only where a name is met that the lock does not know.
    """
    if not lock.input_hash:
        return ()
    judge = _Judge(lock)
    found = []
    for package in packages:
        entry = entries.get(package.sha256)
        if entry is None or package.origin is not None:
            continue
        known = {package.name, *package.requires}
        unknown = (text for text in _requirements(entry) if _name(text) not in known and judge.applies(text))
        if text := next(unknown, ""):
            found.append(MetadataDisagrees(package, requirement=text))
    return tuple(found)


def _requirements(entry: StoreEntry) -> tuple[str, ...]:
    """What a wheel needs, but for what an extra adds: few texts are left to be parsed then."""
    from accelinstall.index.metadata_text import parse_metadata

    try:
        with open(os.path.join(entry.root, entry.dist_info, "METADATA"), "rb") as stream:
            texts = parse_metadata(stream.read()).requires_dist
    except FileNotFoundError:
        return ()  # the store was emptied meanwhile: installing fetches it once more
    return tuple(text for text in texts if not _EXTRA.search(text))


def _name(text: str) -> str:
    from accelinstall.index.filenames import canonical

    found = _NAME.match(text)
    return canonical(found[0]) if found else ""


class _Judge:
    """Decides markers for every release of the lock's Python; loads what reads them when there is one to decide."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._markers: list[Markers] = []

    def applies(self, text: str) -> bool:
        """Whether the requirement holds whatever the release; what is no requirement does not."""
        from accelinstall.resolution.standards import Markers, parse_requirement

        target = self._lock.target
        self._markers = self._markers or [
            Markers(target.markers(python_full_version=f"{target.python_version}.{micro}")) for micro in _MICROS
        ]
        requirement = parse_requirement(text)
        return requirement is not None and all(markers.applies(requirement) for markers in self._markers)
