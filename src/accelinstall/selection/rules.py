"""One build, one machine, one verdict: the rule that decides is the rule that explains.

Rules that need a number nobody could read are skipped; nothing is refused for what is unknown.
"""

from __future__ import annotations

from accelinstall.catalog import Backend, Build, Catalog, Numbers, Release, dotted, numbers_of
from accelinstall.model.hardware import Device
from accelinstall.model.selection import Verdict
from accelinstall.selection.machine import Machine, capability, python_of_tag
from accelinstall.values import dataclass, replace

HEAD = "torch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a build does not run: verdict fields without the build's name."""

    code: str
    reason: str
    found: str = ""
    needed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with what ordering needs besides.

    :ivar served: one flag per device of the machine, strongest first; empty when there are none.
    :ivar fits_platform: nothing but the wish or the device stands against it.
    """

    backend: Backend
    release: Release
    verdict: Verdict
    served: tuple[bool, ...] = ()


def judge(backend: Backend, release: Release, machine: Machine, *, catalog: Catalog, excluded: str = "") -> Judgement:
    """Whether *release*, as *backend* builds it, runs on *machine*.

    Accepted when no system rule refuses it and at least one device is served (or none is known).

    :param excluded: why the wish excludes it, empty when it does not; the wish is asked first.
    """
    if excluded:
        return _rejected(backend, release, Refusal(code="specifier-excludes", reason=excluded))
    build = backend.build(release.series, machine.platform)
    refusal = _system_refusal(backend, release, build, machine)
    if refusal is not None or build is None:
        return _rejected(backend, release, refusal or Refusal(code="platform-unsupported", reason="there is no build"))
    code = build.code[machine.platform]
    refusals = [device_refusal(device, backend, code, machine, catalog) for device in machine.devices]
    served = tuple(refusal is None for refusal in refusals)
    first = next((refusal for refusal in refusals if refusal is not None), None)
    if first is not None and not any(served):
        return _rejected(backend, release, first)
    if first is not None:
        left_out = [label(device) for device, good in zip(machine.devices, served, strict=True) if not good]
        reason = f"serves {served.count(True)} of {len(served)} GPUs, not {', '.join(left_out)}: {first.reason}"
        verdict = _verdict(backend, release, True, replace(first, code="serves-some", reason=reason))
    else:
        reason = _welcome(backend, code, machine, catalog)
        verdict = _verdict(backend, release, True, Refusal(code="accepted", reason=reason))
    return Judgement(backend=backend, release=release, verdict=verdict, served=served)


def label(device: Device) -> str:
    """``NVIDIA GeForce RTX 3090 (sm_86)``."""
    known = device.architecture and device.architecture != device.name
    return f"{device.name} ({device.architecture})" if known else device.name


# -- the system -------------------------------------------------------------------------------------------------------


def _system_refusal(backend: Backend, release: Release, build: Build | None, machine: Machine) -> Refusal | None:
    if machine.musl:
        return Refusal(
            code="libc-unsupported",
            reason="there are no wheels for musl; an image with glibc, such as Debian's, is needed",
            found="musl",
            needed="glibc",
        )
    pythons = backend.pythons or release.pythons(machine.platform)
    if build is None or not release.pythons(machine.platform):
        return Refusal(
            code="platform-unsupported",
            reason=f"there is no {backend.slug} build for {machine.platform}",
            found=machine.platform,
            needed=" ".join(sorted({name for item in backend.builds for name in item.code})),
        )
    wheel = release.wheel(machine.platform, machine.python)
    if machine.python not in pythons or wheel is None:
        needed = " ".join(python_of_tag(tag) for tag in pythons)
        return Refusal(
            code="python-unsupported",
            reason=f"there is no wheel for Python {python_of_tag(machine.python)}, only for {needed}",
            found=python_of_tag(machine.python),
            needed=needed,
        )
    if machine.platform.startswith("linux"):
        return glibc_refusal(max(wheel.floor, build.glibc), machine)
    if machine.platform.startswith("macos"):
        return macos_refusal(max(wheel.floor, build.macos), machine)
    return None


def glibc_refusal(needed: Numbers, machine: Machine) -> Refusal | None:
    """Why a wheel that needs this glibc does not run on *machine*; ``None`` when it does."""
    if not machine.glibc or machine.glibc >= needed:
        return None
    return Refusal(
        code="libc-too-old",
        reason=f"the wheel needs glibc {dotted(needed)} or newer, this system has {dotted(machine.glibc)}",
        found=dotted(machine.glibc),
        needed=dotted(needed),
    )


def macos_refusal(needed: Numbers, machine: Machine) -> Refusal | None:
    """Why a wheel that needs this macOS does not run on *machine*; ``None`` when it does."""
    if not machine.macos or machine.macos >= needed:
        return None
    return Refusal(
        code="macos-too-old",
        reason=f"the wheel needs macOS {dotted(needed)} or newer, this is {dotted(machine.macos)}",
        found=dotted(machine.macos),
        needed=dotted(needed),
    )


# -- devices ----------------------------------------------------------------------------------------------------------


def device_refusal(
    device: Device, backend: Backend, code: tuple[str, ...], machine: Machine, catalog: Catalog
) -> Refusal | None:
    """Why *device* cannot run a build of *backend* that holds *code*; ``None`` when it can."""
    if backend.environment == "cuda":
        return _nvidia_refusal(device, backend, code, machine, catalog)
    if "any" in code or device.architecture in code:
        return None
    if device.architecture is None and device.vendor == "amd":
        return None
    if device.vendor == "intel":
        return Refusal(
            code="architecture-not-compiled",
            reason=f"{label(device)} is not among the GPUs that PyTorch validated for XPU",
            found=device.architecture or "unknown",
            needed=" ".join(code),
        )
    return not_compiled(device, backend, code)


def _nvidia_refusal(
    device: Device, backend: Backend, code: tuple[str, ...], machine: Machine, catalog: Catalog
) -> Refusal | None:
    if device.tegra:
        refusal = jetpack_refusal(device, backend, machine, catalog)
        if refusal is not None:
            return refusal
    elif backend.l4t:
        return Refusal(
            code="jetpack-unsupported", reason="the build is for Jetson boards only", found="no Jetson", needed="Jetson"
        )
    how = compiled_for(device, backend, code, machine, catalog)
    if how == "":
        return not_compiled(device, backend, code)
    if device.tegra:
        return None
    refusal = driver_refusal(device, backend, machine, catalog)
    if refusal is not None or how != "ptx" or is_native(device, backend, machine, catalog):
        return refusal
    branch = catalog.drivers.branches.get(backend.version, 0)
    return Refusal(
        code="ptx-not-compilable",
        reason=f"holds only PTX for {label(device)}, which a driver of branch {branch} or newer compiles",
        found=device.driver or "",
        needed=str(branch),
    )


def compiled_for(device: Device, backend: Backend, code: tuple[str, ...], machine: Machine, catalog: Catalog) -> str:
    """How *code* reaches *device*: ``sass``, ``ptx``, ``unknown`` architecture, or empty when it does not.

    Machine code for X.y runs on X.z where z >= y; PTX for P on anything from P on, once the driver compiled it.  On a
    Jetson machine code must be its own, unless its JetPack runs server code.
    """
    have = capability(device.architecture or "")
    if not have:
        return "unknown"
    strict = device.tegra and not backend.l4t and not _runs_server_code(machine, catalog)
    sass = [capability(item) for item in code if item.startswith("sm_")]
    if have in sass or (not strict and any(item[0] == have[0] and item[1] <= have[1] for item in sass)):
        return "sass"
    ptx = [capability(item) for item in code if item.startswith("compute_")]
    return "ptx" if any(item <= have for item in ptx) else ""


def is_native(device: Device, backend: Backend, machine: Machine, catalog: Catalog) -> bool:
    """Whether the driver is of the CUDA version's own branch or newer; true when nothing is known of it."""
    if device.tegra:
        jetpack = catalog.jetpack(machine.l4t) if machine.l4t else None
        return jetpack is None or jetpack.cuda >= backend.version
    branch = catalog.drivers.branches.get(backend.version)
    driver = numbers_of(device.driver or "")
    if branch is None:
        return True
    if driver:
        return driver[0] >= branch
    cuda = numbers_of(device.driver_cuda or "")
    return not cuda or cuda >= backend.version


