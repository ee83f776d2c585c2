"""From locks to a folder of wheels, for machines that have no network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from accelinstall.errors import LockError
from accelinstall.pipeline.measuring import Counter
from accelinstall.pipeline.outcomes import Downloaded

if TYPE_CHECKING:
    from accelinstall.model.lock import Lock, LockedPackage
    from accelinstall.pipeline.outcomes import Locked
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session


class NotAWheel(LockError):
    """Something locked has to be built, so there is no wheel to fetch."""

    code = "not-a-wheel"

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            f"there is no wheel to fetch of {', '.join(names)}: they are built from source where they are installed",
            hint="build them into the same folder: pip wheel --no-deps -w FOLDER SOURCE",
        )
        self.names = names


def fill(request: Request, folder: str, session: Session) -> Downloaded:
    """Every wheel of the lock given, of the project's lock, or of those of its targets, in *folder*.

    :raises NotAWheel: before anything is fetched.
    """
    from accelinstall.store.wheelhouse import fill_wheelhouse

    locked = _locks(request, session)
    wanted: dict[str, LockedPackage] = {}
    for one in locked:
        for package in _chosen(one.lock, request):
            wanted[package.sha256 or package.name] = package
    unbuilt = tuple(sorted(package.name for package in wanted.values() if package.is_unbuilt))
    if unbuilt:
        raise NotAWheel(unbuilt)
    packages = tuple(sorted(wanted.values(), key=lambda package: package.filename))
    counter = Counter(session.progress)
    brought = fill_wheelhouse(packages, folder, http=session.http, progress=counter, address=session.address)
    return Downloaded(
        folder=os.path.abspath(folder),
        packages=packages,
        brought=tuple(package.filename for package in brought),
        bytes_downloaded=counter.total,
        locks=tuple(one.path for one in locked),
    )


def _locks(request: Request, session: Session) -> tuple[Locked, ...]:
    if request.lock_file:
        from accelinstall.pipeline.lock_files import read_lock
        from accelinstall.pipeline.places import plan_place

        try:
            return (read_lock(request.lock_file),)
        except LockError as error:
            if error.code != "lock-needs-target":
                raise
        # Another tool's lock serves many machines; this one's wheels are meant.
        return (read_lock(request.lock_file, plan_place(request).interpreter),)
    from accelinstall.pipeline.locking import lock_target
    from accelinstall.pipeline.targets import for_each_target

    done, failed = for_each_target(request, session, lock_target)
    if failed:
        raise failed[0][1]
    return done


def _chosen(lock: Lock, request: Request) -> tuple[LockedPackage, ...]:
    """What the request's groups need of *lock*; all of it when it names none."""
    if request.groups == type(request.groups)():
        return lock.packages
    from accelinstall.pipeline.installing import profile_groups

    return lock.packages_of(profile_groups(lock, request))
