"""What a framework besides torch is called where it shall compute on one environment."""

from __future__ import annotations

from accelinstall.catalog import Catalog
from accelinstall.model.hardware import Environment, HardwareReport
from accelinstall.model.selection import Wish
from accelinstall.selection.advice import best_edit
from accelinstall.selection.builds import Site
from accelinstall.selection.frameworks import asked_of
from accelinstall.selection.machine import machine_of
from accelinstall.values import replace


def spelled_for(
    wish: Wish, report: HardwareReport, *, catalog: Catalog, environment: Environment, cuda_major: int = 0
) -> tuple[str, tuple[str, ...]]:
    """(distribution, extras) to ask for instead of *wish*, so that it computes on *environment*; both as wished when
    the catalog knows nothing better, and where the versions wished leave no other choice.

    ``onnxruntime`` on ``cuda`` is ``onnxruntime-gpu`` with ``cuda`` and ``cudnn``; on ``cpu`` the other way round.

    :param cuda_major: that of the target, whose driver nobody has seen; 0 for any.
    """
    served: Environment = "cpu" if environment == "edge" else environment
    site = Site(machine=machine_of(report, environment), environment=served, catalog=catalog, ceiling=cuda_major)
    asked = asked_of([replace(wish, source_url="")], site)
    if not asked:
        return wish.name, wish.extras
    text = best_edit(asked[0], site, environment=served) or best_edit(asked[0], site, environment="cpu")
    if not text:
        return wish.name, wish.extras
    from packaging.requirements import Requirement

    found = Requirement(text)
    if str(found.specifier) != str(Requirement(f"x{wish.specifier}").specifier):
        return wish.name, wish.extras
    return found.name, tuple(sorted(found.extras))