def driver_refusal(device: Device, backend: Backend, machine: Machine, catalog: Catalog) -> Refusal | None:
    """Why the driver of *device* cannot start CUDA or ROCm of *backend*; ``None`` when it can."""
    floor = catalog.drivers.floors.get(backend.version[0])
    if floor is None:
        return None
    needed = floor.windows if machine.windows_driver else floor.linux
    driver = numbers_of(device.driver or "")
    cuda = numbers_of(device.driver_cuda or "")
    if driver >= needed if driver else not cuda or cuda[0] >= backend.version[0]:
        return None
    system = "Windows " if machine.windows_driver else ""
    found = device.driver or f"CUDA {device.driver_cuda}"
    return Refusal(
        code="driver-too-old",
        reason=f"{backend.toolkit} needs the {system}driver {dotted_driver(needed)} or newer, {found} is installed",
        found=found,
        needed=dotted_driver(needed),
    )


def dotted_driver(numbers: Numbers) -> str:
    """``(580, 65, 6)`` -> ``580.65.06``: the way NVIDIA writes it."""
    return ".".join([str(numbers[0]), *(f"{part:02}" for part in numbers[1:])])


def jetpack_refusal(device: Device, backend: Backend, machine: Machine, catalog: Catalog) -> Refusal | None:
    """Why a Jetson cannot run *backend*; ``None`` when it can."""
    jetpack = catalog.jetpack(machine.l4t) if machine.l4t else None
    found = f"L4T {dotted(machine.l4t)}" if machine.l4t else "unknown L4T"
    if backend.l4t:
        if backend.l4t <= machine.l4t < (backend.l4t[0] + 1,):
            return None
        return Refusal(
            code="jetpack-unsupported",
            reason=f"the build is for L4T {dotted(backend.l4t)} and later of that major, this board has {found}",
            found=found,
            needed=f"L4T {dotted(backend.l4t)}",
        )
    if jetpack is None or (jetpack.server_wheels and backend.version[:1] <= jetpack.cuda[:1]):
        return None
    reason = (
        f"{jetpack.name} brings CUDA {dotted(jetpack.cuda)}"
        if jetpack.server_wheels
        else f"wheels for aarch64 servers do not run on {jetpack.name} ({found})"
    )
    return Refusal(code="jetpack-unsupported", reason=reason, found=found, needed="JetPack 7")


