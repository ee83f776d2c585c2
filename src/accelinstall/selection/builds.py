"""One build of a framework besides torch, one machine, one verdict; where torch's rules apply, they decide."""

from __future__ import annotations

from accelinstall.catalog import Backend, Catalog, FrameworkBuild, dotted
from accelinstall.model.hardware import Device, Environment
from accelinstall.model.selection import Verdict
from accelinstall.selection.machine import Machine, capability, python_of_tag
from accelinstall.selection.rules import (
    Refusal,
    compiled_for,
    dotted_driver,
    driver_refusal,
    glibc_refusal,
    jetpack_refusal,
    label,
    macos_refusal,
    not_compiled,
)
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What builds are judged against.

    :ivar environment: ``edge`` counts as ``cpu``.
    :ivar ceiling: the CUDA major that a target for elsewhere names: nothing is known of its driver above it; 0 = none.
    """

    machine: Machine
    environment: Environment
    catalog: Catalog
    ceiling: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict on one release of one build.

    :ivar idle: it runs, but nothing here uses the device it was built for.
    """

    build: FrameworkBuild
    release: str
    verdict: Verdict
    served: tuple[bool, ...] = ()
    idle: bool = False


def judge_build(
    build: FrameworkBuild, release: str, site: Site, *, extras: tuple[str, ...] = (), excluded: str = ""
) -> Judged:
    """Whether *release*, as *build* says it is built, runs there.

    :param extras: those asked for.
    :param excluded: why the wish excludes it, empty when it does not.
    """
    refusal = _broken(build, extras) or (Refusal(code="specifier-excludes", reason=excluded) if excluded else None)
    refusal = refusal or _system_refusal(build, site.machine)
    if refusal is not None:
        return Judged(build=build, release=release, verdict=_verdict(build, release, refusal))
    if build.environment != site.environment:
        return _elsewhere(build, release, site)
    refusals = [_device_refusal(device, build, site) for device in site.machine.devices]
    refusals = refusals or [_unknown_driver(build, site)]
    served = tuple(refusal is None for refusal in refusals)
    first = next((refusal for refusal in refusals if refusal is not None), None)
    if first is not None and not any(served):
        return Judged(build=build, release=release, verdict=_verdict(build, release, first))
    named = ", ".join(dict.fromkeys(label(d) for d, good in zip(site.machine.devices, served, strict=False) if good))
    reason = f"{build.toolkit} runs {named}" if named else f"{build.toolkit}, no device here to compare with"
    code = "accepted" if first is None else "serves-some"
    return Judged(
        build=build,
        release=release,
        verdict=_verdict(build, release, Refusal(code=code, reason=reason), accepted=True),
        served=served if site.machine.devices else (),
    )


def _elsewhere(build: FrameworkBuild, release: str, site: Site) -> Judged:
    """A build that needs no device of the environment: for the CPU, for whatever torch uses, for another vendor."""
    idle = build.environment not in {None, "cpu"}
    if idle:
        reason = f"it starts, but the environment is {site.environment} and nothing uses {build.toolkit}"
    else:
        reason = "as torch is built" if build.environment is None else f"{build.backend} on {site.machine.platform}"
    verdict = _verdict(build, release, Refusal(code="accepted", reason=reason), accepted=True)
    return Judged(build=build, release=release, verdict=verdict, idle=idle)


def _broken(build: FrameworkBuild, extras: tuple[str, ...]) -> Refusal | None:
    if not build.broken or (build.broken_extras and not set(build.broken_extras) & set(extras)):
        return None
    return Refusal(code="known-broken", reason=build.broken)


# -- the system -------------------------------------------------------------------------------------------------------


def _system_refusal(build: FrameworkBuild, machine: Machine) -> Refusal | None:
    if machine.musl and not build.musl:
        reason = "there are no wheels for musl; an image with glibc, such as Debian's, is needed"
        return Refusal(code="libc-unsupported", reason=reason, found="musl", needed="glibc")
    pythons = build.pythons(machine.platform)
    if not pythons:
        return Refusal(
            code="platform-unsupported",
            reason=f"there is no {build.backend} build of {_asked(build)} for {machine.platform}",
            found=machine.platform,
            needed=" ".join(sorted({wheel.platform for wheel in build.wheels})),
        )
    wheel = build.wheel(machine.platform, machine.python)
    if wheel is None:
        needed = " ".join(python_of_tag(tag) for tag in pythons)
        reason = f"there is no wheel for Python {python_of_tag(machine.python)}, only for {needed}"
        return Refusal(code="python-unsupported", reason=reason, found=python_of_tag(machine.python), needed=needed)
    if machine.platform.startswith("linux") and not machine.musl:
        refusal = glibc_refusal(max(wheel.floor, build.glibc), machine)
    else:
        refusal = macos_refusal(wheel.floor, machine) if machine.platform.startswith("macos") else None
    return refusal or _processor_refusal(build, machine)


