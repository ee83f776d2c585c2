"""From verdicts to an order: one entry per backend, best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accelinstall.catalog import Backend, Catalog, Numbers, Release, numbers_of
from accelinstall.model.hardware import Environment
from accelinstall.selection.demand import Demand
from accelinstall.selection.machine import Machine
from accelinstall.selection.rules import Judgement, is_native, judge
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What one backend can do for a machine.

    :ivar releases: accepted ones that serve the most, newest first.
    :ivar served: one flag per device, strongest first.
    :ivar native: the driver of every served device has this CUDA version itself, without minor-version compatibility.
    """

    backend: Backend
    releases: tuple[Release, ...]
    served: tuple[bool, ...]
    native: bool

    @property
    def series(self) -> Numbers:
        """The newest series reachable, as numbers."""
        return numbers_of(self.releases[0].series)

    @property
    def order(self) -> tuple[tuple[bool, ...], Numbers, bool, Numbers]:
        """What makes one better than another: GPUs served, series, native CUDA, CUDA or ROCm version."""
        # All flags set is the greatest such tuple; else serving a stronger device outweighs serving weaker ones.
        return self.served, self.series, self.native, self.backend.version


def backends_for(environment: Environment, catalog: Catalog) -> tuple[Backend, ...]:
    """The backends that belong to *environment*, newest version first; ``edge`` computes on the CPU."""
    wanted = "cpu" if environment == "edge" else environment
    found = [backend for backend in catalog.backends if backend.environment == wanted]
    return tuple(sorted(found, key=lambda backend: (backend.version, not backend.l4t), reverse=True))


def judgements(
    backends: Sequence[Backend],
    releases: Sequence[Release],
    machine: Machine,
    *,
    catalog: Catalog,
    demand: Demand | None = None,
) -> Iterator[Judgement]:
    """A judgement of every build that exists, newest release first, then in the order of *backends*.

    Jetson builds are considered on a Jetson only.
    """
    jetson = bool(machine.l4t) or any(device.tegra for device in machine.devices)
    for release in releases:
        for backend in backends:
            if not backend.has_series(release.series) or (backend.l4t and not jetson):
                continue
            excluded = demand.refusal(release, backend, machine.platform) if demand else ""
            yield judge(backend, release, machine, catalog=catalog, excluded=excluded)


def rank(found: Sequence[Judgement], machine: Machine, catalog: Catalog) -> tuple[Ranked, ...]:
    """The backends among *found* that have an accepted release, best first, one entry per slug."""
    by_source: dict[str, list[Judgement]] = {}
    for judgement in found:
        if judgement.verdict.accepted:
            by_source.setdefault(judgement.backend.source or judgement.backend.slug, []).append(judgement)
    ranked = sorted((_ranked(rows, machine, catalog) for rows in by_source.values()), key=_order, reverse=True)
    by_slug: dict[str, Ranked] = {}
    for item in ranked:
        by_slug.setdefault(item.backend.slug, item)
    return tuple(by_slug.values())


def _order(item: Ranked) -> tuple[tuple[bool, ...], Numbers, bool, Numbers]:
    return item.order


def _ranked(rows: list[Judgement], machine: Machine, catalog: Catalog) -> Ranked:
    backend = rows[0].backend
    served = max(row.served for row in rows)
    devices = [device for device, good in zip(machine.devices, served, strict=False) if good]
    return Ranked(
        backend=backend,
        releases=tuple(row.release for row in rows if row.served == served),
        served=served,
        native=all(is_native(device, backend, machine, catalog) for device in devices),
    )