def _runs_server_code(machine: Machine, catalog: Catalog) -> bool:
    jetpack = catalog.jetpack(machine.l4t) if machine.l4t else None
    return jetpack is not None and jetpack.server_code


def not_compiled(device: Device, backend: Backend, code: tuple[str, ...]) -> Refusal:
    """The refusal of *device* by a build that holds *code*."""
    return Refusal(
        code="architecture-not-compiled",
        reason=f"holds no code for {label(device)}, only for {' '.join(code)}",
        found=device.architecture or "unknown",
        needed=" ".join(code),
    )


# -- verdicts ---------------------------------------------------------------------------------------------------------


def _welcome(backend: Backend, code: tuple[str, ...], machine: Machine, catalog: Catalog) -> str:
    if not machine.devices:
        return f"{backend.slug} on {machine.platform}" + ("" if "any" in code else ", no device here to compare with")
    if backend.environment != "cuda":
        return f"holds code for {', '.join(dict.fromkeys(map(label, machine.devices)))}"
    parts = []
    for device in machine.devices:
        how = compiled_for(device, backend, code, machine, catalog)
        what = {"sass": "holds code for", "ptx": "its PTX is compiled at first start for"}.get(how, "may run on")
        parts.append(f"{what} {label(device)}")
    driver = machine.devices[0].driver
    if driver and not machine.devices[0].tegra:
        native = is_native(machine.devices[0], backend, machine, catalog)
        how = "has" if native else "runs by minor-version compatibility"
        parts.append(f"driver {driver} {how} {backend.toolkit}")
    return "; ".join(dict.fromkeys(parts))


def _rejected(backend: Backend, release: Release, refusal: Refusal) -> Judgement:
    return Judgement(backend=backend, release=release, verdict=_verdict(backend, release, False, refusal))


def _verdict(backend: Backend, release: Release, accepted: bool, refusal: Refusal) -> Verdict:
    return Verdict(
        package=HEAD,
        version=release.version,
        backend=backend.slug,
        accepted=accepted,
        code=refusal.code,
        reason=refusal.reason,
        found=refusal.found,
        needed=refusal.needed,
    )
