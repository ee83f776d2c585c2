"""Back to how an environment was before the last change of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.model.installation import Transaction
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.pipeline.outcomes import Synced
from accelinstall.pipeline.places import Place
from accelinstall.pipeline.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accelinstall.model.store import StoreEntry
    from accelinstall.pipeline.request import Request


def undo(place: Place, request: Request, session: Session) -> Synced:
    """Undoes the last change to the environment; the receipt tells what is changed back."""
    from accelinstall.environment import read_inventory
    from accelinstall.installation import rollback
    from accelinstall.model.target import Target

    def fetch(packages: Sequence[LockedPackage]) -> Mapping[str, StoreEntry]:
        return session.store.fetch(packages, http=session.http, progress=session.progress, address=session.address)

    receipt = rollback(
        place.interpreter,
        inventory=read_inventory(place.interpreter),
        find=session.store.get,
        fetch=None if session.is_offline else fetch,
        progress=session.progress,
        link_mode=request.link_mode,
        dry_run=request.dry_run,
    )
    slug = f"cpu-{place.interpreter.platform}-{place.interpreter.python}"
    return Synced(
        environment=place.interpreter.prefix,
        lock=Lock(target=Target.parse(slug)),
        transaction=Transaction(),
        dry_run=request.dry_run,
        receipt=receipt,
    )
