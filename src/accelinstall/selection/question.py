"""Everything one selection is about, so that it can be asked again with one thing changed."""

from __future__ import annotations

from accelinstall.catalog import Backend, Catalog, Release
from accelinstall.model.hardware import Device, Environment, HardwareReport
from accelinstall.selection.demand import Demand, releases_for
from accelinstall.selection.machine import Machine, machine_of
from accelinstall.selection.ranking import Ranked, backends_for, judgements, rank
from accelinstall.selection.rules import Judgement
from accelinstall.values import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: which builds satisfy *demand* on *machine*.

    :ivar environment: the one asked for; the machine's devices are those of the fixed backend's environment.
    :ivar fixed: the slug that the project's source or the user fixes, empty when free.
    :ivar by_source: the project's source fixes it.
    :ivar major: the CUDA major to stay in, 0 for any.
    """

    report: HardwareReport
    environment: Environment
    machine: Machine
    demand: Demand
    catalog: Catalog
    fixed: str = ""
    by_source: bool = False
    major: int = 0

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Those to choose from: the fixed one, else the environment's."""
        if self.fixed:
            return tuple(backend for backend in self.catalog.backends if backend.slug == self.fixed)
        found = backends_for(self.environment, self.catalog)
        return tuple(item for item in found if not self.major or item.version[:1] == (self.major,)) or found

    @property
    def newest(self) -> Release:
        """The newest release the catalog knows."""
        return self.catalog.releases[0]

    def judged(self) -> tuple[Judgement, ...]:
        """Every build to choose from, newest release first."""
        releases = releases_for(self.demand, self.catalog)
        return tuple(judgements(self.backends, releases, self.machine, catalog=self.catalog, demand=self.demand))

    def ranked(self) -> tuple[Ranked, ...]:
        """The backends that fit, best first."""
        return rank(self.judged(), self.machine, self.catalog)

    def best(self) -> Ranked | None:
        """The best backend, if any fits."""
        return next(iter(self.ranked()), None)

    def with_devices(self, devices: tuple[Device, ...]) -> Question:
        """The same question for other devices."""
        return replace(self, machine=replace(self.machine, devices=devices))

    def with_python(self, tag: str) -> Question:
        """The same question for another Python."""
        return replace(self, machine=replace(self.machine, python=tag))

    def freed(self) -> Question:
        """The same question without a fixed backend."""
        return replace(self, fixed="", machine=machine_of(self.report, self.environment))

    def undemanding(self) -> Question:
        """The same question without any wish about versions."""
        return replace(self, demand=Demand())

    def for_environment(self, environment: Environment) -> Question:
        """The same question, free, for another environment of the same machine."""
        return replace(self, environment=environment, fixed="", machine=machine_of(self.report, environment))
