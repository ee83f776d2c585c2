"""Whether wheels that have just come ask for what their index said when they were locked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from accelinstall.errors import LockError

if TYPE_CHECKING:
    from accelinstall.model.lock import Lock, LockedPackage
    from accelinstall.model.store import StoreEntry

# A lock does not say which release of its Python it was made for, so what counts holds from the first to the last.
_MICROS = (0, 99)


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

    Cost: one small file per wheel, half a millisecond.
    """
    if not lock.input_hash:
        return ()
    environments = [_environment(lock, micro) for micro in _MICROS]
    found = []
    for package in packages:
        entry = entries.get(package.sha256)
        if entry is None or package.origin is not None:
            continue
        unknown = (text for name, text in _needed(entry, environments) if name not in (package.name, *package.requires))
        if text := next(unknown, ""):
            found.append(MetadataDisagrees(package, requirement=text))
    return tuple(found)


def _environment(lock: Lock, micro: int) -> dict[str, str]:
    return lock.target.markers(python_full_version=f"{lock.target.python_version}.{micro}")


def _needed(entry: StoreEntry, environments: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Canonical name and text of what a wheel needs in every one of *environments*, extras left out."""
    from accelinstall.index.metadata_text import parse_metadata
    from accelinstall.resolution.standards import Markers, canonical, parse_requirement

    try:
        with open(os.path.join(entry.root, entry.dist_info, "METADATA"), "rb") as stream:
            metadata = parse_metadata(stream.read())
    except FileNotFoundError:
        return  # the store was emptied meanwhile: installing fetches it once more
    judges = [Markers(environment) for environment in environments]
    for text in metadata.requires_dist:
        requirement = parse_requirement(text)
        if requirement is not None and all(judge.applies(requirement) for judge in judges):
            yield canonical(requirement.name), text
