"""Which environment a machine is for."""

from __future__ import annotations

from accelinstall.catalog import Catalog, load_catalog
from accelinstall.model.hardware import ENVIRONMENTS, Device, Environment, HardwareReport, Overrides
from accelinstall.model.target import environment_of
from accelinstall.selection.machine import VENDORS, Machine, machine_of
from accelinstall.selection.ranking import backends_for
from accelinstall.selection.rules import device_refusal
from accelinstall.values import replace

_NO_CLAIM = Overrides()


def choose_environment(
    report: HardwareReport, *, overrides: Overrides = _NO_CLAIM, catalog: Catalog | None = None
) -> Environment:
    """The environment to serve: what the user claims, else the first of cuda, rocm, xpu, mps with a device to use.

    A device counts when it is usable and some build in *catalog* (the shipped one by default) runs on it; the wishes
    and the Python version are not asked here.  Integrated devices count only where no build runs on a discrete one, and
    where their vendor has none there.  A Jetson that no build serves is ``edge``, any other machine ``cpu``.  *report*
    must already carry the overrides.
    """
    claimed = overrides.environment or environment_of(overrides.backend)
    for environment in ENVIRONMENTS:
        if environment == claimed:
            return environment
    catalog = catalog or load_catalog()
    usable = [device for device in report.devices if device.usable]
    discrete = [device for device in usable if not device.integrated]
    # Beside a discrete one of its own vendor an integrated device is never computed on.
    taken = {device.vendor for device in discrete}
    for group in (discrete, [device for device in usable if device.vendor not in taken]):
        for environment, vendor in VENDORS.items():
            mine = tuple(device for device in group if device.vendor == vendor)
            if any(_is_served(device, environment, report, catalog) for device in mine):
                return environment
    return "edge" if any(device.tegra for device in report.devices) else "cpu"


def _is_served(device: Device, environment: Environment, report: HardwareReport, catalog: Catalog) -> bool:
    machine = replace(machine_of(report, environment), devices=(device,))
    return any(
        device_refusal(device, backend, build.code[machine.platform], machine, catalog) is None
        and _starts_here(build.macos, machine)
        for backend in backends_for(environment, catalog)
        for build in backend.builds
        if machine.platform in build.code
    )


def _starts_here(macos: tuple[int, ...], machine: Machine) -> bool:
    return not macos or not machine.macos or machine.macos >= macos