def _processor_refusal(build: FrameworkBuild, machine: Machine) -> Refusal | None:
    """The flags are names of x86 instructions: they bind wheels for x86-64 alone."""
    if not machine.platform.endswith("x86_64") or not build.flags:
        return None
    missing = [flag for flag in build.flags if flag not in machine.flags]
    if machine.rosetta and "avx" in build.flags:
        found, why = "Rosetta", "Rosetta translates no AVX instructions"
    elif machine.flags and missing:
        found, why = "none", f"this processor has no {', '.join(missing).upper()}"
    else:
        return None
    needed = ", ".join(build.flags).upper()
    reason = f"the wheel is compiled with {needed} and {why}: it would die with an illegal instruction"
    return Refusal(code="cpu-flags-missing", reason=reason, found=found, needed=" ".join(build.flags))


# -- devices ----------------------------------------------------------------------------------------------------------


def _device_refusal(device: Device, build: FrameworkBuild, site: Site) -> Refusal | None:
    backend = _as_backend(build)
    if build.environment != "cuda":
        known = device.architecture is not None and build.code and device.architecture not in build.code
        return not_compiled(device, backend, build.code) if known else None
    if device.tegra:
        refusal = jetpack_refusal(device, backend, site.machine, site.catalog)
        if refusal is not None:
            return refusal
    have = capability(device.architecture or "")
    if have and have < build.capability:
        return Refusal(
            code="architecture-not-compiled",
            reason=f"{build.toolkit} needs compute capability {dotted(build.capability)}, {label(device)} is older",
            found=device.architecture or "unknown",
            needed=dotted(build.capability),
        )
    how = compiled_for(device, backend, build.code, site.machine, site.catalog) if build.code else "unknown"
    if how == "":
        return not_compiled(device, backend, build.code)
    if device.tegra:
        return None
    if not device.driver and not device.driver_cuda:
        return _unknown_driver(build, site)
    refusal = driver_refusal(device, backend, site.machine, site.catalog)
    return refusal or _own_driver_refusal(device, build, site, compiled=how)


def _own_driver_refusal(device: Device, build: FrameworkBuild, site: Site, *, compiled: str) -> Refusal | None:
    """A driver that the build asks for itself, and the one that compiles its PTX for a GPU newer than the build."""
    driver = tuple(int(part) for part in (device.driver or "").split(".") if part.isdigit())
    if build.driver and driver and driver < build.driver and not site.machine.windows_driver:
        needed = dotted_driver(build.driver)
        reason = f"it needs the driver {needed} or newer, {device.driver} is installed"
        return Refusal(code="driver-too-old", reason=reason, found=device.driver or "", needed=needed)
    if compiled != "ptx" or not driver:
        return None
    generation = site.catalog.drivers.generation(device.architecture or "")
    first = generation.first_branch if generation else None
    branch = max(site.catalog.drivers.branches.get(build.version, 0), first or 0)
    if driver[0] >= branch:
        return None
    return Refusal(
        code="ptx-not-compilable",
        reason=f"holds only PTX for {label(device)}, which a driver of branch {branch} or newer compiles",
        found=device.driver or "",
        needed=str(branch),
    )


def _unknown_driver(build: FrameworkBuild, site: Site) -> Refusal | None:
    if build.environment != "cuda" or not site.ceiling or build.version[0] <= site.ceiling:
        return None
    reason = f"the target is for CUDA {site.ceiling}, and nothing says that its driver runs {build.toolkit}"
    return Refusal(code="driver-unknown", reason=reason, found=f"CUDA {site.ceiling}", needed=build.toolkit)


def _as_backend(build: FrameworkBuild) -> Backend:
    return Backend(slug=build.backend, environment=build.environment or "cpu", version=build.version)


def _asked(build: FrameworkBuild) -> str:
    return f"{build.package}[{build.extras[0]}]" if build.extras else build.package


def _verdict(build: FrameworkBuild, release: str, refusal: Refusal, *, accepted: bool = False) -> Verdict:
    return Verdict(
        package=build.package,
        version=release,
        backend=build.backend,
        accepted=accepted,
        code=refusal.code,
        reason=refusal.reason,
        found=refusal.found,
        needed=refusal.needed,
    )
