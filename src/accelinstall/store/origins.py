"""Where the file of a wheel is."""

from __future__ import annotations

from accelinstall.model.lock import LockedPackage


def local_path(address: str, package: LockedPackage) -> str:
    """The file to unpack in place, empty when it has to be downloaded."""
    if package.path:
        return package.path
    if address.startswith("file:"):
        from accelinstall.net.origins import path_of

        return path_of(address)
    return ""
